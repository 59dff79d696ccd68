package instrument

import (
	"bytes"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/devices/modbus"
)

// TestAskedGate: the gate is asked in turn, says what is new and else a sign of
// life, passages bear the site's direction, and the end of ctx is no error.
func TestAskedGate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := load(t, "gate-7e7f")
		left := 10
		s := begin(t, Options{Profile: p, Address: 3, Device: "gate-1", Forward: "left"}, false, func(question []byte) []byte {
			if !bytes.Equal(question, mustBytes(t, "7E 00 03 10 00 00 00 6E")) {
				t.Errorf("asked % X", question)
			}
			other := speak(t, p, map[string]any{"left": 99}, 4)
			return append(other, speak(t, p, map[string]any{"left": left}, 3)...)
		})
		defer s.end()
		time.Sleep(249 * time.Millisecond)
		synctest.Wait()
		s.set(func() {
			want := [2]devices.Direction{devices.Forward, devices.Back}
			if got := [2]devices.Direction{s.said[0].Direction, s.said[1].Direction}; got != want {
				t.Errorf("got directions %v, want %v", got, want)
			}
		})
		want := []told{
			{Code: "access.passage", Point: "left"}, {Code: "access.passage", Point: "right"},
			{Code: "access.intrusion", State: devices.Cleared}, {Code: "device.fault", State: devices.Cleared},
			{Code: "access.leaf", Is: "closed"},
		}
		if diff := cmp.Diff(want, s.hear()); diff != "" {
			t.Errorf("first answer (-want +got):\n%s", diff)
		}
		time.Sleep(250 * time.Millisecond)
		if diff := cmp.Diff([]told{{}}, s.hear()); diff != "" {
			t.Errorf("second answer (-want +got):\n%s", diff)
		}
		s.set(func() { left = 11 })
		time.Sleep(250 * time.Millisecond)
		if diff := cmp.Diff([]told{{Code: "access.passage", Point: "left"}}, s.hear()); diff != "" {
			t.Errorf("third answer (-want +got):\n%s", diff)
		}
		s.end()
		if s.err != nil {
			t.Errorf("ended with %v, want nil", s.err)
		}
	})
}

// TestDeadInstrument: one that does not answer is asked ever more rarely, at
// most every 30 s, says nothing, and is asked as before once it answers.
func TestDeadInstrument(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := load(t, "gate-7e7f")
		dead := true
		s := begin(t, Options{Profile: p, Address: 1, Device: "gate-1"}, false, func([]byte) []byte {
			if dead {
				return []byte("noise")
			}
			return speak(t, p, nil, 1)
		})
		defer s.end()
		time.Sleep(5 * time.Minute)
		if said := s.hear(); said != nil {
			t.Errorf("a dead gate said %v", said)
		}
		s.mu.Lock()
		n := len(s.asked)
		first, last := s.asked[1].Sub(s.asked[0]), s.asked[n-1].Sub(s.asked[n-2])
		s.mu.Unlock()
		if n < 12 || n > 17 || first > time.Second || last < rarest || last > rarest+time.Second {
			t.Errorf("asked %d times, pauses %v … %v, want about 14, < 1s … 30s", n, first, last)
		}
		s.set(func() { dead = false })
		time.Sleep(31 * time.Second)
		s.hear()
		time.Sleep(time.Second)
		if said := s.hear(); len(said) != 4 {
			t.Errorf("in the second after it came back: %d answers, want 4", len(said))
		}
	})
}

// TestModbusDetector: a detector is asked by Modbus; a mode that changes is
// said; a question it refuses is its fault until it answers it; a gateway that
// cannot reach it is nobody's answer.
func TestModbusDetector(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := load(t, "honeywell-xcd")
		values := map[string]any{"mode": "normal"}
		var refusal byte
		s := begin(t, Options{Profile: p, Address: 2, Device: "gas-1"}, false, func(question []byte) []byte {
			reply, _ := modbus.Serve(2, func(b modbus.Block) ([]uint16, error) {
				if refusal != 0 {
					return nil, &modbus.Exception{Code: refusal}
				}
				registers, err := p.SpeakRegisters(values)
				row := make([]uint16, b.Count)
				for i := range row {
					row[i] = registers[40001+int(b.Offset)+i]
				}
				return row, err
			}, question)
			return reply
		})
		defer s.end()
		cleared := func(code devices.Code) told { return told{Code: code, State: devices.Cleared} }
		raised := func(code devices.Code) told { return told{Code: code, State: devices.Raised} }
		reading := told{Code: "gas.reading"}
		for i, step := range []struct {
			values  map[string]any
			refusal byte
			want    []told
		}{
			{map[string]any{"mode": "normal"}, 0, []told{
				{Code: "device.mode", Is: "normal"}, reading, cleared("gas.alarm.low"), cleared("gas.alarm.high"), cleared("device.fault"),
			}},
			{map[string]any{"mode": "normal", "low": true}, 0, []told{reading, raised("gas.alarm.low")}},
			{map[string]any{"mode": "warm-up"}, 0, []told{{Code: "device.mode", Is: "warm-up"}, reading}},
			{nil, 2, []told{raised("device.fault")}},
			{nil, 2, []told{{}}},
			{nil, 11, nil},
			{map[string]any{"mode": "normal"}, 0, []told{
				{Code: "device.mode", Is: "normal"}, reading, cleared("gas.alarm.low"), cleared("gas.alarm.high"), cleared("device.fault"),
			}},
		} {
			s.set(func() { values, refusal = step.values, step.refusal })
			if i > 0 {
				time.Sleep(time.Second)
			} else {
				time.Sleep(500 * time.Millisecond)
			}
			synctest.Wait()
			s.set(func() {
				if i == 3 && s.said[0].Detail != "2" {
					t.Errorf("got detail %q, want the exception's number", s.said[0].Detail)
				}
			})
			if diff := cmp.Diff(step.want, s.hear()); diff != "" {
				t.Errorf("step %d (-want +got):\n%s", i, diff)
			}
		}
	})
}

// TestSharedModule: one module is asked once for all that is wired to it, and
// its answer is a sign of life of each.
func TestSharedModule(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := load(t, "contacts-8")
		on := map[string]any{"1": false, "2": true, "4": false, "5": false}
		s := begin(t, Options{Profile: p, Address: 11, Device: "bus-a/11", Wirings: []Wiring{
			{Device: "xray-1", Input: "1", Code: "screening.xray.alarm"},
			{Device: "panic-1", Input: "2", Code: "panic.pressed", NormallyClosed: true},
		}}, false, func(question []byte) []byte {
			reply, _ := modbus.Serve(11, func(b modbus.Block) ([]uint16, error) {
				registers, err := p.SpeakRegisters(on)
				row := make([]uint16, b.Count)
				for i := range row {
					row[i] = registers[10001+i]
				}
				return row, err
			}, question)
			return reply
		})
		defer s.end()
		time.Sleep(90 * time.Millisecond)
		want := []told{
			{Device: "panic-1", Code: "panic.pressed", State: devices.Cleared},
			{Device: "xray-1", Code: "device.fault", Point: "module", State: devices.Cleared},
			{Device: "panic-1", Code: "device.fault", Point: "module", State: devices.Cleared},
		}
		if diff := cmp.Diff(want, s.hear()); diff != "" {
			t.Errorf("first (-want +got):\n%s", diff)
		}
		s.set(func() { on["1"] = true })
		time.Sleep(100 * time.Millisecond)
		if diff := cmp.Diff([]told{{Device: "xray-1", Code: "screening.xray.alarm"}, {Device: "panic-1"}}, s.hear()); diff != "" {
			t.Errorf("then (-want +got):\n%s", diff)
		}
	})
}

// TestEmitFails: when nothing more is taken, the conversation ends with the
// reason.
func TestEmitFails(t *testing.T) {
	t.Parallel()
	full := errors.New("sealed")
	synctest.Test(t, func(t *testing.T) {
		p := load(t, "winsen-zp14")
		s := begin(t, Options{Profile: p, Device: "gas-2"}, false, func([]byte) []byte { return nil })
		defer s.end()
		s.set(func() { s.deaf = full })
		_, _ = s.cable.Write(speak(t, p, nil, 0))
		time.Sleep(time.Second)
		synctest.Wait()
		s.set(func() {
			if !errors.Is(s.err, full) || len(s.said) != 1 {
				t.Errorf("got %v after %d events, want %v after 1", s.err, len(s.said), full)
			}
		})
	})
}

// TestAddressRefused: an address that no device has breaks the conversation
// before anything is sent.
func TestAddressRefused(t *testing.T) {
	t.Parallel()
	for name, address := range map[string]int{"contacts-8": 0, "honeywell-xcd": 248, "gate-7e7f": 256, "adam-4050": -1} {
		if err := New(Options{Profile: load(t, name), Address: address, Device: "x"}).Run(t.Context(), nil); err == nil {
			t.Errorf("%s at %d: no error", name, address)
		}
	}
}
