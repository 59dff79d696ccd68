package ingest

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"sitepost/devices"
)

// needsPerson is a reason that no waiting heals.
type needsPerson struct{ error }

func (needsPerson) NextStep() string { return "set the right password" }

// TestStanding: every state but online says why, and what a person can do; the
// state is the one that a person must know first.
func TestStanding(t *testing.T) {
	t.Parallel()
	const explain = "see `sitepost explain honeywell-xcd`"
	broken := func(w *watched) { w.broken, w.reason = 2, "dial tcp: no route to host" }
	inMode := func(mode string) func(*watched) { return func(w *watched) { w.mode = mode } }
	saysFault := func(point, detail, text string) func(*watched) {
		return func(w *watched) { w.faults[point] = fault{detail, text} }
	}
	for _, c := range []struct {
		name    string
		profile string
		is      []func(*watched)
		want    state
	}{
		{name: "not heard yet", is: []func(*watched){func(w *watched) { w.met = false }}},
		{name: "heard", want: state{State: online}},
		{name: "normal", is: []func(*watched){inMode("normal")}, want: state{State: online}},
		{name: "a fault", profile: "honeywell-xcd", is: []func(*watched){saysFault("", "1103", "")},
			want: state{State: faulty, Why: "the device says it is faulty: 1103", Next: "repair it; " + explain}},
		{name: "faults of two points", profile: "honeywell-xcd", is: []func(*watched){saysFault("7", "1103", ""), saysFault("3", "", "")},
			want: state{State: faulty, Why: "the device says it is faulty: at 3, 1103 at 7", Next: "repair it; " + explain}},
		{name: "a fault without a word, of a device without a profile", is: []func(*watched){saysFault("", "", "")},
			want: state{State: faulty, Why: "the device says it is faulty", Next: "repair it; see its manual"}},
		{name: "a fault with words", is: []func(*watched){saysFault("conversation", "wrong key", "write the reader's key"), saysFault("", "", "no ink")},
			want: state{State: faulty, Why: "the device says it is faulty: (no ink), wrong key at conversation (write the reader's key)", Next: "repair it; see its manual"}},
		{name: "a refused login of a faulty one", is: []func(*watched){saysFault("", "1103", ""), func(w *watched) { w.refused = "it refuses user onvif" }},
			want: state{State: faulty, Why: "it refuses user onvif", Next: "correct its user or password, then say `sitepost login gas-1`"}},
		{name: "warm-up of a faulty one", profile: "honeywell-xcd", is: []func(*watched){saysFault("", "1103", ""), inMode("warm-up")},
			want: state{State: maintenance, Why: "mode warm-up", Next: "wait until it has warmed up; if it does not, " + explain}},
		{name: "calibration", profile: "honeywell-xcd", is: []func(*watched){inMode("calibration")},
			want: state{State: maintenance, Why: "mode calibration", Next: "when the work at it is done, set it back to normal; " + explain}},
		{name: "a conversation that breaks", is: []func(*watched){inMode("warm-up"), broken},
			want: state{State: offline, Why: "dial tcp: no route to host", Next: checkIt}},
		{name: "one that needs a person", is: []func(*watched){broken, func(w *watched) { w.next = "set the right password" }},
			want: state{State: offline, Why: "dial tcp: no route to host", Next: "set the right password"}},
		{name: "its driver's word", is: []func(*watched){inMode("warm-up"), func(w *watched) { w.gone, w.next = "no answer to a knock", "of long ago" }},
			want: state{State: offline, Why: "no answer to a knock", Next: checkIt}},
		{name: "its driver's word, and a conversation that breaks", is: []func(*watched){broken, func(w *watched) { w.gone, w.next = "no answer to a knock", "set the right password" }},
			want: state{State: offline, Why: "no answer to a knock", Next: "set the right password"}},
		{name: "one break", is: []func(*watched){func(w *watched) { w.broken = 1 }}, want: state{State: online}},
		{name: "silence", is: []func(*watched){broken, func(w *watched) { w.silent = "nothing heard for 11s" }},
			want: state{State: silent, Why: "nothing heard for 11s", Next: checkIt}},
		{name: "silence of a faulty one", is: []func(*watched){saysFault("conversation", "wrong key", "write the reader's key"), func(w *watched) { w.silent = "nothing heard for 11s" }},
			want: state{State: silent, Why: "nothing heard for 11s; the device says it is faulty: wrong key at conversation (write the reader's key)", Next: "repair that; if it is not the reason, " + checkIt}},
	} {
		p := places("gas-1")
		place := p["gas-1"]
		place.Device.Profile = c.profile
		in := &Ingest{}
		in.roll.Store(Site{Places: map[string]devices.Place{"gas-1": place}}.roll(nil))
		w := newWatched("gas-1", devices.GasDetector, nil)
		w.met = true
		for _, is := range c.is {
			is(w)
		}
		if got := in.standing(w); got != c.want {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
	}
}

// TestSince: a state began when its word became what it is. Another reason for
// it does not move that, nor does a restart of the daemon.
func TestSince(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, st := rig(t, "gas-1")
		defer st.Close()
		began := time.Now()
		fault := func(s devices.State, point, detail string) devices.Event {
			return devices.Event{Code: devices.DeviceFault, State: s, Point: point, Detail: detail}
		}
		stop := running(t, in, Conversation{Name: "gas-1", Silence: map[string]time.Duration{"gas-1": 0}, Device: saying(
			cue{time.Minute, fault(devices.Raised, "", "1103")},
			cue{2 * time.Minute, fault(devices.Raised, "2", "7")},
			cue{3 * time.Minute, fault(devices.Cleared, "", "")},
			cue{4 * time.Minute, fault(devices.Cleared, "2", "")},
		)})
		shows := func(after time.Duration, want string) {
			t.Helper()
			until(began, after)
			same(t, stands(t, st, began), map[string]string{"gas-1": want})
		}
		const next = ": repair it; see its manual"
		shows(time.Minute, "faulty 1m0s: the device says it is faulty: 1103"+next)
		shows(2*time.Minute, "faulty 1m0s: the device says it is faulty: 1103, 7 at 2"+next)
		shows(3*time.Minute, "faulty 1m0s: the device says it is faulty: 7 at 2"+next)
		shows(4*time.Minute, "online 4m0s")
		stop()
		in = New(in.opt)
		stop = running(t, in, Conversation{Name: "gas-1", Silence: map[string]time.Duration{"gas-1": 0}, Device: saying(
			cue{at: time.Minute}, cue{6 * time.Minute, fault(devices.Raised, "", "1103")})})
		shows(10*time.Minute, "online 4m0s")
		shows(11*time.Minute, "faulty 10m0.5s: the device says it is faulty: 1103"+next)
		stop()
		in = New(in.opt)
		stop = running(t, in, Conversation{Name: "gas-1", Silence: map[string]time.Duration{"gas-1": 0}, Device: saying(
			cue{at: time.Minute}, cue{5 * time.Minute, fault(devices.Raised, "", "1103")}, cue{9 * time.Minute, fault(devices.Cleared, "", "")})})
		shows(13*time.Minute, "faulty 10m0.5s: the device says it is faulty"+next)
		shows(18*time.Minute, "faulty 10m0.5s: the device says it is faulty: 1103"+next)
		shows(21*time.Minute, "online 20m0.5s")
		stop()
	})
}

// TestOfflineWithNextStep: a device that cannot be reached says why, and the
// step that its driver knows.
func TestOfflineWithNextStep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, st := rig(t, "cam-1")
		defer st.Close()
		began := time.Now()
		refused := script(func(context.Context, func(devices.Event) error) error { return needsPerson{errors.New("401")} })
		stop := running(t, in, Conversation{Name: "cam-1", Device: refused, Silence: map[string]time.Duration{"cam-1": 0}})
		until(began, 6*time.Minute)
		stop()
		same(t, stands(t, st, began), map[string]string{"cam-1": "offline 5m0s: 401: set the right password"})
	})
}

// refused401 is the reason of a device that answers, and only will not talk to us.
type refused401 struct{ error }

func (refused401) IsThere() bool    { return true }
func (refused401) NextStep() string { return "set the right password" }

// TestRefusedLogin: a camera that refuses the login is there: it is faulty, says
// why, and is not called offline; when it takes the login it is online.
func TestRefusedLogin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, st := rig(t, "cam-1")
		defer st.Close()
		began := time.Now()
		say := func(emit func(devices.Event) error, state devices.State) {
			if err := emit(devices.Event{Time: time.Now(), Code: devices.CameraLogin, State: state, Text: "it refuses user onvif"}); err != nil {
				t.Error(err)
			}
		}
		d := script(func(ctx context.Context, emit func(devices.Event) error) error {
			if time.Since(began) < 14*time.Minute {
				say(emit, devices.Raised)
				return refused401{errors.New("401")}
			}
			say(emit, devices.Cleared)
			if err := emit(devices.Heard("", time.Now())); err != nil {
				t.Error(err)
			}
			<-ctx.Done()
			return nil
		})
		stop := running(t, in, Conversation{Name: "cam-1", Device: d, Silence: map[string]time.Duration{"cam-1": 0}})
		until(began, 12*time.Minute)
		same(t, stands(t, st, began), map[string]string{"cam-1": "faulty 0s: it refuses user onvif: correct its user or password, then say `sitepost login cam-1`"})
		until(began, 16*time.Minute)
		stop()
		same(t, stands(t, st, began), map[string]string{"cam-1": "online 15m0.02s"})
		same(t, alarms(t, st, devices.AlarmLane), []spoken{
			{"cam-1", devices.CameraLogin, devices.Raised}, {"cam-1", devices.CameraLogin, devices.Cleared}})
	})
}

// TestStateHeals: a state that could not be shown is shown as soon as that is
// possible, though nothing changed since.
func TestStateHeals(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, st := rig(t, "gas-1")
		defer st.Close()
		began := time.Now()
		w := in.find("gas-1")
		w.met, w.shown = true, state{State: silent, Since: began} // as it is after a Put that failed
		stop := running(t, in)
		until(began, time.Second)
		stop()
		same(t, stands(t, st, began), map[string]string{"gas-1": "online 1s"})
	})
}

// TestFaultySilence: a device that told its fault and then nothing more, as a
// card reader with another key, is silent for a reason that everybody can read.
func TestFaultySilence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, st := rig(t, "door-1")
		defer st.Close()
		began := time.Now()
		stop := running(t, in, on("", "door-1", saying(cue{time.Second, devices.Event{
			Code: devices.DeviceFault, State: devices.Raised, Point: "conversation", Detail: "wrong key", Text: "write the reader's key"}})))
		until(began, time.Minute)
		stop()
		const why = "nothing heard for 11s, longer than 10s; the device says it is faulty: wrong key at conversation (write the reader's key)" +
			": repair that; if it is not the reason, " + checkIt
		same(t, stands(t, st, began), map[string]string{"door-1": "silent 12s: " + why})
		records, err := st.Read(devices.AlarmLane, 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		var texts []string
		for _, r := range records {
			texts = append(texts, string(r.Event.Code)+": "+r.Event.Text)
		}
		same(t, texts, []string{"device.fault: write the reader's key", "device.silent: " + why})
	})
}
