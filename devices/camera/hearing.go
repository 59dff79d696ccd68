package camera

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"sitepost/devices"
	"sitepost/devices/camera/metadata"
	"sitepost/devices/camera/notice"
)

// HearingOptions say whose events are heard: a camera's, or a recorder's with those
// of its cameras.
type HearingOptions struct {
	Name string // of the camera or recorder on the site

	// Cameras are those of the site on each channel of a recorder, by number; nil
	// for a camera.
	Cameras  map[int]string
	Recorder bool

	// Urgent says whose motion belongs to the alarm lane.
	Urgent func(device string) bool
	// Open lists the conditions that are open now, whosever they are: after a
	// restart those that end by their own timer need one again. nil = none.
	Open func() []Standing
}

// A Hearing makes events of what a camera or recorder notifies, whichever way that
// comes:
//
//	pull point ────── [Attend] ──► Hearing ──► what the topics mean (package notice)
//	metadata track ── [Watch]  ──►    │
//	                                  └─ one memory: what was said, what stands, what ends by itself
//
// The same notification over two ways is one event: a condition and a state by what
// they are, which whoever takes events knows; what happens by [notice.Edges], which
// is fed by both; and all by [twice], where the camera says when it was.
//
// It outlives the runs of the conversations that feed it, and is safe for several
// goroutines. While an event is being said the others wait: what ends never
// overtakes its beginning.
type Hearing struct {
	*heard
	camera string // on a recorder, whose own track it is; "" = the recorder's events, or a camera's
}

// heard is what all that hear one camera or recorder share.
type heard struct {
	options HearingOptions
	sooner  chan struct{} // room for one: something ends by itself that did not

	mu       sync.Mutex // protects all below; held while events are said
	channels map[string]int
	edges    map[string]*notice.Edges // by owner
	twice    twice
	unknown  notice.Limiter             // of topics without a meaning, which may come by the thousand
	ends     map[conditionKey]time.Time // when conditions end by themselves
	stands   map[conditionKey]bool      // conditions that were raised since somebody began to attend
	crowded  bool                       // there are too many of them, which was told

	// endsItself are the codes of which the camera has told an end: it is trusted to
	// tell the next one too, and no timer closes what still stands. Points are "".
	endsItself map[conditionKey]bool
}

// NewHearing begins to hear a camera or recorder.
func NewHearing(o HearingOptions) *Hearing {
	if o.Urgent == nil {
		o.Urgent = func(string) bool { return false }
	}
	if o.Open == nil {
		o.Open = func() []Standing { return nil }
	}
	return &Hearing{heard: &heard{
		options: o, sooner: make(chan struct{}, 1), edges: map[string]*notice.Edges{},
		ends: map[conditionKey]time.Time{}, stands: map[conditionKey]bool{}, endsItself: map[conditionKey]bool{},
	}}
}

// Of is the same hearing for the track of one camera of a recorder, in a conversation
// that speaks in the name of that camera.
func (h *Hearing) Of(camera string) *Hearing {
	if !h.options.Recorder {
		return h
	}
	return &Hearing{heard: h.heard, camera: camera}
}

// byPullPoint is the way of what is pulled; a track has its own, with its name.
const byPullPoint = "pull point"

// Take says what a metadata track brought, and lets end what ends by itself: call it
// about once a second also with nothing. The error is emit's own.
func (h *Hearing) Take(all []notice.Notification, at time.Time, emit func(devices.Event) error) error {
	return h.take("track "+h.camera, all, at, emit)
}

// Objects says how many objects of each class a metadata track counted.
func (h *Hearing) Objects(counts []metadata.Count, emit func(devices.Event) error) error {
	for _, c := range counts {
		err := emit(devices.Event{
			Time: c.At, Code: devices.CameraObjects, Point: c.Class,
			Value: &devices.Value{Quantity: "objects", Number: float64(c.Objects)},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// take says what came one way.
func (h *Hearing) take(way string, all []notice.Notification, at time.Time, emit func(devices.Event) error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := &telling{Hearing: h, emit: emit}
	for _, n := range all {
		owner := h.owner(n)
		if h.twice.is(way, owner, n, at) {
			continue
		}
		for _, s := range h.edgesOf(owner).Say(n, at) {
			t.tell(s, owner, at)
		}
	}
	t.endOverdue(at)
	return t.full
}

// owner is the camera of a recorder that a notification is about only because it
// came with that camera's picture; "" where the notification tells it, or where it
// is about the recorder: its disks and its inputs.
func (h *Hearing) owner(n notice.Notification) string {
	ofDevice := strings.HasPrefix(n.Topic, "Device/") || strings.HasPrefix(n.Topic, "Monitoring/")
	if h.camera == "" || ofDevice || h.channels[n.About()] > 0 {
		return ""
	}
	return h.camera
}

// edgesOf is what was said at each point, apart for what is told apart only by whose
// picture it came with.
func (h *heard) edgesOf(owner string) *notice.Edges {
	if h.edges[owner] == nil {
		h.edges[owner] = &notice.Edges{}
	}
	return h.edges[owner]
}

// subscribed begins anew with a pull point, which tells how everything stands.
func (h *heard) subscribed() {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.edges, "")
}

// learn takes in by which tokens a recorder names its channels.
func (h *heard) learn(channels map[string]int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.channels = channels
}

// A telling says events in the name of one conversation, until one is refused.
type telling struct {
	*Hearing
	emit func(devices.Event) error
	full error
}

// say says an event. An event without a device is the hearing's own, which is not
// that of a conversation about one camera of a recorder.
func (t *telling) say(e devices.Event) {
	if t.full != nil {
		return
	}
	if t.camera != "" {
		switch e.Device {
		case "":
			e.Device = t.options.Name
		case t.camera:
			e.Device = ""
		}
	}
	t.full = t.emit(e)
}

// tell says one thing that was noticed, in the name of whom it is about.
func (t *telling) tell(s notice.Saying, owner string, at time.Time) {
	e := s.Event
	e.Time, e.Device = at, owner
	if owner == "" {
		t.address(&e, s.Source)
	}
	if e.Code == devices.CameraEvent && !t.allows(&e) || e.State == devices.Raised && !t.hasRoom(e) {
		return
	}
	e.Urgent = e.Code == devices.CameraMotion && t.options.Urgent(t.speaker(e))
	t.say(e)
	key := conditionKey{e.Device, e.Code, e.Point}
	kind := conditionKey{device: e.Device, code: e.Code}
	switch {
	case e.State == devices.Raised && s.Lasts > 0 && !t.endsItself[kind]:
		t.ends[key] = at.Add(s.Lasts)
		offer(t.sooner)
	case e.State != "":
		delete(t.ends, key)
	}
	if e.State == devices.Cleared {
		t.endsItself[kind] = t.endsItself[kind] || t.stands[key]
		t.ended(key)
	}
}

// allows says whether one more event without a meaning may leave, and writes into
// it how many were held back before.
func (h *heard) allows(e *devices.Event) bool {
	ok, before := h.unknown.Allow(e.Device+" "+e.Detail, e.Time)
	if ok && before > 0 {
		e.Text = strings.TrimSpace(fmt.Sprintf("%s (%d more since the last one)", e.Text, before))
	}
	return ok
}

// speaker is the device that an event is of.
func (h *heard) speaker(e devices.Event) string {
	if e.Device != "" {
		return e.Device
	}
	return h.options.Name
}

// address finds out which camera of a recorder an event is about. What is about
// none that the site has is said in the recorder's own name, with the source as
// its point: nothing is dropped.
func (h *heard) address(e *devices.Event, source string) {
	if !h.options.Recorder || source == "" {
		return
	}
	channel := h.channels[source]
	if camera := h.options.Cameras[channel]; channel > 0 && camera != "" {
		e.Device = camera
		return
	}
	point := source
	if channel > 0 {
		point = fmt.Sprintf("channel %d", channel)
	}
	if e.Point != "" {
		point += " " + e.Point
	}
	e.Point = point
}
