package ingest

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"sitepost/devices"
)

// counted is a count of persons.
func counted(at time.Duration, n float64) cue {
	return cue{at, devices.Event{Code: devices.CameraObjects, Point: "person", Value: &devices.Value{Quantity: "objects", Number: n}}}
}

// eachCounted says counts, one a second from a moment on.
func eachCounted(from time.Duration, counts ...float64) (all []cue) {
	for i, n := range counts {
		all = append(all, counted(from+time.Duration(i)*time.Second, n))
	}
	return all
}

// TestObjectCounts: a count is told when there is somebody or nobody any more, when a
// crowd comes or goes, and else once a minute.
func TestObjectCounts(t *testing.T) {
	t.Parallel()
	const half, s = 500 * time.Millisecond, time.Second // beside the ticks
	for _, c := range []struct {
		name string
		cues []cue
		want []string // when, last, min to max of n
	}{
		{"the first", eachCounted(1*s+half, 3), []string{"1.5s 3 3-3 1"}},
		{"somebody comes, and goes", append(eachCounted(half, 0), append(eachCounted(20*s+half, 1, 2, 1), eachCounted(40*s+half, 0)...)...),
			[]string{"500ms 0 0-0 1", "20.5s 1 1-1 1", "40.5s 0 0-2 3"}},
		{"somebody goes at once", append(eachCounted(half, 0), eachCounted(20*s+half, 1, 0)...),
			[]string{"500ms 0 0-0 1", "20.5s 1 1-1 1", "21.5s 0 0-0 1"}}, // told at 31 s
		{"somebody looks in", append(eachCounted(half, 0), eachCounted(20*s+half, 1, 0, 1, 0, 1)...),
			[]string{"500ms 0 0-0 1", "20.5s 1 1-1 1", "24.5s 1 0-1 4"}}, // told after a minute
		{"a few more or less", eachCounted(half, 1, 3, 2, 4, 8, 5), []string{"500ms 1 1-1 1", "5.5s 5 2-8 5"}},
		{"a crowd", append(eachCounted(half, 12, 15), eachCounted(20*s+half, 20, 24, 30)...),
			[]string{"500ms 12 12-12 1", "21.5s 24 15-24 3", "22.5s 30 30-30 1"}},
		{"a crowd that goes", append(eachCounted(half, 40, 30), eachCounted(20*s+half, 21, 20, 18)...),
			[]string{"500ms 40 40-40 1", "21.5s 20 20-30 3", "22.5s 18 18-18 1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				in, st := rig(t, "cam-1")
				defer st.Close()
				began := time.Now()
				stop := running(t, in, Conversation{Name: "cam-1", Silence: map[string]time.Duration{"cam-1": 0}, Device: saying(c.cues...)})
				until(began, 3*time.Minute)
				stop()
				records, err := st.Read(devices.ReadingLane, 0, 500)
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, r := range records {
					v := r.Event.Value.Summary
					got = append(got, fmt.Sprintf("%v %v %v-%v %d", r.Event.Time.Sub(began), v.Last, v.Min, v.Max, v.N))
				}
				same(t, got, c.want)
			})
		})
	}
}

// TestBusyHall: a hall in which every second another number of people is seen, and
// now and then nobody, costs six records a minute at most; one that is never empty
// and never doubles one.
func TestBusyHall(t *testing.T) {
	t.Parallel()
	for name, hall := range map[string]struct {
		low, high float64
		most      int
	}{"full": {21, 40, 60 + 2}, "full and empty": {0, 60, 6*60 + 2}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				in, st := rig(t, "cam-1")
				defer st.Close()
				began, dice := time.Now(), rand.New(rand.NewPCG(1, 2))
				var cues []cue
				for i := range 3600 {
					n := hall.low + float64(dice.IntN(int(hall.high-hall.low)))
					if hall.low == 0 && i%7 == 0 {
						n = 0
					}
					cues = append(cues, counted(time.Duration(i)*time.Second+100*time.Millisecond, n))
				}
				stop := running(t, in, Conversation{Name: "cam-1", Silence: map[string]time.Duration{"cam-1": 0}, Device: saying(cues...)})
				until(began, time.Hour)
				stop()
				st.Seal()
				if n := int(st.Marks(devices.ReadingLane).Last); n > hall.most || n < 55 {
					t.Errorf("got %d records in an hour, want 55 to %d", n, hall.most)
				}
			})
		})
	}
}
