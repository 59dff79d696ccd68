package pullpoint

import (
	"context"
	"fmt"
	"time"
)

// renewIfDue renews the pull point when its end comes nearer and does not move by
// itself. One that takes no form of it runs out, and a new one is made.
func (h *holding) renewIfDue(ctx context.Context) error {
	if h.unrenewable || !h.lease.due(time.Now(), h.pollNow(), h.renewals) {
		return nil
	}
	h.lease.renewed = time.Now() // also if it fails: it is not asked for again at once
	for _, f := range []Form{h.kept.Renewal, otherForm(h.kept.Renewal)} {
		err := h.renew(ctx, f)
		switch {
		case err == nil:
			h.kept.Renewal = f
			return h.saveManners()
		case ctx.Err() != nil || hopeless(err):
			return err
		case unknown(err):
			return &gone{err, false}
		case !refused(err): // lost on the way: the next one may not be
			h.Log.Info("renewal got no answer", "because", err)
			return nil
		}
		h.Log.Info("camera refuses to renew in this form", "form", f, "because", err)
	}
	h.unrenewable = true
	h.Log.Warn("camera renews no pull point; it runs out and a new one is made")
	return nil
}

// otherForm is what old Hikvision, Dahua and Bosch take instead (kerberos-io/agent).
func otherForm(f Form) Form {
	if f == Absolute {
		return Relative
	}
	return Absolute
}

func (h *holding) renew(ctx context.Context, f Form) error {
	termination, err := h.termination(ctx, f)
	if err != nil {
		return err
	}
	var a renewAnswer
	if err := h.ask(ctx, renewAction, renew{TerminationTime: termination}, &a, 0, 0); err != nil {
		return fmt.Errorf("renew: %w", err)
	}
	if a.Body.RenewResponse == nil {
		return errNoAnswer
	}
	h.lease = begin(h.life, h.left(*a.Body.RenewResponse), time.Now())
	return nil
}
