package control

import (
	"net"
	"net/http"
	"time"
)

const (
	// mostTools bounds how many tools are served at once, of each kind.
	mostTools = 16
	// readWithin is how long a tool may leave unread what it is sent. One that
	// was stopped with Ctrl-Z must not keep its place, nor the daemon from
	// stopping.
	readWithin = 5 * time.Second
)

// A hall is a listener that lets nobody in who may take for ever what he is sent,
// whichever answer that is.
type hall struct{ net.Listener }

// Accept returns the next tool.
func (h hall) Accept() (net.Conn, error) {
	c, err := h.Listener.Accept()
	if u, is := c.(*net.UnixConn); is {
		return guest{u}, err
	}
	return c, err
}

// A guest is a connection on which each Write has its time.
type guest struct{ *net.UnixConn }

// Write fails when the tool does not read.
func (g guest) Write(p []byte) (int, error) {
	if err := g.SetWriteDeadline(time.Now().Add(readWithin)); err != nil {
		return 0, err
	}
	return g.UnixConn.Write(p)
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
