package store

import (
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"sitepost/cmd/reliability/figure"
	"sitepost/devices"
	"sitepost/ingest/store/disktest"
)

// TestReliableSlowDisk: on a disk whose fsync takes 50 ms, as a worn SD card's, the
// store takes 200 events a second by committing them together, and an alarm is safe
// after a few of its fsyncs and is read at once.
//
// The control is one device alone: without company each event costs whole commits.
func TestReliableSlowDisk(t *testing.T) {
	const fsync = 50 * time.Millisecond
	// An alarm waits for two of the commit that is under way and two of its own. The
	// rest is for a busy machine; the short form has to pass beside all other tests.
	least, mostFsyncs, lasts := 100.0, 40, 3*time.Second
	switch figure.Asked(t) {
	case figure.Full:
		least, mostFsyncs, lasts = 200, 8, 15*time.Second
	case figure.Long:
		least, mostFsyncs, lasts = 200, 8, time.Minute
	}
	d := disktest.New(t)
	s, err := Open(frugal(filepath.Join(d.Dir, "store")))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	d.Slow(fsync)
	alone := press(t, s, lasts/3, map[devices.Code]int{devices.AccessCard: 1})
	crowd := press(t, s, lasts, map[devices.Code]int{devices.AccessCard: 128, "alarm.test": 2})
	d.Slow(0)
	read, err := whole(s, devices.AlarmLane)
	if err != nil {
		t.Fatal(err)
	}
	alarms := crowd.took["alarm.test"]
	slices.Sort(alarms)
	p99 := alarms[len(alarms)*99/100]
	single, events := alone.rate(devices.AccessCard), crowd.rate(devices.AccessCard)
	figure.Report(t, figure.Row{
		Fault:    "slow disk: 50 ms per fsync",
		Aim:      fmt.Sprintf("≥ %.0f events/s; alarms safe within %d fsyncs (p99), all of them delivered", least, mostFsyncs),
		Measured: fmt.Sprintf("%.0f events/s; alarm p50 %.1f, p99 %.1f fsyncs; %d of %d delivered", events, ratio(alarms[len(alarms)/2], fsync), ratio(p99, fsync), len(read), len(alarms)),
		Met:      events >= least && ratio(p99, fsync) <= float64(mostFsyncs) && len(read) == len(alarms) && single < least,
		Control:  fmt.Sprintf("one device alone, nothing to commit together: %.0f events/s", single),
		Values: map[string]float64{
			"events_per_s": events, "alarm_p50_fsyncs": ratio(alarms[len(alarms)/2], fsync), "alarm_p99_fsyncs": ratio(p99, fsync),
			"alarms": float64(len(alarms)), "delivered": float64(len(read)), "control_events_per_s": single,
		},
	})
}

func ratio(d, of time.Duration) float64 { return float64(d) / float64(of) }

// A pressure is how long each event of a code took to be accepted.
type pressure struct {
	lasted time.Duration
	took   map[devices.Code][]time.Duration
}

func (p pressure) rate(code devices.Code) float64 {
	return float64(len(p.took[code])) / p.lasted.Seconds()
}

// press lets so many devices say a code, each as soon as its last word was accepted,
// for a while.
func press(t *testing.T, s *Store, lasts time.Duration, devicesOf map[devices.Code]int) pressure {
	t.Helper()
	p := pressure{took: make(map[devices.Code][]time.Duration)}
	var mu sync.Mutex // guards p.took
	var all sync.WaitGroup
	began := time.Now()
	for code, n := range devicesOf {
		for i := range n {
			all.Go(func() {
				for time.Since(began) < lasts {
					from := time.Now()
					if err := s.Append(place(fmt.Sprint("d", i)), said(0, code)); err != nil {
						t.Error(err)
						return
					}
					took := time.Since(from)
					mu.Lock()
					p.took[code] = append(p.took[code], took)
					mu.Unlock()
				}
			})
		}
	}
	all.Wait()
	p.lasted = time.Since(began)
	return p
}
