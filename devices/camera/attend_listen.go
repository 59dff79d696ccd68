package camera

import (
	"context"
	"sync"
	"time"

	"sitepost/devices"
	"sitepost/devices/camera/pullpoint"
)

// listen takes batches from the pull point until it breaks, and lets conditions
// end whose time has come. It returns when nobody pulls any more and all that was
// pulled is said.
func (l *listening) listen(ctx context.Context) error {
	var beside sync.WaitGroup
	defer beside.Wait()
	pullCtx, stop := context.WithCancel(ctx)
	defer stop()
	batches, ended, doubt := make(chan pullpoint.Batch), make(chan error, 1), make(chan struct{}, 1)
	beside.Go(func() { ended <- l.pull(pullCtx, batches, doubt) }) // ended is read below
	var taken chan inventoried                                     // nil = nobody asks
	ask := func() {
		if taken == nil { // an alarm waits for no inventory: a slow camera takes a minute for it
			answer := make(chan inventoried, 1)
			beside.Go(func() { answer <- l.ask(pullCtx) })
			taken = answer
		}
	}
	inventory := time.NewTicker(l.options.Every)
	defer inventory.Stop()
	over := time.NewTimer(l.hearing.untilNextEnd())
	defer over.Stop()
	for {
		select {
		case b := <-batches:
			l.take(b)
		case err := <-ended:
			return l.tellNotHeard(ctx, err)
		case <-over.C:
			_ = l.hearing.take(byPullPoint, nil, time.Now(), l.voice.pass) // the voice remembers it
		case <-l.hearing.sooner:
			// the timer is set below
		case <-inventory.C:
			ask()
		case now := <-taken:
			taken = nil
			l.noteAgain(ctx, now)
		case <-l.options.Anew:
			offer(doubt)
			ask()
		}
		if l.voice.full != nil {
			stop()
		}
		over.Reset(l.hearing.untilNextEnd())
	}
}

// pull holds the pull point and hands on what it brings.
func (l *listening) pull(ctx context.Context, batches chan<- pullpoint.Batch, doubt <-chan struct{}) error {
	memory := l.options.Memory
	return pullpoint.Run(ctx, pullpoint.Options{
		Client: l.options.Client, Log: l.options.Log, Kept: memory.Known().PullPoint, Doubt: doubt,
		Keep: func(k *pullpoint.Kept) error { return memory.Change(func(known *Known) { known.PullPoint = k }) },
	}, func(b pullpoint.Batch) error { batches <- b; return nil })
}

// offer puts a word where one that waits already is as good.
func offer(to chan<- struct{}) {
	select {
	case to <- struct{}{}:
	default:
	}
}

// take says what one pull brought.
func (l *listening) take(b pullpoint.Batch) {
	l.deaf = 0
	l.voice.clear(devices.DeviceFault, pointEvents)
	l.voice.say(devices.Heard("", b.At))
	if b.Fresh {
		l.hearing.subscribed()
	}
	_ = l.hearing.take(byPullPoint, b.Notifications, b.At, l.voice.pass) // the voice remembers it
}
