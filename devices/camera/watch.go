package camera

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"sitepost/devices"
	"sitepost/devices/camera/norm"
	"sitepost/devices/camera/onvif"
	"sitepost/devices/camera/stream"
)

// rtspDoor is the name under which a [onvif.Budget] counts logins to streams.
const rtspDoor = "rtsp"

// failsAllowed is how many sessions in a row must fail before a condition is
// raised: one lost session is no alarm.
const failsAllowed = 2

// Watch makes the conversation with a camera's stream:
//
//	learn ── clock, login, where its stream is
//	  │ login refused: camera.login_refused, ends
//	  │ not reached:   device.offline, stream.offline, ends (if its stream was never known)
//	  ▼
//	session ── a visit, or kept ──► stream.reading, and what the figures mean (watch_tell.go)
//	  ▲  │ broke twice:    stream.offline or stream.stalled, and learn again
//	  │  │ broke, and three knocks are not answered: away
//	  │  ▼
//	  ├─ rest ── a knock every few seconds
//	  │    │ three not answered
//	  │    ▼
//	  └─ away ── stream.offline, device.offline; a knock every few seconds until one is answered
//
// A visit is short and comes once a minute; a session is kept where the site says
// so, and for a minute after an alarm where the camera looks. Knocks and visits find
// a dead camera within 15 seconds, and cost it next to nothing.
//
// What ends, ends after it was told. A login that may not be tried costs the
// camera no login: the conversation may be begun again at any time.
func Watch(o WatchOptions) devices.Device {
	return &conversation{options: o.withDefaults(), track: newTrack(o), changes: rate.NewLimiter(rate.Every(changeEach), changesAtOnce)}
}

// A conversation outlives its runs: it keeps what was learnt.
type conversation struct {
	options WatchOptions
	uri     string    // of the main stream, learnt last; "" = never
	state   string    // of the stream, as it was said last
	since   time.Time // of the state
	pool    norm.Pool // of what was measured

	reported time.Time     // when it told its time by RTCP last
	changes  *rate.Limiter // of what it is made of, as they may be told
	untold   int           // of them since the last that was told
	track    *track        // nil = it is not asked for
}

// Run holds the conversation until it breaks or ctx ends.
func (d *conversation) Run(ctx context.Context, emit func(devices.Event) error) error {
	w := &watch{conversation: d, client: d.options.Client, voice: newVoice(emit)}
	err := w.runBeside(ctx, emit)
	switch {
	case w.voice.full != nil:
		return w.voice.full
	case ctx.Err() != nil || err == nil:
		return nil
	}
	return fmt.Errorf("camera %q: %w", d.options.Client.Address(), err)
}

// runBeside runs, and tells what the metadata track says as long as that takes.
func (w *watch) runBeside(ctx context.Context, emit func(devices.Event) error) error {
	if w.track == nil {
		return w.run(ctx)
	}
	ctx, stop := context.WithCancel(ctx)
	var full error
	var beside sync.WaitGroup
	beside.Go(func() {
		full = w.track.run(ctx, emit)
		stop() // where nothing more is taken there is nothing to look for
	})
	err := w.run(ctx)
	stop()
	beside.Wait()
	if full != nil {
		w.voice.full = full
	}
	return err
}

// A watch is one run of a conversation.
type watch struct {
	*conversation
	client Asked
	voice  *voice

	failed    int       // sessions in a row
	brief     int       // sessions in a row that did not hold for a minute
	doubted   int       // visits in a row that had a doubt of their own
	alert     time.Time // until when the camera is watched without a pause because of an alarm
	said      time.Time // when a reading was said last
	clockRead time.Time // when the camera's ONVIF clock was asked last
	trackless bool      // the stream has no metadata track that can be read
	trackAt   time.Time // its metadata track alone is not asked for before
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
		w.tell(ctx, &devices.Stream{State: devices.StreamAuthFailed, URI: w.uri, Why: []string{err.Error()}})
		return err
	}
	w.pass(devices.StreamResolving)
	if err := w.learn(ctx); err != nil {
		return err
	}
	for w.goesOn(ctx) {
		began := time.Now()
		saw, err := w.session(ctx)
		switch {
		case !w.goesOn(ctx):
		case err != nil:
			err = w.recover(ctx, saw, err)
		case !w.keeps():
			err = w.rest(ctx, w.options.Every-time.Since(began))
		case w.brief > 0, time.Since(began) < shortSession:
			w.waitOut(ctx, pause(w.retryAfter(saw.State)))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *watch) goesOn(ctx context.Context) bool { return w.voice.full == nil && ctx.Err() == nil }

// keeps says whether the camera is watched without a pause now.
func (w *watch) keeps() bool { return !w.options.Sampled || time.Now().Before(w.alert) }

// learn asks the camera all that is needed to visit its stream. Where nobody
// answers, the address learnt by an earlier run must do.
func (w *watch) learn(ctx context.Context) error {
	err := w.client.LearnClock(ctx)
	w.clockRead = time.Now()
	var found onvif.Streams
	if _, told := errors.AsType[*onvif.Fault](err); err == nil || told {
		w.heard()
		found, err = w.client.Streams(ctx, w.options.Pick)
	}
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return w.tellNotLearnt(ctx, err)
	}
	if found.Main != w.uri {
		w.options.Log.Info("stream learnt", "camera", w.options.Name, "stream", found.Main, "sub_stream", found.Sub)
	}
	w.uri = found.Main
	return nil
}

// heard says that the camera is there.
func (w *watch) heard() {
	w.clear(devices.DeviceOffline)
	w.voice.say(devices.Heard("", time.Now()))
}

// tellNotLearnt says why the camera told nothing, and returns what ends the run.
func (w *watch) tellNotLearnt(ctx context.Context, err error) error {
	state := devices.StreamIsOffline
	_, gone := errors.AsType[*onvif.Unreachable](err)
	_, refused := errors.AsType[*onvif.LoginRefused](err)
	switch {
	case gone && w.uri != "":
		return nil // only its ONVIF may be gone: the stream says more
	case gone:
		w.raise(devices.DeviceOffline, err.Error())
		w.raise(devices.StreamOffline, err.Error())
	case refused:
		state = devices.StreamAuthFailed
		w.clear(devices.DeviceOffline)
		w.raise(devices.CameraLogin, err.Error())
	default: // somebody is there, and it is not the camera we need
		w.clear(devices.DeviceOffline)
		w.raise(devices.StreamOffline, err.Error())
	}
	w.tell(ctx, &devices.Stream{State: state, URI: w.uri, Why: []string{err.Error()}})
	return err
}

// target is the stream to look at.
func (w *watch) target(ctx context.Context, password devices.Secret) stream.Target {
	o := w.options
	t := stream.Target{
		URL: w.uri, User: w.client.User(), Password: password, Allow: w.client.Networks(),
		Transport: o.Transport, Early: true, Timed: time.Since(w.reported) < reportsFresh, Step: w.pass,
	}
	if w.track != nil {
		w.track.begin()
		t.Metadata = w.track.hear(ctx)
	}
	if t.Pin, t.Unproved = w.pin(); t.Unproved {
		t.Seen = w.trust
	}
	return t
}

// pin is that of the stream's certificate: the site file's, or the first that was
// seen ("" before), which nobody has looked at.
func (w *watch) pin() (pin string, unproved bool) {
	if w.options.Pin != "" {
		return w.options.Pin, false
	}
	return w.options.Memory.Known().StreamPin, true
}
