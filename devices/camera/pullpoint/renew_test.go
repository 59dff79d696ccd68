package pullpoint

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices/camera/cameratest"
)

// TestRenewal promises that a pull point lives on by whatever the camera takes for
// it, that one which moves its end by itself is not renewed (quirk 32), and that one
// which cannot be renewed is made anew. Quirks 28, 29 and 32.
func TestRenewal(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name     string
		e        cameratest.Events
		o        cameratest.Options
		renewals bool
		refused  int // renewals, in all
		anew     bool
		kept     Form
	}{
		{name: "durations", renewals: true},
		{name: "dates only, clock ahead", e: cameratest.Events{RefusesRelative: true}, o: cameratest.Options{Clock: time.Hour}, renewals: true, refused: 1, kept: Absolute},
		{name: "each pull moves the end", e: cameratest.Events{KeepsAlive: true}},
		{name: "1970", e: cameratest.Events{Termination: "1970-01-01T00:00:00Z"}, renewals: true},
		{name: "past", e: cameratest.Events{Termination: "2024-01-01T00:00:00Z"}, renewals: true},
		{name: "no renewals at all", e: cameratest.Events{RefusesRenewal: true}, anew: true, refused: 4},
	}
	all := make([]*listener, len(cases))
	for i, c := range cases { // all at once: it takes its time
		l := listenTo(t, c.e, c.o)
		l.pauses.life, l.pauses.poll, l.pauses.renewals = 6*time.Second, 100*time.Millisecond, time.Second
		l.start()
		all[i] = l
	}
	for i, c := range cases {
		l := all[i]
		l.await("8 s of life", func(all []Batch) bool { return len(all) > 0 && all[len(all)-1].At.Sub(all[0].At) > 8*time.Second })
		got := l.camera.EventCount()
		l.mu.Lock()
		kept := l.kept.Renewal
		l.mu.Unlock()
		if err := l.stop(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if (got.Renewals > 0) != c.renewals || got.Renewals > 4 || (got.Created == 2) != c.anew || got.Created > 2 || kept != c.kept || got.Live > 1 {
			t.Errorf("%s: got %+v, kept %q", c.name, got, kept)
		}
		if got.RenewalsRefused > c.refused || c.refused > 0 && got.RenewalsRefused == 0 {
			t.Errorf("%s: got %d renewals refused, want %d", c.name, got.RenewalsRefused, c.refused)
		}
		if n := l.freshes(); n != got.Created {
			t.Errorf("%s: got %d fresh batches of %d pull points", c.name, n, got.Created)
		}
	}
}

// TestLease promises the times of a renewal as they are in the field.
func TestLease(t *testing.T) {
	t.Parallel()
	p := usual()
	for left, want := range map[time.Duration]bool{0: true, 100 * time.Second: true, 500 * time.Second: false} {
		l := adopted(p.life)
		l.hear(left, time.Now(), p.jitter)
		if got := l.due(time.Now(), p.poll, p.renewals); got != want {
			t.Errorf("adopted with %v left: got due %t", left, got)
		}
	}
	for _, c := range []struct {
		name  string
		left  time.Duration                                  // told at first
		pulls func(after time.Duration) (left time.Duration) // told every 20 s
		want  []time.Duration                                // of renewals within 20 min, none of which is heard
	}{
		{"fixed end", 600 * time.Second, func(a time.Duration) time.Duration { return 600*time.Second - a }, []time.Duration{300, 360, 420, 480, 540, 600, 660, 720, 780, 840, 900, 960, 1020, 1080, 1140, 1200}},
		{"moves to the full time", 600 * time.Second, func(time.Duration) time.Duration { return 600 * time.Second }, nil},
		{"moves to one minute", 600 * time.Second, func(time.Duration) time.Duration { return time.Minute }, nil},
		{"unknown", 0, func(time.Duration) time.Duration { return 0 }, []time.Duration{300, 600, 900, 1200}},
		{"one minute, fixed", time.Minute, func(a time.Duration) time.Duration { return time.Minute - a }, []time.Duration{40, 80, 120}},
	} {
		start := time.Now()
		l := begin(p.life, c.left, start)
		var got []time.Duration
		for after := 20 * time.Second; after <= 20*time.Minute && len(got) < len(c.want)+1; after += 20 * time.Second {
			now := start.Add(after)
			l.hear(c.pulls(after), now, p.jitter)
			if l.due(now, p.poll, p.renewals) {
				l.renewed = now
				got = append(got, after/time.Second)
			}
			if c.name == "one minute, fixed" && len(got) == 3 {
				break
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}
