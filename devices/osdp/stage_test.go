package osdp_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sitepost/devices"
	"sitepost/devices/line"
	"sitepost/devices/line/linetest"
	"sitepost/devices/osdp"
	"sitepost/devices/osdp/osdptest"
)

const siteKey = "a key of a site!"

// A stage is a line with readers on it and a conversation with each of those
// that were begun, in a synctest bubble.
type stage struct {
	t     *testing.T
	line  *line.Line
	cable *linetest.Cable
	ctx   context.Context
	end   func()
	noise *rand.Rand // nil: a quiet line
	all   sync.WaitGroup
	log   *slog.Logger
	wrote *bytes.Buffer // by the log; look at it after end only
}

// hung hangs readers on a new line.
func hung(t *testing.T, noise *rand.Rand, readers ...*osdptest.Reader) *stage {
	t.Helper()
	s := &stage{t: t, cable: linetest.NewCable(), noise: noise, wrote: &bytes.Buffer{}}
	s.log = slog.New(slog.NewTextHandler(s.wrote, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s.line = line.New(line.Config{
		Name: "bus", Open: s.cable.Open, Private: true, // the three seconds of listening are another room's
		Settings: line.Settings{Baud: 9600, DataBits: 8, Parity: 'N', StopBits: 1},
	})
	ctx, cancel := context.WithCancel(t.Context())
	s.ctx = ctx
	s.all.Go(func() { _ = s.line.Run(ctx) })
	s.all.Go(func() { s.bus(readers) })
	s.end = sync.OnceFunc(func() {
		cancel()
		_ = s.cable.Close()
		s.all.Wait()
	})
	t.Cleanup(s.end)
	return s
}

// bus lets the readers answer, after the time that the bytes take on the wire.
func (s *stage) bus(readers []*osdptest.Reader) {
	chunks := make(chan []byte)
	var reading sync.WaitGroup
	reading.Go(func() {
		defer close(chunks)
		buf := make([]byte, 2048)
		for {
			n, err := s.cable.Read(buf)
			if err == io.EOF {
				return
			}
			chunks <- bytes.Clone(buf[:n])
		}
	})
	defer reading.Wait()
	var ticks <-chan time.Time
	if slices.ContainsFunc(readers, (*osdptest.Reader).Speaks) {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		ticks = tick.C
	}
	var heard []byte
	for {
		select {
		case chunk, ok := <-chunks:
			if !ok {
				return
			}
			heard = append(heard, chunk...)
			for _, r := range readers {
				if answer, used := r.Hear(heard); used > 0 {
					heard = heard[used:]
					s.speak(answer)
				}
			}
		case now := <-ticks:
			for _, r := range readers {
				s.speak(r.Unasked(now))
			}
		}
	}
}

// speak writes an answer, on a noisy line in pieces and with bytes around it
// that are none of it.
func (s *stage) speak(answer []byte) {
	if len(answer) == 0 {
		return
	}
	time.Sleep(10*time.Millisecond + time.Duration(len(answer))*time.Millisecond)
	if s.noise == nil {
		_, _ = s.cable.Write(answer)
		return
	}
	around := make([]byte, s.noise.IntN(12))
	for i := range around {
		around[i] = byte(s.noise.Uint32())
	}
	cut := s.noise.IntN(len(answer))
	for _, piece := range [][]byte{around, {0xFF}, answer[:cut], answer[cut:], around} {
		_, _ = s.cable.Write(piece)
		time.Sleep(2 * time.Millisecond)
	}
}

// told is an event without its time; Card is the number in the clear.
type told struct {
	Code   devices.Code
	State  devices.State
	Point  string
	Is     string
	Detail string
	Card   string
	Mode   devices.Mode
}

// A talk is a conversation under way and what it has said.
type talk struct {
	mu    sync.Mutex // guards all below
	said  []told
	texts []string
	heard int // signs of life
	err   error
	over  bool
}

// begin begins a conversation on the line of the stage.
func (s *stage) begin(o osdp.Options) *talk {
	o.Line, o.Log = s.line, s.log
	if o.Device == "" {
		o.Device = "door-1"
	}
	k := &talk{}
	s.all.Go(func() {
		err := osdp.New(o).Run(s.ctx, k.take)
		k.mu.Lock()
		defer k.mu.Unlock()
		k.err, k.over = err, true
	})
	return k
}

func (k *talk) take(e devices.Event) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if e.Code == "" {
		k.heard++
		return nil
	}
	now := told{Code: e.Code, State: e.State, Point: e.Point, Is: e.Is, Detail: e.Detail, Mode: e.Mode}
	if e.Card != nil {
		now.Card = e.Card.Number.Reveal()
	}
	if e.Text != "" {
		k.texts = append(k.texts, e.Text)
	}
	k.said = append(k.said, now)
	return nil
}

// after lets time pass and returns what was said since it was asked last.
func (k *talk) after(d time.Duration) []told {
	time.Sleep(d)
	synctest.Wait()
	k.mu.Lock()
	defer k.mu.Unlock()
	said := k.said
	k.said = nil
	return said
}

// lives returns how many signs of life came in a time.
func (k *talk) lives(d time.Duration) int {
	k.mu.Lock()
	k.heard = 0
	k.mu.Unlock()
	time.Sleep(d)
	synctest.Wait()
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.heard
}

func key(text string) func() ([]byte, error) {
	return func() ([]byte, error) { return []byte(text), nil }
}

// What a reader says that is well: no fault, no tamper.
var (
	noTamper  = told{Code: "tamper.contact", State: devices.Cleared}
	hasPower  = told{Code: "device.fault", State: devices.Cleared, Point: "power"}
	talks     = told{Code: "device.fault", State: devices.Cleared, Point: "conversation"}
	headHeld  = told{Code: "tamper.contact", State: devices.Cleared, Point: "reader"}
	headThere = told{Code: "device.fault", State: devices.Cleared, Point: "reader"}
)

// well is all that a healthy reader without inputs says at the beginning.
func well() []told { return []told{noTamper, hasPower, talks, headHeld, headThere} }

func card(number string) told { return told{Code: "access.card", Card: number} }

func trouble(why string) told {
	return told{Code: "device.fault", State: devices.Raised, Point: "conversation", Detail: why}
}
