package page

import (
	"net"
	"sync"
)

// narrow is a listener with so many places. A thousand slow clients take all of them,
// and each gives its own back within five seconds; who comes meanwhile costs one
// descriptor for a moment.
type narrow struct {
	net.Listener
	places chan struct{}
}

// Accept returns the next connection that has a place.
func (n narrow) Accept() (net.Conn, error) {
	for {
		c, err := n.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case n.places <- struct{}{}:
			return &seat{Conn: c, leave: sync.OnceFunc(func() { <-n.places })}, nil
		default:
			hangUp(c)
		}
	}
}

// hangUp ends a connection without a word, so that nothing of it stays here.
func hangUp(c net.Conn) {
	if t, is := c.(*net.TCPConn); is {
		_ = t.SetLinger(0) // if that fails, the kernel keeps a little of it for a minute
	}
	_ = c.Close()
}

// A seat is a connection that has a place.
type seat struct {
	net.Conn
	leave func()
}

// Close gives the place back.
func (s *seat) Close() error {
	err := s.Conn.Close()
	s.leave()
	return err
}
