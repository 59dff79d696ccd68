package ingest

import (
	"maps"
	"slices"
	"sync"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// A Site is what the site file in force says of who stands there, and of how what
// they say is put down.
type Site struct {
	Places        map[string]devices.Place  // of every device in use, by name
	Says          map[string][]devices.Code // what a device may say; its days are counted. A device that is not in it is not counted
	CardKey       []byte                    // of the city; nil: cards leave without a hash
	CardKeyID     string
	ReadingsEvery time.Duration // one summary per point and period; 0 is a minute

	// Judged says of a condition whether somebody is left who can end it: what nobody
	// can is not open any more. nil: of all.
	Judged func(store.Standing) bool
}

// A roll is who stands on the site. It is replaced whole and never changed, so that
// who has one needs no lock:
//
//	         ┌── stays: the same *watched, with all that is known of it and that somebody
//	         │          can still end; its new place
//	Swap ────┼── new:   begins from nothing
//	         └── left:  its turns are waited for, what was summed up is told, and it is
//	                    forgotten: nobody tells of it or shows it any more
type roll struct {
	Site
	by map[string]*watched
}

// roll makes the roll of a site. Who stays keeps what is known of it.
func (s Site) roll(before *roll) *roll {
	now := &roll{Site: s, by: map[string]*watched{}}
	for name, p := range s.Places {
		if before != nil && before.by[name] != nil && before.Places[name].Device.Kind == p.Device.Kind {
			now.by[name] = before.by[name]
			continue
		}
		now.by[name] = newWatched(name, p.Device.Kind, s.Says[name])
	}
	return now
}

// every is the period of readings.
func (r *roll) every() time.Duration {
	if r.ReadingsEvery == 0 {
		return time.Minute
	}
	return r.ReadingsEvery
}

// Swap puts another site in force while all goes on: what is said from now on has its
// places. The conversations that speak for who leaves, or becomes another kind of
// device, have ended by then; those that speak for who is new join afterwards. It
// waits for nobody who stays. No two at once.
func (in *Ingest) Swap(s Site) {
	before := in.roll.Load()
	now, at := s.roll(before), time.Now()
	var leaving sync.WaitGroup // together they are one commit
	for name, w := range before.by {
		if now.by[name] != w {
			leaving.Go(func() { in.strike(w, at) })
			continue
		}
		w.mu.Lock()
		w.day.speaks(s.Says[name], at)
		w.forget(s)
		w.mu.Unlock()
	}
	leaving.Wait()
	in.roll.Store(now)
}

// forget forgets what nobody says of a device that stays, and so nobody takes back: what
// it says is another profile's now, or nobody listens to it. w.mu is held.
func (w *watched) forget(s Site) {
	if codes, is := s.Says[w.name]; is && !slices.Contains(codes, devices.DeviceMode) {
		w.mode = ""
	}
	if s.Judged == nil {
		return
	}
	for point := range w.faults {
		if !s.Judged(store.Standing{Device: w.name, Code: devices.DeviceFault, Point: point}) {
			delete(w.faults, point)
		}
	}
	if !s.Judged(store.Standing{Device: w.name, Code: devices.CameraLogin}) {
		w.refused = ""
	}
}

// strike takes a device off the roll.
func (in *Ingest) strike(w *watched, at time.Time) {
	w.leave()
	in.bounces.leave(w.name)
	in.absent.leave(w.name)
	in.lines.leave(w.name)
	for _, s := range in.fold.leave(w.name, at) {
		if err := in.append(s.place, s.event); err != nil {
			in.opt.Log.Error("readings not kept", "device", w.name, "err", err)
		}
	}
}

// leave waits for who tells of a device or shows it at this moment, and lets nobody
// do so any more.
func (w *watched) leave() {
	for _, t := range []turn{w.telling, w.showing, w.view.putting} {
		t.take()
		defer t.give()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.left = true
}

func (w *watched) hasLeft() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.left
}

// find returns a device of the site, nil if it has none of that name.
func (in *Ingest) find(name string) *watched { return in.roll.Load().by[name] }

// placeOf is where a device of the site stands.
func (in *Ingest) placeOf(name string) devices.Place { return in.roll.Load().Places[name] }

// everybody returns all who stand on the site now.
func (in *Ingest) everybody() []*watched { return slices.Collect(maps.Values(in.roll.Load().by)) }
