package instrument

import (
	"bytes"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/devices/line"
	"sitepost/devices/modbus"
)

// asked is what another master's question and a unit's answer to it look like
// on the wire; the unit holds registers by their number on the wire.
func asked(t testing.TB, b modbus.Block, holds map[int]uint16) []byte {
	t.Helper()
	question := b.Question(time.Second).Send
	answer, rest := modbus.Serve(b.Unit, func(b modbus.Block) ([]uint16, error) {
		row := make([]uint16, b.Count)
		for i := range row {
			v, there := holds[int(b.Offset)+i]
			if !there {
				return nil, &modbus.Exception{Code: 2}
			}
			row[i] = v
		}
		return row, nil
	}, question)
	if answer == nil || len(rest) > 0 {
		t.Fatalf("%+v is no question", b)
	}
	return slices.Concat(question, answer)
}

// xcd are the registers of a detector at 40 %LEL, from 40001 on.
var xcd = map[int]uint16{0: 0, 1: 0, 2: 0x4220, 3: 0, 4: 0, 5: 1, 6: 1, 7: 0, 8: 0, 9: 0, 10: 5, 11: 0}

// TestOtherMastersPairs: of what another master reads, what belongs to the
// instrument is taken, wherever the master begins; what he reads in part, of
// another unit or in another function says nothing.
func TestOtherMastersPairs(t *testing.T) {
	t.Parallel()
	p := load(t, "honeywell-xcd")
	h := NewHearer(p, 2)
	var journal Journal
	low := devices.GasAlarmLow
	for _, c := range []struct {
		block modbus.Block
		want  []string
	}{
		{modbus.Block{Unit: 2, Function: modbus.Holding, Offset: 6, Count: 5}, nil}, // mode and unit
		{modbus.Block{Unit: 3, Function: modbus.Holding, Offset: 0, Count: 12}, nil},
		{modbus.Block{Unit: 2, Function: modbus.InputRegisters, Offset: 0, Count: 12}, nil},
		{modbus.Block{Unit: 2, Function: modbus.Holding, Offset: 0, Count: 3}, nil}, // half of the gas
		{modbus.Block{Unit: 2, Function: modbus.Holding, Offset: 3, Count: 1}, nil}, // the other half
		{modbus.Block{Unit: 2, Function: modbus.Holding, Offset: 2, Count: 2}, []string{"gas.reading 40 %LEL"}},
		{modbus.Block{Unit: 2, Function: modbus.Holding, Offset: 90, Count: 2}, nil}, // an exception
		{modbus.Block{Unit: 2, Function: modbus.Holding, Offset: 0, Count: 12}, []string{"gas.reading 40 %LEL", string(low) + " raised"}},
	} {
		wire := asked(t, c.block, xcd)
		var events []devices.Event
		for i := range wire { // a question of ours, as a tap has it, and the answer in pieces
			events = append(events, h.Hear(line.Chunk{Bytes: wire[i : i+1], At: noon, Sent: i < 8})...)
		}
		if diff := cmp.Diff(c.want, journal.Lines(events)); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", c.block, diff)
		}
	}
	wire := asked(t, modbus.Block{Unit: 2, Function: modbus.Holding, Offset: 0, Count: 12}, xcd)
	h.Hear(line.Chunk{Bytes: wire[:8], At: noon})
	h.forget()
	if events := h.Hear(line.Chunk{Bytes: wire[8:], At: noon}); events != nil {
		t.Errorf("an answer whose question was forgotten said %v", events)
	}
}

// TestFramedHearer: of a framed instrument the answers are read and our own
// questions are not, even where they look like one.
func TestFramedHearer(t *testing.T) {
	t.Parallel()
	h := NewHearer(load(t, "winsen-zp14"), 1)
	frame := speak(t, load(t, "winsen-zp14"), nil, 1)
	if events := h.Hear(line.Chunk{Bytes: frame, At: noon, Sent: true}); events != nil {
		t.Errorf("what we sent said %v", events)
	}
	if events := h.Hear(line.Chunk{Bytes: frame, At: noon}); len(events) != 3 {
		t.Errorf("got %v, want three events", events)
	}
}

// TestListenToModbus: on a line where another master asks, a Modbus instrument
// is read from his questions and answers, and nothing is ever sent.
func TestListenToModbus(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := load(t, "honeywell-xcd")
		s := begin(t, Options{Profile: p, Address: 2, Device: "gas-1"}, true, func([]byte) []byte { return nil })
		defer s.end()
		for _, b := range []modbus.Block{
			{Unit: 2, Function: modbus.Holding, Offset: 0, Count: 12},
			{Unit: 7, Function: modbus.Holding, Offset: 0, Count: 12},
			{Unit: 2, Function: modbus.Holding, Offset: 99, Count: 1}, // an exception is a sign of life
		} {
			_, _ = s.cable.Write(asked(t, b, xcd))
			time.Sleep(time.Second)
		}
		want := []told{
			{Code: "device.mode", Is: "normal"}, {Code: "gas.reading"}, {Code: "gas.alarm.low", State: devices.Raised},
			{Code: "gas.alarm.high", State: devices.Cleared}, {Code: "device.fault", State: devices.Cleared}, {},
		}
		if diff := cmp.Diff(want, s.hear()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		s.set(func() {
			if len(s.asked) != 0 {
				t.Errorf("sent %d questions", len(s.asked))
			}
		})
	})
}

// TestSecondMaster: while another master asks on our line we only listen, and
// hear what he is told; some time after he has gone we ask again.
func TestSecondMaster(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := load(t, "honeywell-xcd")
		c := line.Config{Foreign: func(heard []byte) bool { return modbus.Overheard(heard) || p.Overheard(heard) }}
		s := beginOn(t, c, Options{Profile: p, Address: 2, Device: "gas-1"}, func(question []byte) []byte {
			return bytes.TrimPrefix(asked(t, modbus.Block{Unit: 2, Function: modbus.Holding, Offset: 2, Count: 9}, xcd), question)
		})
		defer s.end()
		count := func() (questions, readings int) {
			for _, e := range s.hear() {
				if e.Code == devices.GasReading {
					readings++
				}
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			questions, s.asked = len(s.asked), nil
			return questions, readings
		}
		time.Sleep(8500 * time.Millisecond)
		if questions, readings := count(); questions < 5 || readings != questions {
			t.Errorf("alone: %d questions, %d readings, want 5 or more, as many", questions, readings)
		}
		for range 60 {
			_, _ = s.cable.Write(asked(t, modbus.Block{Unit: 2, Function: modbus.Holding, Offset: 0, Count: 12}, xcd))
			time.Sleep(5 * time.Second)
		}
		// The first one is heard before anybody listens.
		if questions, readings := count(); questions != 0 || readings < 59 {
			t.Errorf("beside another master: %d questions, %d of 60 readings, want 0 and 59 or 60", questions, readings)
		}
		time.Sleep(75 * time.Second)
		count()
		time.Sleep(10 * time.Second)
		if questions, readings := count(); questions != 10 || readings != 10 {
			t.Errorf("alone again: %d questions, %d readings in 10 s, want 10", questions, readings)
		}
	})
}

// TestOverheard: a question of the profile's, to any address, is known wherever
// it stands; an answer, a damaged question or a part of one is not.
func TestOverheard(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		profile, heard string
		want           bool
	}{
		{"gate-7e7f", "7E 00 03 10 00 00 00 6E", true},
		{"gate-7e7f", "00 7E 7E 00 FE 10 00 00 00 73 7F", true},
		{"gate-7e7f", "7E 00 03 10 00 00 00 6F", false}, // check
		{"gate-7e7f", "7E 00 03 11 00 00 00 6D", false}, // another question
		{"gate-7e7f", "7E 00 03 10 00 00 00", false},
		{"gate-7e7f", "7F 01 01 00 00 00 00 00 0A 00 00 05 00 00 18 00 00 57", false},
		{"adam-4050", "'$1F6' 0D", true},
		{"adam-4050", "'$1G6' 0D", false},
		{"adam-4050", "'!112200' 0D", false},
		{"ceia-02pn20", "'AC' 0D", true},
		{"honeywell-xcd", "00 11 03 00 02 00 09", false},
		{"honeywell-xcd", "00 07 03 00 02 00 09 {crc16-modbus}", false}, // the check is over too much
		{"winsen-zp14", "FF 01 03 00 41 2C 13 88 F4", false},            // asks nothing
	} {
		if got := load(t, c.profile).Overheard(mustBytes(t, c.heard)); got != c.want {
			t.Errorf("%s: %s: got %v, want %v", c.profile, c.heard, got, c.want)
		}
	}
	xcd := load(t, "honeywell-xcd")
	question := mustBytes(t, "FB 03 00 02 00 09 {crc16-modbus}")
	if !xcd.Overheard(append([]byte("noise"), question...)) || xcd.Overheard(question[:7]) {
		t.Error("honeywell-xcd: a question behind noise is not known, or half of one is")
	}
}

// TestTellingQuestions: a question that any noise may hold is never known.
func TestTellingQuestions(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]bool{
		"05":                           false,
		"05 06":                        false,
		"05 06 07":                     true,
		"'AC'":                         false,
		"{address} 05 {sum8}":          true,
		"{address} {sum8}":             false,
		"{address} 05 06":              false,
		"{address:hex2} 05 {sum8:hex}": true,
	} {
		q, err := parsePattern(written)
		if err != nil {
			t.Fatal(err)
		}
		p := &Profile{asks: []ask{{send: q}}}
		for _, address := range []int{0, 1, 0x7F, 0xFF} {
			if got := p.Overheard(append([]byte{9, 9}, q.fill(address)...)); got != want {
				t.Errorf("%s to %d: got %v, want %v", written, address, got, want)
			}
		}
	}
}
