package instrument

import (
	"bytes"
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sitepost/devices"
	"sitepost/devices/line"
	"sitepost/devices/line/linetest"
)

// A stand is a conversation on a line in memory, with the instrument's end in
// the test's hand. It lives in a synctest bubble.
type stand struct {
	t     *testing.T
	cable *linetest.Cable
	end   func() // of the conversation and its line

	mu    sync.Mutex // guards all below
	said  []devices.Event
	asked []time.Time
	err   error
	deaf  error // what emit returns
	slow  bool  // the instrument pauses after each line
}

// begin starts a conversation. answer is the instrument: it is given each
// question, and nil is silence.
func begin(t *testing.T, o Options, listenOnly bool, answer func(question []byte) []byte) *stand {
	return beginOn(t, line.Config{ListenOnly: listenOnly}, o, answer)
}

// beginOn starts one on a line that is described, but for its cable.
func beginOn(t *testing.T, c line.Config, o Options, answer func(question []byte) []byte) *stand {
	ctx, cancel := context.WithCancel(t.Context())
	s := &stand{t: t, cable: linetest.NewCable()}
	c.Name, c.Open, c.Settings = "bus", s.cable.Open, o.Profile.Settings
	o.Line = line.New(c)
	var all sync.WaitGroup
	all.Go(func() { _ = o.Line.Run(ctx) })
	all.Go(func() {
		err := New(o).Run(ctx, s.emit)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.err = err
	})
	all.Go(func() { s.play(answer) })
	s.end = func() {
		cancel()
		_ = s.cable.Close()
		all.Wait()
	}
	synctest.Wait()
	return s
}

func (s *stand) emit(e devices.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.said = append(s.said, e)
	return s.deaf
}

// play is the instrument at the far end.
func (s *stand) play(answer func([]byte) []byte) {
	question := make([]byte, 256)
	for {
		n, err := s.cable.Read(question)
		if err != nil {
			return
		}
		s.mu.Lock()
		s.asked = append(s.asked, time.Now())
		reply, pause := answer(question[:n]), time.Duration(0)
		if s.slow {
			pause = 20 * time.Millisecond
		}
		s.mu.Unlock()
		for line := range bytes.Lines(reply) {
			_, _ = s.cable.Write(line) // a cable takes everything
			time.Sleep(pause)
		}
	}
}

// set changes what the instrument answers, which it does under the same lock.
func (s *stand) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// hear returns what was said since the last call, in short, a sign of life as
// an event without a code.
func (s *stand) hear() []told {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	said := inShort(s.said)
	s.said = nil
	return said
}
