// Package pullpoint is the life of one pull point at one camera: made, or taken
// over from an earlier run; pulled from; kept alive; released (ONVIF Core 9,
// WS-BaseNotification 1.3, WS-Addressing 1.0).
//
//	          kept ──► adopt ── it pulls ──────────┐
//	                     │ it does not: release    ▼
//	nothing kept ───► subscribe ───────────────► listen ── ctx ends ──► release
//	                     ▲                         │
//	                     └── the point is gone ────┘
//
// Its rules:
//
//   - A camera has few pull points and forgets none before its time: one is held,
//     never two, and [Kept] tells the next run of it.
//   - Politeness is older than speed: no creation within 30 s of the last, no
//     renewal within 60 s, no loop without a pause.
//   - What a camera refuses is asked in the next form that some camera wants, and
//     the form that works is remembered.
//   - Nothing is said to be heard that was not; where a pull was lost, the camera is
//     asked for its states again.
//   - It never begins a broken conversation again: whoever runs it does.
//
// The package does not know what a notification means (package notice), how a
// question travels (package onvif), or where [Kept] lies.
package pullpoint

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"sitepost/devices/camera/notice"
	"sitepost/devices/camera/onvif"
)

// Options say which camera is meant and what is known of an earlier pull point.
type Options struct {
	Client *onvif.Client
	Kept   *Kept // what Keep was given last, by an earlier run or by a process that was killed; nil = nothing
	// Keep remembers. It is called before a new pull point is used, when a manner
	// was learnt, and with a Kept without an address when a pull point was given up
	// or the last one was released; nil is nothing to remember. It may be nil.
	Keep func(*Kept) error
	// Doubt brings a word that the pull point may be gone, which anybody may have
	// said: the pull under way is given up and another one asks. nil = nobody doubts.
	Doubt <-chan struct{}
	Log   *slog.Logger // nil = nowhere
}

// Kept is what must be known to adopt or release a pull point after a crash, and
// the manners that were learnt. Without an Address it is only the latter.
type Kept struct {
	Address   string    `json:"address,omitempty"`   // URL of the pull point
	Reference string    `json:"reference,omitempty"` // its reference parameters, as XML
	Until     time.Time `json:"until,omitzero"`      // how long the camera keeps it, as it said at first, by our clock; for a person
	Made      time.Time `json:"made,omitzero"`       // by our clock
	Manners
}

// Manners are what was learnt of how a camera wants to be asked. The zero value is
// the manner of the specification.
type Manners struct {
	Bare    bool          `json:"bare,omitempty"`    // without headers of WS-Addressing
	Times   Form          `json:"times,omitempty"`   // of the termination time when a pull point is made
	Renewal Form          `json:"renewal,omitempty"` // of the termination time when it is renewed
	Poll    time.Duration `json:"poll_ns,omitempty"` // the longest poll that it answers; 0 = 20 s
	Modest  bool          `json:"modest,omitempty"`  // it refused the usual message limit or poll
}

// A Form is how a termination time is written.
type Form string

const (
	Relative Form = ""         // "PT600S": never minutes, which some read as seconds (Home Assistant PR#92551)
	Absolute Form = "absolute" // by the camera's own clock
	Untold   Form = "untold"   // none: the camera decides
)

// A Batch is what one pull brought.
type Batch struct {
	At            time.Time             // when its last byte came
	Notifications []notice.Notification // nil: nothing happened, and the camera is there
	Fresh         bool                  // first of a new pull point: nothing was heard since the one before it, and Initialized states follow
}

// Run holds one pull point and hands every batch to take, until ctx ends, and then
// releases it and returns nil; or until the conversation breaks: it returns the
// reason, and the pull point is left for the next run to adopt, by what Keep was
// given last. An error of take ends it too, is returned, and releases the pull
// point.
//
// Errors: [*NoRoom], [onvif.ErrNoEvents], [*onvif.LoginRefused],
// [*onvif.Unreachable] for a camera that answers nothing else either,
// [*onvif.Fault], and anything else for who does not speak ONVIF.
func Run(ctx context.Context, o Options, take func(Batch) error) error {
	return run(ctx, o, take, usual())
}

func run(ctx context.Context, o Options, take func(Batch) error, p pauses) error {
	h := &holding{Options: o, pauses: p, take: take}
	if h.Log == nil {
		h.Log = slog.New(slog.DiscardHandler)
	}
	if o.Kept != nil {
		h.kept, h.saved = *o.Kept, o.Kept.Manners
	}
	err := h.blame(ctx, h.hold(ctx))
	stopped, isStopped := errors.AsType[*stopped](err)
	if isStopped || ctx.Err() != nil {
		h.release(ctx)
	}
	switch {
	case isStopped:
		return stopped.err
	case ctx.Err() != nil:
		return nil
	}
	return err
}

// pauses are all times of a pull point.
type pauses struct {
	life      time.Duration // asked for a pull point
	poll      time.Duration // of one pull; devices support at least one minute, and some hang up after 10 s
	leastPoll time.Duration // it is not adapted below
	patience  time.Duration // beyond the poll
	soon      time.Duration // who hangs up sooner did not wait for anything to happen
	quick     time.Duration // an answer that came sooner was not waited for
	grain     time.Duration // polls are whole ones
	rest      time.Duration // after a quick answer that brought nothing, after many quick ones, and after a mishap
	renewals  time.Duration // at least between two of them (Home Assistant PR#92551, #91661)
	creations time.Duration // at least between two of them (onvif2mqtt#44)
	jitter    time.Duration // by which times that mean the same may differ: cameras tell whole seconds
	release   time.Duration // at most, for saying goodbye
}

func usual() pauses {
	return pauses{
		life: 600 * time.Second, poll: 20 * time.Second, leastPoll: 5 * time.Second, patience: 10 * time.Second,
		soon: time.Second, quick: 500 * time.Millisecond, grain: time.Second, rest: time.Second,
		renewals: 60 * time.Second, creations: 30 * time.Second, jitter: 2 * time.Second, release: 3 * time.Second,
	}
}

// outlast is a context that ends some time after ctx. The caller ends it.
func outlast(ctx context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-time.After(by):
			cancel()
		case <-longer.Done():
		}
	})
	return longer, func() { stop(); cancel() }
}

// wait returns false when ctx ended first.
func wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
