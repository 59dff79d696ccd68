package ingest

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// A script is a device that does what the test says, once per conversation.
type script func(ctx context.Context, emit func(devices.Event) error) error

func (s script) Run(ctx context.Context, emit func(devices.Event) error) error { return s(ctx, emit) }

func places(names ...string) map[string]devices.Place {
	all := map[string]devices.Place{}
	for _, n := range names {
		all[n] = devices.Place{Site: devices.Site{Name: "site"}, Device: devices.Named{Name: n}}
	}
	return all
}

// rig is an ingest over a real store in a folder of the test's own.
func rig(t *testing.T, names ...string) (*Ingest, *store.Store) {
	t.Helper()
	st, err := store.Open(store.Options{Directory: t.TempDir(), Site: "site"})
	if err != nil {
		t.Fatal(err)
	}
	in := New(Options{Store: st, Site: Site{Places: places(names...), CardKey: []byte("key"), CardKeyID: "city"}, Log: slog.New(slog.DiscardHandler)})
	return in, st
}

// spoken is what a test compares of a record.
type spoken struct {
	Device string
	Code   devices.Code
	State  devices.State
}

func alarms(t *testing.T, st *store.Store, lane devices.Lane) []spoken {
	t.Helper()
	records, err := st.Read(lane, 0, 500)
	if err != nil {
		t.Fatal(err)
	}
	var out []spoken
	for _, r := range records {
		out = append(out, spoken{r.Place.Device.Name, r.Event.Code, r.Event.State})
	}
	return out
}

func same(t *testing.T, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestKeep runs a conversation again after 1 s, 2 s, 4 s … 60 s, a quarter less
// at most, and from the beginning again after five calm minutes. A panic is a
// broken conversation.
func TestKeep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, st := rig(t, "gate-1")
		defer st.Close()
		var pauses []time.Duration
		ended := time.Now()
		runs := 0
		ctx, cancel := context.WithCancel(t.Context())
		broken := script(func(ctx context.Context, _ func(devices.Event) error) error {
			pauses = append(pauses, time.Since(ended))
			defer func() { ended = time.Now() }()
			switch runs++; {
			case runs == 9: // a calm one
				time.Sleep(calm)
			case runs == 11:
				cancel()
				return nil
			case runs%2 == 0:
				panic("bad frame")
			}
			return errors.New("cable fell out")
		})
		if err := in.Run(ctx, []Conversation{{Name: "gate-1", Device: broken, Silence: map[string]time.Duration{"gate-1": 0}}}); err != nil {
			t.Fatal(err)
		}
		want := []time.Duration{0, 1, 2, 4, 8, 16, 32, 60, 60, 1, 2}
		if len(pauses) != len(want) {
			t.Fatalf("got %d runs, want %d", len(pauses), len(want))
		}
		for i, p := range pauses {
			most := want[i] * time.Second
			if p > most || p < most*3/4 {
				t.Errorf("pause %d: got %v, want %v or up to a quarter less", i, p, most)
			}
		}
	})
}

// TestAgain: who has repaired something does not wait for the pause to end; a
// conversation that goes on is left alone.
func TestAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, st := rig(t, "cam-1", "cam-2")
		defer st.Close()
		ctx, cancel := context.WithCancel(t.Context())
		began := time.Now()
		var at []time.Duration
		others := 0
		refused := script(func(context.Context, func(devices.Event) error) error {
			at = append(at, time.Since(began).Round(time.Second)) // to tell of a break takes a moment
			time.Sleep(2 * time.Second)
			return needsPerson{errors.New("wrong password")}
		})
		goesOn := script(func(ctx context.Context, _ func(devices.Event) error) error {
			others++
			<-ctx.Done()
			return nil
		})
		go func() {
			time.Sleep(time.Minute)
			in.Again("cam-1")
			in.Again("cam-2")
			in.Again("nobody")
			time.Sleep(time.Second)
			in.Again("cam-1") // while it is failing once more
			time.Sleep(time.Minute)
			cancel()
		}()
		silence := func(name string) map[string]time.Duration { return map[string]time.Duration{name: 0} }
		if err := in.Run(ctx, []Conversation{
			{Name: "cam-1", Device: refused, Silence: silence("cam-1")}, {Name: "cam-2", Device: goesOn, Silence: silence("cam-2")},
		}); err != nil {
			t.Fatal(err)
		}
		same(t, at, []time.Duration{0, time.Minute, 62 * time.Second})
		same(t, others, 1)
	})
}

// TestSilence says device.silent once when a device is quiet for too long, and
// ends it at the first word.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, st := rig(t, "gas-1")
		defer st.Close()
		ctx, cancel := context.WithCancel(t.Context())
		d := script(func(ctx context.Context, emit func(devices.Event) error) error {
			for _, pause := range []time.Duration{time.Second, 5 * time.Second, time.Minute, time.Second} {
				time.Sleep(pause)
				if err := emit(devices.Heard("", time.Now())); err != nil {
					return err
				}
			}
			cancel()
			return nil
		})
		if err := in.Run(ctx, []Conversation{{Name: "gas-1", Device: d, Silence: map[string]time.Duration{"gas-1": 10 * time.Second}}}); err != nil {
			t.Fatal(err)
		}
		same(t, alarms(t, st, devices.AlarmLane), []spoken{
			{"gas-1", devices.DeviceSilent, devices.Raised},
			{"gas-1", devices.DeviceSilent, devices.Cleared},
		})
	})
}

// TestFirstWord has an alarm on disk in the moment it is said, also when it is
// the first word of its device, whose state is shown as well.
func TestFirstWord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, st := rig(t, "gate-1")
		defer st.Close()
		said := time.Now()
		if err := in.Say("gate-1", devices.Event{Time: said, Code: "screening.metal.alarm"}); err != nil {
			t.Fatal(err)
		}
		records, err := st.Read(devices.AlarmLane, 0, 10)
		if err != nil || len(records) != 1 || !records[0].Accepted.Equal(said) {
			t.Errorf("alarms: got %v, %v, want one accepted at %v", records, err, said)
		}
		if all, err := st.Currents(true); err != nil || !slices.ContainsFunc(all, func(c store.Current) bool { return c.Key == "device/gate-1" }) {
			t.Errorf("retained: got %v, %v, want the state of gate-1 too", all, err)
		}
	})
}

// TestOldSilenceEnds ends a silence that an earlier run of the daemon told.
func TestOldSilenceEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, st := rig(t, "gas-1")
		defer st.Close()
		if err := st.Append(in.placeOf("gas-1"), devices.Event{Time: time.Now(), Device: "gas-1", Code: devices.DeviceSilent, State: devices.Raised}); err != nil {
			t.Fatal(err)
		}
		if err := in.Say("gas-1", devices.Heard("", time.Now())); err != nil {
			t.Fatal(err)
		}
		same(t, alarms(t, st, devices.AlarmLane), []spoken{
			{"gas-1", devices.DeviceSilent, devices.Raised},
			{"gas-1", devices.DeviceSilent, devices.Cleared},
		})
	})
}

// TestLostLine is one condition and not one more for each device on the line.
func TestLostLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, st := rig(t, "bus-a", "gas-1", "gas-2")
		defer st.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		mute := script(func(ctx context.Context, _ func(devices.Event) error) error { <-ctx.Done(); return nil })
		lost := script(func(ctx context.Context, emit func(devices.Event) error) error {
			if err := emit(devices.Event{Time: time.Now(), Code: devices.LineLost, State: devices.Raised}); err != nil {
				return err
			}
			<-ctx.Done()
			return nil
		})
		longest := func(n string) map[string]time.Duration { return map[string]time.Duration{n: 10 * time.Second} }
		err := in.Run(ctx, []Conversation{
			{Name: "bus-a", Device: lost, Silence: map[string]time.Duration{"bus-a": 0}},
			{Name: "gas-1", Device: mute, Silence: longest("gas-1"), Via: "bus-a"},
			{Name: "gas-2", Device: mute, Silence: longest("gas-2"), Via: "bus-a"},
		})
		if err != nil {
			t.Fatal(err)
		}
		same(t, alarms(t, st, devices.AlarmLane), []spoken{{"bus-a", devices.LineLost, devices.Raised}})
	})
}

// TestOffline is told after the second conversation that broke without a word.
func TestOffline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, st := rig(t, "gate-1")
		defer st.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		runs := 0
		d := script(func(ctx context.Context, emit func(devices.Event) error) error {
			if runs++; runs == 4 {
				return emit(devices.Heard("", time.Now()))
			}
			return errors.New("no route")
		})
		if err := in.Run(ctx, []Conversation{{Name: "gate-1", Device: d, Silence: map[string]time.Duration{"gate-1": 0}}}); err != nil {
			t.Fatal(err)
		}
		got := alarms(t, st, devices.AlarmLane)
		if len(got) < 2 {
			t.Fatalf("got %v, want offline raised and cleared", got)
		}
		same(t, got[:2], []spoken{
			{"gate-1", devices.DeviceOffline, devices.Raised},
			{"gate-1", devices.DeviceOffline, devices.Cleared},
		})
	})
}

func reading(n float64, m devices.Mode) devices.Event {
	return devices.Event{Time: time.Now(), Code: devices.GasReading, Mode: m, Value: &devices.Value{Unit: "%LEL", Number: n}}
}

// TestFold tells the first reading, one that moved beyond the dead band and a
// change of mode at once, and one summary a minute for all others, never of two modes;
// what is left leaves when the daemon stops.
func TestFold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, st := rig(t, "gas-1")
		ctx, cancel := context.WithCancel(t.Context())
		d := script(func(ctx context.Context, emit func(devices.Event) error) error {
			for i := range 60 {
				if err := emit(reading(20+float64(i%2), devices.Normal)); err != nil {
					return err
				}
				time.Sleep(time.Second)
			}
			for _, e := range []devices.Event{reading(52, devices.Normal), reading(51, devices.Normal), reading(0, devices.WarmUp), reading(0.5, devices.WarmUp)} {
				if err := emit(e); err != nil {
					return err
				}
			}
			cancel()
			return nil
		})
		if err := in.Run(ctx, []Conversation{{Name: "gas-1", Device: d, Silence: map[string]time.Duration{"gas-1": 0}}}); err != nil {
			t.Fatal(err)
		}
		st.Seal()
		records, err := st.Read(devices.ReadingLane, 0, 500)
		if err != nil {
			t.Fatal(err)
		}
		var got []devices.Summary
		for _, r := range records {
			got = append(got, *r.Event.Value.Summary)
		}
		same(t, got, []devices.Summary{
			{Last: 20, Min: 20, Max: 20, Mean: 20, N: 1},
			{Last: 52, Min: 20, Max: 52, Mean: (30*21 + 29*20 + 52) / 60., N: 60},
			{Last: 51, Min: 51, Max: 51, Mean: 51, N: 1},
			{Last: 0, Min: 0, Max: 0, Mean: 0, N: 1},
			{Last: 0.5, Min: 0.5, Max: 0.5, Mean: 0.5, N: 1},
		})
		if err := st.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestCardLeavesHashed stores a card's HMAC and never its number. The wanted
// hash is `printf 62E3086CED | openssl dgst -sha256 -hmac key`.
func TestCardLeavesHashed(t *testing.T) {
	in, st := rig(t, "door-1")
	defer st.Close()
	err := in.Say("door-1", devices.Event{Time: time.Now(), Code: devices.AccessCard, Card: &devices.Card{Number: "62E3086CED"}})
	if err != nil {
		t.Fatal(err)
	}
	records, err := st.Read(devices.EventLane, 0, 10)
	if err != nil || len(records) != 1 {
		t.Fatalf("got %d records and %v, want one", len(records), err)
	}
	same(t, *records[0].Event.Card, devices.Card{Hash: cardHash, KeyID: "city"})
}

const cardHash = "9fb52a64ae23de15c9d34023e90ea02847fc52021ce3731f815afd7e76738e5a"
