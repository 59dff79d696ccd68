// Package camera holds the conversations with the cameras and recorders of a site.
//
//	Watch ─── RTSP, ONVIF ──► the stream of one camera: its figures and what is wrong with it
//	Attend ── ONVIF ────────► who a camera or recorder is, what changed, what it notices by itself
//	Shoot ─── HTTP ─────────► a picture when there is an alarm where a camera looks
//	Audit ─── ONVIF ────────► how far back a recorder has recorded
//	Follow ── WS-Discovery ─► who has another address now
//
// [Compare] says what became different between two inventories of one camera.
//
// Each of the five makes a [devices.Device]. All that talk with one camera share its
// [onvif.Client] and its [Memory].
//
// A camera that cannot be reached ends the conversation, after it was told;
// whoever runs it begins again.
//
// The package does not know where events go, what the site's zones are, how a
// question travels (package onvif), how cameras are found (package find) or how
// RTSP works (package stream).
package camera

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"time"

	"golang.org/x/time/rate"

	"sitepost/devices"
	"sitepost/devices/camera/norm"
	"sitepost/devices/camera/onvif"
	"sitepost/devices/camera/stream"
)

// WatchOptions say which stream is meant and how it is watched.
type WatchOptions struct {
	Name   string // the site's name of the camera
	Client Asked
	Memory *Memory    // of who is asked; nil = nothing is kept
	Pick   onvif.Pick // which of its streams

	Transport stream.Transport
	Pin       string        // of its RTSPS certificate, as the site file has it; "" = the first one is trusted and kept
	Places    *Places       // of its recorder; nil = no limit
	Starts    *rate.Limiter // of sessions, shared by all cameras of the box; nil = no limit

	Sampled bool            // look for Look, then rest until Every has passed; else look without a pause
	Every   time.Duration   // default 60 s
	Look    time.Duration   // default 4 s; the length of a sampled visit
	Alert   <-chan struct{} // there was an alarm where the camera looks: it is watched without a pause for a while

	Limits norm.Limits // what its stream is held against

	Eyes Eyes         // the zero Eyes are those of package stream
	Log  *slog.Logger // nil = nowhere
}

// Asked is the camera or recorder that is asked about a stream. A [onvif.Client] is
// one, and says what each method promises.
type Asked interface {
	LearnClock(ctx context.Context) error
	ClockOffset() (offset time.Duration, known bool)
	Streams(ctx context.Context, pick onvif.Pick) (onvif.Streams, error)

	Host() string
	Address() string
	Networks() []netip.Prefix

	User() string
	Secret() (devices.Secret, error)
	Budget() *onvif.Budget
}

// Eyes look at streams. Each is the function of package stream that has its name,
// unless a test has another.
type Eyes struct {
	Measure func(ctx context.Context, t stream.Target, howLong time.Duration) (devices.Stream, error)
	Follow  func(ctx context.Context, t stream.Target, every time.Duration, take func(devices.Stream) error) error
	Knock   func(ctx context.Context, t stream.Target) error
}

func (e Eyes) orReal() Eyes {
	if e.Measure == nil {
		e.Measure = stream.Measure
	}
	if e.Follow == nil {
		e.Follow = stream.Follow
	}
	if e.Knock == nil {
		e.Knock = stream.Knock
	}
	return e
}

// Defaults of [WatchOptions].
const (
	defaultEvery = time.Minute
	defaultLook  = 4 * time.Second
)

func (o WatchOptions) withDefaults() WatchOptions {
	if o.Every <= 0 {
		o.Every = defaultEvery
	}
	if o.Look <= 0 {
		o.Look = defaultLook
	}
	if o.Memory == nil {
		o.Memory = NewMemory(Known{}, func(Known) error { return nil })
	}
	if o.Starts == nil {
		o.Starts = rate.NewLimiter(rate.Inf, 1)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Eyes = o.Eyes.orReal()
	return o
}

// pause is the rest between two visits: d, a tenth more or less, so that the
// cameras of a site are not all looked at in the same second.
func pause(d time.Duration) time.Duration {
	return d - d/10 + rand.N(d/5+1)
}

// wait returns false when ctx ended first.
func wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
