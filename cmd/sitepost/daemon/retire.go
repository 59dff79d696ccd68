package daemon

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"sitepost/cmd/sitepost/control"
	"sitepost/ingest/store"
	"sitepost/uplink"
)

// A site is given up in this order, so that it is retired or not, and never half:
//
//	asked ─► the city is there, its alarms are out ─► mark on disk ─► devices fall silent
//	  │              │ not in time                       │                │
//	  │              ▼                                   │                ▼
//	  └─────── nothing has happened                      │       what is on disk drains
//	                                                     │                │
//	                     killed, or the city gone: ──────┴───►  each broker: topics emptied,
//	                     the next start goes on here               up/state "retired"
//	                                                                      │
//	              every later start ends at once ◄── mark on disk, the time in it
//
// The store keeps all that it knows, so that --undo needs to take the mark away and
// nothing else.

const (
	retirementKey = "box/retirement" // no device has such a name
	retireAgain   = 10 * time.Second // between two tries to reach a broker
	retireLooks   = 200 * time.Millisecond
)

// A retirement is the mark in the store.
type retirement struct {
	Asked time.Time `json:"asked"`
	By    string    `json:"by"`
	At    time.Time `json:"at,omitzero"` // when it was done; zero: it has only begun
}

// Retired is the error of a run on a box that was given up.
type Retired struct {
	At time.Time
	By string
}

func (r *Retired) Error() string {
	return fmt.Sprintf("this box was retired at %s by %s: to use it again run `sitepost retire --undo`", r.At.Format(time.RFC3339), r.By)
}

// retirementOf reads the mark; nil is none.
func retirementOf(st *store.Store) (*retirement, error) {
	var mark retirement
	is, err := st.Recall(retirementKey, &mark)
	if err != nil || !is {
		return nil, err
	}
	return &mark, nil
}

// An exit is the site's way out for good.
type exit struct {
	leave func() // ends the conversations

	mu    sync.Mutex
	taken bool          // somebody asks
	mark  *retirement   // it has begun
	done  chan struct{} // closed when it is done
	last  control.Retiring
}

func newExit() *exit { return &exit{done: make(chan struct{})} }

// begun says whether there is no way back.
func (x *exit) begun() *retirement {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.mark
}

// take lets one ask at a time.
func (x *exit) take() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	first := !x.taken
	x.taken = true
	return first
}

// release lets others ask.
func (x *exit) release() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.taken = x.mark != nil
}

// askRetire is the door's question: it gives the site up, and tells of every step.
func (s *site) askRetire(ctx context.Context, ask control.RetireAsked, tell func(control.Retiring)) {
	refuse := func(why string) {
		tell(control.Retiring{Step: control.RetireRefused, Why: why, Records: s.undone(), Alarms: s.undoneAlarms()})
	}
	if !s.exit.take() {
		refuse("somebody else is giving it up already")
		return
	}
	defer s.exit.release()
	if why := s.waitForCity(ctx, ask, tell); why != "" {
		refuse(why)
		return
	}
	mark := retirement{Asked: s.opt.Host.Wall(), By: ask.By}
	if err := s.store.Keep(retirementKey, mark); err != nil {
		refuse(err.Error())
		return
	}
	s.opt.Log.Warn("the site is being given up", "site", s.file().Site.Name, "by", ask.By)
	s.exit.mu.Lock()
	s.exit.mark = &mark
	s.exit.mu.Unlock()
	s.exit.leave()
	tell(control.Retiring{Step: control.RetireBegun, Records: s.undone(), Alarms: s.undoneAlarms()})
	select {
	case <-s.exit.done:
	case <-ctx.Done(): // it may be both
	}
	select {
	case <-s.exit.done:
		tell(s.exit.last)
	default:
	}
}

// waitForCity waits until the city is there and, unless they are not waited for, has all
// alarms. It says why not; "" is that it has them.
func (s *site) waitForCity(ctx context.Context, ask control.RetireAsked, tell func(control.Retiring)) string {
	over, cancel := context.WithTimeout(ctx, ask.Within)
	defer cancel()
	look := time.NewTicker(retireLooks)
	defer look.Stop()
	var told control.Retiring
	for {
		now := control.Retiring{Step: control.RetireWaits, Why: s.missing(ask.Now), Alarms: s.undoneAlarms()}
		if now.Why == "" {
			return ""
		}
		if now.Why != told.Why || now.Alarms != told.Alarms {
			told = now
			now.Records = s.undone()
			tell(now)
		}
		select {
		case <-look.C:
		case <-over.Done():
			return now.Why
		}
	}
}

// missing says what a retirement waits for.
func (s *site) missing(now bool) string {
	switch link := s.link.Load(); {
	case link == nil: // there is nobody to be told
		return ""
	case !link.Status().Up:
		return "the city is away"
	case !now && s.undoneAlarms() > 0:
		return "alarms are on their way to the city"
	}
	return ""
}

// undoneAlarms counts the alarms that are not done, on disk and in memory, and undone
// the records of all lanes.
func (s *site) undoneAlarms() uint64 {
	return s.store.Stock().Lanes[0].Waiting + uint64(len(s.store.Volatile(0)))
}

func (s *site) undone() (n uint64) {
	for _, l := range s.store.Stock().Lanes {
		n += l.Waiting
	}
	return n
}

// resume goes on with a retirement that an earlier run has begun. What is on disk goes
// first, as far as there is time.
func (s *site) resume(ctx context.Context, mark *retirement) error {
	s.opt.Log.Warn("this site is being given up: an earlier run has not come to the end of it", "asked", mark.Asked, "by", mark.By)
	s.exit.mark = mark
	still := s.beat(ctx)
	defer still()
	if c := s.file(); len(s.opt.Dials)+len(c.Uplink.Brokers) > 0 {
		stopped, stop := context.WithCancel(ctx)
		stop() // it sends what there is, and leaves
		s.newLink(c, signKey(c.Commands, s.opt.Log))(stopped)
	}
	return s.retire(ctx)
}

// retire leaves every broker for good, when nothing runs any more, and marks the box. Only
// the end of ctx keeps it from that, and then the next start goes on with it.
func (s *site) retire(ctx context.Context) error {
	var left []control.Left
	for link := s.link.Load(); link != nil; {
		var gone bool
		if left, gone = lefts(link.Retire(ctx)); gone {
			break
		}
		s.opt.Log.Warn("no broker was left for good: it is tried again", "again_in", retireAgain)
		select {
		case <-ctx.Done():
			s.opt.Log.Warn("the site is not given up yet: the next start goes on with it")
			return nil
		case <-time.After(retireAgain):
		}
	}
	mark := *s.exit.mark
	mark.At = s.opt.Host.Wall()
	if err := s.store.Keep(retirementKey, mark); err != nil {
		return fmt.Errorf("the site was given up, and that cannot be kept: the next start does it again: %w", err)
	}
	s.opt.Log.Warn("the site was given up", "site", s.file().Site.Name, "by", mark.By)
	s.exit.last = control.Retiring{Step: control.RetireDone, At: mark.At, Brokers: left, Records: s.undone(), Alarms: s.undoneAlarms()}
	close(s.exit.done)
	return &Retired{mark.At, mark.By}
}

// lefts is what a tool is told of brokers. One that was left is enough: another that
// cannot be reached may never come back, and a person hears of it.
func lefts(all []uplink.Parting) (left []control.Left, gone bool) {
	for _, p := range all {
		one := control.Left{Name: p.Broker, Emptied: p.Emptied}
		if p.Err != nil {
			one.Failed = p.Err.Error()
		}
		gone = gone || p.Err == nil
		left = append(left, one)
	}
	return left, gone
}

// Unretire takes the mark of a box away that was given up, or is about to be, so that
// it can run again. It returns nil where there was none. No daemon may run.
func Unretire(o Options) (was *Retired, err error) {
	if _, err := os.Stat(filepath.Join(o.Config.Store.Directory, "store.db")); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	o.complete()
	st, err := openStore(o, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	mark, err := retirementOf(st)
	if err != nil || mark == nil {
		return nil, err
	}
	if err := st.Keep(retirementKey, nil); err != nil {
		return nil, err
	}
	was = &Retired{mark.At, mark.By}
	if mark.At.IsZero() {
		was.At = mark.Asked
	}
	return was, nil
}
