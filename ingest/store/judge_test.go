package store

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"

	"sitepost/devices"
)

const (
	gasHigh = devices.GasAlarmHigh
	leaf    = devices.Code("access.leaf")
	passage = devices.AccessPassage
)

func tampered(second int, change ...func(*devices.Event)) devices.Event {
	return said(second, "tamper.contact", change...)
}

// TestDecisions holds that exactly what is new becomes a record, and that the
// topic "open" says what is open after it. Every case ends with a restart and
// the last word again, which is not new.
func TestDecisions(t *testing.T) {
	t.Parallel()
	high := func(second int, change ...func(*devices.Event)) devices.Event {
		return said(second, gasHigh, change...)
	}
	first := high(1, raised)
	cases := []struct {
		name string
		says []devices.Event
		want []line
		open string
	}{{
		name: "a condition is told when it begins and when it ends",
		says: []devices.Event{high(0, cleared), first, high(2, raised), high(3, cleared), high(4, cleared)},
		want: []line{
			{"alarm-1", "d", first, "alarm-1", zero, ""},
			{"alarm-2", "d", high(3, cleared), "alarm-1", first.Time, "device"},
		},
		open: `{"open":[]}`,
	}, {
		name: "what is open is told again as often as it is said, and stays what it was",
		says: []devices.Event{
			said(0, gasHigh, raised, reminder(1)), first, high(2, raised, reminder(1)), high(3, raised), high(4, raised, reminder(2)),
			high(5, cleared), high(6, raised, reminder(3)),
		},
		want: []line{
			{"alarm-1", "d", first, "alarm-1", zero, ""},
			{"alarm-2", "d", high(2, raised, reminder(1)), "alarm-1", first.Time, ""},
			{"alarm-3", "d", high(4, raised, reminder(2)), "alarm-1", first.Time, ""},
			{"alarm-4", "d", high(5, cleared), "alarm-1", first.Time, "device"},
		},
		open: `{"open":[]}`,
	}, {
		name: "to be told again makes nothing more certain, nor earnest",
		says: []devices.Event{high(1, raised, inWarmUp), high(2, raised, reminder(1)), tampered(3, raised), said(4, devices.DeviceFault, raised), tampered(5, raised, reminder(1)), tampered(6, cleared), said(7, devices.DeviceFault, cleared)},
		want: []line{
			{"alarm-1", "d", high(1, raised, inWarmUp), "alarm-1", zero, ""},
			{"alarm-2", "d", high(2, raised, reminder(1)), "alarm-1", high(1).Time, ""},
			{"alarm-3", "d", tampered(3, raised), "alarm-3", zero, ""},
			{"alarm-4", "d", said(4, devices.DeviceFault, raised), "alarm-4", zero, ""},
			{"alarm-5", "d", tampered(5, raised, reminder(1)), "alarm-3", tampered(3).Time, ""},
			{"alarm-6", "d", tampered(6, cleared), "alarm-3", tampered(3).Time, "device"},
			{"alarm-7", "d", said(7, devices.DeviceFault, cleared), "alarm-4", said(4, "").Time, "device"},
		},
		open: `{"open":[{"incident":"alarm-1","type":"gas.alarm.high","device":"d","since":"2026-11-21T22:40:01Z","severity":"critical","unconfirmed":true}]}`,
	}, {
		name: "what nobody ended has timed out, and what only a test had raised ends with its mode",
		says: []devices.Event{first, high(2, cleared, timedOut), high(3, raised, inWarmUp), high(4, raised)},
		want: []line{
			{"alarm-1", "d", first, "alarm-1", zero, ""},
			{"alarm-2", "d", high(2, cleared, timedOut), "alarm-1", first.Time, "timeout"},
			{"alarm-3", "d", high(3, raised, inWarmUp), "alarm-3", zero, ""},
			{"alarm-4", "d", high(4, cleared), "alarm-3", high(3).Time, "mode"},
			{"alarm-5", "d", high(4, raised), "alarm-5", zero, ""},
		},
		open: `{"open":[{"incident":"alarm-5","type":"gas.alarm.high","device":"d","since":"2026-11-21T22:40:04Z","severity":"critical"}]}`,
	}, {
		name: "nothing times out while its device does not guard",
		says: []devices.Event{first, high(2, cleared, timedOut, inWarmUp)},
		want: []line{{"alarm-1", "d", first, "alarm-1", zero, ""}},
		open: `{"open":[{"incident":"alarm-1","type":"gas.alarm.high","device":"d","since":"2026-11-21T22:40:01Z","severity":"critical","unconfirmed":true}]}`,
	}, {
		name: "two points are two conditions",
		says: []devices.Event{high(1, raised, point("2")), high(2, raised, point("1")), high(3, cleared, point("2"))},
		want: []line{
			{"alarm-1", "d", high(1, raised, point("2")), "alarm-1", zero, ""},
			{"alarm-2", "d", high(2, raised, point("1")), "alarm-2", zero, ""},
			{"alarm-3", "d", high(3, cleared, point("2")), "alarm-1", high(1).Time, "device"},
		},
		open: `{"open":[{"incident":"alarm-2","type":"gas.alarm.high","device":"d","subject":"1","since":"2026-11-21T22:40:02Z","severity":"critical"}]}`,
	}, {
		name: "a fault puts the others in doubt, and a word about one confirms it",
		says: []devices.Event{first, tampered(2, raised), said(3, devices.DeviceFault, raised), said(4, devices.DeviceFault, cleared), high(5, raised)},
		want: []line{
			{"alarm-1", "d", first, "alarm-1", zero, ""},
			{"alarm-2", "d", tampered(2, raised), "alarm-2", zero, ""},
			{"alarm-3", "d", said(3, devices.DeviceFault, raised), "alarm-3", zero, ""},
			{"alarm-4", "d", said(4, devices.DeviceFault, cleared), "alarm-3", said(3, "").Time, "device"},
		},
		open: `{"open":[{"incident":"alarm-1","type":"gas.alarm.high","device":"d","since":"2026-11-21T22:40:01Z","severity":"critical"},` +
			`{"incident":"alarm-2","type":"tamper.contact","device":"d","since":"2026-11-21T22:40:02Z","severity":"major","unconfirmed":true}]}`,
	}, {
		name: "silence puts what is open in doubt, its end does not confirm it",
		says: []devices.Event{first, said(2, devices.DeviceSilent, raised), said(3, devices.DeviceSilent, cleared)},
		want: []line{
			{"alarm-1", "d", first, "alarm-1", zero, ""},
			{"alarm-2", "d", said(2, devices.DeviceSilent, raised), "alarm-2", zero, ""},
			{"alarm-3", "d", said(3, devices.DeviceSilent, cleared), "alarm-2", said(2, "").Time, "device"},
		},
		open: `{"open":[{"incident":"alarm-1","type":"gas.alarm.high","device":"d","since":"2026-11-21T22:40:01Z","severity":"critical","unconfirmed":true}]}`,
	}, {
		name: "a warm-up ends nothing",
		says: []devices.Event{first, said(2, devices.DeviceMode, is("warm-up")), high(3, cleared, inWarmUp), said(4, devices.DeviceMode, is("normal"))},
		want: []line{
			{"alarm-1", "d", first, "alarm-1", zero, ""},
			{"event-1", "d", said(2, devices.DeviceMode, is("warm-up")), "event-1", zero, ""},
			{"event-2", "d", said(4, devices.DeviceMode, is("normal")), "event-2", zero, ""},
		},
		open: `{"open":[{"incident":"alarm-1","type":"gas.alarm.high","device":"d","since":"2026-11-21T22:40:01Z","severity":"critical","unconfirmed":true}]}`,
	}, {
		name: "a clearing in another mode only casts doubt",
		says: []devices.Event{first, high(2, cleared, inWarmUp)},
		want: []line{{"alarm-1", "d", first, "alarm-1", zero, ""}},
		open: `{"open":[{"incident":"alarm-1","type":"gas.alarm.high","device":"d","since":"2026-11-21T22:40:01Z","severity":"critical","unconfirmed":true}]}`,
	}, {
		name: "an alarm in earnest after one in a test is an alarm of its own",
		says: []devices.Event{high(1, raised, inWarmUp), high(2, raised, inWarmUp), high(3, raised)},
		want: []line{
			{"alarm-1", "d", high(1, raised, inWarmUp), "alarm-1", zero, ""},
			{"alarm-2", "d", high(3, cleared), "alarm-1", high(1).Time, "mode"},
			{"alarm-3", "d", high(3, raised), "alarm-3", zero, ""},
		},
		open: `{"open":[{"incident":"alarm-3","type":"gas.alarm.high","device":"d","since":"2026-11-21T22:40:03Z","severity":"critical"}]}`,
	}, {
		name: "a state is told when its word is new",
		says: []devices.Event{said(1, leaf, is("closed")), said(2, leaf, is("closed")), said(3, leaf, is("open")), said(4, leaf, is("closed"), point("b"))},
		want: []line{
			{"event-1", "d", said(1, leaf, is("closed")), "event-1", zero, ""},
			{"event-2", "d", said(3, leaf, is("open")), "event-2", zero, ""},
			{"event-3", "d", said(4, leaf, is("closed"), point("b")), "event-3", zero, ""},
		},
		open: `{"open":[]}`,
	}, {
		name: "a counter is told when it rises, by how much",
		says: []devices.Event{
			said(1, passage, raw(7), point("left")), said(2, passage, raw(7), point("left")), said(3, passage, raw(9), point("left")),
			said(4, passage, raw(2), point("left")), said(5, passage, raw(3), point("left")), said(6, passage, raw(0), point("right")), said(7, passage, raw(1), point("right")),
		},
		want: []line{
			{"event-1", "d", said(3, passage, step(9, 2), point("left")), "event-1", zero, ""},
			{"event-2", "d", said(5, passage, step(3, 1), point("left")), "event-2", zero, ""},
			{"event-3", "d", said(7, passage, step(1, 1), point("right")), "event-3", zero, ""},
		},
		open: `{"open":[]}`,
	}, {
		name: "what happens, happens each time",
		says: []devices.Event{devices.Heard("d", zero), said(1, devices.AccessCard), said(1, devices.AccessCard), said(2, "screening.metal.alarm"), said(2, "screening.metal.alarm")},
		want: []line{
			{"alarm-1", "d", said(2, "screening.metal.alarm"), "alarm-1", zero, ""},
			{"alarm-2", "d", said(2, "screening.metal.alarm"), "alarm-2", zero, ""},
			{"event-1", "d", said(1, devices.AccessCard), "event-1", zero, ""},
			{"event-2", "d", said(1, devices.AccessCard), "event-2", zero, ""},
		},
		open: `{"open":[]}`,
	}}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				directory := t.TempDir()
				s := at(t, directory)
				says(t, s, "d", c.says...)
				same(t, "records", lines(t, s), c.want)
				same(t, "open", openTopic(t, s), c.open)
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				s = at(t, directory)
				same(t, "records after a restart", lines(t, s), c.want)
				if last := c.says[len(c.says)-1]; compares(last.Code.Form(), last) {
					says(t, s, "d", last)
				}
				same(t, "records after the last word again", lines(t, s), c.want)
				same(t, "open after a restart", openTopic(t, s), c.open)
			})
		})
	}
}

// TestOtherDevicesStayCertain holds that one device's silence, or a line's, says
// nothing of another device, unless the caller knows it.
func TestOtherDevicesStayCertain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := at(t, t.TempDir())
		says(t, s, "gas-1", said(1, gasHigh, raised))
		says(t, s, "gas-10", said(2, gasHigh, raised))
		says(t, s, "bus-a", said(3, devices.LineLost, raised))
		says(t, s, "gas-1", said(4, devices.DeviceOffline, raised))
		entry := func(n, device, second, code, severity, more string) string {
			return `{"incident":"alarm-` + n + `","type":"` + code + `","device":"` + device + `","since":"2026-11-21T22:40:0` + second + `Z","severity":"` + severity + `"` + more + `}`
		}
		want := []string{
			entry("1", "gas-1", "1", "gas.alarm.high", "critical", `,"unconfirmed":true`),
			entry("2", "gas-10", "2", "gas.alarm.high", "critical", ""),
			entry("3", "bus-a", "3", "line.lost", "major", ""),
			entry("4", "gas-1", "4", "device.offline", "major", ""),
		}
		same(t, "open", openTopic(t, s), `{"open":[`+strings.Join(want, ",")+`]}`)
		if err := s.Doubt("gas-10"); err != nil {
			t.Fatal(err)
		}
		want[1] = entry("2", "gas-10", "2", "gas.alarm.high", "critical", `,"unconfirmed":true`)
		same(t, "open after the line's devices were named", openTopic(t, s), `{"open":[`+strings.Join(want, ",")+`]}`)
	})
}

// TestAccept holds that who says something learns which record was made of it,
// and that none was: what is counted is what was new.
func TestAccept(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := at(t, t.TempDir())
		var got []string
		for _, e := range []devices.Event{
			devices.Heard("d", zero), said(1, gasHigh, cleared), said(1, gasHigh, raised, inWarmUp), said(2, gasHigh, raised), said(3, gasHigh, raised),
			said(4, gasHigh, raised, reminder(1)), said(5, gasHigh, cleared), said(6, passage, raw(7)), said(7, passage, raw(9)), said(8, passage, raw(9)),
			said(9, leaf, is("open")), said(10, leaf, is("open")), said(11, devices.GasReading),
		} {
			r, err := s.Accept(place("d"), e)
			switch {
			case err != nil:
				t.Fatal(err)
			case r == nil:
				got = append(got, "")
			case r.Event.Count != nil:
				got = append(got, fmt.Sprintf("%s %d +%d", r.Lane, r.Seq, r.Event.Count.Step))
			default:
				got = append(got, fmt.Sprintf("%s %d %s", r.Lane, r.Seq, r.Event.State))
			}
		}
		same(t, "records made", got, []string{
			"", "", "alarm 1 raised", "alarm 3 raised", "", "alarm 4 raised", "alarm 5 cleared", "", "event 1 +2", "", "event 2 ", "", "",
		})
	})
}

// TestAcceptTogether holds that who says what somebody else said in the same
// commit is not told of the other's record.
func TestAcceptTogether(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := at(t, t.TempDir())
		var made [2]*Record
		var both sync.WaitGroup
		for i := range made {
			both.Go(func() {
				var err error
				if made[i], err = s.Accept(place("d"), said(1, leaf, is("open"))); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		same(t, "one of them made a record", (made[0] == nil) != (made[1] == nil), true)
		same(t, "commits", commits(s), 1)
	})
}

// TestRefused holds that what can never be stored is refused as such, changes
// nothing, and harms nobody in the same batch.
func TestRefused(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := at(t, t.TempDir())
		nan := &devices.Value{Number: math.NaN()}
		for name, e := range map[string]devices.Event{
			"not in the dictionary":                        said(1, "gas.alarm.hgih"),
			"raised or cleared":                            said(1, gasHigh),
			"only a condition":                             said(1, passage, raised),
			"NaN":                                          said(1, devices.GasReading, func(e *devices.Event) { e.Value = nan }),
			"more than 65536":                              said(1, devices.AccessCard, func(e *devices.Event) { e.Text = strings.Repeat("x", 1<<16) }),
			"longer than 1024":                             said(1, devices.AccessCard, point(strings.Repeat("p", 2000))),
			`reminder 1 of what is ""`:                     said(1, passage, reminder(1)),
			`reminder 1 of what is "cleared"`:              said(1, gasHigh, cleared, reminder(1)),
			`reminder -1 of what`:                          said(1, gasHigh, raised, reminder(-1)),
			"a condition is raised o":                      said(1, gasHigh, func(e *devices.Event) { e.State = "rased" }),
			`what is "raised" has not timed`:               said(1, gasHigh, raised, timedOut),
			`what is "" has not timed out`:                 said(1, passage, timedOut),
			`made urgent, not what is of form "condition"`: said(1, gasHigh, raised, urgent),
			`made urgent, not what is of form "state"`:     said(1, leaf, is("open"), urgent),
			`made urgent, not what is of form "alarm"`:     said(1, "alarm.test", urgent),
			`made urgent, not what is of form "reading"`:   said(1, devices.GasReading, urgent),
			`ends by itself, not what is of form "alarm"`:  said(1, "alarm.test", func(e *devices.Event) { e.Until = e.Time }),
			"and always both":                              said(1, devices.SnapshotTaken),
			"has a picture and":                            said(1, devices.SnapshotTaken, of("7f3a9c51d20b44e6-alarm-1"), func(e *devices.Event) { e.Picture = nil }),
			`only "snapshot.taken" has a picture`:          said(1, passage, func(e *devices.Event) { e.Incident = "7f3a9c51d20b44e6-alarm-1" }),
			`of "d": refused: only "snapshot.taken" has`:   said(1, devices.AccessCard, of("7f3a9c51d20b44e6-alarm-1")),
			"a picture is not urgent":                      said(1, devices.SnapshotTaken, of("7f3a9c51d20b44e6-alarm-1"), urgent),
			`incident "../7f3a9c51d20b44e6-alarm-1" is`:    said(1, devices.SnapshotTaken, of("../7f3a9c51d20b44e6-alarm-1")),
			`incident "7f3a9c51d20b44e6-alarm-01" is no`:   said(1, devices.SnapshotTaken, of("7f3a9c51d20b44e6-alarm-01")),
			"a picture of 0 bytes":                         said(1, devices.SnapshotTaken, of("7f3a9c51d20b44e6-alarm-1"), func(e *devices.Event) { e.Picture.Bytes = 0 }),
			"a picture of 1048577 bytes":                   said(1, devices.SnapshotTaken, of("7f3a9c51d20b44e6-alarm-1"), func(e *devices.Event) { e.Picture.Bytes = 1<<20 + 1 }),
			`type "image/png"`:                             said(1, devices.SnapshotTaken, of("7f3a9c51d20b44e6-alarm-1"), func(e *devices.Event) { e.Picture.Type = "image/png" }),
			`hash "ff"`:                                    said(1, devices.SnapshotTaken, of("7f3a9c51d20b44e6-alarm-1"), func(e *devices.Event) { e.Picture.SHA256 = "ff" }),
			"-1 x 480 points":                              said(1, devices.SnapshotTaken, of("7f3a9c51d20b44e6-alarm-1"), func(e *devices.Event) { e.Picture.Width = -1 }),
		} {
			err := s.Append(place("d"), e)
			if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), name) {
				t.Errorf("got %v, want ErrRefused that says %q", err, name)
			}
		}
		if err := s.Append(devices.Place{}, said(1, passage)); !errors.Is(err, ErrRefused) {
			t.Errorf("got %v for an event of nobody, want ErrRefused", err)
		}
		same(t, "records", lines(t, s), nil)
		same(t, "commits", commits(s), 0)
	})
}

// TestUrgent holds that motion which the site wants as an alarm is one: in the
// alarm lane, with nothing to clear, each time anew.
func TestUrgent(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := at(t, t.TempDir())
		motion := func(second int, change ...func(*devices.Event)) devices.Event {
			return said(second, devices.CameraMotion, change...)
		}
		says(t, s, "c", motion(1, urgent), motion(2), motion(3, urgent))
		same(t, "records", lines(t, s), []line{
			{"alarm-1", "c", motion(1, urgent), "alarm-1", zero, ""},
			{"alarm-2", "c", motion(3, urgent), "alarm-2", zero, ""},
			{"event-1", "c", motion(2), "event-1", zero, ""},
		})
		same(t, "open", openTopic(t, s), `{"open":[]}`)
	})
}

// TestPictureOf holds that a picture's record is of the incident it shows.
func TestPictureOf(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := at(t, t.TempDir())
		made, err := s.Accept(place("d"), said(1, gasHigh, raised))
		if err != nil {
			t.Fatal(err)
		}
		taken := said(2, devices.SnapshotTaken, of(made.Incident))
		says(t, s, "c", taken)
		same(t, "records", lines(t, s)[1:], []line{{"event-1", "c", taken, "alarm-1", zero, ""}})
	})
}
