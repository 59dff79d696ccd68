package ingest

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"sync"
	"time"

	"sitepost/devices"
)

// fold sums readings up, so that a detector that speaks every second costs one
// record a minute, and the moment that matters is still told at once.
//
// A reading leaves at once when it is the first of its point, when the device
// changed its mode, or when it moved beyond the dead band: by more than a tenth of
// what was told last and by at least one unit. All others wait for the period to
// end.
//
// What is counted has a dead band of its own, for in a hall people come and go
// every second: a count leaves when it went between nothing and something, or
// became half or twice what was told last and by at least ten (a crowd comes or
// goes), and then no sooner than ten seconds after the last one. So somebody who
// goes in and out all the time costs six records a minute.
type fold struct {
	mu   sync.Mutex // guards sums
	sums map[pointKey]*sum
}

type pointKey struct {
	device string
	code   devices.Code
	point  string
}

// A sum is the readings of one point since the last one that was told.
type sum struct {
	place devices.Place
	last  devices.Event
	told  float64
	at    time.Time // of telling it
	mode  devices.Mode
	since time.Time
	acc   devices.Summary
	total float64
}

// takeReading folds a measured value, or hands a measured stream on as it is.
func (in *Ingest) takeReading(w *watched, p devices.Place, e devices.Event) error {
	if e.Stream != nil {
		return in.takeStream(w, p, e)
	}
	if e.Value == nil {
		return nil // it spoke, and what it said was no figure
	}
	for _, s := range in.fold.add(p, e) {
		if err := in.append(s.place, s.event); err != nil {
			return err
		}
	}
	return nil
}

// add takes one reading in and returns what must leave now. What was measured in one mode
// is not summed up with what was measured in another.
func (f *fold) add(p devices.Place, e devices.Event) (out []summed) {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := pointKey{e.Device, e.Code, e.Point}
	s, known := f.sums[key]
	if !known {
		s = &sum{}
		f.sums[key] = s
	}
	changed := !known || e.Mode != s.mode
	if changed && s.acc.N > 0 {
		out = append(out, summed{s.place, s.close(e.Time)})
	}
	s.take(p, e)
	if changed || s.moved(e.Time) {
		out = append(out, summed{p, s.close(e.Time)})
	}
	return out
}

// countPause is how soon one count of a point follows another at most.
const countPause = 10 * time.Second

// moved says whether what came last is so far from what was told that it cannot
// wait any longer.
func (s *sum) moved(now time.Time) bool {
	if isCount(s.last.Code) {
		return beyondCountBand(s.told, s.acc.Last) && now.Sub(s.at) >= countPause
	}
	return beyondDeadBand(s.told, s.acc.Last)
}

// isCount says whether the figures of a code are counts of what comes and goes.
func isCount(c devices.Code) bool { return c == devices.CameraObjects }

// beyondCountBand says whether a count is worth telling before its period is over.
func beyondCountBand(told, now float64) bool {
	if (told == 0) != (now == 0) {
		return true
	}
	less, more := min(told, now), max(told, now)
	return more >= 2*less && more-less >= 10
}

// beyondDeadBand says whether a reading moved so far that it cannot wait.
func beyondDeadBand(told, now float64) bool {
	moved := math.Abs(now - told)
	return moved >= 1 && moved > math.Abs(told)/10
}

func (s *sum) take(p devices.Place, e devices.Event) {
	n := e.Value.Number
	if s.acc.N == 0 {
		s.acc = devices.Summary{Min: n, Max: n}
		s.total, s.since = 0, e.Time
	}
	s.place, s.last, s.mode = p, e, e.Mode
	s.total += n
	s.acc.N++
	s.acc.Last, s.acc.Min, s.acc.Max = n, min(s.acc.Min, n), max(s.acc.Max, n)
	s.acc.Mean = s.total / float64(s.acc.N)
}

// close makes the sum one event, which is told now, and begins a new one.
func (s *sum) close(now time.Time) devices.Event {
	out := s.last
	value, summary := *out.Value, s.acc
	value.Summary = &summary
	out.Value = &value
	s.told, s.at = s.acc.Last, now
	s.acc = devices.Summary{}
	return out
}

// A summed event is a sum that was closed, and where its device stands.
type summed struct {
	place devices.Place
	event devices.Event
}

// due closes every sum whose period is over, or that moved and has paused long
// enough, or every one that holds anything.
func (f *fold) due(now time.Time, every time.Duration, all bool) []summed {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []summed
	for _, s := range f.sums {
		if s.acc.N > 0 && (all || now.Sub(s.since) >= every || s.moved(now)) {
			out = append(out, summed{s.place, s.close(now)})
		}
	}
	return out
}

// leave takes out the sums of a device that has left, and returns what they hold.
func (f *fold) leave(device string, now time.Time) []summed {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []summed
	for key, s := range f.sums {
		if key.device != device {
			continue
		}
		if s.acc.N > 0 {
			out = append(out, summed{s.place, s.close(now)})
		}
		delete(f.sums, key)
	}
	return out
}

// flushReadings tells the sums whose period is over and shows the streams that
// are due, once a second, and all that is left when ctx ends.
func (in *Ingest) flushReadings(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		ended := false
		select {
		case <-ctx.Done():
			ended = true
		case <-tick.C:
		}
		for _, s := range in.fold.due(time.Now(), in.roll.Load().every(), ended) {
			if err := in.append(s.place, s.event); err != nil {
				in.opt.Log.Error("readings not kept", "device", s.event.Device, "err", err)
			}
		}
		in.showStreams(time.Now(), ended)
		if ended {
			return
		}
	}
}

// hashCard replaces a card's number by its HMAC under the city's key. Without a
// key the card leaves without any mark of whose it is.
func (in *Ingest) hashCard(e *devices.Event) {
	if e.Card == nil {
		return
	}
	card := devices.Card{}
	if site := in.roll.Load(); len(site.CardKey) > 0 {
		mac := hmac.New(sha256.New, site.CardKey)
		mac.Write([]byte(e.Card.Number.Reveal()))
		card.Hash, card.KeyID = hex.EncodeToString(mac.Sum(nil)), site.CardKeyID
	}
	e.Card = &card
}
