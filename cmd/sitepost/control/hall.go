package control

import (
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// mostTools bounds how many tools are served at once, of each kind.
	mostTools = 16
	// mostGuests bounds the connections, also of those who ask nothing: descriptors are
	// needed for devices.
	mostGuests = 4 * mostTools
	// readWithin is how long a tool may leave unread what it is sent. One that
	// was stopped with Ctrl-Z must not keep its place, nor the daemon from
	// stopping.
	readWithin = 5 * time.Second
)

// A hall is a listener with room for so many, that lets nobody in who may take for ever
// what he is sent, whichever answer that is.
type hall struct {
	net.Listener
	room places
}

// Accept returns the next tool that has room.
func (h hall) Accept() (net.Conn, error) {
	for {
		c, err := h.Listener.Accept()
		u, is := c.(*net.UnixConn)
		if !is {
			return c, err
		}
		select {
		case h.room <- struct{}{}:
			return guest{u, sync.OnceFunc(func() { <-h.room })}, nil
		default:
			_ = u.Close() // he comes again
		}
	}
}

// A guest is a connection on which each Write has its time.
type guest struct {
	*net.UnixConn
	leave func()
}

// Write fails when the tool does not read.
func (g guest) Write(p []byte) (int, error) {
	if err := g.SetWriteDeadline(time.Now().Add(readWithin)); err != nil {
		return 0, err
	}
	return g.UnixConn.Write(p)
}

// Close makes room.
func (g guest) Close() error {
	defer g.leave()
	return g.UnixConn.Close()
}

// places are as many as its capacity.
type places chan struct{}

// seat serves whoever finds a place.
func (p places) seat(serve http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case p <- struct{}{}:
			defer func() { <-p }()
			serve(w, r)
		default:
			http.Error(w, "too many tools are at work", http.StatusServiceUnavailable)
		}
	})
}
