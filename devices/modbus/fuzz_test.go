package modbus_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"sitepost/devices/modbus"
)

// FuzzAccept: whatever a line says, only a whole and fitting answer is taken
// out of it, and what is taken can be decoded.
func FuzzAccept(f *testing.F) {
	for _, x := range exchanges {
		f.Add(x.block.Unit, byte(x.block.Function), x.block.Offset, x.block.Count, unhex(f, x.answer))
		f.Add(x.block.Unit, byte(x.block.Function), x.block.Offset, x.block.Count, unhex(f, x.question+x.answer))
	}
	f.Add(byte(1), byte(3), uint16(2), uint16(5), unhex(f, "00 01 83 02 C0 F1"))
	f.Add(byte(1), byte(6), uint16(2), uint16(5), unhex(f, "01 06 00 0A 00 01 68 08"))
	f.Fuzz(func(t *testing.T, unit, function byte, offset, count uint16, heard []byte) {
		b := modbus.Block{Unit: unit, Function: modbus.Function(function), Offset: offset, Count: count}
		before := bytes.Clone(heard)
		answer := b.Question(time.Second).Accept(heard)
		if !bytes.Equal(before, heard) {
			t.Fatalf("heard was changed to % X", heard)
		}
		if answer == nil {
			return
		}
		values, err := b.Decode(answer)
		if _, refused := errors.AsType[*modbus.Exception](err); !refused && (err != nil || len(values) != int(count)) {
			t.Fatalf("%+v took % X: %d values, %v", b, answer, len(values), err)
		}
		if !bytes.Contains(heard, answer) || answer[0] != unit {
			t.Fatalf("%+v took % X out of % X", b, answer, heard)
		}
	})
}

// FuzzServe: whatever a master says, Serve makes progress, never keeps more
// than half a question, and its replies are to reads only.
func FuzzServe(f *testing.F) {
	for _, x := range exchanges {
		f.Add(x.block.Unit, unhex(f, x.question))
	}
	f.Add(byte(1), unhex(f, "FF 00 01 03 00 0A 00 01 A4 08 01 06 00 0A 00 01 68 08 01 03"))
	f.Fuzz(func(t *testing.T, unit byte, heard []byte) {
		read := func(b modbus.Block) ([]uint16, error) {
			if err := b.Check(); err != nil && b.Unit <= 247 {
				t.Fatalf("served %+v: %v", b, err)
			}
			return make([]uint16, b.Count), nil
		}
		for {
			reply, rest := modbus.Serve(unit, read, heard)
			if !bytes.HasSuffix(heard, rest) {
				t.Fatalf("rest % X is not the end of % X", rest, heard)
			}
			if reply == nil {
				if len(rest) >= 8 {
					t.Fatalf("kept % X", rest)
				}
				return
			}
			if len(rest) > len(heard)-8 || reply[0] != unit || len(reply) < 5 || len(reply) > 256 {
				t.Fatalf("% X to % X, rest % X", reply, heard, rest)
			}
			heard = rest
		}
	})
}

// BenchmarkAccept is a good answer of ten registers behind an echo.
func BenchmarkAccept(b *testing.B) {
	block := modbus.Block{Unit: 1, Function: modbus.Holding, Count: 10}
	q := block.Question(time.Second)
	reply, _ := modbus.Serve(1, func(b modbus.Block) ([]uint16, error) { return make([]uint16, b.Count), nil }, q.Send)
	heard := append(bytes.Clone(q.Send), reply...)
	b.ReportAllocs()
	for b.Loop() {
		if q.Accept(heard) == nil {
			b.Fatal("not taken")
		}
	}
}
