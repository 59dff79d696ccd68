package box

import (
	"fmt"
	"sync"
	"time"

	"sitepost/devices"
)

const (
	wearEvery = time.Minute
	wearOver  = 60 // looks: the hour that is projected to a day
	// wearFrom is what a day may write. 32 GB of cheap flash bear about 3,000 erases,
	// and a write of a few KiB costs the chip about four times its size: 24 TB, which
	// 20 GB a day eat in three years. 100 readings a second, the most a site is built
	// for, are 13 GB a day.
	wearFrom = 20e9
	wearOK   = 15e9 // below that it is over
)

// A wear projects what is written to a day. The file system's own journal
// is not in the figure: it has to be weighed at the block device.
type wear struct {
	mu   sync.Mutex // guards all
	seen []int64    // bytes written at each look, oldest first
	told devices.State
	high bool
}

// A WearState is how much is written.
type WearState struct {
	Written int64   `json:"written_bytes"` // since the start
	Day     float64 `json:"day_bytes"`     // projected to a day, from the last hour or what there is of it
	High    bool    `json:"high"`
}

func (w *wear) now() WearState {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.seen) == 0 {
		return WearState{}
	}
	return WearState{Written: w.seen[len(w.seen)-1], Day: w.perDay(), High: w.high}
}

// perDay projects. w.mu is held.
func (w *wear) perDay() float64 {
	n := len(w.seen) - 1
	if n < 1 {
		return 0
	}
	return float64(w.seen[n]-w.seen[0]) / (float64(n) * wearEvery.Hours()) * 24
}

// lookAtWear notes what was written, and says when that is too much.
func (b *Box) lookAtWear() error {
	if b.opt.Written == nil {
		return nil
	}
	for _, e := range b.wear.look(b.opt.Written()) {
		e.Time = b.opt.Host.Wall()
		return b.opt.Say(e)
	}
	return nil
}

// look follows the figure and returns what is to be said, of a whole hour only: a
// site that starts, or takes in an outage, writes a lot.
func (w *wear) look(bytes int64) []devices.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := len(w.seen); n > 0 && bytes < w.seen[n-1] {
		w.seen = nil
	}
	w.seen = append(w.seen, bytes)
	if len(w.seen) <= wearOver {
		return nil
	}
	w.seen = w.seen[len(w.seen)-wearOver-1:]
	day := w.perDay()
	w.high = day > wearFrom || w.high && day > wearOK
	e := condition(devices.StoreWear, w.high,
		fmt.Sprintf("%.1f GB a day are written, projected from the last hour: send fewer readings, or use storage that bears it", day/1e9))
	if e.State == w.told {
		return nil
	}
	w.told = e.State
	e.Value = &devices.Value{Quantity: "written", Unit: "GB/d", Number: float64(int64(day/1e8)) / 10}
	return []devices.Event{e}
}
