package modbus_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices/modbus"
)

// sealed reads "01 03 …; 01 03 …" and puts a check behind each message. What
// stands in brackets is noise and gets none.
func sealed(t testing.TB, text string) []byte {
	t.Helper()
	var all []byte
	for part := range strings.SplitSeq(text, ";") {
		part = strings.TrimSpace(part)
		if noise, ok := strings.CutPrefix(part, "["); ok {
			all = append(all, unhex(t, strings.TrimSuffix(noise, "]"))...)
			continue
		}
		message := unhex(t, part)
		crc := uint16(0xFFFF)
		for _, b := range message {
			crc ^= uint16(b)
			for range 8 {
				odd := crc&1 != 0
				crc >>= 1
				if odd {
					crc ^= 0xA001
				}
			}
		}
		all = append(append(all, message...), byte(crc), byte(crc>>8))
	}
	return all
}

func holding(unit byte, offset uint16, values ...uint16) modbus.Exchange {
	return modbus.Exchange{Block: modbus.Block{Unit: unit, Function: modbus.Holding, Offset: offset, Count: uint16(len(values))}, Values: values}
}

// heardOf is what a listener says of what another master does on a bus.
var heardOf = []struct {
	name, heard string
	want        []modbus.Exchange
}{
	{"a question and its answer", "01 03 00 6B 00 03; 01 03 06 02 2B 00 00 00 64", []modbus.Exchange{holding(1, 107, 555, 0, 100)}},
	{"a refusal", "01 03 00 02 00 05; 01 83 02", []modbus.Exchange{{
		Block:     modbus.Block{Unit: 1, Function: modbus.Holding, Offset: 2, Count: 5},
		Exception: &modbus.Exception{Code: 2},
	}}},
	{"bits", "0B 02 00 00 00 04; 0B 02 01 05", []modbus.Exchange{{
		Block:  modbus.Block{Unit: 11, Function: modbus.Inputs, Count: 4},
		Values: []uint16{1, 0, 1, 0},
	}}},
	{"two units", "01 03 00 00 00 01; 01 03 02 00 07; 02 03 00 00 00 01; 02 03 02 00 08", []modbus.Exchange{holding(1, 0, 7), holding(2, 0, 8)}},
	{"noise around", "[00 FF]; 01 03 00 00 00 01; [00]; 01 03 02 00 07; [01 03 02]; 02 03 00 00 00 01; 02 03 02 00 08", []modbus.Exchange{holding(1, 0, 7), holding(2, 0, 8)}},
	{"much noise before, little within", "[00 FF 00 FF 00]; 01 03 00 00 00 01; [00 FF]; 01 03 02 00 07", []modbus.Exchange{holding(1, 0, 7)}},
	{"foreign functions between", "01 03 00 00 00 01; 01 03 02 00 07; 01 17 00 00 00 01 00 05 00 01 02 00 09; 01 17 02 00 01; 01 2B 0E 01 00; 02 03 00 00 00 01; 02 03 02 00 08", []modbus.Exchange{holding(1, 0, 7), holding(2, 0, 8)}},
	{"writing between", "01 06 00 01 00 03; 01 06 00 01 00 03; 01 10 00 02 00 02 04 00 0A 01 02; 01 10 00 02 00 02; 01 05 00 0A FF 00; 01 05 00 0A FF 00; 01 0F 00 13 00 0A 02 CD 01; 01 0F 00 13 00 0A; 00 06 00 01 00 03; 02 03 00 00 00 01; 02 03 02 00 08", []modbus.Exchange{holding(2, 0, 8)}},
	{"a refused write is no refused read", "01 03 00 00 00 01; 01 86 02; 01 83 02", nil},

	{"an answer without its question", "01 03 02 00 07", nil},
	{"a question without an answer", "01 03 00 00 00 01; 02 03 00 00 00 01; 02 03 02 00 08", []modbus.Exchange{holding(2, 0, 8)}},
	{"two answers", "01 03 00 00 00 01; 01 03 02 00 07; 01 03 02 00 08", []modbus.Exchange{holding(1, 0, 7)}},
	{"another unit's answer", "01 03 00 00 00 01; 02 03 02 00 07", nil},
	{"another function's answer", "01 03 00 00 00 01; 01 04 02 00 07", nil},
	{"another count", "01 03 00 00 00 01; 01 03 04 00 07 00 08", nil},
	{"a bad check", "01 03 00 00 00 01; [01 03 02 00 07 F9 87]; 01 03 02 00 07", nil},
	{"a question that was not understood", "01 03 00 00 00 01; [01 03 00 05 00 01 00 00]; 01 03 02 00 07", nil},

	{"put again", "01 03 00 00 00 01; 01 03 00 00 00 01; 01 03 02 00 07", []modbus.Exchange{holding(1, 0, 7)}},
	{"maybe a late answer", "01 03 00 00 00 01; 01 03 00 05 00 01; 01 03 02 00 07; 01 03 00 05 00 01; 01 03 02 00 09", []modbus.Exchange{holding(1, 5, 9)}},
	{"no late answer: another length", "01 03 00 00 00 02; 01 03 00 05 00 01; 01 03 02 00 07", []modbus.Exchange{holding(1, 5, 7)}},
	{"no late answer: another unit", "02 03 00 00 00 01; 01 03 00 05 00 01; 01 03 02 00 07", []modbus.Exchange{holding(1, 5, 7)}},
	{"a late answer behind another unit's exchange", "01 03 00 00 00 01; 02 03 00 00 00 01; 02 03 02 00 08; 01 03 00 05 00 01; 01 03 02 00 07; 01 03 00 05 00 01; 01 03 02 00 09", []modbus.Exchange{holding(2, 0, 8), holding(1, 5, 9)}},
	{"a late answer behind a write", "01 03 00 00 00 01; 01 06 00 09 00 03; 01 03 00 05 00 01; 01 03 02 00 07", nil},

	{"an answer that looks like a question", "01 02 00 00 00 18; 01 02 03 05 00 14; 02 03 00 00 00 01; 02 03 02 00 08", []modbus.Exchange{
		{Block: modbus.Block{Unit: 1, Function: modbus.Inputs, Count: 24}, Values: []uint16{1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0}},
		holding(2, 0, 8),
	}},
	{"a question that looks like an answer", "01 02 03 00 00 18; 01 02 03 00 00 18; 01 02 03 FF FF FF", []modbus.Exchange{
		{Block: modbus.Block{Unit: 1, Function: modbus.Inputs, Offset: 768, Count: 24}, Values: []uint16{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}},
	}},
	{"an unanswered question whose offset looks like the head of a long answer", "01 03 0A 00 00 05; 01 03 0A 00 00 05; 01 03 0A 00 01 00 02 00 03 00 04 00 05", []modbus.Exchange{holding(1, 0x0A00, 1, 2, 3, 4, 5)}},
}

// TestListener: an exchange is told as soon as its answer is whole, however the
// bytes are cut, and nothing else is ever told.
func TestListener(t *testing.T) {
	t.Parallel()
	for _, c := range heardOf {
		heard := sealed(t, c.heard)
		if diff := cmp.Diff(c.want, new(modbus.Listener).Feed(heard)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
		for cut := range len(heard) {
			l := new(modbus.Listener)
			if diff := cmp.Diff(c.want, append(l.Feed(heard[:cut]), l.Feed(heard[cut:])...)); diff != "" {
				t.Errorf("%s, cut at %d (-want +got):\n%s", c.name, cut, diff)
			}
		}
	}
}

// busBlocks are what a master asks of three units: some with answers of the
// same length, some that look like answers themselves.
var busBlocks = []modbus.Block{
	{Unit: 1, Function: modbus.Inputs, Offset: 0, Count: 24},
	{Unit: 1, Function: modbus.Inputs, Offset: 0x0300, Count: 20},
	{Unit: 1, Function: modbus.Holding, Offset: 100, Count: 2},
	{Unit: 1, Function: modbus.Holding, Offset: 200, Count: 2},
	{Unit: 1, Function: modbus.InputRegisters, Offset: 0x0A00, Count: 5},
	{Unit: 2, Function: modbus.Holding, Offset: 300, Count: 2},
	{Unit: 3, Function: modbus.Inputs, Offset: 0, Count: 17},
}

// spoken is what a unit answers: registers hold their own offset. The bits
// from 0 on make an answer that looks like a question.
func spoken(b modbus.Block) []byte {
	reply, _ := modbus.Serve(b.Unit, func(b modbus.Block) ([]uint16, error) {
		values, err := offsets(b)
		for i := range values {
			switch {
			case b.Function != modbus.Inputs:
			case b.Offset > 0:
				values[i] = 1
			case i > 10 && i < 16:
				values[i] = 0
			default:
				values[i] = values[i] % 5 & 1
			}
		}
		return values, err
	}, b.Question(1).Send)
	return reply
}

// TestListenerIsNeverWrong: on a bus that loses, delays, repeats and garbles,
// for an hour of a fast master, no value is told for a block that it is not of,
// most are told, and bytes one by one make the same.
func TestListenerIsNeverWrong(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(7, 8))
	var heard []byte
	clean := 0
	say := func(p []byte) { heard = append(heard, p...) }
	noise := func(n int) {
		for range n {
			heard = append(heard, byte(random.Uint32()))
		}
	}
	for i := range 20000 {
		b, other := busBlocks[i%len(busBlocks)], busBlocks[random.IntN(len(busBlocks))]
		question, answer := b.Question(1).Send, spoken(b)
		fate := random.IntN(10)
		if i < 100 {
			fate = 9
		}
		switch fate {
		case 0:
			say(question)
		case 1:
			say(append(question, other.Question(1).Send...))
			say(append(answer, spoken(other)...))
		case 2:
			say(append(append(question, answer...), answer...))
		case 3:
			question[random.IntN(len(question))] ^= 1 << random.IntN(8)
			say(append(question, answer...))
		case 4:
			answer[random.IntN(len(answer))] ^= 1 << random.IntN(8)
			say(append(question, answer...))
		case 5:
			say(question)
			noise(3)
			say(answer)
		case 6:
			noise(random.IntN(300))
		default:
			clean++
			say(append(question, answer...))
		}
	}
	whole, single := new(modbus.Listener).Feed(heard), new(modbus.Listener)
	for _, x := range whole {
		got, _ := modbus.Serve(x.Unit, func(modbus.Block) ([]uint16, error) { return x.Values, nil }, x.Question(1).Send)
		if want := spoken(x.Block); x.Exception != nil || !bytes.Equal(got, want) {
			t.Errorf("told %+v, the unit says % X", x, want)
		}
	}
	if len(whole) < clean/2 {
		t.Errorf("told %d of %d undisturbed exchanges", len(whole), clean)
	}
	var one []modbus.Exchange
	for i := range heard {
		one = append(one, single.Feed(heard[i:i+1])...)
	}
	if !cmp.Equal(whole, one) {
		t.Errorf("%d exchanges of the whole, others of its bytes one by one", len(whole))
	}
	t.Logf("told %d, undisturbed %d", len(whole), clean)
}

// TestListenerForgets: behind a gap the next answer belongs to nobody.
func TestListenerForgets(t *testing.T) {
	t.Parallel()
	var l modbus.Listener
	l.Feed(sealed(t, "01 03 00 00 00 01; [01 03 02]"))
	l.Forget()
	if got := l.Feed(sealed(t, "01 03 02 00 07")); got != nil {
		t.Errorf("got %+v of an answer behind a gap", got)
	}
}

// TestListenerIsPrompt: an exchange is told with the last byte of its answer,
// behind noise that no question can begin with, and behind a question that
// begins as a longer answer to the one before.
func TestListenerIsPrompt(t *testing.T) {
	t.Parallel()
	for _, before := range []string{"[00]", "[FF FF]", "[00 FF 00]", "01 03 0A 00 00 05"} {
		got := new(modbus.Listener).Feed(sealed(t, "01 03 0A 00 00 05; "+before+"; 01 83 02"))
		want := []modbus.Exchange{{
			Block:     modbus.Block{Unit: 1, Function: modbus.Holding, Offset: 0x0A00, Count: 5},
			Exception: &modbus.Exception{Code: 2},
		}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("behind %s (-want +got):\n%s", before, diff)
		}
	}
}

// TestOverheard: every question that a master may put is recognised, at any
// place; answers are not taken for one.
func TestOverheard(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"01 01 00 13 00 13":                    true,
		"F7 02 00 00 00 08":                    true,
		"01 03 00 6B 00 03":                    true,
		"01 04 FF FF 00 01":                    true,
		"01 05 00 0A FF 00":                    true,
		"00 06 00 01 00 03":                    true,
		"01 0F 00 13 00 0A 02 CD 01":           true,
		"01 10 00 02 00 02 04 00 0A 01 02":     true,
		"[00 01 03 FF]; 01 03 00 6B 00 03":     true,
		"01 03 02 00 07; 01 03 00 6B 00 03":    true,
		"01 02 03 00 00 18; 01 02 03 FF 00 FF": true, // its answer follows

		"":                                 false,
		"[01 03 00 6B 00 03 74 18]":        false, // bad check
		"[01 03 00 6B 00 03 74]":           false,
		"01 03 00 6B 00 7E":                false, // more than an answer holds
		"01 03 00 6B 00 00":                false,
		"01 01 00 13 07 D1":                false,
		"01 04 FF FF 00 02":                false,
		"00 03 00 6B 00 03":                false, // nobody would answer
		"F8 03 00 6B 00 03":                false, // nobody has this unit
		"01 05 00 0A 12 34":                false, // neither on nor off
		"01 0F 00 13 00 0A 03 CD 01 00":    false, // bytes do not fit the count
		"01 10 00 02 00 02 02 00 0A":       false,
		"01 03 06 02 2B 00 00 00 64":       false, // an answer
		"01 83 02":                         false,
		"01 02 03 05 00 14":                false, // may be an answer
		"01 02 03 05 00 14; 01 02 01 0F":   false,
		"01 10 00 02 00 02":                false,
		"01 17 00 00 00 01 00 05 00 01 02": false, // a function that is not known
	} {
		if got := modbus.Overheard(sealed(t, text)); got != want {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
	}
}

// FuzzListener: whatever is heard, byte by byte it is the same as whole, every
// exchange is one that a master may ask and a unit may answer, and next to
// nothing is kept.
func FuzzListener(f *testing.F) {
	for _, c := range heardOf {
		f.Add(sealed(f, c.heard))
	}
	f.Fuzz(func(t *testing.T, heard []byte) {
		whole := new(modbus.Listener).Feed(heard)
		single := new(modbus.Listener)
		var one []modbus.Exchange
		for i := range heard {
			one = append(one, single.Feed(heard[i:i+1])...)
		}
		if diff := cmp.Diff(whole, one); diff != "" {
			t.Fatalf("one by one (-whole +one):\n%s", diff)
		}
		for _, x := range whole {
			if x.Check() != nil || x.Unit > 247 || (x.Exception == nil) != (len(x.Values) == int(x.Count)) {
				t.Fatalf("%+v of % X", x, heard)
			}
		}
		if len(whole) > 0 && !modbus.Overheard(heard) && !twofold(whole) {
			t.Fatalf("%+v without a question in % X", whole, heard)
		}
	})
}

// twofold says whether a question may be taken for an answer.
func twofold(all []modbus.Exchange) bool {
	for _, x := range all {
		if x.Offset>>8 == 3 {
			return true
		}
	}
	return false
}
