package uplink_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sitepost/cmd/reliability/figure"
	"sitepost/devices"
	"sitepost/uplink"
	"sitepost/uplink/mqtt/mqtttest"
)

const (
	// behind is how many events are said before each alarm.
	behind = 16
	// overtakeAim is what part of the alarms must be heard before the events that
	// were said before them: not all, for some of those are under way already.
	overtakeAim = 0.7
)

// A badLine is a rig whose link goes over a line that is as bad as the last mile to
// a berth may be.
type badLine struct {
	*rig
	line   *mqtttest.Line
	heard  *mqtttest.Collector
	bell   devices.Code // an alarm; for the control, which has no lanes, an event
	began  time.Time    // to be bad
	mended time.Time
}

// TestReliableBadLine: on a slow, late, torn line that is reset again and again,
// under more load than it carries, nothing is lost, alarms overtake events, and no
// window is stuck.
//
// The control does not wait for receipts and has no lanes: it loses what was under
// way at a reset, and what would be its alarms overtake nothing.
func TestReliableBadLine(t *testing.T) {
	bad := mqtttest.Faults{Latency: 300 * time.Millisecond, Jitter: 200 * time.Millisecond, PerSecond: 32 << 10, Slice: 16, Life: 2500 * time.Millisecond}
	lasts, calm, pace := 5*time.Second, 500*time.Millisecond, 100*time.Millisecond
	if figure.Asked(t) != figure.Short {
		bad.Life, bad.Silent = 6*time.Second, 5
		lasts, calm, pace = 45*time.Second, 5*time.Second, 250*time.Millisecond
	}
	heap := watchHeap()
	ours, control := newBadLine(t, bad, false, lasts, calm, pace), newBadLine(t, bad, true, lasts, calm, pace)
	var got, naive course
	var both sync.WaitGroup
	both.Go(func() { got = ours.run() })
	both.Go(func() { naive = control.run() })
	both.Wait()
	grown := heap()
	w, queue := ours.ways(t), control.ways(t)
	if naive.lost == 0 || queue.share() >= overtakeAim {
		t.Errorf("control: %d lost of %d, overtook %.2f, %v: this test sees nothing", naive.lost, naive.total, queue.share(), naive.err)
	}
	row := figure.Row{
		Fault: fmt.Sprintf("a bad line: %v ± %v late, %d KiB/s, slices of up to %d bytes, reset every %v or so", bad.Latency, bad.Jitter, bad.PerSecond>>10, bad.Slice, bad.Life),
		Aim: fmt.Sprintf("0 lost, %.0f %% of the alarms overtake the events said before them, no window stuck for more than %v, at most %d MiB more",
			100*overtakeAim, mostStuck, mostHeap>>20),
		Measured: fmt.Sprintf("%d of %d lost, %d twice, %d resets; %.0f %% overtook, half of the alarms took %v, of the events %v (%.2f of it); stuck for %v; %.1f MiB more", got.lost, got.total, got.twice, ours.line.Resets(),
			100*w.share(), middle(w.alarms), middle(w.events), w.ratio(), got.stuck.Round(time.Millisecond), float64(grown)/(1<<20)),
		Met: got.err == nil && got.lost == 0 && got.total > 0 && ours.line.Resets() > 0 && w.share() >= overtakeAim &&
			got.stuck <= mostStuck && grown <= mostHeap,
		Control: fmt.Sprintf("without waiting for receipts, and without lanes: %d of %d lost, %.0f %% overtook", naive.lost, naive.total, 100*queue.share()),
		Values: map[string]float64{
			"lost": float64(got.lost), "accepted": float64(got.total), "twice": float64(got.twice), "resets": float64(ours.line.Resets()),
			"overtook": w.share(), "alarm_s": middle(w.alarms).Seconds(), "event_s": middle(w.events).Seconds(), "alarm_to_event": w.ratio(),
			"stuck_s": got.stuck.Seconds(), "heap_bytes": float64(grown),
		},
	}
	if got.err != nil {
		row.Measured += ": " + strings.ReplaceAll(got.err.Error(), "\n", " ")
	}
	figure.Report(t, row)
}

// newBadLine makes a rig whose line turns bad.
func newBadLine(t *testing.T, bad mqtttest.Faults, naive bool, lasts, calm, pace time.Duration) *badLine {
	t.Helper()
	l := &badLine{bell: "screening.metal.alarm"}
	if naive {
		l.bell = devices.AccessCard
	}
	l.rig = newRig(t, fault{name: "bad line", set: func(t *testing.T, r *rig) (begin, end func()) {
		b := mqtttest.Start(t)
		l.heard = b.Subscribe(t, uplink.Topic(site, "#"))
		r.city.listen(t, l.heard)
		l.line = b.Line(t)
		r.options.Dials = []uplink.Dial{dial(t, l.line.URL)}
		return func() { l.began = time.Now(); l.line.Set(bad) }, func() { l.mended = time.Now(); l.line.Set(mqtttest.Faults{}) }
	}}, naive, lasts)
	l.say, l.calm, l.pace = l.eventsAndBell, calm, pace
	return l
}

// eventsAndBell makes some events, and then the one that must not wait for them.
func (l *badLine) eventsAndBell(n int) error {
	where := devices.Place{Site: devices.Site{Name: site}, Device: devices.Named{Name: fmt.Sprint("d-", n), Kind: devices.GasDetector}}
	var all sync.WaitGroup
	errs := make([]error, behind)
	for i := range behind { // at once: one after the other they would be no more than the line carries
		all.Go(func() {
			errs[i] = l.store.Append(where, devices.Event{Time: time.Now(), Code: devices.AccessPassage, Point: "left"})
		})
	}
	all.Wait()
	return errors.Join(append(errs, l.store.Append(where, devices.Event{Time: time.Now(), Code: l.bell}))...)
}

// ways are those of what was said while the line was bad.
type ways struct {
	alarms, events []time.Duration
	overtook       int // alarms
}

func (w ways) share() float64 { return float64(w.overtook) / float64(max(1, len(w.alarms))) }
func (w ways) ratio() float64 { return middle(w.alarms).Seconds() / middle(w.events).Seconds() }

// ways follows everything that the city heard.
func (l *badLine) ways(t *testing.T) (w ways) {
	t.Helper()
	known, passed := map[string]bool{}, map[string]bool{}
	for _, m := range l.heard.Messages() {
		id, _, is := record(m.Payload)
		if !is || known[id] {
			continue
		}
		known[id] = true
		said, err := time.Parse(time.RFC3339Nano, attribute(m.Payload, "time"))
		if err != nil {
			t.Errorf("%s: %v", m.Payload, err)
		}
		if said.Before(l.began) || said.After(l.mended) {
			continue
		}
		device, took := attribute(m.Payload, "source"), m.At.Sub(said)
		if attribute(m.Payload, "type") != string(l.bell) {
			passed[device] = true
			w.events = append(w.events, took)
			continue
		}
		if w.alarms = append(w.alarms, took); !passed[device] {
			w.overtook++
		}
	}
	return w
}

// attribute is a word of a record.
func attribute(payload []byte, name string) string {
	_, rest, _ := bytes.Cut(payload, []byte(`"`+name+`":"`))
	text, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(text)
}

// middle is the median; of nothing it is an hour.
func middle(all []time.Duration) time.Duration {
	if len(all) == 0 {
		return time.Hour
	}
	slices.Sort(all)
	return all[len(all)/2].Round(10 * time.Millisecond)
}
