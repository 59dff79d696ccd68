package stream

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/liberrors"

	"sitepost/devices"
)

// watch looks at the playing stream until it is time to go, and judges it.
func (v *visit) watch(ctx context.Context, howLong time.Duration, s *devices.Stream) error {
	played := time.Now()
	end := time.NewTimer(howLong)
	defer end.Stop()
	broken := make(chan error, 1)
	go func() { broken <- v.client.Wait() }() // ends with the client, which leave closes
	var err error
	restarted := false
	select {
	case <-end.C:
	case <-v.whole:
	case <-v.changed:
		restarted = true
	case err = <-broken:
	case <-ctx.Done():
		err = ctx.Err()
	}
	now := time.Now()
	s.Seconds = *figure(now.Sub(played).Seconds(), 3)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.meter.fill(s, now)
	if restarted {
		s.Resets++
	}
	if at := v.meter.pictureAt; !at.IsZero() {
		s.FirstFrameMS = ms(at.Sub(v.start))
	}
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, liberrors.ErrClientTCPTimeout{}) {
		return v.answers.failure(err)
	}
	return v.judge(played, now, s)
}

// judge says the state that follows from the meter alone, without thresholds.
func (v *visit) judge(played, now time.Time, s *devices.Stream) error {
	m := &v.meter
	quiet := m.quiet(played, now)
	switch {
	case m.seq.expected == 0:
		return &Failure{Layer: NoData, State: Stalled,
			Text: fmt.Sprintf("the camera plays and sent nothing in %.1f s", s.Seconds)}
	case quiet > max(v.p.quiet, 3*m.gap()):
		return &Failure{Layer: NoData, State: Stalled,
			Text: fmt.Sprintf("no picture for %.1f s", quiet.Seconds())}
	}
	if m.pictureAt.IsZero() {
		s.Why = append(s.Why, fmt.Sprintf("no key frame in %.1f s", s.Seconds))
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

// leave ends the session: politely, then by cutting the line, after which
// nothing in the library can wait any longer.
func (v *visit) leave() {
	closed := make(chan struct{})
	go func() { v.client.Close(); close(closed) }()
	polite := time.NewTimer(v.p.close)
	defer polite.Stop()
	select {
	case <-closed:
		v.guard.kill()
		return
	case <-polite.C:
	}
	v.guard.kill()
	polite.Reset(v.p.close)
	select {
	case <-closed:
	case <-polite.C: // never seen; better a goroutine lost than a camera's watcher
	}
}

// tooSlow is the failure when starting took too long and the line was cut; what
// the library makes of a cut line says nothing.
func (v *visit) tooSlow(err error) error {
	if f, ok := errors.AsType[*Failure](err); ok {
		return f
	}
	return os.ErrDeadlineExceeded
}
