package stream

import (
	"context"
	"fmt"
)

// Knock asks whether an RTSP server is there: it connects and sends OPTIONS,
// without a login, and takes at most 2 s. Any answer will do, also a refusal. The
// error is a [*Failure] as from [Measure]; if ctx ends first it is that of ctx.
func Knock(ctx context.Context, t Target) error { return knock(ctx, t, patient) }

func knock(ctx context.Context, t Target, p patience) error {
	t.User, t.Transport = "", TCP
	address, err := parse(t)
	if err != nil {
		return err
	}
	p.start, p.close = p.knock, p.knock
	v := newVisit(ctx, t, address, plan{}, p)
	if err := v.client.Start2(); err != nil {
		return err
	}
	defer v.leave()
	inTime, cancel := context.WithTimeout(ctx, p.knock)
	defer cancel()
	defer context.AfterFunc(inTime, v.guard.kill)()
	_, err = v.client.Options(address)
	v.answers.mu.Lock()
	replied := v.answers.replied
	v.answers.mu.Unlock()
	switch {
	case err == nil || replied:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case inTime.Err() != nil:
		err = v.tooSlow(err)
	}
	return fmt.Errorf("stream %q: %w", shown(address), v.answers.failure(err))
}
