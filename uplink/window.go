package uplink

import (
	"fmt"
	"time"
)

// What may be on its way at once. On a line of 1 Mbit/s 32 KiB stand a quarter
// of a second in front of an alarm; one eighth is kept free for it.
const (
	windowMessages = 64
	windowBytes    = 32 << 10
	reserve        = 8                // one part in so many is for urgent messages
	ackWatchdog    = 28 * time.Second // a live connection on which nothing is acknowledged is dead: no window is stuck for more than 30 s
)

// A flight is a message that was handed to the session and waits for its
// receipt.
type flight struct {
	receipt Receipt
	size    int
	since   time.Time
	within  time.Duration // how long the receipt may take
	id      string        // of a record; "" is none
	doc     string        // key of a retained document; "" is none
	aside   func(why string) error
	solo    bool   // nothing else may be in flight
	done    func() // called when the broker has it; nil: nobody cares
}

// A window holds all flights of one session, oldest first. A broker
// acknowledges in the order of arrival (MQTT 3.1.1, 4.6), so the head is the
// only one that is waited for.
type window struct {
	flights []flight
	bytes   int
}

// fits says whether one more message of this size may go. A message that is
// larger than the whole window goes alone.
func (w *window) fits(size int, urgent bool) bool {
	messages, room := windowMessages, windowBytes
	if !urgent {
		messages -= messages / reserve
		room -= room / reserve
	}
	return len(w.flights) < messages && (w.bytes == 0 || w.bytes+size <= room)
}

// takes says whether an offer may go.
func (w *window) takes(o *offer) bool {
	if len(w.flights) > 0 && w.flights[0].solo {
		return false
	}
	if o.alone || o.solo {
		return len(w.flights) == 0
	}
	return w.fits(o.size(), o.urgent)
}

func (w *window) add(f flight) {
	w.flights = append(w.flights, f)
	w.bytes += f.size
}

// settle takes out all flights at the head that are done. The first error ends
// it: what comes later must not count, because the one before is missing.
func (w *window) settle() error {
	for len(w.flights) > 0 {
		head := w.flights[0]
		select {
		case <-head.receipt.Done():
		default:
			return nil
		}
		if err := head.receipt.Error(); err != nil {
			return fmt.Errorf("publish: %w", err)
		}
		w.flights = w.flights[1:]
		w.bytes -= head.size
		if head.done != nil {
			head.done()
		}
	}
	return nil
}

// next is closed when the head is done; nil when nothing is in flight.
func (w *window) next() <-chan struct{} {
	if len(w.flights) == 0 {
		return nil
	}
	return w.flights[0].receipt.Done()
}

// overdue returns the moment at which the head will have waited too long; zero
// when nothing is in flight.
func (w *window) overdue() time.Time {
	if len(w.flights) == 0 {
		return time.Time{}
	}
	return w.flights[0].since.Add(w.flights[0].within)
}
