package ingest

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// A live is an ingest that runs, and to which conversations come and go.
type live struct {
	*Ingest
	t  *testing.T
	st *store.Store
}

// inLive runs an ingest with nobody in it for as long as do takes.
func inLive(t *testing.T, site Site, do func(live)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		in, st := rig(t)
		defer st.Close()
		in.Swap(site)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- in.Run(ctx, nil) }()
		do(live{in, t, st})
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// hold begins a conversation. end ends it and waits.
func (l live) hold(name, via string, longest time.Duration, d devices.Device) (end func()) {
	l.t.Helper()
	run, err := l.Join(Conversation{Name: name, Device: d, Via: via, Silence: map[string]time.Duration{name: longest}})
	if err != nil {
		l.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(l.t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); run(ctx) }()
	return func() { cancel(); <-ended }
}

// talker says what it is given, and then a reading a second.
func talker(first ...devices.Event) devices.Device {
	return script(func(ctx context.Context, emit func(devices.Event) error) error {
		for _, e := range first {
			e.Time = time.Now()
			if err := emit(e); err != nil {
				return err
			}
		}
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(time.Second):
			}
			if err := emit(devices.Event{Time: time.Now(), Code: devices.GasReading, Value: &devices.Value{Quantity: "gas", Number: 4}}); err != nil {
				return err
			}
		}
	})
}

func siteWith(names ...string) Site { return Site{Places: places(names...)} }

// TestConversationsComeAndGo promises that a device whose conversation is begun anew
// keeps all that is known of it, that its neighbour notices nothing, and that who has
// left is forgotten: nothing of it is kept, told or shown any more.
func TestConversationsComeAndGo(t *testing.T) {
	inLive(t, siteWith("gas-1", "gas-2"), func(l live) {
		endOne := l.hold("gas-1", "", 10*time.Second, talker(devices.Event{Code: devices.DeviceFault, State: devices.Raised, Point: "lamp"}))
		time.Sleep(time.Second)
		endTwo := l.hold("gas-2", "", 10*time.Second, talker(devices.Event{Code: devices.DeviceFault, State: devices.Raised, Point: "lamp"}))
		time.Sleep(5 * time.Second)
		endOne()
		endOne = l.hold("gas-1", "", 10*time.Second, talker()) // it does not say its fault again
		time.Sleep(5 * time.Second)
		if doc := l.standing(l.find("gas-1")); doc.State != faulty {
			t.Errorf("begun anew: got %q, want still %q", doc.State, faulty)
		}

		endTwo()
		gone := l.find("gas-2")
		l.Swap(siteWith("gas-1"))
		if err := l.st.Put("device/gas-2", nil); err != nil {
			t.Fatal(err)
		}
		l.show(gone, time.Now()) // who still has it
		if err := l.supervise(gone, time.Now().Add(time.Hour)); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Minute)
		all, err := l.st.Currents(true)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range all {
			if c.Key == "device/gas-2" && c.Doc != nil {
				t.Errorf("shown after it left: %s", c.Doc)
			}
		}
		if err := l.Say("gas-2", devices.Event{Time: time.Now(), Code: devices.DeviceFault, State: devices.Raised}); err == nil {
			t.Error("who has left can still speak")
		}
		endOne()
		want := []spoken{{"gas-1", devices.DeviceFault, devices.Raised}, {"gas-2", devices.DeviceFault, devices.Raised}}
		same(t, alarms(t, l.st, devices.AlarmLane), want)
	})
}

// TestNothingIsLeft promises that devices which come and go leave nothing behind in
// memory, whatever they said, and that what was summed up is told.
func TestNothingIsLeft(t *testing.T) {
	inLive(t, siteWith(), func(l live) {
		for range 20 {
			site := siteWith("gas-1", "bus")
			bus := site.Places["bus"]
			bus.Device.Kind = devices.LineKind
			site.Places["bus"] = bus
			l.Swap(site)
			endBus := l.hold("bus", "", 0, talker(devices.Event{Code: devices.LineLost, State: devices.Raised}))
			end := l.hold("gas-1", "bus", 10*time.Second, talker(
				devices.Event{Code: devices.DeviceFault, State: devices.Raised},
				devices.Event{Code: devices.DeviceOffline, State: devices.Raised},
				devices.Event{Code: "intrusion.alarm", State: devices.Raised},
			))
			time.Sleep(5 * time.Second)
			end()
			endBus()
			l.Swap(siteWith())
		}
		synctest.Wait()
		for what, n := range map[string]int{
			"devices": len(l.roll.Load().by), "sums": len(l.fold.sums), "absences": len(l.absent.open),
			"holds": len(l.lines.held), "bounces": len(l.bounces.at), "pauses": len(l.talks.again),
		} {
			if n != 0 {
				t.Errorf("%d %s are left", n, what)
			}
		}
		time.Sleep(2 * time.Second)
		readings, err := l.st.Read(devices.ReadingLane, 0, 500)
		if err != nil || len(readings) != 2*2*20 { // of each: the first, and the sum of the rest
			t.Errorf("got %d readings, %v", len(readings), err)
		}
	})
}

// TestSwapMovesPlaces promises that a device that stays goes on under its new place and
// its new list of what it may say, without being begun anew.
func TestSwapMovesPlaces(t *testing.T) {
	inLive(t, siteWith("gas-1"), func(l live) {
		say := make(chan devices.Event)
		runs := 0
		end := l.hold("gas-1", "", 0, script(func(ctx context.Context, emit func(devices.Event) error) error {
			for runs++; ; {
				select {
				case <-ctx.Done():
					return nil
				case e := <-say:
					if err := emit(e); err != nil {
						return err
					}
				}
			}
		}))
		alarm := func(is devices.State) {
			say <- devices.Event{Time: time.Now(), Code: devices.GasAlarmHigh, State: is}
			synctest.Wait()
		}
		alarm(devices.Raised)
		time.Sleep(time.Second)
		moved := siteWith("gas-1")
		p := moved.Places["gas-1"]
		p.Zone = &devices.Zone{Name: "quay", Class: "quay"}
		moved.Places["gas-1"] = p
		moved.Says = map[string][]devices.Code{"gas-1": {devices.GasAlarmHigh}}
		l.Swap(moved)
		alarm(devices.Cleared)
		time.Sleep(time.Second)
		end()
		records, err := l.st.Read(devices.AlarmLane, 0, 10)
		if err != nil || len(records) != 2 {
			t.Fatalf("got %d records, %v", len(records), err)
		}
		if records[0].Place.Zone != nil || records[1].Place.Zone == nil || records[1].Place.Zone.Name != "quay" {
			t.Errorf("zones: got %v and %v, want none and quay", records[0].Place.Zone, records[1].Place.Zone)
		}
		if today, _ := l.find("gas-1").day.figures(time.Now()); today == nil || runs != 1 {
			t.Errorf("its day is not counted, or it was begun %d times", runs)
		}
	})
}

// TestJoinNobody promises that who stands nowhere cannot join.
func TestJoinNobody(t *testing.T) {
	inLive(t, siteWith("gas-1"), func(l live) {
		for _, c := range []Conversation{
			{Name: "gas-2"},
			{Name: "gas-1", Silence: map[string]time.Duration{"gas-1": 0, "gas-2": 0}},
		} {
			if _, err := l.Join(c); err == nil {
				t.Errorf("%+v: got no error", c)
			}
		}
		if n := len(l.talks.again); n != 0 {
			t.Errorf("%d of them are remembered", n)
		}
	})
}

// TestEndsWhileItPauses promises that a conversation that waits to be run again ends at
// once when it is told to.
func TestEndsWhileItPauses(t *testing.T) {
	inLive(t, siteWith("gas-1"), func(l live) {
		end := l.hold("gas-1", "", 0, script(func(context.Context, func(devices.Event) error) error { return errors.New("cable fell out") }))
		time.Sleep(10 * time.Minute)
		began := time.Now()
		end()
		if took := time.Since(began); took != 0 {
			t.Errorf("it took %v", took)
		}
	})
}

// TestNobodyIsLeftToEnd promises that a device that stays is not called faulty, refused or
// in another mode for ever where the new site has nobody who could take that back; what
// somebody can is kept.
func TestNobodyIsLeftToEnd(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		first []devices.Event
		swap  func(*Site)
		want  string
	}{
		{"a fault whose point nobody looks at", []devices.Event{{Code: devices.DeviceFault, State: devices.Raised, Point: "events"}},
			func(s *Site) { s.Judged = func(o store.Standing) bool { return o.Point != "events" } }, online},
		{"a fault at another point", []devices.Event{{Code: devices.DeviceFault, State: devices.Raised, Point: "lamp"}},
			func(s *Site) { s.Judged = func(o store.Standing) bool { return o.Point != "events" } }, faulty},
		{"a refusal", []devices.Event{{Code: devices.CameraLogin, State: devices.Raised}},
			func(s *Site) { s.Judged = func(o store.Standing) bool { return o.Code != devices.CameraLogin } }, online},
		{"a mode that its profile does not know", []devices.Event{{Code: devices.DeviceMode, Is: "calibration", Mode: devices.Calibration}},
			func(s *Site) { s.Says = map[string][]devices.Code{"gas-1": {devices.GasReading}} }, online},
		{"a mode that its profile knows", []devices.Event{{Code: devices.DeviceMode, Is: "calibration", Mode: devices.Calibration}},
			func(s *Site) { s.Says = map[string][]devices.Code{"gas-1": {devices.DeviceMode}} }, maintenance},
	} {
		t.Run(c.name, func(t *testing.T) {
			inLive(t, siteWith("gas-1"), func(l live) {
				end := l.hold("gas-1", "", 10*time.Second, talker(c.first...))
				time.Sleep(2 * time.Second)
				end()
				other := siteWith("gas-1")
				c.swap(&other)
				l.Swap(other)
				end = l.hold("gas-1", "", 10*time.Second, talker())
				time.Sleep(3 * time.Second)
				w := l.find("gas-1")
				w.mu.Lock()
				is := l.standing(w).State
				shown := w.shown.State
				w.mu.Unlock()
				if is != c.want || shown != c.want {
					t.Errorf("got %q, and shown is %q, want %q", is, shown, c.want)
				}
				end()
			})
		})
	}
}
