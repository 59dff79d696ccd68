package pullpoint

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sitepost/devices/camera/onvif"
)

// A holding is one run.
type holding struct {
	Options
	pauses
	take func(Batch) error

	service string  // URL of the event service
	kept    Kept    // the pull point, if there is one, and what was learnt
	saved   Manners // those that Keep was given last
	lease   lease
	fresh   bool // nothing was taken from this pull point yet, and it is new
	pulled  bool // it has answered a pull

	unrenewable bool // it refused every form of renewal
	hangUps     int  // in a row
	quickOnes   int  // answers in a row that came at once
	lull        bool // the next pull must wait
	doubted     bool // somebody doubted during the last pull
}

// hold finds a pull point and listens, with a new one when the old one is gone.
func (h *holding) hold(ctx context.Context) error {
	if _, known := h.Client.ClockOffset(); !known { // a login goes by the camera's clock
		if err := h.Client.LearnClock(ctx); err != nil && !refused(err) {
			return fmt.Errorf("time of the camera: %w", err)
		}
	}
	var err error
	if h.service, err = h.Client.EventService(ctx); err != nil {
		return err
	}
	if err := h.adopt(ctx); err != nil {
		return err
	}
	for {
		if h.kept.Address == "" {
			if err := h.subscribe(ctx); err != nil {
				return err
			}
		}
		err := h.listen(ctx)
		lost, ok := errors.AsType[*gone](err)
		if !ok {
			return err
		}
		if err := h.giveUp(ctx, lost); err != nil {
			return err
		}
	}
}

// blame tells a camera that is away from one that has no answer to us only
// (KoynovStas/onvif_srvd hangs up on whatever its event service does not know):
// the first heals by waiting and is told elsewhere, the second by neither.
func (h *holding) blame(ctx context.Context, err error) error {
	_, unanswered := errors.AsType[*onvif.Unreachable](err)
	_, away := errors.AsType[*silent](err)
	if !unanswered || away || absent(err) {
		return err
	}
	if clock := h.Client.LearnClock(ctx); clock != nil && !refused(clock) {
		return err
	}
	return &mute{err}
}

// adopt takes over the pull point of an earlier run: what it has gathered since is
// the first batch, and then the camera is asked for its states, which an earlier
// run has heard and this one has not. One that no longer pulls is released, for it
// may take one of the camera's few places.
func (h *holding) adopt(ctx context.Context) error {
	if h.kept.Address == "" {
		return nil
	}
	h.lease = adopted(h.life)
	home, err := address(h.Client, h.service, h.kept.Address)
	if err == nil {
		h.kept.Address = home
		err = h.pull(ctx, h.leastPoll)
	}
	switch {
	case err == nil, h.doubted && ctx.Err() == nil:
		h.Log.Info("pull point of an earlier run adopted", "address", home)
		h.synchronize(ctx)
		return nil
	case ctx.Err() != nil || hopeless(err):
		return err
	}
	h.pulled = true // by that earlier run
	return h.giveUp(ctx, &gone{err, !unknown(err)})
}

// giveUp forgets a pull point that pulls no more, and releases it first if the
// camera may hold it still. One that never pulled is no reason to make another.
func (h *holding) giveUp(ctx context.Context, lost *gone) error {
	h.Log.Warn("pull point given up", "because", lost.err)
	if lost.there {
		// On some cameras this ends all pull points (Home Assistant PR#92627). Ours is
		// dead already, and a new one is made after it, never before.
		_ = h.unsubscribe(ctx)
	}
	pulled := h.pulled
	h.kept.Address, h.kept.Reference, h.kept.Until, h.pulled = "", "", time.Time{}, false
	if err := h.save(); err != nil {
		return err
	}
	if !pulled {
		return fmt.Errorf("a new pull point gave nothing: %w", lost.err)
	}
	return nil
}

// release says goodbye. Where that fails the pull point stays kept, so that the
// next run adopts it.
func (h *holding) release(ctx context.Context) {
	if h.kept.Address == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.pauses.release)
	defer cancel()
	if err := h.unsubscribe(ctx); err != nil && !unknown(err) {
		h.Log.Warn("pull point not released; the next run adopts it", "because", err)
		return
	}
	if h.Keep == nil {
		return
	}
	var left *Kept
	if h.saved != (Manners{}) {
		left = &Kept{Manners: h.saved}
	}
	if err := h.Keep(left); err != nil {
		h.Log.Warn("released pull point not forgotten", "because", err)
	}
}

func (h *holding) unsubscribe(ctx context.Context) error {
	return h.ask(ctx, unsubscribeAction, unsubscribe{}, nil, 0, 0)
}

// synchronize asks for all states again (ONVIF Core 9.8). Not every camera can
// tell them twice.
func (h *holding) synchronize(ctx context.Context) {
	if err := h.ask(ctx, synchronizeAction, setSynchronizationPoint{}, nil, 0, 0); err != nil && ctx.Err() == nil {
		h.Log.Info("camera does not tell its states again", "because", err)
	}
}

// save gives the kept to Keep.
func (h *holding) save() error {
	h.saved = h.kept.Manners
	if h.Keep == nil {
		return nil
	}
	kept := h.kept
	if err := h.Keep(&kept); err != nil {
		return fmt.Errorf("keep the pull point: %w", err)
	}
	return nil
}

// saveManners saves what was learnt since.
func (h *holding) saveManners() error {
	if h.saved == h.kept.Manners {
		return nil
	}
	return h.save()
}
