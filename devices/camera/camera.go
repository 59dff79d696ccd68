// Package camera finds ONVIF cameras, asks them who they are and where their
// stream is, and keeps looking at the stream.
//
//	Discover ── WS-Discovery ──► Found          who is there, without a login
//	Identify ── ONVIF ─────────► Identity       who is it, with the login
//	New ─────── ONVIF, RTSP ───► devices.Device one conversation: the stream's figures and what is wrong with it
//
// Its rules:
//
//   - It asks and never sets: no question here changes anything in a camera.
//   - It dials the configured host and addresses inside the given networks, and
//     nothing else; it follows no redirect. Logins go to the configured host only.
//   - Two refused logins per host, then none for half an hour or until the secret
//     is another one ([Budget]): cameras lock a user out who tries too often.
//   - Everything from a camera is hostile: bounded in bytes, time, depth and
//     count. Text from a camera is cleaned before anybody reads it.
//   - A camera that cannot be reached ends the conversation, after it was told;
//     whoever runs it begins again.
//
// This is the only room that knows github.com/use-go/onvif (soap.go). Its typed
// questions and its envelope are used; its discovery, its decoding of answers and
// its login are not, because they crash on bad datagrams, decode most fields to
// zero without an error, take a refusal for an answer and know no HTTP Digest.
//
// The package does not know where events go, what the site's zones are, how RTSP
// works (package stream) or when a conversation is begun again.
package camera

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"time"

	"sitepost/devices"
	"sitepost/devices/camera/stream"
)

// Options say which camera is meant and how it is watched.
type Options struct {
	Name string // the site's name for it; for the log only
	Host string // address or host name, with or without a port; the ONVIF port defaults to 80

	User     string                 // the ONVIF user; "" = it is asked without a login
	Password func() (string, error) // asked anew at each conversation, so that a changed secret is noticed; nil = empty

	Networks []netip.Prefix // where the camera and its stream may be, besides Host
	Channel  int            // of a recorder, from 1; 0 = the first and mostly only video source

	Sampled bool          // look for Look, then rest until Every has passed; else look without a pause
	Every   time.Duration // default 60 s
	Look    time.Duration // default 4 s; the length of a sampled visit and of every first one

	HDWidth, HDHeight int     // below it a picture is not HD; 0 = the site has no figure
	HDFPS             float64 // 0 = the rate does not matter
	ClockLimit        time.Duration

	Budget *Budget // failed logins, shared by all that log in to the same hosts; nil = an own one

	// Measure looks at a stream; nil is [stream.Measure].
	Measure func(ctx context.Context, t stream.Target, howLong time.Duration) (devices.Stream, error)
	Log     *slog.Logger // nil = nowhere
}

// Defaults of [Options].
const (
	defaultEvery      = time.Minute
	defaultLook       = 4 * time.Second
	defaultClockLimit = 5 * time.Second
)

func (o Options) withDefaults() Options {
	if o.Every <= 0 {
		o.Every = defaultEvery
	}
	if o.Look <= 0 {
		o.Look = defaultLook
	}
	if o.ClockLimit <= 0 {
		o.ClockLimit = defaultClockLimit
	}
	if o.Budget == nil {
		o.Budget = NewBudget()
	}
	if o.Measure == nil {
		o.Measure = stream.Measure
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// secret reads the password.
func (o Options) secret() (devices.Secret, error) {
	if o.Password == nil {
		return "", nil
	}
	password, err := o.Password()
	if err != nil {
		return "", fmt.Errorf("password: %w", err)
	}
	return devices.Secret(password), nil
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

// An Identity is who a camera says it is.
type Identity struct {
	Endpoint    string        `json:"endpoint,omitempty"` // its endpoint reference; "" where it tells none by question
	Vendor      string        `json:"vendor,omitempty"`
	Model       string        `json:"model,omitempty"`
	Serial      string        `json:"serial,omitempty"`
	Firmware    string        `json:"firmware,omitempty"`
	ClockOffset time.Duration `json:"clock_offset_ns"` // camera minus box, known to a second
	ClockKnown  bool          `json:"clock_known"`     // false: it did not tell its time
}

// Identify asks the camera who it is, with the login. Errors: [*LoginRefused] if
// the login is refused or may not be tried; anything else means that the camera
// was not reached or does not speak ONVIF.
func Identify(ctx context.Context, o Options) (Identity, error) {
	o = o.withDefaults()
	password, err := o.secret()
	if err != nil {
		return Identity{}, fmt.Errorf("camera %q: %w", o.Host, err)
	}
	c, err := open(o, password)
	if err != nil {
		return Identity{}, fmt.Errorf("camera %q: %w", o.Host, err)
	}
	defer c.close()
	id, err := c.identify(ctx)
	if err != nil {
		return id, fmt.Errorf("camera %q: %w", o.Host, err)
	}
	return id, nil
}

// identify learns the clock, then asks for the rest. A camera that does not tell
// its endpoint reference is identified without.
func (c *client) identify(ctx context.Context) (Identity, error) {
	if err := c.learnClock(ctx); err != nil && ctx.Err() == nil {
		if _, told := errors.AsType[*Fault](err); !told {
			return Identity{}, err
		}
	}
	d, err := c.deviceInformation(ctx)
	if err != nil {
		return Identity{}, err
	}
	id := Identity{
		Vendor: words(d.Manufacturer), Model: words(d.Model), Serial: words(d.SerialNumber), Firmware: words(d.FirmwareVersion),
		ClockOffset: c.offset, ClockKnown: c.clockKnown,
	}
	id.Endpoint, _ = c.endpoint(ctx)
	return id, nil
}
