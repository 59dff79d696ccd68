// Package find finds the ONVIF cameras of a network by WS-Discovery.
//
//	Discover ── probes ──► Found     who is there, asked without a login
//
// Its rules: nothing is sent but on the interfaces given; an answer is a hint, and
// nothing it says makes us dial outside the networks given or the interface's own;
// a datagram that cannot be read costs only itself; a flood costs bounded memory.
//
// It does not know which cameras a site has, and no login.
package find

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"sitepost/devices/camera/onvif"
)

// What a [Found] may say in State.
const (
	Open        = "open"        // it says who it is without a login
	NeedsLogin  = "needs login" // it is an ONVIF camera and says more only to a login
	NotReached  = "unreachable" // it answered the call and cannot be asked; Why says why
	identifyIn  = 3 * time.Second
	identifiers = 8
	defaultFor  = 3 * time.Second
	maxFound    = 2048
)

// A Found is a camera that answered the call. It is not trusted: a person adopts
// it. Identity is the endpoint; an address may change.
type Found struct {
	Endpoint string `json:"endpoint"` // "urn:uuid:…", "" where it told none
	Address  string `json:"address"`  // host:port
	XAddr    string `json:"xaddr"`    // URL of its device service
	Vendor   string `json:"vendor"`
	Model    string `json:"model"`
	Serial   string `json:"serial"` // only of an open camera; cheap makes give all the same
	State    string `json:"state"`  // Open, NeedsLogin or NotReached
	Why      string `json:"why,omitempty"`

	mayAsk bool // its address may be dialled
}

// DiscoverOptions say where to look.
type DiscoverOptions struct {
	Interfaces []string       // by name; multicast or loopback. Nothing is sent anywhere else
	Networks   []netip.Prefix // cameras here are asked who they are, and those in the interfaces' own networks
	For        time.Duration  // the longest that is listened, default 3 s; it ends earlier when nothing new comes
}

// Discover calls for ONVIF cameras on the interfaces by WS-Discovery, and asks
// each that answers who it is, without a login: eight at a time, 3 s each. The
// list is sorted by address.
//
// The list is good even beside an error, which says what kept us from hearing
// more. Errors: [*NothingFound] if nobody answered, and one for each interface
// that cannot be used.
func Discover(ctx context.Context, o DiscoverOptions) ([]Found, error) {
	if o.For <= 0 {
		o.For = defaultFor
	}
	heard := newHarvest(o.Networks)
	problems := make([]error, len(o.Interfaces))
	var owned sync.WaitGroup
	for i, name := range o.Interfaces {
		owned.Go(func() { problems[i] = call(ctx, name, o.For, heard) })
	}
	owned.Wait()
	all := heard.list()
	identifyAll(ctx, all, o.Networks)
	all = sorted(all)
	return all, verdict(o, len(all), problems)
}

// verdict says why nothing, or not all, was found.
func verdict(o DiscoverOptions, found int, problems []error) error {
	n := &NothingFound{}
	for i, err := range problems {
		switch {
		case err != nil:
			n.Reasons = append(n.Reasons, err.Error())
		case found == 0:
			n.Reasons = append(n.Reasons, fmt.Sprintf(
				"interface %q: nobody answered within %v (is the camera powered, in this network, and ONVIF with discovery switched on in its own page?)", o.Interfaces[i], o.For))
		}
	}
	if len(o.Interfaces) == 0 {
		n.Reasons = append(n.Reasons, "no interface is named (name one: network.device_interfaces, or --interface)")
	}
	if len(n.Reasons) == 0 {
		return nil
	}
	if found > 0 {
		return fmt.Errorf("not every interface was searched: %s", strings.Join(n.Reasons, "; "))
	}
	return n
}

// NothingFound says why no camera was found, one reason per interface.
type NothingFound struct{ Reasons []string }

func (n *NothingFound) Error() string { return "no camera found: " + strings.Join(n.Reasons, "; ") }

// sorted orders by address and drops an unreachable entry of a camera that was
// reached at another address.
func sorted(all []Found) []Found {
	reached := map[string]bool{}
	for _, f := range all {
		if f.Endpoint != "" && f.State != NotReached {
			reached[f.Endpoint] = true
		}
	}
	all = slices.DeleteFunc(all, func(f Found) bool { return f.State == NotReached && reached[f.Endpoint] })
	slices.SortFunc(all, func(a, b Found) int {
		pa, _ := netip.ParseAddrPort(a.Address)
		pb, _ := netip.ParseAddrPort(b.Address)
		return cmp.Or(pa.Compare(pb), strings.Compare(a.Endpoint, b.Endpoint))
	})
	return all
}

// identifyAll asks each found camera who it is.
func identifyAll(ctx context.Context, all []Found, networks []netip.Prefix) {
	next := make(chan *Found)
	var owned sync.WaitGroup
	for range min(identifiers, len(all)) {
		owned.Go(func() {
			for f := range next {
				f.recognise(ctx, networks)
			}
		})
	}
	for i := range all {
		next <- &all[i]
	}
	close(next)
	owned.Wait()
}

// recognise asks one camera without a login. Nothing secret is sent, so any
// certificate does.
func (f *Found) recognise(ctx context.Context, networks []netip.Prefix) {
	f.State = NotReached
	if !f.mayAsk {
		f.Why = "its address is outside network.device_networks and the interface's own network, so it was not asked"
		return
	}
	ctx, cancel := context.WithTimeout(ctx, identifyIn)
	defer cancel()
	f.take(onvif.Stranger(ctx, f.Address, f.XAddr, networks))
}

// take writes down what a camera said of itself, or how it refused to.
func (f *Found) take(id onvif.Identity, err error) {
	fault, told := errors.AsType[*onvif.Fault](err)
	switch {
	case err == nil:
		f.State = Open
		f.Vendor, f.Model = cmp.Or(id.Vendor, f.Vendor), cmp.Or(id.Model, f.Model)
		f.Serial = id.Serial
	case told && fault.LoginRefused():
		f.State = NeedsLogin
	default:
		f.Why = onvif.Words(err.Error())
	}
}
