package ingest

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// TestMaintenanceBounds: what nobody may begin, what it says of that, and that a second word
// moves the end and the reason, not the beginning.
func TestMaintenanceBounds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, st := rig(t, "gas-1")
		defer st.Close()
		began := time.Now()
		stop := running(t, in, alone("gas-1", high(time.Minute, devices.Raised)))
		defer stop()
		for _, c := range []struct {
			device string
			long   time.Duration
			why    string
			want   string
		}{
			{"gas-9", time.Hour, "x", `"gas-9" is no device`},
			{"gas-1", 59 * time.Second, "x", "write one of 1m to 24h"},
			{"gas-1", 24*time.Hour + 1, "x", "write one of 1m to 24h"},
			{"gas-1", -time.Hour, "x", "write one of 1m to 24h"},
			{"gas-1", time.Hour, " \t", "for no reason"},
			{"gas-1", time.Hour, "two\nlines", "more than one line"},
			{"gas-1", time.Hour, strings.Repeat("修", mostReason+1), "more than 200 characters"},
			{"gas-1", time.Hour, "\xbc\xec\xd0\xde", "in UTF-8"}, // 检修 from a terminal in GBK
			{"gas-1", time.Hour, "turned \u202eround", "nobody can read"},
		} {
			if _, err := in.Maintain(c.device, c.long, "root", c.why); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%q for %v because of %.20q: got %v, want %q", c.device, c.long, c.why, err, c.want)
			}
		}
		same(t, len(in.Maintenances()), 0)
		maintained(t, in, "gas-1")
		until(began, 5*time.Minute)
		m, err := in.Maintain("gas-1", 24*time.Hour, "ann", strings.Repeat("\u3000修", mostReason/2)+"修")
		if err != nil || !m.Since.Equal(began) || m.Until.Sub(began) != 24*time.Hour+5*time.Minute+500*time.Millisecond {
			t.Errorf("got %+v, %v", m, err)
		}
		same(t, in.Maintenances(), []Maintenance{m})
		until(began, 24*time.Hour+5*time.Minute)
		same(t, len(lane(t, st, devices.AlarmLane, began)), 1)
		until(began, 24*time.Hour+5*time.Minute+2*time.Second)
		same(t, len(lane(t, st, devices.AlarmLane, began)), 2)
	})
}

// TestMaintenanceWhileTheDiskRefuses: an alarm that becomes everybody's goes to the city
// from memory, once; and one that is over is cleared when the disk is well.
func TestMaintenanceWhileTheDiskRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		directory := t.TempDir()
		st, err := store.Open(store.Options{Directory: directory, Site: "site"})
		if err != nil {
			t.Fatal(err)
		}
		defer st.Close()
		in, other := rig(t, "gas-1")
		_ = other.Close()
		in.opt.Store = st
		began := time.Now()
		stop := running(t, in, alone("gas-1", low(time.Minute, devices.Raised), high(3*time.Minute, devices.Raised), low(4*time.Minute, devices.Cleared)))
		until(began, 2*time.Minute)
		maintained(t, in, "gas-1")
		until(began, 11*time.Minute)
		mend := breakWrites(t, filepath.Join(directory, "store.db"))
		until(began, 15*time.Minute)
		var volatile []string
		for _, r := range st.Volatile(0) {
			volatile = append(volatile, fmt.Sprint(r.Event.Code, " ", r.Event.State, " again ", r.Event.Reminder, " ", r.Event.Mode))
		}
		same(t, volatile, []string{"gas.alarm.high raised again 1 normal"})
		mend()
		until(began, 16*time.Minute)
		stop()
		got := lane(t, st, devices.AlarmLane, began)
		same(t, len(got), 4)
		for i := range got {
			_, got[i], _ = strings.Cut(got[i], " ")
		}
		same(t, got, []string{
			"gas-1 gas.alarm.low raised", "gas-1 gas.alarm.high raised, maintenance",
			"gas-1 gas.alarm.high raised again 1 of 2", "gas-1 gas.alarm.low cleared of 1",
		})
		same(t, untimed(lane(t, st, devices.EventLane, began)), []string{ // the end too, when the disk takes it
			"gas-1 device.mode maintenance at operator, maintenance", "gas-1 device.mode normal at operator",
		})
		if known, err := st.Recall(keptAs("gas-1"), new(Maintenance)); known || err != nil {
			t.Errorf("the store still knows a maintenance: %v, %v", known, err)
		}
	})
}

// TestMaintenanceOvertaken: an alarm that got its mode before the end, and comes to the
// disk after it, is everybody's all the same.
func TestMaintenanceOvertaken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var slow atomic.Bool
		st, err := store.Open(store.Options{Directory: t.TempDir(), Site: "site", Clock: func() store.Clock {
			if slow.Load() {
				time.Sleep(5 * time.Second) // the writer is at it, with the alarm
			}
			return store.Clock{}
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer st.Close()
		in := New(Options{Store: st, Site: Site{Places: places("gas-1")}, Log: slog.New(slog.DiscardHandler)})
		began := time.Now()
		stop := running(t, in, alone("gas-1", high(time.Minute, devices.Raised)))
		defer stop()
		maintained(t, in, "gas-1")
		until(began, 59*time.Second)
		slow.Store(true)
		until(began, time.Minute) // it is on its way
		ended := make(chan error)
		go func() {
			_, err := in.EndMaintenance("gas-1", "root")
			ended <- err
		}()
		time.Sleep(time.Second)
		slow.Store(false)
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		until(began, 2*time.Minute)
		got := lane(t, st, devices.AlarmLane, began)
		if len(got) != 2 || got[0] != "1m0s gas-1 gas.alarm.high raised, maintenance" || !strings.HasSuffix(got[1], "gas-1 gas.alarm.high raised again 1 of 1") {
			t.Errorf("got %q, want the alarm told again in normal mode", got)
		}
	})
}

// TestMaintenanceInDoubt: what is everybody's after a maintenance is not certain where its
// device is silent by then, or its line lost.
func TestMaintenanceInDoubt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, st := rig(t, "bus", "gas-1", "gas-2", "gas-3")
		defer st.Close()
		in.find("bus").isLine = true
		began := time.Now()
		onBus := func(c Conversation) Conversation {
			c.Silence = map[string]time.Duration{c.Name: 0}
			c.Via = "bus"
			return c
		}
		stop := running(t, in,
			alone("bus", cue{5 * time.Minute, devices.Event{Code: devices.LineLost, State: devices.Raised}}),
			on("", "gas-1", saying(append(every(5*time.Second, 0, 3*time.Minute), high(3*time.Minute, devices.Raised))...)),
			onBus(alone("gas-2", high(3*time.Minute, devices.Raised))),
			alone("gas-3", high(3*time.Minute, devices.Raised)))
		until(began, 2*time.Minute)
		for _, name := range []string{"gas-1", "gas-2", "gas-3"} {
			maintained(t, in, name)
		}
		until(began, 13*time.Minute)
		stop()
		same(t, unconfirmed(t, st), []string{"gas-1 gas.alarm.high", "gas-2 gas.alarm.high"})
		same(t, len(st.Upkept()), 0)
	})
}
