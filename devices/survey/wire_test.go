package survey_test

import (
	"context"
	"math/bits"
	"sync"
	"time"

	"sitepost/devices/line"
	"sitepost/devices/line/linetest"
)

// A wire is a device that speaks by itself at its own settings, and a receiver
// at whatever settings the line is opened with: what it hears is sampled from
// the levels that the device makes.
//
//	 idle  start  data, lowest first  parity  stop
//	─────┐      ┌──┐     ┌─────              ┌─────
//	     └──────┘  └─────┘     …             ┘
type wire struct {
	cable   *linetest.Cable
	own     line.Settings
	blind   bool // the receiver does not look at parity
	says    func(i int) []byte
	every   time.Duration
	mu      sync.Mutex
	present line.Settings
}

// open opens the receiver's end.
func (w *wire) open(s line.Settings) line.Opener {
	return func(ctx context.Context) (line.Port, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.present = s
		return w.cable.Open(ctx)
	}
}

// speak speaks until ctx ends.
func (w *wire) speak(ctx context.Context) {
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return
		case <-time.After(w.every):
		}
		w.mu.Lock()
		at := w.present
		w.mu.Unlock()
		if at.Baud > 0 {
			_, _ = w.cable.Write(receive(send(w.says(i), w.own), w.own.Baud, at, w.blind))
		}
	}
}

// send returns the levels of a message, one per bit, with idle around it.
func send(message []byte, s line.Settings) []bool {
	levels := []bool{true, true}
	for _, b := range message {
		b &= 1<<s.DataBits - 1
		levels = append(levels, false)
		for i := range s.DataBits {
			levels = append(levels, b>>i&1 == 1)
		}
		if s.Parity != 'N' {
			levels = append(levels, odd(b) == (s.Parity == 'E'))
		}
		for range s.StopBits {
			levels = append(levels, true)
		}
	}
	return append(levels, true, true)
}

func odd(b byte) bool { return bits.OnesCount8(b)%2 == 1 }

// receive samples levels in the middle of where it expects a bit. A character
// without a stop bit is heard as 0, one with a bad parity not at all.
func receive(levels []bool, baud int, s line.Settings, blind bool) []byte {
	const steps = 16
	ratio := float64(baud) / float64(s.Baud) // the sender's bits per bit of ours
	level := func(t float64) bool { return int(t) >= len(levels) || levels[int(t)] }
	var heard []byte
	for t := 0.0; t < float64(len(levels)); t += ratio / steps {
		if level(t) {
			continue
		}
		at := func(bit int) bool { return level(t + ratio*(float64(bit)+0.5)) }
		var b byte
		for i := range s.DataBits {
			if at(1 + i) {
				b |= 1 << i
			}
		}
		stop := 1 + s.DataBits
		good := true
		if s.Parity != 'N' {
			good = blind || at(stop) == (odd(b) == (s.Parity == 'E'))
			stop++
		}
		switch {
		case !at(stop):
			heard = append(heard, 0)
		case good:
			heard = append(heard, b)
		}
		t += ratio * (float64(stop) + 0.5)
	}
	return heard
}
