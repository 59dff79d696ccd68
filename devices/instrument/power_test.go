package instrument

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/devices/modbus"
)

// TestPowerLostInGas: a detector that is alarmed, loses power, comes back and
// warms up has cleared nothing; nor has one in a mode that nobody knows. What
// has ended is cleared when it is normal and below its limit, by its own alarms
// or by the site's.
func TestPowerLostInGas(t *testing.T) {
	t.Parallel()
	for name, say := range map[string]func(gas float64, mode any) map[string]any{
		"honeywell-xcd": func(gas float64, mode any) map[string]any {
			return map[string]any{"gas": gas, "mode": mode, "low": gas >= 25, "high": gas >= 50}
		},
		"unalarmed": func(gas float64, mode any) map[string]any { return map[string]any{"gas": gas, "mode": mode} },
	} {
		synctest.Test(t, func(t *testing.T) {
			p := load(t, name)
			values := say(10, "normal")
			s := begin(t, Options{Profile: p, Address: 2, Device: "gas-1"}, false, func(question []byte) []byte {
				if values == nil {
					return nil // no power
				}
				answer, _, err := p.Answer(question, 2, values)
				if err != nil {
					t.Error(err)
				}
				return answer
			})
			defer s.end()
			time.Sleep(500 * time.Millisecond)
			s.hear() // the first words
			for i, step := range []struct {
				values map[string]any
				want   []string // gas.alarm.* and modes
			}{
				{say(60, "normal"), []string{"gas.alarm.low raised", "gas.alarm.high raised"}},
				{nil, nil},
				{say(0, "warm-up"), []string{"device.mode warm-up"}},
				{say(0, 9), []string{"device.mode maintenance"}}, // nobody knows what 9 is
				{say(30, "normal"), []string{"device.mode normal", "gas.alarm.low raised", "gas.alarm.high cleared"}},
				{say(0, "inhibited"), []string{"device.mode inhibited"}},
				{say(0, "normal"), []string{"device.mode normal", "gas.alarm.low cleared", "gas.alarm.high cleared"}},
			} {
				s.set(func() { values = step.values })
				time.Sleep(time.Minute)
				var got []string
				for _, e := range s.hear() {
					if gasAlarm(e.Code) || e.Code == devices.DeviceMode {
						got = append(got, string(e.Code)+" "+string(e.State)+e.Is)
					}
				}
				if diff := cmp.Diff(step.want, got); diff != "" {
					t.Errorf("%s, step %d (-want +got):\n%s", name, i, diff)
				}
			}
		})
	}
}

// TestBeat: a simulator whose heart beats is never called frozen, whatever
// profile it speaks by.
func TestBeat(t *testing.T) {
	t.Parallel()
	found := 0
	for name, p := range allProfiles(t) {
		for _, r := range p.heartbeats() {
			found++
			for n := range 3 {
				want := p.Beat(n)[r.name]
				got, err := p.heardBack(r, p.Beat(n), 1)
				if err != nil || got != wantOf(want) || want == p.Beat(n + 1)[r.name] {
					t.Errorf("%s: %s at beat %d: heard %q, %v, want %v", name, r.name, n, got, err, want)
				}
			}
		}
	}
	if found == 0 {
		t.Error("no profile has a heartbeat")
	}
}

// TestFrozenDevice: a heartbeat that stays is a fault, but not one that nobody
// could hear for as long.
func TestFrozenDevice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := readProfile(t, "testdata/good/derived.toml")
		beat, answers := uint16(0), true
		s := begin(t, Options{Profile: p, Address: 1, Device: "gas-1"}, false, func(question []byte) []byte {
			if !answers {
				return nil
			}
			reply, _ := modbus.Serve(1, func(modbus.Block) ([]uint16, error) {
				return []uint16{0, 100, 0, beat}, nil
			}, question)
			return reply
		})
		defer s.end()
		faults := func(after time.Duration) (states []devices.State) {
			time.Sleep(after)
			for _, e := range s.hear() {
				if e.Code == devices.DeviceFault && e.Point == "" {
					states = append(states, e.State)
				}
			}
			return states
		}
		steps := [][]devices.State{faults(20 * time.Second)}
		s.set(func() { answers = false })
		steps = append(steps, faults(10*time.Minute))
		s.set(func() { answers = true })
		for s.hear() == nil { // it is asked again after at most 30 s
			time.Sleep(time.Second)
		}
		steps = append(steps, faults(9*time.Second), faults(4*time.Second))
		s.set(func() { beat = 0x0800 })
		steps = append(steps, faults(2*time.Second))
		want := [][]devices.State{{devices.Cleared}, nil, nil, {devices.Raised}, {devices.Cleared}}
		if diff := cmp.Diff(want, steps); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
