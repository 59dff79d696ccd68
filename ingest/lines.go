package ingest

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// A hold is what keeps a line from asking its devices. That is one condition,
// or one mode, of the line; none of its devices is called silent meanwhile.
//
//	                 hold begins                    it ends
//	device as it was ───────────► under the hold ──────────────► not heard since
//	                                 ▲    │ heard                       │ heard
//	        quiet for its longest    │    ▼                             ▼
//	                              online ────────────────────────►   online
//
// A device that is not heard after the hold either is silent after its longest
// healthy silence, which is counted from the end of the hold. The heaviest of
// several holds, the greatest number, is the one that is told.
type hold int

const (
	free hold = iota
	secondMaster
	lost
	lent // heavier than all: who heard a device meanwhile was somebody else
)

// holds say how a line stands under each hold, and what is on it: state, why
// and next step of the line itself, and why of a device while the hold lasts
// and when it was not heard since. %q is the line.
var holds = [...]struct{ state, why, next, device, since string }{
	secondMaster: {offline, "another master asks on the line", `take the other master off the line, or set use = "listen" for it`,
		"another master asks on its line %q", "not heard since another master asked on its line %q"},
	lost: {offline, "the line is lost", "check the cable and the adapter's power",
		"its line %q is lost", "not heard since its line %q was lost"},
	lent: {maintenance, "the line is lent to a technician's tool", "end the tool: the line comes back by itself",
		"its line %q is lent to a technician's tool", "not heard since its line %q was lent to a technician's tool"},
}

// lines knows what holds up each line now.
type lines struct {
	mu   sync.Mutex // guards held
	held map[lineHold]bool
}

type lineHold struct {
	line string
	by   hold
}

func (l *lines) set(line string, by hold, on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held[lineHold{line, by}] = on
}

// leave forgets what held up a line: it has left, or nothing is known of it now.
func (l *lines) leave(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for by := free + 1; by <= lent; by++ {
		delete(l.held, lineHold{line, by})
	}
}

// heaviest returns the hold that counts for a line, free for none.
func (l *lines) heaviest(line string) hold {
	l.mu.Lock()
	defer l.mu.Unlock()
	for by := lent; by > free; by-- {
		if l.held[lineHold{line, by}] {
			return by
		}
	}
	return free
}

// holdOf says which hold on a line an event tells of, free for none, and whether
// it begins or ends. That a line is lent is its mode.
func holdOf(w *watched, e devices.Event) (by hold, begins bool) {
	switch {
	case e.Code == devices.LineLost:
		return lost, e.State == devices.Raised
	case e.Code == devices.LineSecondMaster:
		return secondMaster, e.State == devices.Raised
	case e.Code == devices.DeviceMode && w.isLine:
		return lent, e.Is != devices.Normal.String()
	}
	return free, false
}

// lineChanged notes that a hold on a line began or ended. While it lasts nobody
// can say whether what its devices said last is still so.
func (in *Ingest) lineChanged(l *watched, at time.Time, by hold, begins bool) error {
	if by != lent { // a line can be lent without ever having been open
		l.mu.Lock()
		l.met = true
		l.mu.Unlock()
	}
	if !begins { // before the line is free, or a device could be called silent in between
		in.restartClocks(l.name, by)
	}
	in.lines.set(l.name, by, begins)
	for _, w := range in.everybody() {
		if !begins || w.line() != l.name {
			continue
		}
		if err := in.cut(w, by, at); err != nil {
			return err
		}
	}
	in.show(l, at)
	return nil
}

// listening is how long a line is listened to before it asks its devices: at the
// start, and when it was away. Nobody can be heard in that time, and some may
// not be silent for longer. That no other master asks is known at its end.
const listening = 3 * time.Second

// restartClocks lets the silence of all devices on a line count from when they
// can be heard, now that a hold on it is over.
func (in *Ingest) restartClocks(line string, by hold) {
	from := time.Now()
	if by != secondMaster {
		from = from.Add(listening)
	}
	for _, w := range in.everybody() {
		w.mu.Lock()
		if w.via == line {
			w.last = from
		}
		w.mu.Unlock()
	}
}

// cut notes that a device cannot be heard because of its line.
func (in *Ingest) cut(w *watched, by hold, at time.Time) error {
	w.mu.Lock()
	w.cut = by
	w.mu.Unlock()
	if err := in.opt.Store.Doubt(w.name); errors.Is(err, store.ErrUnwritable) {
		in.opt.Log.Error("open conditions are not marked as unconfirmed", "device", w.name, "err", err)
	} else if err != nil {
		return err
	}
	in.show(w, at)
	return nil
}

// ofLine says how a line itself stands under a hold; detail is that of line.lost.
func ofLine(by hold, detail string) state {
	is := state{State: holds[by].state, Why: holds[by].why, Next: holds[by].next}
	if why, next := lostAs(detail); by == lost && why != "" {
		is.Why, is.Next = why, next
	}
	return is
}

// lostAs says why a line is lost and what to do, where that is not its cable; "" for all
// else. The words for a detail are those of devices/line.
func lostAs(detail string) (why, next string) {
	switch detail {
	case "missing":
		return "the line's port is not there", "plug its adapter in: `ls -l /dev/serial/by-path` shows those that are"
	case "permission":
		return "sitepost may not open the line's port", "add its user to group dialout, then `sudo systemctl restart sitepost`"
	case "in use":
		return "another program holds the line's port", "end that program: `sudo fuser -v PORT` names it"
	case "not a port":
		return "what the line has as port is none", "correct port in the site file: `ls -l /dev/serial/by-path` shows those that are"
	case "settings":
		return "the line's adapter cannot do its settings", "use another adapter, or another baud in the instrument and in the site file"
	case "refused":
		return "the line's serial server refuses us", "set it to TCP server on this port, and end who else is connected: it takes one"
	}
	return "", ""
}

// onLine says how a device stands that its line keeps from being heard, or that
// was not heard since.
func onLine(line string, by hold, still bool) state {
	if still {
		return state{State: holds[by].state, Why: fmt.Sprintf(holds[by].device, line), Next: "see the line"}
	}
	return state{State: holds[by].state, Why: fmt.Sprintf(holds[by].since, line), Next: checkIt}
}
