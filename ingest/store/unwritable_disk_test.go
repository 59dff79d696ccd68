package store

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"sitepost/cmd/reliability/figure"
	"sitepost/devices"
	"sitepost/ingest/store/disktest"
)

// TestReliableReadOnly: a disk that turns read-only under load, as a kernel makes
// one that has errors.
func TestReliableReadOnly(t *testing.T) {
	refusing(t, "disk read-only for a while, under load", func(d *disktest.Disk, on bool) { d.ReadOnly(on) })
}

// TestReliableErrors: a disk that answers each write with EIO under load.
func TestReliableErrors(t *testing.T) {
	refusing(t, "input/output errors for a while, under load", func(d *disktest.Disk, on bool) {
		if on {
			d.Fail(syscall.EIO)
		} else {
			d.Fail(0)
		}
	})
}

// refusing is the row of a disk that refuses for a while, with its control: no ring.
func refusing(t *testing.T, fault string, refuse func(*disktest.Disk, bool)) {
	alarms := map[figure.Size]int{figure.Short: 1500, figure.Full: 5000, figure.Long: 20_000}[figure.Asked(t)]
	got := refuseFor(t, alarms, mostVolatile, refuse)
	control := refuseFor(t, 200, -1, refuse)
	if control.refused == 0 {
		t.Errorf("without the ring %d alarms were refused, want some", control.refused)
	}
	balanced, twice := true, 0
	for lane, said := range got.said {
		n := got.accepted[lane] + got.lost[lane]
		if lane == devices.AlarmLane {
			n += got.volatile
		}
		twice += n - said
		balanced = balanced && said <= n && n-said < mostWaiting // of the one transaction that failed half way
	}
	figure.Report(t, figure.Row{
		Fault: fault,
		Aim:   "alarms from memory (1,024) in order and then stored, each loss counted, well again in < 10 s",
		Measured: fmt.Sprintf("of %d alarms %d on disk, %d from memory and then stored, %d lost and counted; %d events and %d readings lost and counted, %d twice; well again in %.1f s",
			got.said[devices.AlarmLane], got.accepted[devices.AlarmLane], got.volatile, got.lost[devices.AlarmLane],
			got.lost[devices.EventLane], got.lost[devices.ReadingLane], twice, got.well.Seconds()),
		Met: balanced && got.ordered && got.volatile == mostVolatile && got.refused == 0 && got.stored == got.volatile &&
			got.lost[devices.EventLane] > 0 && got.lost[devices.ReadingLane] > 0 && got.well < 10*time.Second,
		Control: fmt.Sprintf("without the ring: %d of %d alarms refused", control.refused, control.said[devices.AlarmLane]),
		Values: map[string]float64{
			"volatile": float64(got.volatile), "stored": float64(got.stored), "alarms_lost": float64(got.lost[devices.AlarmLane]),
			"events_lost": float64(got.lost[devices.EventLane]), "readings_lost": float64(got.lost[devices.ReadingLane]), "well_s": got.well.Seconds(),
		},
	})
	if t.Failed() {
		t.Logf("%+v", got)
	}
}

// An account is what became of all that was said.
type account struct {
	said, accepted, lost map[devices.Lane]int

	volatile int           // alarms in memory just before the disk was well again
	ordered  bool          // they are the last that were said, in order
	stored   int           // of them
	refused  int           // alarms whose append failed
	well     time.Duration // from the mend until an event is taken and nothing is in memory
}

// refuseFor lets a disk refuse while so many alarms are said, beside events and
// readings all the while, and gives an account when it is well.
func refuseFor(t *testing.T, alarms, ring int, refuse func(*disktest.Disk, bool)) account {
	t.Helper()
	disk := disktest.New(t)
	s := at(t, disk.Dir, func(o *Options) { o.Volatile = ring })
	a := account{said: map[devices.Lane]int{}, accepted: map[devices.Lane]int{}, lost: map[devices.Lane]int{}}
	say := func(from, upto int) {
		for n := from; n < upto; n++ {
			if err := s.Append(place("d"), said(n%60, "alarm.test", point(fmt.Sprint(n)))); err != nil {
				a.refused++
			}
		}
		a.said[devices.AlarmLane] += upto - from
	}
	load := startBabble(s)
	say(0, 20)
	refuse(disk, true)
	say(20, 20+alarms)
	<-load.lost // so that events are refused by now
	a.volatile, a.ordered = inOrder(s.Volatile(0), 20+alarms)
	refuse(disk, false)
	mended := time.Now()
	for took := load.taken.Load(); load.taken.Load() == took || len(s.Volatile(0)) > 0; {
		time.Sleep(time.Millisecond)
	}
	a.well = time.Since(mended)
	a.said[devices.EventLane], a.said[devices.ReadingLane] = load.stop()
	say(20+alarms, 30+alarms)
	s.Seal()
	for _, lane := range devices.Lanes() {
		a.accepted[lane] = int(s.Marks(lane).Last)
	}
	for _, g := range s.Gaps() { // a reading that the disk refused had its number
		a.lost[g.Lane] += int(g.Count())
	}
	for _, l := range s.Lost() {
		a.lost[l.Lane] += int(l.Count)
	}
	for _, r := range stored(t, s, devices.AlarmLane) {
		if r.Was != "" {
			a.stored++
		}
	}
	a.accepted[devices.AlarmLane] -= a.stored
	return a
}

// inOrder counts alarms, and says whether they are the last of so many that were
// said, with rising numbers.
func inOrder(alarms []Record, upto int) (n int, ordered bool) {
	n, ordered = len(alarms), true
	for i, r := range alarms {
		ordered = ordered && r.Event.Point == fmt.Sprint(upto-n+i) && r.Seq == alarms[0].Seq+uint64(i) && r.Volatile
	}
	return n, ordered
}

// A babble says events and readings until it is stopped.
type babble struct {
	s        *Store
	ending   chan struct{}
	running  sync.WaitGroup
	lost     chan struct{} // closed when an event was lost
	taken    atomic.Int64  // events
	events   int
	readings int
}

func startBabble(s *Store) *babble {
	l := &babble{s: s, ending: make(chan struct{}), lost: make(chan struct{})}
	l.running.Go(func() { l.events = l.sayUntilEnd(l.sayEvent) })
	l.running.Go(func() {
		l.readings = l.sayUntilEnd(func(n int) { _ = s.Append(place("r"), said(n%60, devices.GasReading)) })
	})
	return l
}

// stop ends it, and says how much was said.
func (l *babble) stop() (events, readings int) {
	close(l.ending)
	l.running.Wait()
	return l.events, l.readings
}

// sayUntilEnd says something every few milliseconds, and counts it.
func (l *babble) sayUntilEnd(say func(n int)) (n int) {
	pace := time.NewTicker(3 * time.Millisecond)
	defer pace.Stop()
	for ; ; n++ {
		select {
		case <-l.ending:
			return n
		case <-pace.C:
			say(n)
		}
	}
}

// sayEvent says an event until the store has it, or has lost it.
func (l *babble) sayEvent(n int) {
	for {
		err := l.s.Append(place("e"), said(n%60, devices.AccessCard))
		switch {
		case err == nil:
			l.taken.Add(1)
			return
		case errors.Is(err, ErrLost):
			select {
			case <-l.lost:
			default:
				close(l.lost)
			}
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}
