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
	"time"

	"sitepost/devices"
	"sitepost/devices/camera/onvif"
	"sitepost/devices/camera/stream"
)

// WatchOptions say which stream is meant and how it is watched.
type WatchOptions struct {
	Name   string // the site's name of the camera; for the log only
	Client *onvif.Client
	Pick   onvif.Pick    // which of its streams
	Places chan struct{} // of a recorder, shared by its cameras: room for one value for each session that it allows; nil = no limit

	Sampled bool          // look for Look, then rest until Every has passed; else look without a pause
	Every   time.Duration // default 60 s
	Look    time.Duration // default 4 s; the length of a sampled visit and of every first one

	HDWidth, HDHeight int     // below it a picture is not HD; 0 = the site has no figure
	HDFPS             float64 // 0 = the rate does not matter
	ClockLimit        time.Duration

	// Measure looks at a stream; nil is [stream.Measure].
	Measure func(ctx context.Context, t stream.Target, howLong time.Duration) (devices.Stream, error)
	Log     *slog.Logger // nil = nowhere
}

// Defaults of [WatchOptions].
const (
	defaultEvery      = time.Minute
	defaultLook       = 4 * time.Second
	defaultClockLimit = 5 * time.Second
)

func (o WatchOptions) withDefaults() WatchOptions {
	if o.Every <= 0 {
		o.Every = defaultEvery
	}
	if o.Look <= 0 {
		o.Look = defaultLook
	}
	if o.ClockLimit <= 0 {
		o.ClockLimit = defaultClockLimit
	}
	if o.Measure == nil {
		o.Measure = stream.Measure
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
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
