package modbus_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices/modbus"
)

// unhex reads "01 03 …".
func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return b
}

// exchanges are questions with their good answers. The first two are the
// examples of "Modbus Application Protocol V1.1b3", 6.1 and 6.3, with unit and
// check around them; the checks were computed apart from this package.
var exchanges = []struct {
	block    modbus.Block
	question string
	answer   string
	values   []uint16
}{
	{
		modbus.Block{Unit: 1, Function: modbus.Coils, Offset: 19, Count: 19},
		"01 01 00 13 00 13 8C 02", "01 01 03 CD 6B 05 42 82",
		[]uint16{1, 0, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1, 0, 1, 1, 0, 1, 0, 1},
	},
	{
		modbus.Block{Unit: 1, Function: modbus.Holding, Offset: 107, Count: 3},
		"01 03 00 6B 00 03 74 17", "01 03 06 02 2B 00 00 00 64 05 7A",
		[]uint16{555, 0, 100},
	},
	{
		modbus.Block{Unit: 11, Function: modbus.Inputs, Offset: 0, Count: 8},
		"0B 02 00 00 00 08 79 66", "0B 02 01 05 62 53",
		[]uint16{1, 0, 1, 0, 0, 0, 0, 0},
	},
	{
		modbus.Block{Unit: 247, Function: modbus.InputRegisters, Offset: 65535, Count: 1},
		"F7 04 FF FF 00 01 25 78", "F7 04 02 FF FF 70 95",
		[]uint16{65535},
	},
}

// TestExchanges: what is asked, and what is understood, is to the byte what
// the standard prints.
func TestExchanges(t *testing.T) {
	t.Parallel()
	for _, x := range exchanges {
		q := x.block.Question(time.Second)
		if got, want := q.Send, unhex(t, x.question); !bytes.Equal(got, want) {
			t.Errorf("%+v: got question % X, want % X", x.block, got, want)
		}
		answer := q.Accept(unhex(t, x.answer))
		if got, want := answer, unhex(t, x.answer); !bytes.Equal(got, want) {
			t.Errorf("%+v: got answer % X, want % X", x.block, got, want)
			continue
		}
		values, err := x.block.Decode(answer)
		if diff := cmp.Diff(x.values, values); err != nil || diff != "" {
			t.Errorf("%+v: error %v, values (-want +got):\n%s", x.block, err, diff)
		}
		if got, want := x.block.AnswerBytes(), len(answer); got != want {
			t.Errorf("%+v: got %d answer bytes, want %d", x.block, got, want)
		}
	}
}

// TestAcceptFindsTheAnswer: an answer is found behind noise, echo and foreign
// answers, as soon as its last byte is there and not before.
func TestAcceptFindsTheAnswer(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 64)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	for _, x := range exchanges {
		answer := unhex(t, x.answer)
		spoiled := bytes.Clone(answer)
		spoiled[len(spoiled)-1] ^= 1
		for name, before := range map[string][]byte{
			"nothing":                 nil,
			"zeros":                   {0, 0},
			"noise":                   noise,
			"echo":                    unhex(t, x.question),
			"noise, then echo":        append([]byte{0}, unhex(t, x.question)...),
			"half an echo":            unhex(t, x.question)[:5],
			"half an answer":          answer[:3],
			"a bad check":             spoiled,
			"another unit's answer":   unhex(t, "02 03 02 00 07 BD 86"),
			"another unit's refusal":  unhex(t, "02 83 02 30 F1"),
			"an answer to one":        unhex(t, "01 03 02 00 07 F9 86"),
			"an answer to another fn": unhex(t, "01 04 02 00 07 F8 F2"),
		} {
			q := x.block.Question(time.Second)
			heard := append(bytes.Clone(before), answer...)
			for n := range heard {
				if got := q.Accept(heard[:n]); got != nil {
					t.Errorf("%+v behind %s: took % X after %d of %d bytes", x.block, name, got, n, len(heard))
				}
			}
			if got := q.Accept(append(bytes.Clone(heard), noise...)); !bytes.Equal(got, answer) {
				t.Errorf("%+v behind %s: got % X, want % X", x.block, name, got, answer)
			}
		}
	}
}

// TestEchoIsNoAnswer: a question whose bytes have the very shape of an answer
// to it is not taken for one.
func TestEchoIsNoAnswer(t *testing.T) {
	t.Parallel()
	b := modbus.Block{Unit: 1, Function: modbus.Coils, Offset: 0x0355, Count: 20} // byte count 03
	q := b.Question(time.Second)
	if _, err := b.Decode(q.Send); err != nil {
		t.Fatalf("% X does not look like an answer (%v): the test is not what it says", q.Send, err)
	}
	if got := q.Accept(q.Send); got != nil {
		t.Errorf("took % X, which is the question", got)
	}
}

// TestException: a refusal is an answer, and says in words what to do.
func TestException(t *testing.T) {
	t.Parallel()
	b := modbus.Block{Unit: 1, Function: modbus.Holding, Offset: 2, Count: 5}
	answer := b.Question(time.Second).Accept(unhex(t, "00 01 83 02 C0 F1"))
	values, err := b.Decode(answer)
	exception, ok := errors.AsType[*modbus.Exception](err)
	if !ok || exception.Code != 2 || values != nil {
		t.Fatalf("got %v, %v, want exception 2", values, err)
	}
	want := "modbus exception 2: the device has no such register (does the profile's numbering fit this model, or is it off by one?)"
	if err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	for code := range 256 {
		if text := (&modbus.Exception{Code: byte(code)}).Error(); !strings.HasSuffix(text, ")") && !strings.Contains(text, "the ") {
			t.Errorf("code %d has no words: %q", code, text)
		}
	}
}

// TestNothingWrites: whatever function number somebody makes up, only 1 to 4
// ever get onto a line; a broadcast and a count that no device may answer do
// not either.
func TestNothingWrites(t *testing.T) {
	t.Parallel()
	for f := range 256 {
		b := modbus.Block{Unit: 1, Function: modbus.Function(f), Count: 1}
		q := b.Question(time.Second)
		if reads := f >= 1 && f <= 4; reads != (len(q.Send) > 0) || reads != (b.Check() == nil) {
			t.Errorf("function %d: question % X, check %v", f, q.Send, b.Check())
		}
		if len(q.Send) > 0 && q.Send[1] != byte(f) {
			t.Errorf("function %d: asks with % X", f, q.Send)
		}
	}
	for _, b := range []modbus.Block{
		{Unit: 0, Function: modbus.Holding, Count: 1},
		{Unit: 248, Function: modbus.Holding, Count: 1},
		{Unit: 1, Function: modbus.Holding},
		{Unit: 1, Function: modbus.Holding, Count: 126},
		{Unit: 1, Function: modbus.InputRegisters, Count: 126},
		{Unit: 1, Function: modbus.Coils, Count: 2001},
		{Unit: 1, Function: modbus.Inputs, Count: 2001},
		{Unit: 1, Function: modbus.Holding, Offset: 65535, Count: 2},
	} {
		if q := b.Question(time.Second); len(q.Send) != 0 || b.Check() == nil {
			t.Errorf("%+v: got question % X, check %v, want neither", b, q.Send, b.Check())
		}
	}
}

// TestDecodeTakesOnlyTheAnswer: bytes that Accept did not return are refused.
func TestDecodeTakesOnlyTheAnswer(t *testing.T) {
	t.Parallel()
	x := exchanges[1]
	answer := unhex(t, x.answer)
	for _, bad := range [][]byte{nil, answer[:4], answer[:len(answer)-1], append([]byte{0}, answer...), append(bytes.Clone(answer), 0), unhex(t, exchanges[0].answer)} {
		if values, err := x.block.Decode(bad); !errors.Is(err, modbus.ErrNoAnswer) || values != nil {
			t.Errorf("% X: got %v, %v, want %v", bad, values, err, modbus.ErrNoAnswer)
		}
	}
	if _, err := (modbus.Block{}).Decode(answer); err == nil {
		t.Error("a block that cannot be asked was decoded")
	}
}

// TestServe: the slave half answers what it should, refuses the rest with the
// code of the standard, and gives back what it has not used.
func TestServe(t *testing.T) {
	t.Parallel()
	read := func(b modbus.Block) ([]uint16, error) {
		switch b.Offset {
		case 40:
			return nil, &modbus.Exception{Code: 6}
		case 41:
			return nil, errors.New("broken")
		case 42:
			return []uint16{1, 2, 3}, nil
		}
		values := make([]uint16, b.Count)
		for i := range values {
			values[i] = b.Offset + uint16(i)
		}
		return values, nil
	}
	for _, c := range []struct{ name, heard, reply, rest string }{
		{"a question", "01 03 00 0A 00 01 A4 08", "01 03 02 00 0A 38 43", ""},
		{"behind noise, with the next one", "FF 00 01 03 00 0A 00 01 A4 08 01 03", "01 03 02 00 0A 38 43", "01 03"},
		{"half a question", "01 03 00 0A", "", "01 03 00 0A"},
		{"another unit", "02 03 00 0A 00 01 A4 3B", "", ""},
		{"bad check", "01 03 00 0A 00 01 A4 09", "", "03 00 0A 00 01 A4 09"},
		{"a write", "01 06 00 0A 00 01 68 08", "01 86 01 83 A0", ""},
		{"too many", "01 03 00 00 00 7E C5 EA", "01 83 03 01 31", ""},
		{"beyond the end", "01 03 FF FF 00 02 C4 2F", "01 83 02 C0 F1", ""},
		{"busy", "01 03 00 28 00 01 04 02", "01 83 06 C1 32", ""},
		{"broken", "01 03 00 29 00 01 55 C2", "01 83 04 40 F3", ""},
		{"wrong count", "01 03 00 2A 00 01 A5 C2", "01 83 04 40 F3", ""},
	} {
		reply, rest := modbus.Serve(1, read, unhex(t, c.heard))
		if !bytes.Equal(reply, unhex(t, c.reply)) || !bytes.Equal(rest, unhex(t, c.rest)) {
			t.Errorf("%s: got reply % X, rest % X, want %s, %s", c.name, reply, rest, c.reply, c.rest)
		}
	}
}

// TestRoundTrip: for blocks of every shape, Decode reads the values that Serve
// was given.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		b := modbus.Block{Unit: byte(1 + random.IntN(247)), Function: modbus.Function(1 + random.IntN(4)), Offset: uint16(random.IntN(60000))}
		most, limit := 125, 1<<16
		if b.Function <= modbus.Inputs {
			most, limit = 2000, 2
		}
		b.Count = uint16(1 + random.IntN(most))
		want := make([]uint16, b.Count)
		for i := range want {
			want[i] = uint16(random.IntN(limit))
		}
		q := b.Question(time.Second)
		reply, rest := modbus.Serve(b.Unit, func(asked modbus.Block) ([]uint16, error) {
			if asked != b {
				t.Errorf("served %+v, want %+v", asked, b)
			}
			return want, nil
		}, q.Send)
		got, err := b.Decode(q.Accept(reply))
		if diff := cmp.Diff(want, got); err != nil || diff != "" || len(rest) != 0 {
			t.Fatalf("%+v: error %v, rest % X, values (-want +got):\n%s", b, err, rest, diff)
		}
	}
}
