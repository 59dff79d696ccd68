package pullpoint

import (
	"context"
	"fmt"
	"time"

	"sitepost/devices/camera/notice"
)

// What one pull may bring.
const (
	messageLimit  = 50
	modestLimit   = 10
	maxAnswer     = 8 << 20
	mostHangUps   = 3  // in a row, without waiting for anything to happen
	mostQuickOnes = 20 // in a row
	hangUpsToTest = 6  // in a row, after which the camera must answer something else
)

// listen pulls until ctx ends, the pull point is gone (a [*gone]) or the
// conversation breaks.
func (h *holding) listen(ctx context.Context) error {
	for mishaps := 0; ctx.Err() == nil; {
		if err := h.renewIfDue(ctx); err != nil {
			return err
		}
		err := h.pull(ctx, h.pollNow())
		switch {
		case err == nil:
			mishaps = 0
		case ctx.Err() != nil:
			return err
		case h.doubted: // the camera may have told something meanwhile
			h.synchronize(ctx)
		case hopeless(err):
			return err
		default:
			mishaps++
			if err := h.survive(ctx, err, mishaps); err != nil {
				return err
			}
		}
		if (err != nil || h.lull) && !wait(ctx, h.rest) {
			break
		}
	}
	return ctx.Err()
}

// pollNow is how long the next pull may wait. A short-lived pull point is looked
// after more often.
func (h *holding) pollNow() time.Duration {
	poll := h.poll
	if h.kept.Poll > 0 {
		poll = min(poll, h.kept.Poll)
	}
	if h.fresh || h.kept.Modest { // a first answer tells soon that all is well
		poll = h.leastPoll
	}
	if quarter := (h.lease.granted / 4).Truncate(h.grain); quarter < poll {
		poll = max(quarter, h.grain)
	}
	return poll
}

// pull asks once and hands on what came. A camera that hangs up on a poll has
// nothing to say; one that does it at once has not listened.
func (h *holding) pull(ctx context.Context, poll time.Duration) error {
	limit := messageLimit
	if h.kept.Modest {
		limit = modestLimit
	}
	var a pullAnswer
	asked := time.Now()
	err := h.askUnlessDoubted(ctx, pullMessages{Timeout: duration(poll), MessageLimit: limit}, &a, poll+h.patience)
	now := time.Now()
	took := now.Sub(asked)
	h.lull = false
	switch {
	case err == nil && a.Body.PullMessagesResponse == nil:
		return errNoAnswer
	case err == nil:
		answer := a.Body.PullMessagesResponse
		h.hangUps = 0
		h.lease.hear(h.left(answer.told), now, h.jitter)
		h.pace(took < h.quick, len(answer.NotificationMessage) == 0)
		return h.hand(Batch{At: now, Notifications: h.read(answer.Messages)})
	case hungUp(err) && took >= h.soon && ctx.Err() == nil:
		return h.waitLess(ctx, took)
	}
	return err
}

// askUnlessDoubted asks for messages, until it is doubted that they will come.
func (h *holding) askUnlessDoubted(ctx context.Context, question pullMessages, answer *pullAnswer, within time.Duration) error {
	ctx, cancel := context.WithCancel(ctx)
	watched := make(chan struct{})
	h.doubted = false
	go func() { // ends with ctx, before we return
		defer close(watched)
		select {
		case <-h.Doubt:
			h.doubted = true
			cancel()
		case <-ctx.Done():
		}
	}()
	defer func() {
		cancel()
		<-watched
	}()
	return h.ask(ctx, pullAction, question, answer, within, maxAnswer)
}

// pace makes the next pull wait after an answer that came at once and brought
// nothing, and after many that came at once: no camera takes all of our time.
func (h *holding) pace(quick, empty bool) {
	if !quick {
		h.quickOnes = 0
		return
	}
	h.quickOnes++
	h.lull = empty || h.quickOnes > mostQuickOnes
}

// hand gives a batch to take.
func (h *holding) hand(b Batch) error {
	b.Fresh, h.fresh, h.pulled = h.fresh, false, true
	if err := h.take(b); err != nil {
		return &stopped{err}
	}
	if err := h.saveManners(); err != nil {
		return &stopped{err}
	}
	return nil
}

// read reads what is not beyond the bound of one answer.
func (h *holding) read(m notice.Messages) []notice.Notification {
	if n := m.Beyond(); n > 0 {
		h.Log.Warn("camera told too much at once; the rest was cut off", "told", len(m.NotificationMessage), "cut", n)
	}
	return m.Read()
}

// waitLess takes a hang-up for an empty pull and waits less next time (Tapo C220
// hangs up after 10 s: agsh/onvif PR#314). Who does nothing but hang up must answer
// another question now and then, or it is not there.
func (h *holding) waitLess(ctx context.Context, took time.Duration) error {
	h.hangUps++
	if h.hangUps%hangUpsToTest == 0 {
		if err := h.Client.LearnClock(ctx); err != nil && !refused(err) {
			return &silent{err}
		}
	}
	if less := max((took * 4 / 5).Truncate(h.grain), h.leastPoll); less < h.pollNow() {
		h.Log.Info("camera hangs up on a poll; it is asked for shorter ones", "after", took.Round(time.Millisecond), "poll", less)
		h.kept.Poll = less
	}
	return h.hand(Batch{At: time.Now()})
}

// survive says what to do after a pull that failed for the n-th time in a row: nil
// to pull again.
func (h *holding) survive(ctx context.Context, err error, n int) error {
	switch {
	case unknown(err):
		return &gone{err, false}
	case refused(err):
		if h.tryAnother(n) {
			return nil
		}
		h.kept.Manners = h.saved
		return &gone{err, !h.lease.over(time.Now())}
	case hungUp(err) && n < mostHangUps:
		if n > 1 { // once may be chance
			h.tryAnother(n - 1)
		}
		return nil
	case hungUp(err) || n > 1:
		return fmt.Errorf("pull: %w", err)
	}
	// What the camera told has left its queue and did not reach us.
	h.Log.Warn("a pull was lost; the camera is asked for its states again", "because", err)
	h.synchronize(ctx)
	return nil
}

// tryAnother pulls in another manner after the n-th failure, if the pull point has
// never pulled yet; else once more in the same. False: nothing is left to try.
func (h *holding) tryAnother(n int) bool {
	trials := []Manners{h.saved}
	if !h.pulled {
		bare, modest := h.saved, h.saved
		bare.Bare, modest.Modest = !bare.Bare, true
		trials = []Manners{bare, modest}
		if h.kept.Reference != "" { // it travels with the headers only
			trials = []Manners{modest}
		}
	}
	if n > len(trials) {
		return false
	}
	h.kept.Manners = trials[n-1]
	return true
}
