package camera

import (
	"context"
	"errors"
	"time"

	"sitepost/devices"
	"sitepost/devices/camera/onvif"
	"sitepost/devices/camera/stream"
)

// How a camera is knocked at between two visits: every knockEvery, and if it does
// not answer, twice more. A knock takes 1.6 s at most (package stream), so a camera
// that is gone is known within 15 seconds.
const (
	knockEvery = 8500 * time.Millisecond
	knockAgain = 1600 * time.Millisecond // from the beginning of one to that of the next
	knocks     = 3
)

// How long after a failed session the next one begins: twice as long each time.
const (
	firstRetry    = 2 * time.Second
	longestRetry  = time.Minute
	conflictRetry = 30 * time.Second // somebody else has the camera's last session, and will for a while
	shortSession  = 10 * time.Second // after one that must begin anew so soon the camera is given a moment
)

// rest leaves the camera alone for so long, but for a knock now and then: the first
// soon, for it may have gone in the last moment of the visit, and none just before the
// next visit, which is a knock of its own. Meanwhile its metadata track is
// listened to, unless another camera of its recorder waits for the session. An alarm
// where it looks ends the rest.
func (w *watch) rest(ctx context.Context, atMost time.Duration) error {
	stop := w.listenBeside(ctx)
	defer func() { stop() }()
	end, next := time.Now().Add(pause(max(atMost, w.options.Every/10))), knockEvery/2
	for w.goesOn(ctx) {
		left := time.Until(end)
		if left <= knockEvery/2 {
			w.sleep(ctx, left)
			return nil
		}
		if !w.sleep(ctx, min(left, pause(next))) {
			return nil
		}
		next = knockEvery
		if err := w.knock(ctx, knocks); err != nil && ctx.Err() == nil {
			w.tellFailed(devices.StreamIsOffline, err) // before the track is hung up, which takes as long as the camera does not answer
			stop()
			return w.away(ctx, err)
		}
		if w.options.Places.wanted() {
			stop()
		}
	}
	return nil
}

// An unanswered is why a camera is away: three knocks in a row.
type unanswered struct{ error }

// wait waits for a session of the camera's recorder, which other cameras may have for
// minutes. The camera is knocked at meanwhile, and keeps its place in the line.
func (w *watch) wait(ctx context.Context, t *turn) error {
	for next := knockEvery / 2; ; next = knockEvery { // the last knock was up to half of it ago
		select {
		case <-t.come:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause(next)):
		}
		if err := w.knock(ctx, knocks); err != nil && ctx.Err() == nil {
			return &unanswered{err}
		}
	}
}

// sleep waits, and returns false when there is an alarm or ctx ended.
func (w *watch) sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-w.options.Alert:
		w.alert = time.Now().Add(alertFor)
	case <-ctx.Done():
	}
	return false
}

// door is where a camera is knocked at.
func (w *watch) door() stream.Target {
	t := stream.Target{URL: w.uri, Allow: w.client.Networks()}
	t.Pin, t.Unproved = w.pin()
	return t
}

// knock knocks until the camera answers, so many times at most. The error is that of
// the last.
func (w *watch) knock(ctx context.Context, times int) (err error) {
	var began time.Time
	for n := range times {
		if n > 0 && !wait(ctx, knockAgain-time.Since(began)) {
			return ctx.Err()
		}
		began = time.Now()
		if err = w.options.Eyes.Knock(ctx, w.door()); err == nil {
			w.heard()
			return nil
		}
	}
	return err
}

// recover is done after a session that failed: it finds out whether the camera is
// there at all, tells what two failures mean, and waits. An error ends the run.
func (w *watch) recover(ctx context.Context, saw devices.Stream, why error) error {
	if away, is := errors.AsType[*unanswered](why); is {
		return w.away(ctx, away.error)
	}
	w.failed++
	switch saw.State {
	case devices.StreamIsOffline, devices.StreamIsStalled: // the failure itself was the first knock
		if err := w.knock(ctx, knocks-1); err != nil && ctx.Err() == nil {
			return w.away(ctx, err)
		}
	}
	if w.failed >= failsAllowed {
		w.tellFailed(saw.State, why)
		if err := w.learn(ctx); err != nil || ctx.Err() != nil {
			return err
		}
	}
	w.waitOut(ctx, pause(w.retryAfter(saw.State)))
	return nil
}

// waitOut waits to the end, also where there is an alarm: a camera that fails is not
// tried more often because of it.
func (w *watch) waitOut(ctx context.Context, d time.Duration) {
	for end := time.Now().Add(d); ctx.Err() == nil; {
		if w.sleep(ctx, time.Until(end)) {
			return
		}
	}
}

func (w *watch) retryAfter(state string) time.Duration {
	d := min(firstRetry<<min(max(w.failed, w.brief, 1)-1, 10), longestRetry)
	switch state {
	case devices.StreamConflict:
		d = max(d, conflictRetry)
	case devices.StreamAuthFailed, devices.StreamUnusable: // nothing that heals by waiting
		d = longestRetry
	}
	return min(d, w.options.Every)
}

// away tells that the camera is gone, and knocks until it is back. Once a minute it
// is asked over ONVIF too: its stream may be at another port now.
func (w *watch) away(ctx context.Context, why error) error {
	s := devices.Stream{State: devices.StreamIsOffline, URI: w.uri, Why: []string{why.Error()}}
	w.tellFailed(s.State, why)
	asked := time.Time{}
	for w.goesOn(ctx) {
		w.tell(ctx, &s)
		if time.Since(asked) >= w.options.Every {
			asked = time.Now()
			if moved, err := w.askAway(ctx); moved || err != nil {
				return err
			}
		}
		if !wait(ctx, pause(knockEvery)) {
			return nil
		}
		if w.options.Eyes.Knock(ctx, w.door()) == nil {
			w.heard()
			return w.learn(ctx)
		}
	}
	return nil
}

// askAway asks a camera that does not answer by RTSP over ONVIF: nobody there is
// device.offline, and if its stream is elsewhere now the camera is not away.
func (w *watch) askAway(ctx context.Context) (moved bool, err error) {
	was := w.uri
	err = w.client.LearnClock(ctx)
	if ctx.Err() != nil {
		return false, nil
	}
	if _, gone := errors.AsType[*onvif.Unreachable](err); gone {
		w.raise(devices.DeviceOffline, err.Error())
		return false, nil
	}
	err = w.learn(ctx)
	return w.uri != was, err
}
