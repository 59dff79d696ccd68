package store

import (
	"fmt"
	"testing"
	"time"

	"sitepost/devices"
)

// inUpkeep makes an event one of a device that a person has put into maintenance.
func inUpkeep(e *devices.Event) { e.Mode, e.Upkeep = devices.Maintenance, true }

// byItsEnd makes it what the end of an upkeep tells.
func byItsEnd(e *devices.Event) { e.Upkeep = true }

// inOwn makes it one of a device that is in maintenance by itself.
func inOwn(e *devices.Event) { e.Mode = devices.Maintenance }

// upkept is what Upkept lists, in few words.
func upkept(s *Store) (all []string) {
	for _, u := range s.Upkept() {
		all = append(all, fmt.Sprint(u.Record.Event.Code, " over ", u.Over))
	}
	return all
}

// settled tells an end as of a minute after all that is said in these tests.
func settled(over devices.Event) devices.Event {
	return said(60, over.Code, cleared, func(e *devices.Event) { e.TimedOut = over.TimedOut })
}

// TestUpkeep: what a device says while a person works at it is told, wakes nobody and is
// not lost; what its end makes known is listed and settled, also after a restart, and
// once. What a device says in a maintenance of its own is another thing.
func TestUpkeep(t *testing.T) {
	t.Parallel()
	high := func(second int, change ...func(*devices.Event)) devices.Event {
		return said(second, gasHigh, change...)
	}
	first := high(1, raised)
	for _, c := range []struct {
		name   string
		says   []devices.Event
		upkept []string
		want   []line // after Settle
	}{{
		name:   "raised in it: stands in it",
		says:   []devices.Event{high(1, raised, inUpkeep), high(2, raised, inUpkeep), high(3, raised, reminder(1), inUpkeep)},
		upkept: []string{"gas.alarm.high over false"},
		want: []line{
			{"alarm-1", "d", high(1, raised, inUpkeep), "alarm-1", zero, ""},
			{"alarm-2", "d", high(3, raised, reminder(1), inUpkeep), "alarm-1", first.Time, ""},
		},
	}, {
		name: "raised and over in it: ended in it",
		says: []devices.Event{high(1, raised, inUpkeep), high(2, cleared, inUpkeep), high(3, cleared, inUpkeep)},
		want: []line{
			{"alarm-1", "d", high(1, raised, inUpkeep), "alarm-1", zero, ""},
			{"alarm-2", "d", high(2, cleared, inUpkeep), "alarm-1", first.Time, "device"},
		},
	}, {
		name: "raised in it, and said again after it: the same incident",
		says: []devices.Event{high(1, raised, inUpkeep), high(2, raised), high(3, raised), high(4, cleared)},
		want: []line{
			{"alarm-1", "d", high(1, raised, inUpkeep), "alarm-1", zero, ""},
			{"alarm-2", "d", high(2, raised, reminder(1)), "alarm-1", first.Time, ""},
			{"alarm-3", "d", high(4, cleared), "alarm-1", first.Time, "device"},
		},
	}, {
		name: "raised in it, said again after it, and told by its end: once",
		says: []devices.Event{high(1, raised, inUpkeep), high(2, raised), high(3, raised, reminder(1), byItsEnd), high(4, cleared), high(5, raised, reminder(1), byItsEnd)},
		want: []line{
			{"alarm-1", "d", high(1, raised, inUpkeep), "alarm-1", zero, ""},
			{"alarm-2", "d", high(2, raised, reminder(1)), "alarm-1", first.Time, ""},
			{"alarm-3", "d", high(4, cleared), "alarm-1", first.Time, "device"},
		},
	}, {
		name: "raised in it, and told by its end: as by the device, and once",
		says: []devices.Event{high(1, raised, inUpkeep), high(3, raised, reminder(1), byItsEnd), high(4, raised)},
		want: []line{
			{"alarm-1", "d", high(1, raised, inUpkeep), "alarm-1", zero, ""},
			{"alarm-2", "d", high(3, raised, reminder(1)), "alarm-1", first.Time, ""},
		},
	}, {
		name:   "raised before and over in it: ended when it is settled",
		says:   []devices.Event{first, high(2, cleared, inUpkeep), high(3, cleared, inUpkeep)},
		upkept: []string{"gas.alarm.high over true"},
		want: []line{
			{"alarm-1", "d", first, "alarm-1", zero, ""},
			{"alarm-2", "d", high(60, cleared), "alarm-1", first.Time, "device"},
		},
	}, {
		name:   "raised before and timed out in it",
		says:   []devices.Event{first, high(2, cleared, timedOut, inUpkeep)},
		upkept: []string{"gas.alarm.high over true"},
		want: []line{
			{"alarm-1", "d", first, "alarm-1", zero, ""},
			{"alarm-2", "d", high(60, cleared, timedOut), "alarm-1", first.Time, "timeout"},
		},
	}, {
		name: "raised before, over in it and back: it stands",
		says: []devices.Event{first, high(2, cleared, inUpkeep), high(3, raised, inUpkeep)},
		want: []line{{"alarm-1", "d", first, "alarm-1", zero, ""}},
	}, {
		name: "raised before, over in it and back after it: it stands",
		says: []devices.Event{first, high(2, cleared, inUpkeep), high(3, raised)},
		want: []line{{"alarm-1", "d", first, "alarm-1", zero, ""}},
	}, {
		name: "raised before, over in it and over after it: ended by the device",
		says: []devices.Event{first, high(2, cleared, inUpkeep), high(3, cleared)},
		want: []line{
			{"alarm-1", "d", first, "alarm-1", zero, ""},
			{"alarm-2", "d", high(3, cleared), "alarm-1", first.Time, "device"},
		},
	}, {
		name: "a doubt does not take back that it is over",
		says: []devices.Event{first, high(2, cleared, inUpkeep), said(3, devices.DeviceFault, raised, inUpkeep), said(4, devices.DeviceFault, cleared, inUpkeep)},
		want: []line{
			{"alarm-1", "d", first, "alarm-1", zero, ""},
			{"alarm-2", "d", said(3, devices.DeviceFault, raised, inUpkeep), "alarm-2", zero, ""},
			{"alarm-3", "d", said(4, devices.DeviceFault, cleared, inUpkeep), "alarm-2", said(3, "").Time, "device"},
			{"alarm-4", "d", high(60, cleared), "alarm-1", first.Time, "device"},
		},
		upkept: []string{"gas.alarm.high over true"},
	}, {
		name:   "raised in a test of its own, and said again when that is over",
		says:   []devices.Event{high(1, raised, inWarmUp), high(2, raised, inUpkeep)},
		upkept: []string{"gas.alarm.high over false"},
		want:   []line{{"alarm-1", "d", high(1, raised, inWarmUp), "alarm-1", zero, ""}},
	}, {
		name: "a maintenance of its own ends nothing, and leaves nothing to settle",
		says: []devices.Event{first, high(2, cleared, inOwn), tampered(3, raised, inOwn)},
		want: []line{
			{"alarm-1", "d", first, "alarm-1", zero, ""},
			{"alarm-2", "d", tampered(3, raised, inOwn), "alarm-2", zero, ""},
		},
	}} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				directory := t.TempDir()
				s := at(t, directory)
				says(t, s, "d", c.says...)
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				s = at(t, directory)
				same(t, "upkept", upkept(s), c.upkept)
				for _, device := range []string{"d-1", "d", "d"} { // of another one nothing is settled
					if err := s.Settle(device, settled); err != nil {
						t.Fatal(err)
					}
				}
				same(t, "records", lines(t, s), c.want)
			})
		})
	}
}

// TestUpkeepInMemory: what the disk refuses is judged alike: raised in an upkeep and told
// again in earnest, from memory, and so it is on disk afterwards.
func TestUpkeepInMemory(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const gasLow = devices.GasAlarmLow
		s, mend := broken(t, func(s *Store) {
			says(t, s, "d", said(1, gasHigh, raised, inUpkeep), said(1, gasLow, raised), said(1, devices.DeviceFault, raised, inWarmUp))
		})
		made := accepts(t, s, said(2, gasLow, cleared, inUpkeep), said(2, devices.DeviceFault, raised, inUpkeep), said(2, "tamper.contact", raised, inUpkeep))
		same(t, "upkept", upkept(s), []string{"gas.alarm.high over false", "gas.alarm.low over true", "device.fault over false", "tamper.contact over false"})
		if err := s.Settle("d", settled); err == nil {
			t.Error("what is over is settled on a disk that refuses")
		}
		made = append(made, accepts(t, s, said(3, gasHigh, raised, reminder(1)), said(3, gasHigh, raised, reminder(1)), said(4, "tamper.contact", raised))...)
		var claims []bool
		for _, r := range made {
			claims = append(claims, r != nil && r.Claimed)
		}
		same(t, "everybody's", claims, []bool{false, false, false, true, false, true})
		same(t, "in memory", heard(s, 0), []string{
			"memory-alarm-1 tamper.contact raised of memory-alarm-1",
			"memory-alarm-2 gas.alarm.high raised of disk-alarm-1",
			"memory-alarm-3 gas.alarm.high raised of disk-alarm-1",
			"memory-alarm-4 tamper.contact raised of memory-alarm-1",
		})
		mend()
		caughtUp(t, s)
		same(t, "upkept on disk", upkept(s), []string{"gas.alarm.low over true", "device.fault over false"})
		if err := s.Settle("d", settled); err != nil {
			t.Fatal(err)
		}
		same(t, "upkept in the end", upkept(s), []string{"device.fault over false"})
	})
}

// TestMoved: who waits for a mark hears of each move, of no other commit, and of a file
// that is replaced.
func TestMoved(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := at(t, t.TempDir())
		moved := s.Moved()
		told := func() bool {
			select {
			case <-moved:
				moved = s.Moved()
				return true
			case <-time.After(5 * time.Second):
				return false
			}
		}
		says(t, s, "d", said(1, "alarm.test"), said(2, "alarm.test"))
		same(t, "after a commit", told(), false)
		s.MarkSent(devices.AlarmLane, 1)
		same(t, "after a sent mark", told(), true)
		s.MarkSent(devices.AlarmLane, 1)
		same(t, "after the same mark", told(), false)
		s.MarkReceived(devices.AlarmLane, 1)
		same(t, "after a received mark", told(), true)
		s.spoil(s.Epoch(), ErrDamaged)
		same(t, "after the file was replaced", told(), true)
	})
}
