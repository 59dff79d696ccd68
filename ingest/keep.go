package ingest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"sitepost/devices"
)

const (
	firstPause  = time.Second
	longPause   = time.Minute
	personPause = 5 * time.Minute // for a fault that no waiting heals
	calm        = 5 * time.Minute // a conversation this long earns a fresh start
)

// keep runs one conversation again and again until ctx ends: after 1 s, 2 s …
// 60 s, each shortened by up to a quarter so that eight cameras behind one
// switch do not come back as one.
func (in *Ingest) keep(ctx context.Context, c Conversation) {
	log := in.opt.Log.With("device", c.Name)
	pause := firstPause
	for ctx.Err() == nil {
		began, asked := time.Now(), in.talks.awaited(c.Name) // also who asks while it is still failing is heard
		err := runOnce(ctx, c.Device, func(e devices.Event) error { return in.take(c.Name, e) })
		if ctx.Err() != nil || err == nil {
			return
		}
		if time.Since(began) >= calm {
			pause = firstPause
		}
		wait := pause - time.Duration(rand.Int64N(int64(pause/4)))
		if next, ok := nextStep(err); ok {
			wait = personPause
			log.Error("conversation needs a person", "err", err, "next", next, "retry_in", wait)
		} else {
			log.Warn("conversation broke", "err", err, "retry_in", wait)
		}
		over := time.After(wait) // to tell of the break takes a part of the pause
		in.broke(c, err)
		select {
		case <-ctx.Done():
		case <-over:
		case <-asked:
			log.Info("conversation begins again, because somebody asked for it")
		}
		pause = min(2*pause, longPause)
	}
}

// runOnce is d.Run with a panic turned into a reason: a bad frame from one
// device must not silence the others.
func runOnce(ctx context.Context, d devices.Device, emit func(devices.Event) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("driver bug: %v\n%s", p, debug.Stack())
		}
	}()
	if err = d.Run(ctx, emit); err == nil && ctx.Err() == nil {
		err = errors.New("conversation ended by itself")
	}
	return err
}

// nextStep tells whether an error needs a person, and what that person should
// do. Such an error, anywhere in the chain, has a method NextStep.
func nextStep(err error) (string, bool) {
	var needs interface {
		error
		NextStep() string
	}
	if errors.As(err, &needs) {
		return needs.NextStep(), true
	}
	return "", false
}
