package find

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"time"

	"sitepost/devices/camera/onvif"
)

// What a [Found] may say in State.
const (
	Open       = "open"        // it says who it is without a login
	NeedsLogin = "needs login" // it is an ONVIF camera and says more only to a login
	NotReached = "unreachable" // it answered the call and cannot be asked; Why says why
)

const identifyIn = 3 * time.Second

// A Found is a camera that answered the call. It is not trusted: a person adopts
// it. Identity is the endpoint; an address may change.
type Found struct {
	Endpoint string `json:"endpoint"` // "urn:uuid:…", "" where it told none
	Address  string `json:"address"`  // host:port
	XAddr    string `json:"xaddr"`    // URL of its device service
	Vendor   string `json:"vendor"`
	Model    string `json:"model"`
	Serial   string `json:"serial"`        // only of an open camera; cheap makes give all the same
	MAC      string `json:"mac,omitempty"` // as this machine's own table of neighbours has it; "" behind a router
	State    string `json:"state"`         // Open, NeedsLogin or NotReached; "" while it was not asked
	Why      string `json:"why,omitempty"`

	mayAsk  bool // its address may be dialled
	hearsay bool // somebody else told of it than who has that address
}

// host is the address without the port; ok is false where it is none.
func (f *Found) host() (a netip.Addr, ok bool) {
	at, err := netip.ParseAddrPort(f.Address)
	return at.Addr(), err == nil
}

// sorted orders by address and drops an unreachable entry of a camera that was
// reached at another address, and what others tell of who speaks for himself: they
// could give a camera another name.
func sorted(all []Found) []Found {
	speaks := map[netip.Addr]bool{}
	for _, f := range all {
		if at, ok := f.host(); ok && !f.hearsay {
			speaks[at] = true
		}
	}
	all = slices.DeleteFunc(all, func(f Found) bool {
		at, ok := f.host()
		return ok && f.hearsay && speaks[at]
	})
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

// recognise asks one camera without a login. Nothing secret is sent, so any
// certificate does.
func (f *Found) recognise(ctx context.Context, networks []netip.Prefix, leavesBy func(netip.Addr) error) {
	f.State = NotReached
	at, ok := f.host()
	if !f.mayAsk || !ok {
		f.Why = "its address is outside network.device_networks and the interface's own network, so it was not asked"
		return
	}
	if err := leavesBy(at); err != nil {
		f.Why = err.Error() + ", so it was not asked"
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

// Merge makes one list out of two. What stands in both is taken from the first.
func Merge(first, second []Found) []Found {
	all := slices.Clone(first)
	seen := map[foundKey]bool{}
	for _, f := range first {
		seen[f.key()] = true
	}
	for _, f := range second {
		if !seen[f.key()] {
			all = append(all, f)
		}
	}
	return sorted(all)
}
