package ingest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"sitepost/devices"
)

// unreached is device.offline as a driver says it that goes on knocking.
func unreached(s devices.State, text string) devices.Event {
	return devices.Event{Code: devices.DeviceOffline, State: s, Text: text}
}

// TestOfflineByItsDriver: a device that its driver calls offline, and goes on
// knocking at, stands so with the driver's words, is told once and again while it
// lasts, and is online with the next sign of life, or when its driver says that it
// is over.
func TestOfflineByItsDriver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, st := rig(t, "cam-1")
		defer st.Close()
		began := time.Now()
		cues := []cue{{at: 30 * time.Second}}
		for at := time.Minute; at < 40*time.Minute; at += 10 * time.Second { // every knock fails in other words
			cues = append(cues, cue{at, unreached(devices.Raised, "no answer at "+at.String())})
		}
		cues = append(cues,
			cue{at: 40 * time.Minute}, cue{at: 41 * time.Minute},
			cue{50 * time.Minute, unreached(devices.Raised, "no route")},
			cue{51 * time.Minute, unreached(devices.Cleared, "")},
			cue{60 * time.Minute, unreached(devices.Raised, "")},
		)
		stop := running(t, in, Conversation{Name: "cam-1", Silence: map[string]time.Duration{"cam-1": 0}, Device: saying(cues...)})
		for _, look := range []struct {
			at   time.Duration
			want string
		}{
			{59 * time.Second, "online 30s"},
			{time.Minute, "offline 1m0s: no answer at 1m0s: " + checkIt},
			{39 * time.Minute, "offline 1m0s: no answer at 1m0s: " + checkIt},
			{40 * time.Minute, "online 40m0s"},
			{50 * time.Minute, "offline 50m0s: no route: " + checkIt},
			{51 * time.Minute, "online 51m0s"},
			{60 * time.Minute, "offline 1h0m0s: it cannot be reached: " + checkIt},
		} {
			until(began, look.at)
			same(t, stands(t, st, began), map[string]string{"cam-1": look.want})
		}
		stop()
		same(t, told(t, st, devices.DeviceOffline, began), []string{
			"1m0s raised", "31m0s raised again 1 since 1m0s", "40m0s cleared since 1m0s",
			"50m0s raised", "51m0s cleared since 50m0s",
			"1h0m0s raised",
		})
	})
}

// TestOfflineTwice: a device that its driver called offline, and whose conversation
// then breaks again and again, is offline once; and one that broke first, and is
// called offline by the next run, too.
func TestOfflineTwice(t *testing.T) {
	t.Parallel()
	for name, saysAt := range map[string][]int{"its driver first": {1}, "broken first": {4}, "in every run": {1, 2, 3, 4}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				in, st := rig(t, "cam-1")
				defer st.Close()
				began, runs := time.Now(), 0
				d := script(func(ctx context.Context, emit func(devices.Event) error) error {
					runs++
					e := unreached(devices.Raised, "no answer")
					if e.Time = time.Now(); slices.Contains(saysAt, runs) {
						return errors.Join(emit(e), errors.New("broken"))
					}
					if e = devices.Heard("", time.Now()); runs == 6 {
						return errors.Join(emit(e), errors.New("broken"))
					}
					return errors.New("broken")
				})
				stop := running(t, in, Conversation{Name: "cam-1", Device: d, Silence: map[string]time.Duration{"cam-1": 0}})
				until(began, 20*time.Second)
				if got := stands(t, st, began)["cam-1"]; got[:len("offline")] != "offline" {
					t.Errorf("got %q after %d runs, want it offline", got, runs)
				}
				until(began, 35*time.Second) // after the sixth run, and before the seventh
				stop()
				same(t, runs, 6)
				same(t, alarms(t, st, devices.AlarmLane), []spoken{
					{"cam-1", devices.DeviceOffline, devices.Raised}, {"cam-1", devices.DeviceOffline, devices.Cleared}})
			})
		})
	}
}

// TestOfflineOfAnEarlierRun: what the driver called offline before the daemon was
// started anew stands until the device is heard.
func TestOfflineOfAnEarlierRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, st := rig(t, "cam-1")
		defer st.Close()
		began := time.Now()
		stop := running(t, in, Conversation{Name: "cam-1", Silence: map[string]time.Duration{"cam-1": 0},
			Device: saying(cue{time.Minute, unreached(devices.Raised, "no route")})})
		until(began, 2*time.Minute)
		stop()
		in = New(in.opt)
		stop = running(t, in, Conversation{Name: "cam-1", Silence: map[string]time.Duration{"cam-1": 0}, Device: saying(
			cue{time.Minute, unreached(devices.Raised, "no answer")}, cue{at: 10 * time.Minute})})
		until(began, 5*time.Minute)
		same(t, stands(t, st, began), map[string]string{"cam-1": "offline 1m0s: no answer: " + checkIt})
		until(began, 13*time.Minute)
		stop()
		same(t, stands(t, st, began), map[string]string{"cam-1": "online 12m0.5s"})
		same(t, told(t, st, devices.DeviceOffline, began), []string{"1m0s raised", "12m0.5s cleared since 1m0s"})
	})
}
