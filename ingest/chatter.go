package ingest

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"sitepost/devices"
)

// What changes to and fro all the time, a loose contact or a limit that the value
// sits on, would fill the disk and hide what else is said. Above 30 edges in a
// minute at one point a single alarm.chattering stands for the rest:
//
//	edge 1 … 31   as they come
//	edge 31       alarm.chattering raised
//	from then on  a raising goes to the store, which knows whether it is open; all
//	              else is held back, so that what chatters stands raised
//	calm          what was said last, if the store has something else, and then
//	              alarm.chattering cleared, with how many edges were held back
//
// It is calm when the last minute had at most 30 edges, a minute after the
// raising at the earliest: else what bounces once in two seconds would cost more
// records than it has edges. Edges are what the store makes records of; of what is
// held back they are what differs from what was said before, and momentary alarms
// are each one.
const (
	mostEdges = 30
	edgesIn   = time.Minute

	mostBounces = 4096 // points that are watched; points may come off a wire. Beyond it all goes as it comes
)

// bounces knows the edges of each point.
type bounces struct {
	mu sync.Mutex // guards at
	at map[pointKey]*bounce
}

// A bounce is the edges of one code at one point.
type bounce struct {
	pointKey
	telling turn        // whoever has it tells of the point, and may read and change what follows
	edges   []time.Time // the last ones, 31 at most
	word    string      // what was said last
	since   time.Time   // it chatters; zero: it does not
	held    uint64      // edges held back since
	last    *devices.Event
}

// of returns where the edges of an event are counted, nil if they are not.
func (bs *bounces) of(e devices.Event) *bounce {
	if !chatters(e) {
		return nil
	}
	bs.mu.Lock()
	defer bs.mu.Unlock()
	key := pointKey{e.Device, e.Code, e.Point}
	b := bs.at[key]
	if b == nil && len(bs.at) < mostBounces {
		b = &bounce{pointKey: key, telling: newTurn()}
		bs.at[key] = b
	}
	return b
}

// chatters says whether an event is of the kind that can.
func chatters(e devices.Event) bool {
	if e.Reminder > 0 || e.Code == devices.AlarmChattering {
		return false
	}
	switch e.Code.Form() {
	case devices.Condition, devices.Alarm, devices.StateForm:
		return true
	}
	return e.Urgent
}

// takeUp goes on with what chattered in an earlier run. Its subject is a point of
// alarm.chattering.
func (bs *bounces) takeUp(device, subject string, now time.Time) {
	code, point, _ := strings.Cut(subject, "/")
	key := pointKey{device, devices.Code(code), point}
	bs.mu.Lock()
	defer bs.mu.Unlock()
	bs.at[key] = &bounce{pointKey: key, telling: newTurn(), since: now}
}

// holds says whether an event is held back.
func (b *bounce) holds(e devices.Event) bool {
	return !b.since.IsZero() && e.State != devices.Raised
}

// note counts an event: stored is whether a record was made of it. It says whether
// it was an edge that was held back.
func (b *bounce) note(e devices.Event, stored bool, now time.Time) (held bool) {
	word := wordOf(e)
	edge := stored || !b.since.IsZero() && (word == "" || word != b.word)
	if b.word = word; edge {
		b.edges = append(b.edges, now)
		b.edges = b.edges[max(0, len(b.edges)-mostEdges-1):]
	}
	if b.since.IsZero() {
		return false
	}
	if b.last = nil; b.holds(e) && word != "" {
		b.last = &e
	}
	if edge && !stored {
		b.held++
		return true
	}
	return false
}

// wordOf is by what two events of a point differ; "" is no word: each is an edge.
func wordOf(e devices.Event) string {
	switch {
	case e.State != "":
		return string(e.State)
	case e.Count != nil:
		return strconv.FormatUint(e.Count.Raw, 10)
	case e.Code.Form() == devices.StateForm:
		return "is " + e.Is
	}
	return ""
}

// beyond says whether there were more edges in the last minute than there may be.
func (b *bounce) beyond(now time.Time) bool {
	return len(b.edges) > mostEdges && now.Sub(b.edges[len(b.edges)-mostEdges-1]) < edgesIn
}

// idle says whether nothing is to be known of a point.
func (b *bounce) idle(now time.Time) bool {
	return b.since.IsZero() && (len(b.edges) == 0 || now.Sub(b.edges[len(b.edges)-1]) >= edgesIn)
}

// event is what is said of a point that chatters.
func (b *bounce) event(at time.Time, is devices.State, n uint64, text string) devices.Event {
	point := string(b.code)
	if b.point != "" {
		point += "/" + b.point // two codes at one point are two conditions
	}
	return devices.Event{Time: at, Device: b.device, Code: devices.AlarmChattering, State: is, Point: point,
		Detail: string(b.code), Count: &devices.Count{Raw: n, Step: n}, Text: text}
}

// chatter tells that a point chatters from now on.
func (in *Ingest) chatter(b *bounce, now time.Time) error {
	b.since = now
	text := fmt.Sprintf("more than %d edges in a minute: look for a loose contact, or a value that sits on its limit; what stands is told when it is calm", mostEdges)
	_, err := in.put(in.placeOf(b.device), b.event(now, devices.Raised, uint64(len(b.edges)), text))
	return err
}

// calm tells of what chatters no more, and forgets the points that are quiet. One
// that is being told of is looked at again in a second.
func (in *Ingest) calm(now time.Time) {
	for _, b := range in.bounces.all() {
		if !b.telling.tryTake() {
			continue
		}
		switch {
		case b.idle(now):
			in.bounces.forget(b)
		case !b.since.IsZero() && now.Sub(b.since) >= edgesIn && !b.beyond(now):
			in.endChatter(b, now)
		}
		b.telling.give()
	}
}

// calmAll ends all chatter, because nobody is heard any more: what was said last
// must be on disk.
func (in *Ingest) calmAll() {
	for _, b := range in.bounces.all() {
		b.telling.take()
		if !b.since.IsZero() {
			in.endChatter(b, time.Now())
		}
		b.telling.give()
	}
}

// endChatter lets the store have what was said last, and how much was not told.
func (in *Ingest) endChatter(b *bounce, now time.Time) {
	place := in.placeOf(b.device)
	if b.last != nil {
		made, err := in.put(place, *b.last)
		if err != nil {
			in.opt.Log.Error("what chattered is not told", "device", b.device, "code", b.code, "err", err)
			return
		}
		if made != nil && b.held > 0 {
			b.held--
		}
		b.last = nil
	}
	text := fmt.Sprintf("%d edges held back since %s", b.held, b.since.In(shanghai).Format(time.TimeOnly))
	if _, err := in.put(place, b.event(now, devices.Cleared, b.held, text)); err != nil {
		in.opt.Log.Error("what chattered is not told", "device", b.device, "code", b.code, "err", err)
		return
	}
	b.since, b.held = time.Time{}, 0
}

func (bs *bounces) all() []*bounce {
	bs.mu.Lock()
	defer bs.mu.Unlock()
	return slices.Collect(maps.Values(bs.at))
}

func (bs *bounces) forget(b *bounce) {
	bs.mu.Lock()
	defer bs.mu.Unlock()
	delete(bs.at, b.pointKey)
}

// leave forgets the points of a device that has left, once nobody tells of them.
func (bs *bounces) leave(device string) {
	for _, b := range bs.all() {
		if b.device != device {
			continue
		}
		b.telling.take()
		b.since, b.edges, b.last = time.Time{}, nil, nil // who has it still finds nothing to tell
		bs.forget(b)
		b.telling.give()
	}
}
