package camera

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sitepost/devices"
	"sitepost/devices/camera/onvif"
	"sitepost/devices/camera/stream"
)

// rtspDoor is the name under which a [Budget] counts logins to streams.
const rtspDoor = "rtsp"

// A visit that failed is repeated so soon, and the stream is called offline
// when that fails too: one lost visit is no alarm.
const (
	secondLook   = 5 * time.Second
	failsAllowed = 2
)

// Watch makes the conversation with a camera's stream:
//
//	learn ── clock, login, where its stream is
//	  │ login refused: camera.login_refused, ends
//	  │ not reached:   device.offline, stream.offline, ends (if its stream was never known)
//	  ▼
//	visit ── look at the stream ──► stream.reading, stream.below_hd
//	  ▲  │ failed twice: stream.offline or stream.stalled
//	  └──┤ rest            and nobody answers by ONVIF either: device.offline, ends
//
// What ends, ends after it was told. A login that may not be tried costs the
// camera no login: the conversation may be begun again at any time.
func Watch(o WatchOptions) devices.Device { return &conversation{options: o.withDefaults()} }

// A conversation outlives its runs: it keeps what was learnt.
type conversation struct {
	options WatchOptions
	uri     string    // of the main stream, learnt last; "" = never
	state   string    // of the stream
	since   time.Time // of the state
}

// Run holds the conversation until it breaks or ctx ends.
func (d *conversation) Run(ctx context.Context, emit func(devices.Event) error) error {
	w := &watch{conversation: d, client: d.options.Client, voice: newVoice(emit)}
	err := w.run(ctx)
	switch {
	case w.voice.full != nil:
		return w.voice.full
	case ctx.Err() != nil || err == nil:
		return nil
	}
	return fmt.Errorf("camera %q: %w", d.options.Client.Address(), err)
}

// A watch is one run of a conversation.
type watch struct {
	*conversation
	client *onvif.Client
	voice  *voice
	failed int // visits in a row
}

// raise and clear tell conditions of the camera.
func (w *watch) raise(code devices.Code, text string) { w.voice.raise(code, "", "", text) }

func (w *watch) clear(codes ...devices.Code) {
	for _, code := range codes {
		w.voice.clear(code, "")
	}
}

func (w *watch) run(ctx context.Context) error {
	if _, err := w.client.Secret(); err != nil {
		w.raise(devices.CameraLogin, err.Error())
		return err
	}
	if err := w.learn(ctx); err != nil {
		return err
	}
	look := w.options.Look
	for w.voice.full == nil && ctx.Err() == nil {
		good, err := w.visit(ctx, look)
		if err != nil {
			return err
		}
		if good && !w.options.Sampled {
			look = w.options.Every // and no rest
			continue
		}
		look = w.options.Look
		if !wait(ctx, pause(w.rest(good))) {
			return nil
		}
	}
	return nil
}

// rest is how long the camera is left alone after a visit.
func (w *watch) rest(good bool) time.Duration {
	if !good && w.failed < failsAllowed {
		return min(secondLook, w.options.Every)
	}
	return max(w.options.Every-w.options.Look, w.options.Every/10)
}

// learn asks the camera all that is needed to visit its stream. Where nobody
// answers, the address learnt by an earlier run must do.
func (w *watch) learn(ctx context.Context) error {
	err := w.client.LearnClock(ctx)
	var found onvif.Streams
	if _, told := errors.AsType[*onvif.Fault](err); err == nil || told {
		found, err = w.client.Streams(ctx, w.options.Pick)
	}
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return w.tellNotLearnt(err)
	}
	if found.Main != w.uri {
		w.options.Log.Info("stream learnt", "camera", w.options.Name, "stream", found.Main, "sub_stream", found.Sub)
	}
	w.uri = found.Main
	w.clear(devices.DeviceOffline)
	w.voice.say(devices.Heard("", time.Now()))
	return nil
}

// tellNotLearnt says why the camera told nothing, and returns what ends the run.
func (w *watch) tellNotLearnt(err error) error {
	_, gone := errors.AsType[*onvif.Unreachable](err)
	_, refused := errors.AsType[*onvif.LoginRefused](err)
	switch {
	case gone && w.uri != "":
		return nil // only its ONVIF may be gone: the stream says more
	case gone:
		w.raise(devices.DeviceOffline, err.Error())
		w.raise(devices.StreamOffline, err.Error())
	case refused:
		w.clear(devices.DeviceOffline)
		w.raise(devices.CameraLogin, err.Error())
	default: // somebody is there, and it is not the camera we need
		w.clear(devices.DeviceOffline)
		w.raise(devices.StreamOffline, err.Error())
	}
	return err
}

// visit looks at the stream once and tells what it saw. An error ends the run.
func (w *watch) visit(ctx context.Context, howLong time.Duration) (good bool, err error) {
	s, err := w.look(ctx, howLong)
	if ctx.Err() != nil {
		return false, nil
	}
	answers := w.client.LearnClock(ctx) // its clock may have been set, or it may be gone
	if ctx.Err() != nil {
		return false, nil
	}
	w.noteClock(&s)
	hd := w.judgeHD(&s)
	if s.State != w.state {
		w.state, w.since = s.State, time.Now()
	}
	s.Since = w.since
	if err != nil {
		w.failed++
	} else {
		w.failed = 0
	}
	w.voice.say(devices.Event{Code: devices.StreamReading, Stream: &s})
	if err != nil {
		return false, w.tellFailed(ctx, &s, err, answers)
	}
	w.clear(devices.DeviceOffline, devices.CameraLogin, devices.StreamOffline, devices.StreamStalled)
	w.tellHD(&s, hd)
	w.tellClock(&s)
	return true, nil
}

// tellFailed says what a failed visit means, and asks the camera again where
// its stream is. An error ends the run.
func (w *watch) tellFailed(ctx context.Context, s *devices.Stream, err, answers error) error {
	if s.State == stream.AuthFailed {
		w.raise(devices.CameraLogin, err.Error())
	}
	if w.failed < failsAllowed {
		return nil
	}
	code, other := devices.StreamOffline, devices.StreamStalled
	if s.State == stream.Stalled {
		code, other = other, code
	}
	w.raise(code, err.Error())
	if w.voice.isRaised(other, "") {
		w.clear(other)
	}
	if _, gone := errors.AsType[*onvif.Unreachable](answers); !gone {
		return w.learn(ctx)
	}
	if s.State != stream.Offline {
		return nil // its RTSP answers
	}
	w.raise(devices.DeviceOffline, answers.Error())
	return answers
}

// takePlace waits for one of the sessions that a recorder allows. It returns
// false when ctx ended first.
func (w *watch) takePlace(ctx context.Context) bool {
	if w.options.Places == nil {
		return true
	}
	select {
	case w.options.Places <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (w *watch) givePlace() {
	if w.options.Places != nil {
		<-w.options.Places
	}
}

// look measures the stream. With an error the Stream still says its state. No
// login is spent that the budget does not allow.
func (w *watch) look(ctx context.Context, howLong time.Duration) (devices.Stream, error) {
	c := w.client
	if !w.takePlace(ctx) {
		return devices.Stream{}, ctx.Err()
	}
	defer w.givePlace()
	password, err := c.Secret()
	if err != nil {
		return devices.Stream{State: stream.AuthFailed, URI: w.uri, Why: []string{err.Error()}}, err
	}
	target := stream.Target{URL: w.uri, User: c.User(), Password: password, Allow: c.Networks()}
	if c.User() == "" {
		return w.options.Measure(ctx, target, howLong)
	}
	attempt, err := c.Budget().Try(ctx, c.Host(), rtspDoor, c.User(), password)
	if err != nil {
		return devices.Stream{State: stream.AuthFailed, URI: w.uri, Why: []string{err.Error()}}, err
	}
	s, err := w.options.Measure(ctx, target, howLong)
	switch {
	case s.State == stream.Live || s.State == stream.Degraded || s.State == stream.Stalled:
		attempt.Accepted()
	case s.State == stream.AuthFailed && !errors.Is(err, stream.ErrBasic):
		attempt.Refused()
		err = fmt.Errorf("%w; %s", err, (&onvif.LoginRefused{}).NextStep())
	default:
		attempt.Unknown()
	}
	return s, err
}
