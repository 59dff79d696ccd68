package camera

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"sitepost/devices"
	"sitepost/devices/camera/onvif"
	"sitepost/devices/camera/stream"
)

// alertFor is how long a camera is watched without a pause after an alarm.
const alertFor = time.Minute

// leastKept is how long a session is kept though others wait for it: cameras that are
// all to be watched always must not log in every few seconds in turn.
const leastKept = 20 * time.Second

// errEnough ends a kept session that is to be kept no longer.
var errEnough = errors.New("looked enough")

// A session is one attempt to look at the stream. It is told by its first figures
// whether the login was taken.
type session struct {
	*watch
	attempt *onvif.Attempt // nil = there is no login, or it is settled
	began   time.Time
	last    devices.Stream // its state is "" while nothing is known
}

// session looks at the stream once: for a visit, or for as long as it is to be
// kept. What it saw is told; an error says why it ended before, and saw is then what
// it saw last. No login is spent that the budget does not allow.
func (w *watch) session(ctx context.Context) (saw devices.Stream, err error) {
	turn := w.options.Places.ask()
	defer turn.give()
	if err := w.wait(ctx, turn); err != nil {
		return saw, err
	}
	s := &session{watch: w, began: time.Now(), last: devices.Stream{State: devices.StreamAuthFailed, URI: w.uri}}
	target, err := s.admit(ctx)
	if err != nil {
		s.last.Why = []string{err.Error()}
		w.tell(ctx, &s.last)
		return s.last, err
	}
	s.last.State = ""
	if w.keeps() {
		err = w.options.Eyes.Follow(ctx, target, s.window(), func(got devices.Stream) error { return s.take(ctx, got) })
	} else {
		var got devices.Stream
		if got, err = w.options.Eyes.Measure(ctx, target, w.options.Look); ctx.Err() == nil {
			s.settle(got, err)
			w.tell(ctx, &got)
			s.last = got
		}
	}
	s.settle(s.last, err)
	s.count(err)
	switch {
	case ctx.Err() != nil, errors.Is(err, errEnough):
		return s.last, ctx.Err()
	case errors.Is(err, stream.ErrAgain):
		return s.last, s.again(ctx, err)
	case s.last.State == devices.StreamAuthFailed && !errors.Is(err, stream.ErrBasic):
		err = fmt.Errorf("%w; %s", err, (&onvif.LoginRefused{}).NextStep())
	}
	return s.last, err
}

// window is how often a kept session tells its figures: where somebody waits for it
// already, as soon as it may be given up.
func (s *session) window() time.Duration {
	if s.options.Places.wanted() {
		return min(s.options.Every, leastKept)
	}
	return s.options.Every
}

// count counts the sessions in a row that ended by themselves before they had held
// for a minute: the more they are, the longer the camera is left alone.
func (s *session) count(err error) {
	if s.brief++; err == nil || errors.Is(err, errEnough) || time.Since(s.began) >= s.options.Every {
		s.brief = 0
	}
}

// again is nil where a session must begin anew and nothing is wrong. A camera that
// wants that again and again, and never shows a picture, has failed.
func (s *session) again(ctx context.Context, why error) error {
	if s.last.State != "" || s.brief < failsAllowed {
		return nil
	}
	s.last.State, s.last.Why = devices.StreamIsOffline, []string{why.Error()}
	s.tell(ctx, &s.last)
	return why
}

// admit asks for all that a session needs: its turn, the secret, the right to try
// it, and a certificate where the site wants one.
func (s *session) admit(ctx context.Context) (t stream.Target, err error) {
	if err := s.options.Starts.Wait(ctx); err != nil {
		return t, err
	}
	password, err := s.client.Secret()
	if err != nil {
		return t, err
	}
	t = s.target(ctx, password)
	if s.options.Pin != "" && !strings.HasPrefix(t.URL, "rtsps:") {
		s.last.State = devices.StreamUnusable
		return t, fmt.Errorf("the camera names an unencrypted stream (%s) though stream_pin is set: switch RTSPS on in it, or take stream_pin out of the site file", t.URL)
	}
	if s.client.User() != "" {
		s.attempt, err = s.client.Budget().Try(ctx, s.client.Host(), rtspDoor, s.client.User(), password)
	}
	return t, err
}

// take is given the figures of a kept session, one window after the other.
func (s *session) take(ctx context.Context, got devices.Stream) error {
	s.settle(got, nil)
	s.last = got
	s.tell(ctx, &got)
	s.noteAlert()
	switch {
	case s.voice.full != nil:
		return s.voice.full
	case !s.keeps(), s.options.Places.wanted() && time.Since(s.began) >= leastKept:
		return errEnough
	}
	return nil
}

// settle says once what became of the login.
func (s *session) settle(got devices.Stream, err error) {
	if s.attempt == nil {
		return
	}
	switch {
	case got.State == devices.StreamLive, got.State == devices.StreamIsDegraded, got.State == devices.StreamIsStalled:
		s.attempt.Accepted()
	case got.State == devices.StreamAuthFailed && !errors.Is(err, stream.ErrBasic):
		s.attempt.Refused()
	default:
		s.attempt.Unknown()
	}
	s.attempt = nil
}

// noteAlert takes up an alarm that waits.
func (w *watch) noteAlert() {
	select {
	case <-w.options.Alert:
		w.alert = time.Now().Add(alertFor)
	default:
	}
}

// trust keeps the first certificate of a stream.
func (w *watch) trust(pin string) {
	err := w.options.Memory.Change(func(k *Known) {
		if k.StreamPin == "" {
			k.StreamPin = pin
		}
	})
	if err != nil {
		w.options.Log.Error("certificate of the stream not kept", "camera", w.options.Name, "err", err)
	}
}
