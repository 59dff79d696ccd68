package daemon

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"sync/atomic"
	"time"

	"sitepost/devices"
	"sitepost/ingest"
)

// A part is something of the site that runs by itself, and that can be ended and begun
// anew while the rest goes on: a line, a conversation, the link to the city. It goes on
// over a reload as long as all it is made of stays the same.
type part struct {
	name  string // for a person: `instrument "gas-1"`
	order order
	from  any   // the values that it is made of: all of the site file that it needs
	uses  []any // what it shares with other parts (see share): pointers, compared as such

	// begin says whom the part speaks for and the like, and returns what runs it until
	// ctx ends. All parts that begin together are told so before the first one runs.
	// Neither holds the plan: a part goes on over many of them, and each is a whole site.
	begin func() (run func(ctx context.Context), err error)
	// cut is called when a part does not end: nothing of it counts any more. nil: it
	// says nothing.
	cut func()
}

// An order says when a part begins; they end in the opposite order.
type order int

const (
	toCity  order  = iota // the link
	onLines               // lines, and what else needs no conversation
	talking               // conversations
	orders  = iota        // how many there are
)

// key names a part among all.
func (p part) key() [2]any { return [2]any{p.name, p.order} }

// same says whether a part is made of the same as another.
func (p part) same(as part) bool {
	return reflect.DeepEqual(p.from, as.from) && slices.Equal(p.uses, as.uses)
}

// talk plans a conversation. It is made of what is given, and of whom it speaks for.
func (p *plan) talk(name string, c ingest.Conversation, from []any, uses ...any) {
	l, s := &leash{Device: c.Device}, p.site // not the plan: a part may outlive it for years
	c.Device = l
	p.add(part{
		name: name, order: talking, from: []any{c.Name, c.Silence, c.Via, from}, uses: uses,
		begin: func() (func(context.Context), error) { return s.ingest.Join(c) },
		cut:   l.slip,
	})
}

// A leash holds a conversation back that was told to end and did not: another one may
// speak for its device by then.
type leash struct {
	devices.Device
	cut atomic.Bool
}

func (l *leash) slip() { l.cut.Store(true) }

var errCut = errors.New("the conversation was ended by a reload")

func (l *leash) Run(ctx context.Context, emit func(devices.Event) error) error {
	return l.Device.Run(ctx, func(e devices.Event) error {
		if l.cut.Load() {
			return errCut
		}
		return emit(e)
	})
}

// A running part.
type running struct {
	part
	stop  context.CancelFunc
	ended chan struct{} // closed when it has ended
}

// endWithin is how long parts of one order may take to end: the link sends what it has
// for 5 s, and a camera that hangs is left to its fate.
const endWithin = 15 * time.Second

// parts are those that run. They are begun and ended by one goroutine at a time.
type parts struct {
	running map[[2]any]*running
	ctx     [orders]context.Context // until when the parts of an order may run
}

// begin begins parts, in order.
func (ps *parts) begin(all []part) (err error) {
	for o := range order(orders) {
		var runs []func(context.Context)
		var begun []*running
		for _, p := range all {
			if p.order != o {
				continue
			}
			run, beginErr := p.begin()
			if beginErr != nil {
				err = errors.Join(err, beginErr)
				continue
			}
			r := &running{part: p, ended: make(chan struct{})}
			ps.running[p.key()] = r
			runs, begun = append(runs, run), append(begun, r)
		}
		for i, r := range begun {
			ctx, stop := context.WithCancel(ps.ctx[o])
			r.stop = stop
			run := runs[i]
			go func() { // ends with ctx; end and wait see to that
				defer close(r.ended)
				run(ctx) // and keeps nothing of those that began with it
			}()
		}
	}
	return err
}

// end ends parts, and returns the names of those that did not end in time.
func (ps *parts) end(all []*running) (late []string) {
	for o := talking; o >= toCity; o-- {
		patience, over := context.WithTimeout(context.Background(), endWithin) // of all together
		for _, r := range all {
			if r.order == o {
				r.stop()
			}
		}
		for _, r := range all {
			if r.order != o {
				continue
			}
			if !r.endsBefore(patience.Done()) {
				late = append(late, r.name)
			}
			delete(ps.running, r.key())
		}
		over()
	}
	return late
}

// endsBefore waits for the end of a part. One that is late is cut off.
func (r *running) endsBefore(late <-chan struct{}) bool {
	select {
	case <-r.ended:
		return true
	case <-late:
	}
	select {
	case <-r.ended:
		return true
	default:
	}
	if r.cut != nil {
		r.cut()
	}
	return false
}

// wait waits for all parts of an order, whose context has ended.
func (ps *parts) wait(o order) {
	for _, r := range ps.running {
		if r.order == o {
			<-r.ended
		}
	}
}
