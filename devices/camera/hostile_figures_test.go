package camera_test

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/devices/camera"
	"sitepost/devices/camera/stream"
)

// TestFiguresThatAlternate promises that a camera whose visits differ is not accused and
// acquitted from visit to visit.
func TestFiguresThatAlternate(t *testing.T) {
	without := func(s *devices.Stream) { s.ClockErrorMS, s.SenderReports = nil, 0 }
	for _, c := range []struct {
		name string
		odd  func(*devices.Stream)
		even func(*devices.Stream)
		want []string
	}{
		{"its two clocks differ, and one visit in two hears of one", func(s *devices.Stream) { s.ClockErrorMS = figure(8 * 3600e3) }, without, []string{"stream.clock_skew raised"}},
		{"its clock is off by the limit", func(s *devices.Stream) { s.ClockErrorMS = figure(5010) }, func(s *devices.Stream) { s.ClockErrorMS = figure(4990) }, []string{"stream.clock_skew raised"}},
		{"one visit in four is short of frames", func(s *devices.Stream) { s.FPS = figure(24.2) }, func(*devices.Stream) {}, nil},
		{"its rate is about what HD may miss", func(s *devices.Stream) { s.FPS = figure(24.6) }, func(s *devices.Stream) { s.FPS = figure(24.4) }, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, d := inBubble(t, sampled, with(c.even), func(s *scene, _ *diary) {
				for n := range 120 {
					s.change(func() {
						s.see = with(c.even)
						if n%4 == 0 {
							s.see = with(c.odd)
						}
					})
					time.Sleep(time.Minute)
				}
			})
			got := d.conditions()
			if len(c.want) == 0 && len(got) == 1 && got[0] == "stream.below_hd raised" {
				return // a rate at the limit may be accused, once
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestHintGoes promises that the hint that nothing moves does not outlive the figures
// that it rests on.
func TestHintGoes(t *testing.T) {
	still := with(func(s *devices.Stream) { s.SmallFrames, s.InterFrames = figure(0.97), 96 })
	_, d := inBubble(t, sampled, still, func(s *scene, _ *diary) {
		time.Sleep(10 * time.Minute)
		s.change(func() { s.see = with(func(s *devices.Stream) { s.Codec = "MJPEG" }) })
		time.Sleep(time.Hour)
	})
	if diff := cmp.Diff([]string{"stream.frozen_hint raised", "stream.parameters_changed", "stream.frozen_hint cleared"}, d.conditions()); diff != "" {
		t.Error(diff)
	}
}

// TestTwoProfiles promises that a camera that takes turns between two profiles does not
// fill the event lane, and is judged all the same.
func TestTwoProfiles(t *testing.T) {
	_, d := inBubble(t, sampled, healthy(), func(s *scene, _ *diary) {
		for n := range 24 * 60 {
			s.change(func() {
				s.see = with(func(s *devices.Stream) { s.Loss = figure(0.01) })
				if n%2 == 1 {
					s.see.FPSNominal = figure(12.5)
				}
			})
			time.Sleep(time.Minute)
		}
	})
	changed, degraded := 0, false
	for _, word := range d.conditions() {
		changed += map[string]int{"stream.parameters_changed": 1}[word]
		degraded = degraded || word == "stream.degraded raised"
	}
	if changed < 6 || changed > 6+24*6+1 {
		t.Errorf("got %d changes in a day", changed)
	}
	if !degraded {
		t.Error("got no accusation")
	}
}

// TestNoFigure promises that a rate that is no number harms nothing.
func TestNoFigure(t *testing.T) {
	o := sampled
	o.Memory = camera.NewMemory(camera.Known{}, func(camera.Known) error { return nil })
	see := with(func(s *devices.Stream) {
		s.FPSNominal, s.FPS, s.BitrateBPS, s.Loss = figure(math.NaN()), figure(math.Inf(1)), figure(math.NaN()), figure(math.NaN())
		s.JitterMS, s.FirstFrameMS, s.ClockErrorMS = figure(math.NaN()), figure(math.Inf(-1)), nil
	})
	_, d := inBubble(t, o, see, func(*scene, *diary) { time.Sleep(10 * time.Minute) })
	if got := d.conditions(); got != nil {
		t.Errorf("got %q", got)
	}
	if err := o.Memory.Change(func(k *camera.Known) { k.StreamPin = "sha256:a" }); err != nil {
		t.Error(err)
	}
}

// TestTrackReadable promises that a track that could not be read is judged anew when it
// can.
func TestTrackReadable(t *testing.T) {
	yes, encoding := true, "exi"
	_, d := inBubbleLike(t, always, with(func(s *devices.Stream) { s.Metadata = &yes }), func(s *scene, o *camera.WatchOptions) {
		o.Hearing = hearing()
		o.Eyes.Follow = chatty(s, &encoding)
	}, func(s *scene, _ *diary) {
		time.Sleep(10 * time.Minute)
		s.change(func() { encoding = "" })
		time.Sleep(10 * time.Minute)
		s.change(func() { encoding = "exi" })
		time.Sleep(10 * time.Minute)
	})
	var faults []string
	for _, word := range d.conditions() {
		if strings.HasPrefix(word, "device.fault") {
			faults = append(faults, word)
		}
	}
	if diff := cmp.Diff([]string{"device.fault raised", "device.fault cleared", "device.fault raised"}, faults); diff != "" {
		t.Error(diff)
	}
}

// chatty is a kept session of five minutes with a document each second.
func chatty(s *scene, encoding *string) func(context.Context, stream.Target, time.Duration, func(devices.Stream) error) error {
	return func(ctx context.Context, t stream.Target, _ time.Duration, take func(devices.Stream) error) error {
		see, _ := s.begin("kept session", t)
		defer s.end()
		for n := range 300 {
			if !sleep(ctx, time.Second) {
				return nil
			}
			s.mu.Lock()
			is := *encoding
			s.mu.Unlock()
			t.Metadata(stream.Chunk{Sequence: uint16(n), Last: true, Payload: []byte(walking(n % 60)), At: time.Now(), Encoding: is})
			if n%60 == 59 {
				if err := take(see); err != nil {
					return err
				}
			}
		}
		return stream.ErrAgain
	}
}
