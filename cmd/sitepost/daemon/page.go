package daemon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"sitepost/cmd/sitepost/page"
	"sitepost/cmd/sitepost/status"
)

const (
	pageAgain  = 10 * time.Second // until a port that could not be had is tried again
	pulseEvery = 5 * time.Second
	pulseMost  = 20 * time.Second // a site that has not turned for so long hangs
)

// A porch is the loopback port as it stands: it may not be had for a while.
type porch struct {
	mu     sync.Mutex
	turned time.Time // when all loops turned last
	failed string    // why the port cannot be had; "" is that it can
}

// showPage answers on the loopback port until ctx ends. A port that cannot be had is
// told once, and tried again: the site is guarded all the same.
func (s *site) showPage(ctx context.Context, running *sync.WaitGroup) {
	if s.opt.Page == "" {
		return
	}
	s.porch = &porch{turned: time.Now()}
	running.Go(func() { s.porch.feel(ctx, s.turn, s.ingest.Rounds) })
	running.Go(func() {
		for l := s.openPage(ctx); l != nil; l = s.openPage(ctx) {
			p := page.Page{Address: s.opt.Page, Take: s.snapshot, Turning: s.porch.turning, Log: s.opt.Log}
			if err := p.Serve(ctx, l); err != nil {
				s.opt.Log.Error("nobody can ask on the loopback port any more", "address", s.opt.Page, "err", err)
			}
		}
	})
}

// openPage opens the port, as soon as it can be had; nil is that ctx has ended.
func (s *site) openPage(ctx context.Context) net.Listener {
	again := time.NewTimer(0)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-again.C:
		}
		if ctx.Err() != nil { // both were true
			return nil
		}
		l, err := page.Listen(s.opt.Page)
		if s.porch.fails(err) {
			s.opt.Log.Warn("health and figures cannot be asked for: the site is guarded all the same", "address", s.opt.Page, "err", err)
		}
		if err == nil {
			return l
		}
		again.Reset(pageAgain)
	}
}

// fails notes how the port does, and says whether that is bad news.
func (p *porch) fails(err error) (news bool) {
	why := ""
	if err != nil {
		why = reason(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	news = why != "" && why != p.failed
	p.failed = why
	return news
}

// reason is an error of a socket without the address, which stands beside it.
func reason(err error) string {
	if call, is := errors.AsType[*os.SyscallError](err); is {
		return call.Err.Error()
	}
	return err.Error()
}

// turn returns when the loops of the site have turned once: the store's writer has come
// round, and nobody keeps what the site is asked for.
func (s *site) turn(ctx context.Context) error {
	if err := s.store.Turn(ctx); err != nil {
		return err
	}
	s.store.Stock()
	s.box.State()
	if link := s.link.Load(); link != nil {
		link.Status()
	}
	return nil
}

// feel feels the pulse until ctx ends: the loops turn, and the supervision has come round
// since it was felt last, without which no event gets through.
func (p *porch) feel(ctx context.Context, turn func(context.Context) error, rounds func() uint64) {
	tick := time.NewTicker(pulseEvery)
	defer tick.Stop()
	supervises := moves(rounds)
	for {
		if turn(ctx) == nil && supervises(time.Now()) {
			p.mu.Lock()
			p.turned = time.Now()
			p.mu.Unlock()
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// turning says since when the loops do not turn, if they do not.
func (p *porch) turning() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if since := time.Since(p.turned); since > pulseMost {
		return fmt.Errorf("the loops of the site have not turned for %v", since.Round(time.Second))
	}
	return nil
}

// pageNow is how the port does; nil: there is none.
func (s *site) pageNow() *status.Page {
	if s.porch == nil {
		return nil
	}
	s.porch.mu.Lock()
	defer s.porch.mu.Unlock()
	return &status.Page{Listen: s.opt.Page, Failed: s.porch.failed}
}
