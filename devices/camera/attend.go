package camera

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"sitepost/devices"
	"sitepost/devices/camera/onvif"
)

// AttendOptions say whom to attend to: a camera, or a recorder with several.
type AttendOptions struct {
	Name   string // of the camera or recorder on the site
	Client *onvif.Client
	Memory *Memory

	// Hearing makes events of what is notified. It is shared with whoever reads the
	// metadata track of the same camera or recorder, and then has Cameras, Recorder,
	// Urgent and Open of its own; nil = nobody does.
	Hearing *Hearing

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
	if o.Hearing == nil {
		o.Hearing = NewHearing(HearingOptions{Name: o.Name, Cameras: o.Cameras, Recorder: o.Recorder, Urgent: o.Urgent, Open: o.Open})
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &attendance{options: o, hearing: o.Hearing.Of("")}
}

// An attendance outlives its runs.
type attendance struct {
	options AttendOptions
	hearing *Hearing
	deaf    int // runs in a row that heard nothing
}

// Run holds the conversation until it breaks or ctx ends.
func (a *attendance) Run(ctx context.Context, emit func(devices.Event) error) error {
	l := &listening{attendance: a, voice: newVoice(emit)}
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
	voice *voice
}

func (l *listening) run(ctx context.Context) error {
	if err := l.identify(ctx); err != nil {
		return l.tellNotIdentified(ctx, err)
	}
	if l.options.Deaf {
		return l.stayDeaf(ctx)
	}
	l.hearing.takeUpEnds(l.voice.pass)
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
