// Package find finds the ONVIF cameras of a network by WS-Discovery, and says
// which of them a site knows.
//
//	Discover ── multicast probes ──►┐
//	Sweep ──── unicast probes ─────►├─► Found ──► Match ──► Finding
//	                                │   who is there,      new, known, moved,
//	                                │   asked without a    refused, suspected
//	                                │   login
//	Listen ◄── Hello, Bye ──────────┘   who comes and goes; nothing is sent
//
// Its rules: nothing is sent but on the interfaces given; an answer is a hint, and
// nothing it says makes us dial outside the networks given or the interface's own;
// a datagram that cannot be read costs only itself; a flood costs bounded memory.
//
// It keeps nothing between two calls, and knows no login.
package find

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"
)

const defaultFor = 3 * time.Second

// DiscoverOptions say where to look.
type DiscoverOptions struct {
	Interfaces []string       // by name; multicast or loopback. Nothing is sent anywhere else
	Networks   []netip.Prefix // cameras here are asked who they are, and those in the interfaces' own networks
	For        time.Duration  // the longest that is listened, default 3 s; it ends earlier when nothing new comes

	// Seen, if set, is told of each camera twice: when it is heard, with State "",
	// and when it was asked. It is called by one goroutine at a time, and holds up
	// the search while it runs.
	Seen func(Found)
}

// Discover calls for ONVIF cameras on the interfaces by WS-Discovery, and asks
// each that answers who it is, without a login: sixteen at a time, 3 s each, and
// while others are still being heard. The list is sorted by address.
//
// The list is good even beside an error, which says what kept us from hearing
// more. Errors: [*NothingFound] if nobody answered, and one for each interface
// that cannot be used or where more came than is read.
func Discover(ctx context.Context, o DiscoverOptions) ([]Found, error) {
	if o.For <= 0 {
		o.For = defaultFor
	}
	heard := newHarvest(o.Interfaces, o.Networks, o.Seen)
	problems := make([]error, len(o.Interfaces), len(o.Interfaces)+1)
	all := heard.gather(ctx, func() {
		var owned sync.WaitGroup
		for i, name := range o.Interfaces {
			owned.Go(func() { problems[i] = call(ctx, name, o.For, heard) })
		}
		owned.Wait()
	})
	return all, verdict(o, len(all), append(problems, heard.complete()))
}

// verdict says why nothing, or not all, was found.
func verdict(o DiscoverOptions, found int, problems []error) error {
	n := &NothingFound{}
	for i, err := range problems {
		switch {
		case err != nil:
			n.Reasons = append(n.Reasons, err.Error())
		case found == 0 && i < len(o.Interfaces):
			n.Reasons = append(n.Reasons, fmt.Sprintf(
				"interface %q: nobody answered within %v (is the camera powered, in this network, and ONVIF with discovery switched on in its own page?)", o.Interfaces[i], o.For))
		}
	}
	if len(o.Interfaces) == 0 {
		n.Reasons = append(n.Reasons, noInterface)
	}
	if len(n.Reasons) == 0 {
		return nil
	}
	if found > 0 {
		return fmt.Errorf("not all may have been found: %s", strings.Join(n.Reasons, "; "))
	}
	return n
}

// NothingFound says why no camera was found, one reason per interface.
type NothingFound struct{ Reasons []string }

func (n *NothingFound) Error() string { return "no camera found: " + strings.Join(n.Reasons, "; ") }
