package find

import (
	"context"
	"fmt"
	"net/netip"
	"sync"

	"sitepost/devices/camera/onvif"
)

// What a flood may cost.
const (
	maxDatagram  = 64 << 10
	perSource    = 64     // datagrams; a camera answers three probes four times
	newPerSource = 32     // cameras; more than one only from a recorder or several at one address
	maxDatagrams = 16_384 // of all sources of one Discover or Sweep
	maxWaiting   = 256    // datagrams that were taken from a socket and not yet read
	maxFound     = 2048
	readBuffer   = 1 << 20
	identifiers  = 16
)

// A foundKey tells cameras apart. The address belongs to it, so that one that
// claims the endpoint of another does not hide it, and so does who told it.
type foundKey struct {
	endpoint, address string
	hearsay           bool
}

func (f *Found) key() foundKey { return foundKey{f.Endpoint, f.Address, f.hearsay} }

// A harvest is what all interfaces heard. Its methods may be called from several
// goroutines.
type harvest struct {
	doors    []netip.Prefix // the interfaces' own addresses and networks
	networks []netip.Prefix
	queue    chan *Found // heard and not yet asked; it has room for all

	telling sync.Mutex // protects the calls of seen
	seen    func(Found)

	mu        sync.Mutex // protects all below
	keys      map[foundKey]bool
	found     []*Found
	sources   map[netip.Addr]int // datagrams
	cameras   map[netip.Addr]int // new ones
	datagrams int
	flooded   bool // not all were read
}

func newHarvest(interfaces []string, networks []netip.Prefix, seen func(Found)) *harvest {
	return &harvest{
		doors: doors(interfaces), networks: networks, seen: seen, queue: make(chan *Found, maxFound),
		keys: map[foundKey]bool{}, sources: map[netip.Addr]int{}, cameras: map[netip.Addr]int{},
	}
}

// gather runs call, which fills the harvest, and asks meanwhile each camera that
// is heard who it is. It returns when call has and all were asked.
func (h *harvest) gather(ctx context.Context, call func()) []Found {
	var owned sync.WaitGroup
	for range identifiers {
		owned.Go(func() {
			for f := range h.queue {
				f.recognise(ctx, h.networks, h.leavesBy)
				h.tell(*f)
			}
		})
	}
	call()
	close(h.queue)
	owned.Wait()
	all := make([]Found, 0, len(h.found))
	table := neighbours()
	for _, f := range h.found {
		if at, ok := f.host(); ok {
			f.MAC = table[at]
		}
		all = append(all, *f)
	}
	return sorted(all)
}

func (h *harvest) tell(f Found) {
	if h.seen == nil {
		return
	}
	h.telling.Lock()
	defer h.telling.Unlock()
	h.seen(f)
}

// leavesBy says why a datagram to a would not leave by one of the interfaces.
func (h *harvest) leavesBy(a netip.Addr) error {
	_, err := wayOut(a, h.doors)
	return err
}

// room says whether one more datagram of this source is read at all.
func (h *harvest) room(source netip.Addr) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.datagrams >= maxDatagrams {
		h.flooded = true
	}
	if h.sources[source] >= perSource || h.flooded {
		return false
	}
	h.sources[source]++
	h.datagrams++
	return true
}

// add keeps the cameras of one datagram and says whether one of them is new. own
// are the networks of the interface on which it came.
func (h *harvest) add(all []match, source netip.Addr, own []netip.Prefix) (news bool) {
	for _, m := range all {
		f, ok := m.found(source, h.networks)
		if !ok {
			continue
		}
		at, ok := f.host()
		f.mayAsk, f.hearsay = ok && (onvif.Within(at, h.networks) || onvif.Within(at, own)), at != source
		if h.keep(&f, source) {
			news = true
			h.tell(f)
			h.queue <- &f // never waits: there is room for all that keep lets in
		}
	}
	return news
}

// keep says whether a camera is new and has room.
func (h *harvest) keep(f *Found, source netip.Addr) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	key := f.key()
	if h.keys[key] || len(h.found) >= maxFound || h.cameras[source] >= newPerSource {
		return false
	}
	h.keys[key] = true
	h.found = append(h.found, f)
	h.cameras[source]++
	return true
}

// hears says whether a camera was heard from a.
func (h *harvest) hears(a netip.Addr) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.cameras[a] > 0
}

// complete returns an error if more came than is read.
func (h *harvest) complete() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.flooded || len(h.found) >= maxFound {
		return fmt.Errorf("more than %d answers or %d cameras came, so not all were read (does somebody flood this network?)", maxDatagrams, maxFound)
	}
	return nil
}

// count is how many cameras were heard so far.
func (h *harvest) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.found)
}
