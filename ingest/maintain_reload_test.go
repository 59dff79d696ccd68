package ingest

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// untimed is what a lane was told, without when.
func untimed(told []string) (all []string) {
	for _, line := range told {
		_, line, _ = strings.Cut(line, " ")
		all = append(all, line)
	}
	return all
}

// takeOut is what a reload does with a device that the site file has no more, or has out
// of use: its conversation has ended by then.
func (l live) takeOut(device string, left Site) {
	l.t.Helper()
	l.Swap(left)
	if err := l.st.Put("device/"+device, map[string]string{"state": "disabled"}); err != nil {
		l.t.Fatal(err)
	}
	if err := l.st.Retire(func(o store.Standing) bool { return o.Device != device }); err != nil {
		l.t.Fatal(err)
	}
}

// TestMaintenanceOverAReload: a device that a reload takes out and another one brings back,
// with a restart in between or without, is in its maintenance from its first word until
// the time that was said. Of one that is back later the city is told that it is over, and
// then of the next one.
func TestMaintenanceOverAReload(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		back    time.Duration
		restart bool
		want    []string // after the two of before
	}{
		{6 * time.Minute, false, []string{"gas-1 gas.alarm.high raised, maintenance", "gas-1 gas.alarm.high raised again 1 of 3"}},
		{6 * time.Minute, true, []string{"gas-1 gas.alarm.high raised, maintenance", "gas-1 gas.alarm.high raised again 1 of 3"}},
		{15 * time.Minute, false, []string{"gas-1 gas.alarm.high raised"}},
		{15 * time.Minute, true, []string{"gas-1 gas.alarm.high raised"}},
	} {
		t.Run(fmt.Sprint("back after ", c.back, ", restart ", c.restart), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				in, st := rig(t, "gas-1", "gas-2")
				defer st.Close()
				began := time.Now()
				stop := running(t, in)
				l := live{in, t, st}
				end := l.hold("gas-1", "", 0, saying(high(3*time.Minute, devices.Raised)))
				until(began, 2*time.Minute)
				maintained(t, in, "gas-1")
				until(began, 4*time.Minute)
				end()
				l.takeOut("gas-1", siteWith("gas-2"))
				if c.restart {
					stop()
					o := in.opt
					o.Site = siteWith("gas-2")
					l.Ingest = New(o)
					stop = running(t, l.Ingest)
				}
				until(began, c.back)
				same(t, len(l.Maintenances()), map[bool]int{true: 1}[c.back < 12*time.Minute])
				l.Swap(siteWith("gas-1", "gas-2"))
				end = l.hold("gas-1", "", 0, saying(high(time.Minute, devices.Raised)))
				until(began, c.back+2*time.Second)
				if is := stands(t, st, began)["gas-1"]; strings.HasPrefix(is, "maintenance") != (c.back < 12*time.Minute) {
					t.Errorf("it is %q", is)
				}
				until(began, 20*time.Minute)
				if _, err := l.Maintain("gas-1", 10*time.Minute, "root", "once more"); err != nil {
					t.Fatal(err)
				}
				end()
				stop()
				same(t, untimed(lane(t, st, devices.AlarmLane, began)), append([]string{"gas-1 gas.alarm.high raised, maintenance", "gas-1 gas.alarm.high cleared of 1"}, c.want...))
				same(t, untimed(lane(t, st, devices.EventLane, began)), []string{
					"gas-1 device.mode maintenance at operator, maintenance", "gas-1 device.mode normal at operator",
					"gas-1 device.mode maintenance at operator, maintenance",
				})
			})
		})
	}
}

// TestMaintenanceOfWhoMoves: what was raised on a line that somebody works at, and stands,
// is everybody's when its device goes over to another line.
func TestMaintenanceOfWhoMoves(t *testing.T) {
	t.Parallel()
	inLive(t, siteWith("bus", "bus-2", "gas-1"), func(l live) {
		began := time.Now()
		end := l.hold("gas-1", "bus", 0, saying(high(3*time.Minute, devices.Raised)))
		until(began, 2*time.Minute)
		maintained(t, l.Ingest, "bus")
		until(began, 5*time.Minute)
		end()
		end = l.hold("gas-1", "bus-2", 0, saying())
		until(began, 6*time.Minute)
		end()
		same(t, untimed(lane(l.t, l.st, devices.AlarmLane, began)), []string{"gas-1 gas.alarm.high raised, maintenance", "gas-1 gas.alarm.high raised again 1 of 1"})
	})
}

// TestMaintenanceProlonged: whoever moves the end of a maintenance has the city told of the
// new one; a restart tells nothing again.
func TestMaintenanceProlonged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, st := rig(t, "gas-1")
		defer st.Close()
		began := time.Now()
		stop := running(t, in, alone("gas-1"))
		until(began, 2*time.Minute)
		maintained(t, in, "gas-1")
		until(began, 5*time.Minute)
		if _, err := in.Maintain("gas-1", 30*time.Minute, "ann", "it takes longer"); err != nil {
			t.Fatal(err)
		}
		until(began, 6*time.Minute)
		stop()
		in = New(in.opt)
		stop = running(t, in, alone("gas-1"))
		until(began, 40*time.Minute)
		stop()
		records, err := st.Read(devices.EventLane, 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		var told []string
		for _, r := range records {
			end := "for good"
			if !r.Event.Until.IsZero() {
				end = fmt.Sprint("until ", r.Event.Until.Sub(began).Truncate(time.Minute))
			}
			told = append(told, r.Event.Is+" "+end)
		}
		same(t, told, []string{"maintenance until 12m0s", "maintenance until 35m0s", "normal for good"})
	})
}

// TestMaintenanceHalfTold: a daemon that died between the disk and the word, at the
// beginning of a maintenance or at its end, has the city told when it runs again; of a
// device that was in none nothing is told.
func TestMaintenanceHalfTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, st := rig(t, "gas-1", "gas-2", "gas-3")
		defer st.Close()
		began := time.Now()
		m := Maintenance{Device: "gas-1", Since: began, Until: began.Add(10 * time.Minute), Who: "root", Why: "检修"}
		if err := st.Keep(keptAs("gas-1"), keptMaintenance{m, began}); err != nil {
			t.Fatal(err)
		}
		m.Device = "gas-2"
		if err := st.Append(in.placeOf("gas-2"), isInUpkeep(m, began)); err != nil {
			t.Fatal(err)
		}
		in = New(in.opt)
		stop := running(t, in, alone("gas-1"), alone("gas-2"), alone("gas-3"))
		until(began, 10*time.Second)
		stop()
		got := untimed(lane(t, st, devices.EventLane, began))
		slices.Sort(got)
		same(t, got, []string{
			"gas-1 device.mode maintenance at operator, maintenance",
			"gas-2 device.mode maintenance at operator", "gas-2 device.mode normal at operator",
		})
	})
}

// TestMaintenanceToldAfterARefusal: a word of a maintenance that the disk did not take is
// told when it does, and is not lost again each second until then.
func TestMaintenanceToldAfterARefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		directory := t.TempDir()
		st, err := store.Open(store.Options{Directory: directory, Site: "site"})
		if err != nil {
			t.Fatal(err)
		}
		defer st.Close()
		began := time.Now()
		o := Options{Store: st, Site: siteWith("gas-1"), Log: slog.New(slog.DiscardHandler)}
		m := Maintenance{Device: "gas-1", Since: began, Until: began.Add(10 * time.Minute), Who: "root", Why: "检修"}
		if err := st.Append(o.Site.Places["gas-1"], isInUpkeep(m, began)); err != nil { // that it is over was not told
			t.Fatal(err)
		}
		mend := breakWrites(t, filepath.Join(directory, "store.db"))
		stop := running(t, New(o), alone("gas-1", high(30*time.Second, devices.Raised)))
		until(began, time.Minute)
		mend()
		until(began, 2*time.Minute)
		stop()
		same(t, untimed(lane(t, st, devices.EventLane, began)), []string{"gas-1 device.mode maintenance at operator", "gas-1 device.mode normal at operator"})
		same(t, st.Lost(), []store.Loss{{Lane: devices.EventLane, Count: 1, Why: store.WhyRefused}})
	})
}

// TestMaintenanceAtAWrongClock: a box that begins anew with a clock that is behind ends a
// maintenance when its clock is right and shows the end, and at the latest after the time
// that was asked for; a clock that was set back before the end was said ends nothing.
func TestMaintenanceAtAWrongClock(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name         string
		since, until time.Duration // from when it is taken up, by a right clock
		said         time.Duration
		behind       time.Duration // its clock, for a minute
		want         time.Duration
	}{
		{"a good clock", -time.Minute, 9 * time.Minute, -time.Minute, 0, 9 * time.Minute},
		{"behind, and its time has come", -3 * time.Hour, -time.Hour, -3 * time.Hour, 9 * time.Hour, time.Minute},
		{"behind, and its time will come", -time.Hour, 10 * time.Minute, -time.Hour, 9 * time.Hour, 10 * time.Minute},
		{"set back before its end was said", 2 * time.Hour, 25 * time.Minute, -time.Minute, 0, 25 * time.Minute},
		{"of an older sitepost", -time.Minute, 9 * time.Minute, 0, 0, 9 * time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				in, st := rig(t, "gas-1")
				defer st.Close()
				began := time.Now()
				kept := keptMaintenance{Maintenance: Maintenance{Device: "gas-1", Since: began.Add(c.since), Until: began.Add(c.until), Who: "root", Why: "检修"}}
				if c.said != 0 {
					kept.Said = began.Add(c.said)
				}
				if err := st.Keep(keptAs("gas-1"), kept); err != nil {
					t.Fatal(err)
				}
				in = newAt(in.opt, func() time.Time {
					now := time.Now()
					if now.Sub(began) < time.Minute {
						now = now.Add(-c.behind)
					}
					return now
				})
				stop := running(t, in, alone("gas-1"))
				defer stop()
				until(began, c.want-3*time.Second)
				same(t, len(in.Maintenances()), 1)
				until(began, c.want+3*time.Second)
				same(t, len(in.Maintenances()), 0)
			})
		})
	}
}

// TestMaintenanceOfWhoHasLeft: the end of a maintenance does not touch what the topic of a
// device says that is out of use by then, nor does its beginning that of one for which
// nobody speaks yet.
func TestMaintenanceOfWhoHasLeft(t *testing.T) {
	t.Parallel()
	inLive(t, siteWith(), func(l live) {
		if err := l.st.Put("device/gas-1", state{State: maintenance}); err != nil {
			t.Fatal(err)
		}
		l.Swap(siteWith("gas-1"))
		l.takeUp() // as a daemon does that begins
		gone := l.find("gas-1")
		l.takeOut("gas-1", siteWith())
		l.showAfter(gone, time.Now()) // who still has it
		shown := func() string {
			is, _, _ := strings.Cut(stands(l.t, l.st, time.Now())["gas-1"], " ")
			return is
		}
		same(l.t, shown(), "disabled")
		l.Swap(siteWith("gas-1"))
		maintained(l.t, l.Ingest, "gas-1")
		time.Sleep(2 * time.Second)
		same(l.t, shown(), "disabled")
		end := l.hold("gas-1", "", 0, saying())
		time.Sleep(2 * time.Second)
		same(l.t, shown(), "maintenance")
		end()
	})
}
