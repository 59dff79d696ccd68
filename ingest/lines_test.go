package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// stands returns what up/device/<name> says of each device, with the time since
// the start at which its state began: "offline 1m0s: why: next step".
func stands(t *testing.T, st *store.Store, began time.Time) map[string]string {
	t.Helper()
	all, err := st.Currents(true)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, c := range all {
		name, is := strings.CutPrefix(c.Key, "device/")
		if !is {
			continue
		}
		var doc state
		if err := json.Unmarshal(c.Doc, &doc); err != nil {
			t.Fatal(err)
		}
		got[name] = fmt.Sprint(doc.State, " ", doc.Since.Sub(began))
		if doc.Why != "" || doc.Next != "" {
			got[name] += ": " + doc.Why + ": " + doc.Next
		}
	}
	return got
}

// unconfirmed lists the open conditions in doubt: "gas-1 gas.alarm.high".
func unconfirmed(t *testing.T, st *store.Store) []string {
	t.Helper()
	all, err := st.Currents(true)
	if err != nil || len(all) == 0 {
		t.Fatal(all, err)
	}
	var list struct {
		Open []struct {
			Device, Type string
			Unconfirmed  bool
		}
	}
	if err := json.Unmarshal(all[0].Doc, &list); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range list.Open {
		if o.Unconfirmed {
			got = append(got, o.Device+" "+o.Type)
		}
	}
	slices.Sort(got)
	return got
}

// A cue is something that is said at a moment after the start.
type cue struct {
	at    time.Duration
	event devices.Event
}

// saying is a device that says its cues, and nothing else.
func saying(cues ...cue) script {
	return func(ctx context.Context, emit func(devices.Event) error) error {
		began := time.Now()
		for _, c := range cues {
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(c.at - time.Since(began)):
			}
			c.event.Time = began.Add(c.at)
			if err := emit(c.event); err != nil {
				return err
			}
		}
		<-ctx.Done()
		return nil
	}
}

// every is a sign of life at each step from a moment to another.
func every(step, from, to time.Duration) []cue {
	var all []cue
	for at := from; at <= to; at += step {
		all = append(all, cue{at: at})
	}
	return all
}

// on is a conversation of a device with ten seconds of healthy silence, on a line.
func on(line, device string, d devices.Device) Conversation {
	return Conversation{Name: device, Device: d, Silence: map[string]time.Duration{device: 10 * time.Second}, Via: line}
}

// running runs an ingest in the present bubble until stop.
func running(t *testing.T, in *Ingest, cs ...Conversation) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- in.Run(ctx, cs) }()
	return func() {
		t.Helper()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// until lets time pass up to a moment after the start, and a little more for
// what is said in that very moment to be on disk.
func until(began time.Time, after time.Duration) {
	time.Sleep(time.Until(began.Add(after + 500*time.Millisecond)))
	synctest.Wait()
}

// TestHolds: whatever holds a line up is told of the line alone. Its devices
// stand accordingly, what they said is in doubt, none is called silent; who is
// heard is online; and who is not heard when the line is back is silent after
// his own time.
func TestHolds(t *testing.T) {
	t.Parallel()
	const begin, end = time.Minute, 10 * time.Minute
	condition := func(code devices.Code, s devices.State) devices.Event { return devices.Event{Code: code, State: s} }
	for _, c := range []struct {
		name            string
		begin, end      devices.Event
		line            string // how it stands meanwhile
		device          string // how a device stands that is not heard meanwhile
		heard           string // and one that is
		since           string // and one that is not heard afterwards
		raised, cleared []spoken
	}{{
		name:  "lost",
		begin: condition(devices.LineLost, devices.Raised), end: condition(devices.LineLost, devices.Cleared),
		line:    `offline 1m0s: the line is lost: check the cable and the adapter's power`,
		device:  `offline 1m0s: its line "bus" is lost: see the line`,
		heard:   `online 2m0s`,
		since:   `offline 1m0s: not heard since its line "bus" was lost: ` + checkIt,
		raised:  []spoken{{"bus", devices.LineLost, devices.Raised}},
		cleared: []spoken{{"bus", devices.LineLost, devices.Cleared}},
	}, {
		name:  "lost, and no cable is the reason",
		begin: devices.Event{Code: devices.LineLost, State: devices.Raised, Detail: "permission"}, end: condition(devices.LineLost, devices.Cleared),
		line:    "offline 1m0s: sitepost may not open the line's port: add its user to group dialout, then `sudo systemctl restart sitepost`",
		device:  `offline 1m0s: its line "bus" is lost: see the line`,
		heard:   `online 2m0s`,
		since:   `offline 1m0s: not heard since its line "bus" was lost: ` + checkIt,
		raised:  []spoken{{"bus", devices.LineLost, devices.Raised}},
		cleared: []spoken{{"bus", devices.LineLost, devices.Cleared}},
	}, {
		name:  "second master",
		begin: condition(devices.LineSecondMaster, devices.Raised), end: condition(devices.LineSecondMaster, devices.Cleared),
		line:    `offline 1m0s: another master asks on the line: take the other master off the line, or set use = "listen" for it`,
		device:  `offline 1m0s: another master asks on its line "bus": see the line`,
		heard:   `online 2m0s`,
		since:   `offline 1m0s: not heard since another master asked on its line "bus": ` + checkIt,
		raised:  []spoken{{"bus", devices.LineSecondMaster, devices.Raised}},
		cleared: []spoken{{"bus", devices.LineSecondMaster, devices.Cleared}},
	}, {
		name:   "lent",
		begin:  devices.Event{Code: devices.DeviceMode, Is: "maintenance", Mode: devices.Maintenance, Detail: "lent"},
		end:    devices.Event{Code: devices.DeviceMode, Is: "normal"},
		line:   `maintenance 1m0s: the line is lent to a technician's tool: end the tool: the line comes back by itself`,
		device: `maintenance 1m0s: its line "bus" is lent to a technician's tool: see the line`,
		heard:  `maintenance 1m0s: its line "bus" is lent to a technician's tool: see the line`,
		since:  `maintenance 1m0s: not heard since its line "bus" was lent to a technician's tool: ` + checkIt,
	}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				in, st := rig(t, "bus", "gas-1", "gas-2", "gas-3")
				defer st.Close()
				in.find("bus").isLine = true
				began := time.Now()
				gas := func(after ...[]cue) script {
					cues := append([]cue{{0, condition(devices.GasAlarmHigh, devices.Raised)}}, every(5*time.Second, time.Second, begin-time.Second)...)
					for _, more := range after {
						cues = append(cues, more...)
					}
					return saying(cues...)
				}
				back := every(5*time.Second, end+5*time.Second, end+time.Minute)
				stop := running(t, in,
					Conversation{Name: "bus", Silence: map[string]time.Duration{"bus": 0}, Device: saying(
						cue{0, devices.Event{Code: devices.DeviceMode, Is: "normal"}}, cue{0, condition(devices.LineLost, devices.Cleared)},
						cue{begin, c.begin}, cue{end, c.end})},
					on("bus", "gas-1", gas(back)),
					on("bus", "gas-2", gas([]cue{{at: 2 * time.Minute}}, back)),
					on("bus", "gas-3", gas()),
				)
				defer stop()
				until(began, 30*time.Second)
				same(t, stands(t, st, began), map[string]string{"bus": "online 0s", "gas-1": "online 0s", "gas-2": "online 0s", "gas-3": "online 0s"})
				until(began, 2*time.Minute+5*time.Second)
				same(t, stands(t, st, began), map[string]string{"bus": c.line, "gas-1": c.device, "gas-2": c.heard, "gas-3": c.device})
				same(t, unconfirmed(t, st), []string{"gas-1 gas.alarm.high", "gas-2 gas.alarm.high", "gas-3 gas.alarm.high"})
				until(began, 9*time.Minute) // gas-2 was not heard for its ten seconds any more
				gas2 := strings.Replace(c.device, "1m0s", "2m11s", 1)
				if c.name == "lent" {
					gas2 = c.device
				}
				same(t, stands(t, st, began), map[string]string{"bus": c.line, "gas-1": c.device, "gas-2": gas2, "gas-3": c.device})
				until(began, end+2*time.Second)
				same(t, stands(t, st, began)["gas-1"], c.since)
				until(began, end+20*time.Second)
				missed := "silent 10m14s" // the line was listened to first
				if c.name == "second master" {
					missed = "silent 10m11s"
				}
				same(t, stands(t, st, began), map[string]string{"bus": "online 10m0s", "gas-1": "online 10m5s", "gas-2": "online 10m5s",
					"gas-3": missed + ": nothing heard for 11s, longer than 10s: " + checkIt})
				want := []spoken{{"gas-1", devices.GasAlarmHigh, devices.Raised}, {"gas-2", devices.GasAlarmHigh, devices.Raised}, {"gas-3", devices.GasAlarmHigh, devices.Raised}}
				got := alarms(t, st, devices.AlarmLane)
				slices.SortFunc(got[:min(3, len(got))], func(a, b spoken) int { return strings.Compare(a.Device, b.Device) })
				want = slices.Concat(want, c.raised, c.cleared, []spoken{{"gas-3", devices.DeviceSilent, devices.Raised}})
				same(t, got, want)
			})
		})
	}
}

// TestUnknownLine: that a line is not lent does not tell that it is open.
func TestUnknownLine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, st := rig(t, "bus")
		defer st.Close()
		in.find("bus").isLine = true
		began := time.Now()
		stop := running(t, in, Conversation{Name: "bus", Silence: map[string]time.Duration{"bus": 0}, Device: saying(
			cue{0, devices.Event{Code: devices.DeviceMode, Is: "normal"}},
			cue{time.Minute, devices.Event{Code: devices.LineLost, State: devices.Raised}})})
		until(began, 30*time.Second)
		same(t, stands(t, st, began), map[string]string{})
		until(began, time.Minute)
		same(t, stands(t, st, began), map[string]string{"bus": "offline 1m0s: the line is lost: check the cable and the adapter's power"})
		stop()
	})
}

// TestBreaksOfALine: a conversation that breaks because of its line is not told
// as one that cannot be reached.
func TestBreaksOfALine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, st := rig(t, "bus", "gas-1")
		defer st.Close()
		began := time.Now()
		refused := script(func(ctx context.Context, emit func(devices.Event) error) error {
			time.Sleep(100 * time.Millisecond)
			return errors.New("another master asks on this line")
		})
		stop := running(t, in,
			Conversation{Name: "bus", Silence: map[string]time.Duration{"bus": 0}, Device: saying(cue{0, devices.Event{Code: devices.LineSecondMaster, State: devices.Raised}})},
			on("bus", "gas-1", refused),
		)
		until(began, 10*time.Minute)
		same(t, stands(t, st, began)["gas-1"], `offline 0s: another master asks on its line "bus": see the line`)
		stop()
		same(t, alarms(t, st, devices.AlarmLane), []spoken{{"bus", devices.LineSecondMaster, devices.Raised}})
	})
}

// TestHeaviestHold: of several holds the heaviest is told, and each is ended by
// its own end alone.
func TestHeaviestHold(t *testing.T) {
	t.Parallel()
	l := lines{held: map[lineHold]bool{}}
	var got []hold
	for _, step := range []struct {
		by hold
		on bool
	}{{secondMaster, true}, {lent, true}, {lost, true}, {lent, false}, {lost, false}, {lost, false}, {secondMaster, false}} {
		l.set("bus", step.by, step.on)
		got = append(got, l.heaviest("bus"))
	}
	same(t, got, []hold{secondMaster, lent, lent, lost, secondMaster, secondMaster, free})
	same(t, l.heaviest(""), free)
}
