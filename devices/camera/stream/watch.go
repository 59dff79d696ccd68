package stream

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"sitepost/devices"
	"sitepost/devices/camera/stream/meter"
)

// leastWindow is how long a window lasts that a change of the parameter sets cuts
// short: a camera that changes them with every packet makes a Stream a second.
const leastWindow = time.Second

// watch looks at the playing stream, window by window, until the session ends.
func (v *visit) watch(ctx context.Context, s *devices.Stream, take func(devices.Stream) error) error {
	v.mu.Lock()
	v.began = v.times.played
	v.mu.Unlock()
	broken := make(chan error, 1)
	go func() { broken <- v.client.Wait() }() // ends with the client, which leave closes
	for {
		end := v.wait(ctx, broken)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		worth, err := v.tally(s, end)
		if err != nil {
			return err
		}
		if worth {
			if err := take(*s); err != nil {
				return err
			}
		}
		if again := errors.Is(end, ErrAgain); again && !v.plan.once {
			return end
		} else if again || v.plan.once {
			return nil
		}
		*s = kept(s)
	}
}

// wait ends with the window: nil when its time has come, else what ended the
// session.
func (v *visit) wait(ctx context.Context, broken <-chan error) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-v.news:
		case why := <-v.again:
			return why
		case err := <-broken:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
		wait := v.due(time.Now())
		if wait <= 0 {
			return nil
		}
		timer.Reset(wait)
	}
}

// due says how long it is until the window ends. A picture that stopped ends it
// early, except of a look of a fixed length.
func (v *visit) due(now time.Time) time.Duration {
	if v.plan.metadata {
		return time.Hour // the session ends it
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	end, early := v.began.Add(v.plan.every), v.plan.early
	if !v.plan.once && v.began.Equal(v.times.played) { // who waits for the first word does not wait for a whole window
		end, early = earlier(end, v.began.Add(v.p.first)), true
	}
	seen := v.seen()
	if early && seen.dark {
		end = later(end, v.began.Add(v.p.picture))
	}
	if early && seen.once {
		end = later(end, now.Add(v.left(now)))
	}
	if early && seen.enough {
		end = earlier(end, later(v.times.played.Add(v.p.least), v.meter.FirstFrame().Add(time.Second)))
	}
	if v.newParams && !v.plan.once {
		end = earlier(end, v.began.Add(leastWindow))
	}
	if v.plan.early || !v.plan.once {
		end = earlier(end, now.Add(v.left(now)))
	}
	return end.Sub(now)
}

// A seen is what the end of a window hangs on, beside the time.
type seen struct {
	dark   bool // no picture that can be shown came yet
	once   bool // one picture came, and nobody knows how far the next is
	enough bool // a whole GOP and a sender report: what a visit comes for
}

func (v *visit) seen() seen {
	return seen{
		dark:   v.meter.Dark(),
		once:   v.meter.Once(),
		enough: (v.reports > 0 || v.target.Timed) && v.meter.Whole(),
	}
}

// maxQuiet bounds how long a camera of few pictures is waited for.
const maxQuiet = 30 * time.Second

// left is how long it is until the stream has stalled if no further picture, or
// packet of a multiplex, begins. Only pictures count: a session can be kept alive
// by sound, metadata and reports of a camera whose encoder has died.
//
// Before two pictures came their pace is what the parameter sets say. They may be
// wrong, so the second is waited for as long as for a picture that can be shown.
func (v *visit) left(now time.Time) time.Duration {
	least := v.p.quiet
	if v.meter.Once() {
		least = v.p.picture
	}
	return max(least, min(3*v.meter.Pace(), maxQuiet)) - v.meter.Quiet(v.times.played, now)
}

// tally writes the figures of the window that has just ended into s, with the
// state that follows from them, and begins the next. It says whether s is worth
// being taken: what is left of a session that ends may have nothing in it.
func (v *visit) tally(s *devices.Stream, end error) (bool, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.plan.metadata {
		if errors.Is(end, ErrAgain) {
			return false, nil
		}
		return false, v.answers.failure(end)
	}
	now := time.Now()
	s.Seconds = *meter.Figure(now.Sub(v.began).Seconds(), 3)
	v.meter.Fill(s, now)
	v.overflow.tell(v.guard, s)
	again := errors.Is(end, ErrAgain)
	if errors.Is(end, errRestarted) {
		s.Resets++
	}
	if !v.told {
		v.times.packet, v.times.picture = v.meter.FirstPacket(), v.meter.FirstPicture()
		v.times.tell(s)
		v.told = !v.meter.Dark()
	}
	worth := !again || s.Packets > 0 || v.plan.once
	silent := errors.Is(end, os.ErrDeadlineExceeded)
	if end != nil && !again && !silent {
		return false, v.answers.failure(end)
	}
	err := v.judge(now, s)
	if err == nil && silent && !v.plan.once {
		err = v.answers.failure(end)
	}
	v.meter.Renew(now)
	v.began, v.newParams = now, false
	return worth, err
}

// kept is what the next window knows from the one before: what the stream is, not
// what was counted.
func kept(s *devices.Stream) devices.Stream {
	return devices.Stream{
		URI: s.URI, Transport: s.Transport,
		Codec: s.Codec, Profile: s.Profile, Level: s.Level,
		Width: s.Width, Height: s.Height, FPSNominal: s.FPSNominal, Parameters: s.Parameters,
		Audio: s.Audio, Metadata: s.Metadata,
	}
}

// judge says the state that follows from the meter alone, without thresholds.
func (v *visit) judge(now time.Time, s *devices.Stream) error {
	stalled := v.left(now) <= 0
	switch {
	case v.meter.FirstPacket().IsZero() && (stalled || v.plan.once):
		return &Failure{Layer: NoData, State: Stalled, Text: v.nothing(now)}
	case stalled:
		what := "no picture"
		if v.meter.Codec == meter.Multiplex {
			what = "nothing"
		}
		return &Failure{Layer: NoData, State: Stalled,
			Text: fmt.Sprintf("%s for %.1f s", what, v.meter.Quiet(v.times.played, now).Seconds())}
	}
	if v.meter.Dark() {
		s.Why = append(s.Why, fmt.Sprintf("no key frame in %.1f s", now.Sub(v.times.played).Seconds()))
	}
	if v.meter.Once() {
		s.Why = append(s.Why, fmt.Sprintf("one picture in %.1f s", now.Sub(v.times.played).Seconds()))
	}
	if v.guard.flooded() {
		s.Why = append(s.Why, fmt.Sprintf("the camera sends more than %.0f Mbit/s; reading was slowed to that", maxBytes*8/1e6))
	}
	s.State = Live
	if s.Why != nil {
		s.State = Degraded
	}
	return nil
}

// nothing is what to say of a session in which no packet came at all.
func (v *visit) nothing(now time.Time) string {
	text := fmt.Sprintf("the camera plays and sent nothing in %.1f s", now.Sub(v.times.played).Seconds())
	switch v.target.Transport {
	case UDP:
		text += `; a firewall may be in between: open it, or try transport = "tcp"`
	case Multicast:
		text += `; the switch may not pass multicast on: set it up, or try transport = "tcp"`
	}
	return text
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
