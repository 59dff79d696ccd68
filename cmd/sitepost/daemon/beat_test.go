package daemon

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/cmd/sitepost/status"
	"sitepost/uplink"
)

// TestHeart: it beats while every organ moves, not at all while one stands still, and
// says when it comes and goes. (reliability.md, row "watchdog")
func TestHeart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ingest, store atomic.Uint64
		var hung atomic.Bool
		began := time.Now()
		type word struct {
			At   time.Duration
			Said string
		}
		var got []word
		h := &heart{
			tell:   func(state string) { got = append(got, word{time.Since(began), state}) },
			every:  15 * time.Second,
			status: func() string { return "well" },
			organs: []organ{{"ingest", moves(ingest.Load)}, {"store", moves(store.Load)}},
			log:    slog.New(slog.DiscardHandler),
		}
		ctx, cancel := context.WithCancel(t.Context())
		go func() { // both go on, except the store while the disk hangs
			for ctx.Err() == nil {
				time.Sleep(time.Second)
				ingest.Add(1)
				if !hung.Load() {
					store.Add(1)
				}
			}
		}()
		ended := make(chan struct{})
		go func() { defer close(ended); h.run(ctx) }()
		time.Sleep(31*time.Second + time.Second/2) // beats at 15 and 30; between two steps of the others
		hung.Store(true)                           // the look at 45 still sees what moved at 31
		time.Sleep(60 * time.Second)
		hung.Store(false)
		time.Sleep(16 * time.Second)
		cancel()
		<-ended
		stopping := "STOPPING=1\nSTATUS=stopping: what is on disk is sent for some seconds"
		want := []word{
			{0, "READY=1\nSTATUS=well"},
			{15 * time.Second, "WATCHDOG=1"}, {30 * time.Second, "WATCHDOG=1"}, {45 * time.Second, "WATCHDOG=1"},
			{105 * time.Second, "WATCHDOG=1"},
			{107*time.Second + time.Second/2, stopping},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("-want +told:\n%s", diff)
		}
		time.Sleep(time.Second) // the mover sees that it is over
	})
}

// TestHeartStatus: the line of systemctl status is told when it changes, on one line,
// however many a finding has.
func TestHeartStatus(t *testing.T) {
	var told []string
	is := "a"
	h := &heart{tell: func(s string) { told = append(told, s) }, status: func() string { return is }, log: slog.New(slog.DiscardHandler)}
	h.said = is
	h.look(time.Now())
	is = "b"
	h.look(time.Now())
	h.look(time.Now())
	if diff := cmp.Diff([]string{"WATCHDOG=1", "WATCHDOG=1\nSTATUS=b", "WATCHDOG=1"}, told); diff != "" {
		t.Errorf("-want +told:\n%s", diff)
	}
	snap := status.Snapshot{
		Site: "demo", Devices: make([]status.Device, 3), Uplink: &status.Uplink{Status: uplink.Status{Up: true, Broker: "city-a"}},
		Findings: []status.Finding{{What: "device", Name: "gas-1", Text: "is silent\nWATCHDOG=1"}},
	}
	want := `demo: 3 devices, city is up at city-a; 1 findings, first device gas-1: is silent WATCHDOG=1`
	if got := inOneLine(snap); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	snap.Findings[0].Text = strings.Repeat("声", 500)
	if got := inOneLine(snap); len([]rune(got)) != longestStatus {
		t.Errorf("got %d characters, want %d: %s", len([]rune(got)), longestStatus, got)
	}
}
