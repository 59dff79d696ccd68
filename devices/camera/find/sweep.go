package find

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"

	"golang.org/x/time/rate"

	"sitepost/devices/camera/onvif"
)

// maxAddresses bounds one sweep: all addresses of a /16.
const maxAddresses = 65_536

// askedPerSecond is polite to cheap switches and routers (open-nvr#235), and keeps
// the kernel's table of neighbours from overflowing: an address that nobody has
// stands in it for three seconds, and it has room for 1,024.
const askedPerSecond = 200

// SweepOptions say which networks to ask.
type SweepOptions struct {
	Interfaces []string       // by name. Nothing is sent anywhere else
	Networks   []netip.Prefix // all their addresses are asked; IPv4, at most 65,536 addresses together

	Seen     func(Found)                // as in DiscoverOptions
	Progress func(asked, of, found int) // called after each address of each of the two rounds
}

// A round is one way to ask. The two together reach cameras that answer only to a
// probe with a type, only to one without, and those that stop at a prolog.
type round func(messageID string) string

func rounds() []round {
	return []round{
		func(id string) string { return bareProbe(id, probeTypes[0]) },
		func(id string) string { return probe(id, probeTypes[2]) },
	}
}

// Sweep asks every address of the networks by a unicast probe, 200 a second and in
// two rounds; those in this machine's table of neighbours first. It finds cameras
// that multicast does not reach: behind a router or a switch that drops it. Who
// answers is asked who it is, as by [Discover].
//
// It sends only by the interfaces given: an address to which the way leads over
// another one is left out, and told in the error. The list is good beside that
// error, and ends with what was found until ctx ended, which is no error.
func Sweep(ctx context.Context, o SweepOptions) ([]Found, error) {
	targets, err := addresses(o.Networks)
	if err != nil {
		return nil, fmt.Errorf("sweep: %w", err)
	}
	if len(o.Interfaces) == 0 {
		return nil, errors.New("sweep: " + noInterface)
	}
	s := &sweep{options: o, heard: newHarvest(o.Interfaces, o.Networks, o.Seen), probes: map[string]string{}, callers: map[netip.Addr]*caller{}, left: map[netip.Addr]bool{}}
	all := s.heard.gather(ctx, func() { err = s.run(ctx, targets) })
	if err = errors.Join(err, s.heard.complete()); err != nil {
		return all, fmt.Errorf("sweep: %w", err)
	}
	return all, nil
}

// addresses lists what the networks hold, each once, without the two of each that
// mean the network itself and everybody in it. Known neighbours come first.
func addresses(networks []netip.Prefix) ([]netip.Addr, error) {
	if len(networks) == 0 {
		return nil, errors.New("no network is named (write device_networks into [network])")
	}
	room := maxAddresses
	for _, n := range networks {
		if !n.Addr().Is4() {
			return nil, fmt.Errorf("%s has more addresses than can be asked: only IPv4 networks are swept", n)
		}
		if room -= 1 << (32 - n.Bits()); n.Bits() < 16 || room < 0 {
			return nil, fmt.Errorf("%s makes more than 65,536 addresses, which takes longer than ten minutes: write the smaller networks in which the cameras are", n)
		}
	}
	seen := map[netip.Addr]bool{}
	var first, all []netip.Addr
	table := neighbours()
	for _, n := range networks {
		network, everybody := n.Masked().Addr(), last(n)
		for a := network; n.Contains(a); a = a.Next() {
			switch {
			case seen[a] || n.Bits() < 31 && (a == network || a == everybody):
			case table[a] != "":
				first = append(first, a)
			default:
				all = append(all, a)
			}
			seen[a] = true
		}
	}
	return append(first, all...), nil
}

// last is the highest address of an IPv4 network.
func last(n netip.Prefix) netip.Addr {
	a := n.Masked().Addr().As4()
	for bit := n.Bits(); bit < 32; bit++ {
		a[bit/8] |= 0x80 >> (bit % 8)
	}
	return netip.AddrFrom4(a)
}

// A sweep is one in progress.
type sweep struct {
	options SweepOptions
	heard   *harvest
	probes  map[string]string      // of both rounds, by MessageID
	callers map[netip.Addr]*caller // by the address they send from
	owned   sync.WaitGroup         // their listeners
	asked   int
	left    map[netip.Addr]bool // addresses that were left out
	why     error               // of the first of them
}

// run asks in both rounds, waits for the last answers, and closes all sockets.
func (s *sweep) run(ctx context.Context, targets []netip.Addr) error {
	pace := rate.NewLimiter(askedPerSecond, 1)
	var ids []string
	for _, ask := range rounds() {
		id := onvif.MessageID()
		ids, s.probes[id] = append(ids, id), ask(id)
	}
	for _, id := range ids {
		for _, a := range targets {
			if ctx.Err() != nil {
				break
			}
			s.ask(ctx, pace, a, s.probes[id])
			if s.asked++; s.options.Progress != nil {
				s.options.Progress(s.asked, len(ids)*len(targets), s.heard.count())
			}
		}
	}
	soon, cancel := context.WithTimeout(ctx, defaultFor)
	defer cancel()
	for _, c := range s.callers {
		c.rest(soon)
	}
	for _, c := range s.callers {
		_ = c.conn.Close() // ends its listener
	}
	s.owned.Wait()
	if len(s.left) > 0 {
		return fmt.Errorf("%d of %d addresses were not asked: %w", len(s.left), len(targets), s.why)
	}
	return nil
}

// ask sends one probe, if the way leads by an interface for cameras and nobody
// answered from there before. What the kernel refuses to send (it knows already
// that nobody is there) is no matter: there is a second round.
func (s *sweep) ask(ctx context.Context, pace *rate.Limiter, a netip.Addr, probe string) {
	if s.left[a] || s.heard.hears(a) || isBroadcast(a, s.heard.doors) {
		return
	}
	c, err := s.callerTo(a)
	if err != nil {
		s.left[a] = true
		s.why = cmp.Or(s.why, err)
		return
	}
	if pace.Wait(ctx) == nil {
		_, _ = c.conn.WriteToUDPAddrPort([]byte(probe), netip.AddrPortFrom(a, discoveryPort))
		c.touch()
	}
}

// callerTo returns the socket that speaks from the address which the way to a
// leads out by.
func (s *sweep) callerTo(a netip.Addr) (*caller, error) {
	from, err := wayOut(a, s.heard.doors)
	if err != nil {
		return nil, err
	}
	if c := s.callers[from]; c != nil {
		return c, nil
	}
	c, err := newCaller(from, nil, s.heard)
	if err != nil {
		return nil, err
	}
	c.probes = s.probes
	s.callers[from] = c
	s.owned.Go(c.listen)
	return c, nil
}

// isBroadcast keeps us from asking everybody at once, where the networks to sweep
// are wider than the interface's own.
func isBroadcast(a netip.Addr, own []netip.Prefix) bool {
	for _, p := range own {
		if p.Bits() < 31 && a == last(p) {
			return true
		}
	}
	return false
}
