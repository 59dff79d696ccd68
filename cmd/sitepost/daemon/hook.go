package daemon

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"sitepost/uplink"
)

const (
	hookPatience = 10 * time.Second // a program that takes longer is killed
	hookSettles  = 5 * time.Second  // a shorter loss is no news; the link needs 12 s to notice one
	hookOutput   = 4 << 10          // bytes of it that are logged
	hookAgain    = 5 * time.Second  // between two runs, whatever the path does
)

// A hook runs a program of the site when the way to the city is lost or back: a
// lamp in the guards' room, a modem that wants to be started anew.
//
//	PROGRAM lost|back
//
//	SITEPOST_SITE    the site's name
//	SITEPOST_STATE   lost or back
//	SITEPOST_SINCE   since when, RFC 3339
//	SITEPOST_BROKER  the broker that has us, or that was tried last
//
// It is run without a shell, one at a time, for ten seconds at most; then it and all
// that it has started are killed. What comes while it runs is looked at
// afterwards: only the last state counts. A program that fails is logged and not
// run again for the same state. At the start it hears the first state too, for the
// lamp may be what it was before.
type hook struct {
	program string
	site    string
	log     *slog.Logger

	patience, settles, again time.Duration

	kick chan struct{}
	mu   sync.Mutex
	path uplink.Path
	came time.Time // when path became what it is
}

func newHook(program, site string, log *slog.Logger) *hook {
	return &hook{
		program: program, site: site, log: log, kick: make(chan struct{}, 1),
		patience: hookPatience, settles: hookSettles, again: hookAgain,
	}
}

// hear is the link's word. It does not block. A site without a hook has a nil one.
func (h *hook) hear(p uplink.Path) {
	if h == nil {
		return
	}
	h.mu.Lock()
	if h.came.IsZero() || p.Up != h.path.Up {
		h.came = time.Now()
		h.path.Since = p.Since
	}
	h.path.Up, h.path.Broker = p.Up, p.Broker
	h.mu.Unlock()
	select {
	case h.kick <- struct{}{}:
	default:
	}
}

// run runs the program until ctx ends, and returns when it has ended too.
func (h *hook) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var told string
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.kick:
		case <-timer.C:
		}
		path, state, wait := h.due(time.Now())
		if wait > 0 {
			timer.Reset(wait)
		}
		if state == "" || state == told {
			continue
		}
		told = state
		h.call(ctx, state, path)
		select {
		case <-ctx.Done():
			return
		case <-time.After(h.again):
			timer.Reset(0) // what came meanwhile
		}
	}
}

// due returns what is to be told by now, or how long to wait for it.
func (h *hook) due(now time.Time) (uplink.Path, string, time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch ripe := h.came.Add(h.settles); {
	case h.came.IsZero():
		return h.path, "", 0
	case h.path.Up:
		return h.path, "back", 0
	case now.Before(ripe):
		return h.path, "", ripe.Sub(now)
	default:
		return h.path, "lost", 0
	}
}

// call runs the program once.
func (h *hook) call(ctx context.Context, state string, path uplink.Path) {
	ctx, cancel := context.WithTimeout(ctx, h.patience)
	defer cancel()
	out := &firstBytes{most: hookOutput}
	c := exec.CommandContext(ctx, h.program, state)
	c.Env = []string{
		"PATH=" + os.Getenv("PATH"), "SITEPOST_SITE=" + h.site, "SITEPOST_STATE=" + state,
		"SITEPOST_SINCE=" + path.Since.Format(time.RFC3339), "SITEPOST_BROKER=" + path.Broker,
	}
	c.Dir, c.Stdout, c.Stderr = "/", out, out
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) } // and what it started
	c.WaitDelay = time.Second                                                        // for output that somebody else holds open
	err := c.Run()
	switch said := bytes.ToValidUTF8(out.kept, []byte("\uFFFD")); {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		h.log.Warn("the hook took too long and was killed", "program", h.program, "state", state, "after", h.patience, "output", string(said))
	case err != nil:
		h.log.Warn("the hook failed", "program", h.program, "state", state, "err", err, "output", string(said))
	default:
		h.log.Info("the hook was run", "program", h.program, "state", state, "output", string(said))
	}
}

// firstBytes keeps the first bytes that are written and takes the rest in.
type firstBytes struct {
	most int
	kept []byte
}

func (f *firstBytes) Write(p []byte) (int, error) {
	f.kept = append(f.kept, p[:min(len(p), f.most-len(f.kept))]...)
	return len(p), nil
}
