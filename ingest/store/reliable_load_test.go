package store

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"sitepost/devices"
)

// A load drives a store from many sides, as a busy site does: alarms, conditions
// that come and go, readings, counters, cards, retained topics, perhaps pictures; and
// an uplink that reads and moves the marks, so that what is done is deleted. It tells
// all it does in words of one line, in order: see [witness].
type load struct {
	s       *Store
	run     string       // begins all its names
	tell    func(string) // a word; it returns when the word is kept
	stop    <-chan struct{}
	window  int    // records that are read beyond the mark
	picture []byte // nil: none are taken
	early   bool   // one tells that its alarm is safe before it is: the test must see what that loses

	telling sync.Mutex // one word at a time
	failed  error      // the first; guarded by telling
}

// drive is the load, until stop is closed or something fails.
func (l *load) drive() error {
	l.say("opened %s", l.s.Epoch())
	var all sync.WaitGroup
	for p, one := range []func(i int, name string) error{
		0: func(_ int, name string) error {
			if l.early {
				l.say("had %s", name)
			}
			return l.accept("d0", name, said(0, "alarm.test"))
		},
		1: func(i int, name string) error { // what the run before left open is cleared first
			return l.accept("d1", name, said(0, gasHigh, []func(*devices.Event){cleared, raised}[i%2]))
		},
		2: l.readOut,
		3: func(i int, name string) error { return l.accept("d3", name, said(0, passage, raw(uint64(i%50)*3))) },
		4: func(_ int, name string) error { return l.accept("d4", name, said(0, devices.AccessCard)) },
		5: func(_ int, name string) error {
			if err := l.s.Put("device/d5", name); err != nil {
				return err
			}
			l.say("put %s", name)
			return l.pause(5 * time.Millisecond)
		},
		6: l.take,
	} {
		all.Go(func() {
			for i := 0; l.going(); i++ {
				if err := one(i, fmt.Sprintf("%s/%d/%d", l.run, p, i)); err != nil {
					l.fail(err)
				}
			}
		})
	}
	for _, lane := range devices.Lanes() {
		all.Go(func() { l.send(lane) })
	}
	all.Wait()
	return l.failed
}

// say tells a word, unless something failed: what comes then may be wrong.
func (l *load) say(word string, args ...any) {
	l.telling.Lock()
	defer l.telling.Unlock()
	if l.failed == nil {
		l.tell(fmt.Sprintf(word, args...))
	}
}

func (l *load) fail(err error) {
	l.telling.Lock()
	defer l.telling.Unlock()
	if l.failed == nil {
		l.failed = err
	}
}

func (l *load) going() bool {
	select {
	case <-l.stop:
		return false
	default:
		l.telling.Lock()
		defer l.telling.Unlock()
		return l.failed == nil
	}
}

func (l *load) pause(d time.Duration) error {
	select {
	case <-l.stop:
	case <-time.After(d):
	}
	return nil
}

// accept says an event, and tells its number when it is safe.
func (l *load) accept(device, name string, e devices.Event) error {
	e.Detail = name
	made, err := l.s.Accept(place(device), e)
	if err != nil {
		return fmt.Errorf("accept %s: %w", name, err)
	}
	if made == nil {
		l.say("known %s", name)
		return nil
	}
	l.say("got %s %d %s", made.Lane, made.Seq, name)
	return nil
}

// readOut says a reading.
func (l *load) readOut(_ int, name string) error {
	e := said(0, devices.GasReading)
	e.Detail = name
	if err := l.s.Append(place("d2"), e); err != nil {
		return fmt.Errorf("append %s: %w", name, err)
	}
	l.say("had %s", name)
	return l.pause(3 * time.Millisecond)
}

// take keeps a picture, and then its record.
func (l *load) take(i int, name string) error {
	if l.picture == nil {
		<-l.stop
		return nil
	}
	incident := fmt.Sprintf("%016x-alarm-%d", len(l.run), i+1)
	figures, err := l.s.KeepPicture(incident, l.run, l.picture)
	if err != nil {
		return fmt.Errorf("picture %s: %w", name, err)
	}
	e := said(0, devices.SnapshotTaken, of(incident))
	e.Picture = &figures
	if err := l.accept("d6", name, e); err != nil {
		return err
	}
	l.say("kept %s %s", incident, l.run)
	return l.pause(40 * time.Millisecond)
}

// send is the uplink of one lane: it reads what comes, a window beyond its mark.
func (l *load) send(lane devices.Lane) {
	m := l.s.Marks(lane)
	for after, mark := max(m.Sent, m.First-1), m.Sent; l.going(); {
		some, err := l.s.Read(lane, after, l.window)
		if err != nil {
			l.fail(err)
			return
		}
		if len(some) == 0 {
			_ = l.pause(time.Millisecond)
			continue
		}
		var names strings.Builder
		for _, r := range some {
			fmt.Fprintf(&names, " %d %s", r.Seq, r.Event.Detail)
		}
		after = some[len(some)-1].Seq
		l.say("saw %s%s", lane, names.String())
		if upto := after - min(after, uint64(l.window)); upto > mark {
			mark = upto
			l.say("done %s %d", lane, mark)
			l.s.MarkSent(lane, mark)
			l.say("marked %s %d", lane, mark)
		}
	}
}

// frugal is a store for tests that open thousands of them.
func frugal(directory string) Options {
	return Options{Directory: directory, Site: "xinggang-ferry", History: 20, MaxBytes: 8 << 20, Volatile: -1} // what is only in memory is not accepted
}

// pictured says whether a picture is kept as it was taken.
func pictured(s *Store, incident, camera string, picture []byte) bool {
	is, err := s.Picture(incident, camera)
	return err == nil && bytes.Equal(is, picture)
}

// standing is what the retained topic says is open.
func standing(s *Store) (n int, err error) {
	all, err := s.Currents(true)
	at := slices.IndexFunc(all, func(c Current) bool { return c.Key == "open" })
	if err != nil || at < 0 {
		return 0, fmt.Errorf("no topic open: %w", err)
	}
	return strings.Count(string(all[at].Doc), `"incident"`), nil
}
