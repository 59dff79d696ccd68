package stream

import "sitepost/devices"

// An overflow is what this box drops of the pictures by itself, when it is too busy
// or too slow to read them. Nothing is known of multicast: the library opens
// those sockets, and shows them to nobody.
type overflow struct {
	counted bool   // it can be told
	port    int    // of the socket
	dropped uint32 // until the window began
	before  bool   // some in the window before
}

// watch begins to count at a port of the guard's.
func (o *overflow) watch(g *guard, port int) {
	o.port = port
	o.dropped, o.counted = g.drops(port)
}

// tell says how many packets were dropped here since the window began, and takes
// the loss back that would accuse the network of it. Of those dropped at the end of
// a window the gap is seen in the next, behind what the queue still held: that one
// says no loss either, nor does one whose socket is gone.
func (o *overflow) tell(g *guard, s *devices.Stream) {
	if !o.counted {
		return
	}
	now, known := g.drops(o.port)
	if known {
		s.Dropped = int(now - o.dropped)
	}
	if !known || s.Dropped > 0 || o.before {
		s.Loss = nil
	}
	o.dropped, o.before = now, s.Dropped > 0
}

func (g *guard) drops(port int) (uint32, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if door, ok := g.doors[port]; ok {
		return drops(door)
	}
	return 0, false
}
