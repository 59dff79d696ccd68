package modbus_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices/line"
	"sitepost/devices/line/linetest"
	"sitepost/devices/modbus"
)

// A slave is unit 1 on a bus that plays tricks. Its registers hold their own
// offset, unless read says otherwise, so that an answer to another question
// shows.
type slave struct {
	wire   io.ReadWriter
	within time.Duration // of the questions it gets
	trick  func() string
	read   func(modbus.Block) ([]uint16, error)
	late   sync.WaitGroup
}

// tricks are what buses do. All but the silent ones still let the right answer
// through.
var tricks = []string{"none", "slow", "echo", "noise", "echo and noise", "split", "one by one", "bad check first", "another unit", "busy", "late", "dead"}

// run answers until the wire ends.
func (s *slave) run() {
	defer s.late.Wait()
	var heard []byte
	buf := make([]byte, 256)
	read := s.read
	if read == nil {
		read = offsets
	}
	for {
		n, err := s.wire.Read(buf)
		if err != nil {
			return
		}
		heard = append(heard, buf[:n]...)
		question := bytes.Clone(heard)
		var reply []byte
		reply, heard = modbus.Serve(1, read, heard)
		if reply != nil {
			s.play(s.trick(), question, reply)
		}
	}
}

func offsets(b modbus.Block) ([]uint16, error) {
	values := make([]uint16, b.Count)
	for i := range values {
		values[i] = b.Offset + uint16(i)
	}
	return values, nil
}

// play answers with one of the tricks.
func (s *slave) play(trick string, question, reply []byte) {
	say := func(p ...byte) { _, _ = s.wire.Write(p) }
	switch trick {
	case "slow":
		time.Sleep(s.within / 2)
	case "echo":
		say(question...)
	case "noise":
		say(0, 0xFF, 1, 3)
	case "echo and noise":
		say(append(question, 0)...)
	case "split":
		say(reply[:4]...)
		time.Sleep(s.within / 5)
		reply = reply[4:]
	case "one by one":
		for _, b := range reply {
			say(b)
		}
		return
	case "bad check first":
		bad := bytes.Clone(reply)
		bad[3] ^= 0x10
		say(bad...)
	case "another unit":
		foreign, _ := modbus.Serve(2, offsets, modbus.Block{Unit: 2, Function: modbus.Holding, Offset: 9999, Count: 2}.Question(1).Send)
		say(foreign...)
	case "busy":
		reply, _ = modbus.Serve(1, func(modbus.Block) ([]uint16, error) { return nil, &modbus.Exception{Code: 6} }, question)
	case "late":
		s.late.Add(1)
		time.AfterFunc(s.within*13/10, func() { defer s.late.Done(); say(reply...) })
		return
	case "dead":
		return
	}
	say(reply...)
}

// ask reads two registers and says what came: "right", "no answer", "busy", or
// the wrong values.
func ask(ctx context.Context, l *line.Line, offset uint16, within time.Duration) string {
	b := modbus.Block{Unit: 1, Function: modbus.Holding, Offset: offset, Count: 2}
	answer, err := l.Ask(ctx, b.Question(within))
	if errors.Is(err, line.ErrSilent) {
		return "no answer"
	}
	if err != nil {
		return err.Error()
	}
	values, err := b.Decode(answer.Bytes)
	if exception, ok := errors.AsType[*modbus.Exception](err); ok && exception.Code == 6 {
		return "busy"
	}
	if want := []uint16{offset, offset + 1}; err != nil || !cmp.Equal(values, want) {
		return fmt.Sprintf("WRONG %v instead of %v, %v", values, want, err)
	}
	return "right"
}

// fate says what becomes of a question that was met with a trick.
func fate(trick string) string {
	switch trick {
	case "busy":
		return "busy"
	case "late", "dead":
		return "no answer"
	}
	return "right"
}

// TestBus: over thousands of questions to a bus that plays every trick in any
// order, each gets its own answer or none; a value that belongs to another
// question never appears.
func TestBus(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		random := rand.New(rand.NewPCG(5, 6))
		cable := linetest.NewCable()
		played := make(chan string, 1)
		s := &slave{wire: cable, within: 300 * time.Millisecond, trick: func() string {
			trick := tricks[random.IntN(len(tricks))]
			played <- trick
			return trick
		}}
		converse(t, s, cable.Open, func() { _ = cable.Close() }, func(l *line.Line) {
			for i := range 5000 {
				got := ask(t.Context(), l, uint16(10*i), s.within)
				trick := <-played
				if want := fate(trick); got != want {
					t.Fatalf("question %d, %s: got %s, want %s", i, trick, got, want)
				}
			}
		})
	})
}

// converse runs slave and line around f and ends them.
func converse(t *testing.T, s *slave, open line.Opener, unplug func(), f func(*line.Line)) {
	t.Helper()
	settings, err := line.ParseSettings("115200 8N1")
	if err != nil {
		t.Fatal(err)
	}
	l := line.New(line.Config{Name: "bus", Open: open, Settings: settings})
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(s.run)
	all.Go(func() {
		if err := l.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	defer all.Wait()
	defer unplug()
	defer cancel()
	f(l)
}
