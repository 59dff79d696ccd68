package pullpoint

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"sitepost/devices/camera/onvif"
)

// mostMishaps is how many attempts at a pull point may end without a word of the
// camera: some die of headers or times that they do not know.
const mostMishaps = 3

// A style is how a pull point is asked for.
type style struct {
	bare  bool
	times Form
}

// styles are all of them, what is already known of the camera first, then as the
// specification has it.
func (h *holding) styles() []style {
	all := []style{{h.kept.Bare, h.kept.Times}}
	for _, times := range []Form{Relative, Absolute, Untold} {
		for _, bare := range []bool{false, true} {
			if s := (style{bare, times}); !slices.Contains(all, s) {
				all = append(all, s)
			}
		}
	}
	return all
}

// subscribe makes a pull point in the first form that the camera takes.
func (h *holding) subscribe(ctx context.Context) error {
	if !wait(ctx, h.untilNext()) {
		return ctx.Err()
	}
	var err error
	mishaps := 0
	spoilt := map[Form]bool{} // times that it has refused by name
	for _, s := range h.styles() {
		if spoilt[s.times] {
			continue
		}
		if err = h.create(ctx, s); err == nil {
			return nil
		}
		if full, ok := noRoom(err); ok {
			return full
		}
		f, said := errors.AsType[*onvif.Fault](err)
		switch {
		case said && missing(f):
			return fmt.Errorf("%w: it tells %s, and nothing is there", onvif.ErrNoEvents, h.service)
		case said && says(f, "terminationtime"):
			spoilt[s.times] = true
		case !said:
			mishaps++
		}
		if ctx.Err() != nil || hopeless(err) || mishaps == mostMishaps {
			break
		}
	}
	// Whoever comes next begins with what has not killed the camera.
	if keepErr := h.saveManners(); keepErr != nil {
		return keepErr
	}
	return fmt.Errorf("make a pull point: %w", err)
}

// untilNext is how long the camera must be left alone: it is the same one across
// runs, and a run of a killed process may have been just now.
func (h *holding) untilNext() time.Duration {
	pause := h.creations - time.Since(h.Client.LastSubscribed())
	if ago := time.Since(h.kept.Made); ago >= 0 {
		pause = max(pause, h.creations-ago)
	}
	return max(pause, 0)
}

// create makes a pull point in one form.
func (h *holding) create(ctx context.Context, s style) error {
	termination, err := h.termination(ctx, s.times)
	if err != nil {
		return err
	}
	var a createAnswer
	call := onvif.Call{To: h.service, Question: create{InitialTerminationTime: termination}, Answer: &a}
	if !s.bare {
		call.Action = createAction
	}
	longer, end := outlast(ctx, h.pauses.release) // given up half-way, nobody would know the pull point
	err = h.Client.Call(longer, call)
	end()
	if err == nil && a.Body.CreatePullPointSubscriptionResponse == nil {
		err = errNoAnswer
	}
	if !refused(err) {
		h.Client.Subscribed(time.Now()) // it may have, whatever else went wrong
	}
	if err == nil {
		return h.begin(ctx, s, &a)
	}
	h.Log.Info("no pull point in this form", "bare", s.bare, "times", s.times, "because", err)
	if hungUp(err) && !s.bare {
		h.kept.Bare = true // it may have died of the headers (Home Assistant #92308)
	}
	return err
}

// begin begins the life of a pull point that was made just now.
func (h *holding) begin(ctx context.Context, s style, a *createAnswer) error {
	answer := a.Body.CreatePullPointSubscriptionResponse
	at, err := address(h.Client, h.service, answer.SubscriptionReference.Address)
	if err != nil {
		return &unusable{err}
	}
	reference, err := a.reference()
	if err != nil {
		return &unusable{err}
	}
	now := time.Now()
	h.lease = begin(h.life, h.left(answer.told), now)
	h.kept.Address, h.kept.Reference, h.kept.Made = at, reference, now
	h.kept.Until = now.Add(h.lease.granted)
	h.kept.Bare, h.kept.Times = s.bare, s.times
	h.fresh, h.pulled, h.unrenewable, h.hangUps = true, false, false, 0
	if err := h.save(); err != nil {
		return &stopped{err} // an unknown pull point would take a place after a crash
	}
	return ctx.Err()
}
