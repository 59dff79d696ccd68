package modbus

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices/line"
	"sitepost/devices/line/linetest"
)

// TestTCPLine: through a line, questions to a device that answers, answers
// late, twice, for another unit or with another number each get their own
// answer or none.
func TestTCPLine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cable := linetest.NewCable()
		l := line.New(line.Config{Name: "plc", Open: func(ctx context.Context) (line.Port, error) {
			stream, err := cable.Open(ctx)
			return &tcp{Port: stream}, err
		}})
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() { behave(cable) })
		all.Go(func() { _ = l.Run(ctx) })
		defer all.Wait()
		defer func() { _ = cable.Close() }()
		defer cancel()
		want := []string{"[0 1]", "no answer", "[20 21]", "no answer", "[40 41]", "no answer"}
		for round := range 100 {
			var got []string
			for i := range uint16(len(want)) {
				b := Block{Unit: 1, Function: Holding, Offset: 10 * i, Count: 2}
				answer, err := l.Ask(t.Context(), b.Question(100*time.Millisecond))
				values, _ := b.Decode(answer.Bytes) // none is seen as such
				if errors.Is(err, line.ErrSilent) {
					got = append(got, "no answer")
					continue
				}
				got = append(got, fmt.Sprint(values))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("round %d (-want +got):\n%s", round, diff)
			}
		}
	})
}

// behave answers every second question rightly: plain, behind the late answer
// to the one before, twice. The others get nothing, the answer of another unit,
// or one with another number.
func behave(cable *linetest.Cable) {
	var late []byte
	for i := 0; ; i++ {
		q := make([]byte, 12)
		if _, err := io.ReadFull(cable, q); err != nil {
			return
		}
		b := parse(q[mbapBytes:])
		reply := b.reply([]uint16{b.Offset, b.Offset + 1})
		says := binary.BigEndian.AppendUint16(bytes.Clone(q[:4]), uint16(len(reply)-2))
		says = append(says, reply[:len(reply)-2]...)
		switch i % 6 {
		case 1:
			late, says = says, nil
		case 2:
			says = append(late, says...)
		case 3:
			says[6] = 2
		case 4:
			says = append(says, says...)
		case 5:
			says[1]++
		}
		_, _ = cable.Write(says)
	}
}

// FuzzUnpack: whatever a network says, at most the one awaited answer is taken
// of it, bytes one by one make the same of it, and less than a message is kept.
func FuzzUnpack(f *testing.F) {
	for _, heard := range []string{
		"\x00\x01\x00\x00\x00\x03\x01\x83\x02",
		"\x00\x02\x00\x00\x00\x03\x01\x83\x02\x00\x01\x00\x00\x00\x03\x01\x83\x02",
		"\x00\x01\x00\x00\x00\x03\x01\x83\x02\x00\x01\x00\x00\x00\x03\x01\x83\x03",
		"\x00\x01\x00\x00\x00\x01\x01",
		"\x00\x01\x00\x00\x00\xFF\x01",
		"HTTP/1.1 400 Bad Request",
	} {
		f.Add(uint16(1), []byte(heard))
	}
	f.Fuzz(func(t *testing.T, transaction uint16, heard []byte) {
		whole := &tcp{transaction: transaction, awaited: true}
		failed := whole.unpack(heard)
		single := &tcp{transaction: transaction, awaited: true}
		var broke error
		for _, b := range heard {
			if broke = single.unpack([]byte{b}); broke != nil {
				break
			}
		}
		if !bytes.Equal(whole.answer, single.answer) || (failed == nil) != (broke == nil) {
			t.Fatalf("whole: % X, %v; one by one: % X, %v", whole.answer, failed, single.answer, broke)
		}
		if _, ok := errors.AsType[*line.Trouble](failed); failed != nil && !ok {
			t.Fatalf("no next step: %v", failed)
		}
		if failed == nil && len(whole.heard) >= mbapBytes+maxFollow {
			t.Fatalf("keeps %d bytes", len(whole.heard))
		}
		if n := len(whole.answer); n > 0 && (n < minFollow+2 || n > maxFollow+2 || !checked(whole.answer) || whole.awaited) {
			t.Fatalf("answer % X", whole.answer)
		}
	})
}
