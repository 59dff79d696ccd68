package camera

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"sitepost/devices"
	"sitepost/devices/camera/notice"
	"sitepost/devices/camera/onvif"
)

// AttendOptions say whom to attend to: a camera, or a recorder with several.
type AttendOptions struct {
	Name   string // of the camera or recorder on the site
	Client *onvif.Client
	Memory *Memory

	// Cameras are those of the site on each channel of a recorder, by number; nil
	// for a camera.
	Cameras  map[int]string
	Recorder bool

	Serial, Endpoint string // as the site file has them; "" = not told
	Deaf             bool   // the site wants none of its events

	// Urgent says whose motion belongs to the alarm lane.
	Urgent func(device string) bool
	// Open lists the conditions that are open now, whosever they are: after a
	// restart those that end by their own timer need one again. nil = none.
	Open func() []Standing
	// Anew tells that the camera says that it has started anew. Anybody can say so.
	Anew <-chan struct{}

	Every time.Duration // between two inventories, default 1 h
	Log   *slog.Logger  // nil = nowhere
}

// A Standing is an open condition.
type Standing struct {
	Device string
	Code   devices.Code
	Point  string
}

// Points at which a device.fault of this conversation stands.
const (
	pointEvents   = "events"
	pointIdentity = "identity"
	pointTooMany  = "conditions"
)

// Attend makes the conversation with a camera's or recorder's ONVIF side: who it
// is, what changed since, and what it notices by itself.
//
//	identify ── inventory ──► camera.changed, device.fault at "identity"
//	  │
//	  ▼
//	listen ──── pull point ──► what the topics mean (package notice)
//	  │  ▲                     device.fault at "events" while that fails
//	  │  └── every hour, and when it has started anew: inventory again, beside it
//	  ▼
//	ends when the pull point breaks
//
// Of a recorder it speaks for the cameras on its channels, and says itself what
// no channel of the site is meant by. That a camera cannot be reached, or refuses
// the login, is told by [Watch]; of a recorder it is told here.
func Attend(o AttendOptions) devices.Device {
	if o.Every <= 0 {
		o.Every = time.Hour
	}
	if o.Urgent == nil {
		o.Urgent = func(string) bool { return false }
	}
	if o.Open == nil {
		o.Open = func() []Standing { return nil }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &attendance{options: o, endsItself: map[conditionKey]bool{}}
}

// An attendance outlives its runs.
type attendance struct {
	options AttendOptions
	deaf    int // runs in a row that heard nothing

	// endsItself are the codes of which the camera has told an end: it is trusted to
	// tell the next one too, and no timer closes what still stands. Points are "".
	endsItself map[conditionKey]bool
}

// Run holds the conversation until it breaks or ctx ends.
func (a *attendance) Run(ctx context.Context, emit func(devices.Event) error) error {
	l := &listening{attendance: a, voice: newVoice(emit), ends: map[conditionKey]time.Time{}}
	err := l.run(ctx)
	switch {
	case l.voice.full != nil:
		return l.voice.full
	case ctx.Err() != nil || err == nil:
		return nil
	}
	return fmt.Errorf("%q at %q: %w", a.options.Name, a.options.Client.Address(), err)
}

// A listening is one run of an attendance.
type listening struct {
	*attendance
	voice    *voice
	channels map[string]int             // of a recorder: tokens by which a source is named
	ends     map[conditionKey]time.Time // when conditions end by themselves
	stands   map[conditionKey]bool      // conditions that were raised in this run
	edges    notice.Edges               // of the subscription
	unknown  notice.Limiter             // of topics without a meaning, which may come by the thousand
}

func (l *listening) run(ctx context.Context) error {
	if err := l.identify(ctx); err != nil {
		return l.tellNotIdentified(ctx, err)
	}
	if l.options.Deaf {
		return l.stayDeaf(ctx)
	}
	l.takeUpEnds()
	return l.listen(ctx)
}

// stayDeaf only takes the inventory from time to time.
func (l *listening) stayDeaf(ctx context.Context) error {
	for wait(ctx, pause(l.options.Every)) {
		if err := l.identify(ctx); err != nil {
			return l.tellNotIdentified(ctx, err)
		}
		if l.voice.full != nil {
			return nil
		}
	}
	return nil
}

// tell says one thing a camera noticed, in the name of whom it is about.
func (l *listening) tell(s notice.Saying, at time.Time) {
	e := s.Event
	e.Time = at
	l.address(&e, s.Source)
	if e.Code == devices.CameraEvent && !l.allows(&e) || e.State == devices.Raised && !l.hasRoom(e) {
		return
	}
	e.Urgent = e.Code == devices.CameraMotion && l.options.Urgent(l.speaker(e))
	l.voice.say(e)
	key := conditionKey{e.Device, e.Code, e.Point}
	kind := conditionKey{device: e.Device, code: e.Code}
	switch {
	case e.State == devices.Raised && s.Lasts > 0 && !l.endsItself[kind]:
		l.ends[key] = at.Add(s.Lasts)
	case e.State != "":
		delete(l.ends, key)
	}
	if e.State == devices.Cleared {
		l.endsItself[kind] = l.endsItself[kind] || l.stands[key]
		l.ended(key)
	}
}

// mostStanding is how many conditions of one camera, or of one channel of a
// recorder, may stand at once. A camera has a dozen rules with a few objects each;
// one that invents points must not fill the site's list of what is open.
const mostStanding = 256

// hasRoom says whether a raised condition may leave, and tells once if not.
func (l *listening) hasRoom(e devices.Event) bool {
	if l.stands == nil {
		l.stands = map[conditionKey]bool{}
	}
	key := conditionKey{e.Device, e.Code, e.Point}
	if l.stands[key] {
		return true
	}
	if len(l.stands) >= mostStanding*(1+len(l.options.Cameras)) {
		l.voice.raise(devices.DeviceFault, pointTooMany, "too many alarms",
			fmt.Sprintf("more than %d of its conditions stand at once, further ones are left out: look at its rules, or whether somebody else speaks in its name", len(l.stands)))
		return false
	}
	l.stands[key] = true
	return true
}

// ended makes room where a condition stands no longer.
func (l *listening) ended(key conditionKey) {
	delete(l.stands, key)
	if l.voice.isRaised(devices.DeviceFault, pointTooMany) && len(l.stands) < mostStanding*(1+len(l.options.Cameras))/2 {
		l.voice.clear(devices.DeviceFault, pointTooMany)
	}
}

// allows says whether one more event without a meaning may leave, and writes into
// it how many were held back before.
func (l *listening) allows(e *devices.Event) bool {
	ok, before := l.unknown.Allow(e.Device+" "+e.Detail, e.Time)
	if ok && before > 0 {
		e.Text = strings.TrimSpace(fmt.Sprintf("%s (%d more since the last one)", e.Text, before))
	}
	return ok
}

// speaker is the device that an event is of.
func (l *listening) speaker(e devices.Event) string {
	if e.Device != "" {
		return e.Device
	}
	return l.options.Name
}

// address finds out which camera of a recorder an event is about. What is about
// none that the site has is said in the recorder's own name, with the source as
// its point: nothing is dropped.
func (l *listening) address(e *devices.Event, source string) {
	if !l.options.Recorder || source == "" {
		return
	}
	channel := l.channels[source]
	if camera := l.options.Cameras[channel]; channel > 0 && camera != "" {
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
