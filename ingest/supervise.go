package ingest

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"sitepost/devices"
)

// watched is what is known of one device while the daemon runs.
//
//	        heard                    nothing for longest
//	unknown ─────► online ◄────────────────────► silent
//	                 │ ▲ device.fault, device.mode
//	                 ▼ │
//	            faulty, maintenance
//
// A device is also offline while its conversation cannot be held at all, or says
// so (offline.go), and it stands as its line lets it while something holds that
// up (lines.go). A person's maintenance stands before all of it (maintain.go). Which of
// several things is shown says standing.
type watched struct {
	name   string
	isLine bool // it is a line itself

	telling turn // held while an absence or its end is told: one is on disk before the other begins
	showing turn // held while the state is put on its topic; taken after telling

	mu      sync.Mutex    // guards all below; taken after telling and showing
	longest time.Duration // 0: may be silent for ever
	via     string        // line it hangs on
	left    bool          // the site: nothing is told or shown of it any more
	last    time.Time     // when it was last heard, or from when on it can be
	met     bool          // heard in this run
	silent  string        // why device.silent was said; "" if it was not, or was cleared
	broken  int           // conversations that ended without a word, in a row
	reason  string        // of the last of them, and what a person should do
	next    string
	gone    string           // what its driver said when it called it offline; "" if it did not, or it is over
	cut     hold             // of its line, under which it was not heard since
	lostAs  string           // of a line: the detail of its last line.lost
	faults  map[string]fault // by point
	refused string           // what camera.login_refused said; "" if the login is good, as far as is known
	mode    string
	shown   state // on its topic
	unshown bool  // the last try to show it failed
	day     tally

	view view // of its stream, if it is a camera
}

func newWatched(name string, kind devices.Kind, says []devices.Code) *watched {
	w := &watched{name: name, isLine: kind == devices.LineKind, telling: newTurn(), showing: newTurn(), faults: map[string]fault{}}
	w.view.putting = newTurn()
	if len(says) > 0 {
		w.day.says = says
		w.day.begin(time.Now())
	}
	return w
}

// A fault is what device.fault said: a number or a word, and more words.
type fault struct{ detail, text string }

// A turn is held by one goroutine at a time, for as long as the disk takes. It
// is no mutex because who waits for it shall be seen to wait: in a bubble of
// testing/synctest no time passes while somebody waits for a mutex.
type turn chan struct{}

func newTurn() turn { return make(turn, 1) }

func (t turn) take() { t <- struct{}{} }
func (t turn) give() { <-t }

// tryTake says whether it could be taken at once.
func (t turn) tryTake() bool {
	select {
	case t <- struct{}{}:
		return true
	default:
		return false
	}
}

// speaksOfAbsence lists the codes that tell that a device was *not* heard:
// saying them is no sign of its life.
func speaksOfAbsence(c devices.Code) bool {
	switch c {
	case devices.StreamOffline, devices.StreamStalled, devices.CameraLogin:
		return true
	}
	return isAbsence(c)
}

// alive notes a sign of life and ends a silence. The first sign since the
// daemon started always ends it, for the silence may be an older one, kept in
// the store; the store drops what was not open. It says whether the device is
// back, which is to be shown.
func (in *Ingest) alive(w *watched, p devices.Place, e devices.Event) (back bool, err error) {
	switch {
	case speaksOfAbsence(e.Code), w.isLine && e.Code == devices.DeviceMode,
		e.Stream != nil && !givesPictures(e.Stream):
		return false, nil
	}
	if !w.heard(e.Time) {
		return false, nil
	}
	w.telling.take()
	defer w.telling.give()
	if !w.returned() {
		return false, nil
	}
	for _, code := range []devices.Code{devices.DeviceSilent, devices.DeviceOffline} {
		if err := in.append(p, devices.Event{Time: e.Time, Device: e.Device, Code: code, State: devices.Cleared}); err != nil {
			return false, err
		}
	}
	return true, nil
}

// heard notes a sign of life, which came at the moment given. It says whether
// the device was away until now.
func (w *watched) heard(at time.Time) (wasAway bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last = time.Now()
	w.day.hear(w.last, at)
	return w.isAway()
}

// returned ends the absence of a device, and says whether there was one.
func (w *watched) returned() (wasAway bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	wasAway = w.isAway()
	w.met, w.silent, w.broken, w.gone, w.cut = true, "", 0, "", free
	return wasAway
}

// line is the line that the device hangs on, "" for none.
func (w *watched) line() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.via
}

// isAway says whether the device was not heard, as far as is known. w.mu is held.
func (w *watched) isAway() bool {
	return !w.met || w.silent != "" || w.broken > 0 || w.gone != "" || w.cut != free
}

// superviseAll looks once a second for devices that have been silent too long.
func (in *Ingest) superviseAll(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			in.rounds.Add(1)
			for _, w := range in.everybody() {
				if err := in.supervise(w, now); err != nil {
					in.opt.Log.Error("silence not told", "device", w.name, "err", err)
				}
				in.rounds.Add(1) // a slow disk makes each of them take its time
			}
			in.remind(now)
			in.calm(now)
		}
	}
}

// Rounds is how often the supervision has come round, a device at a time. It takes
// every lock that a conversation takes, and waits for the same store: while it goes
// on, events get through. It stands still where one of them is stuck for ever.
func (in *Ingest) Rounds() uint64 { return in.rounds.Load() }

// supervise says device.silent once a device has been quiet for longer than it
// may be, or notes that its line kept it from being heard. Where somebody tells
// of the device at this moment it is looked at again in a second: a disk that
// refuses must not hold up the others.
func (in *Ingest) supervise(w *watched, now time.Time) error {
	if !w.telling.tryTake() {
		return nil
	}
	defer w.telling.give()
	w.mu.Lock()
	if w.left {
		w.mu.Unlock()
		return nil
	}
	held := in.lines.heaviest(w.via)
	quiet := now.Sub(w.last)
	due := w.longest > 0 && quiet > w.longest && w.silent == "" && (held == free || w.cut == free)
	if due && held == free {
		w.silent = fmt.Sprintf("nothing heard for %v, longer than %v", quiet.Round(time.Second), w.longest)
	}
	is := in.withoutUpkeep(w)
	w.mu.Unlock()
	switch {
	case !due:
		return nil
	case held != free:
		return in.cut(w, held, now)
	}
	e := devices.Event{Time: now, Device: w.name, Code: devices.DeviceSilent, State: devices.Raised, Text: bounded(is.Why + ": " + is.Next)}
	if err := in.append(in.placeOf(w.name), e); err != nil {
		return err
	}
	in.show(w, now)
	return nil
}

// tellState follows the events that change how a device stands.
func (in *Ingest) tellState(w *watched, e devices.Event) error {
	if by, begins := holdOf(w, e); by != free {
		w.mu.Lock()
		if by == lost && begins {
			w.lostAs = e.Detail
		}
		w.mu.Unlock()
		return in.lineChanged(w, e.Time, by, begins)
	}
	w.mu.Lock()
	switch {
	case e.Code == devices.DeviceFault && e.State == devices.Raised:
		w.faults[e.Point] = fault{e.Detail, e.Text}
	case e.Code == devices.DeviceFault:
		delete(w.faults, e.Point)
	case e.Code == devices.CameraLogin && e.State == devices.Raised:
		w.refused = cmp.Or(e.Text, refusesLogin)
	case e.Code == devices.CameraLogin:
		w.refused = ""
	case e.Code == devices.DeviceMode:
		w.mode = e.Is
	default:
		w.mu.Unlock()
		return nil
	}
	w.mu.Unlock()
	in.show(w, e.Time)
	return nil
}
