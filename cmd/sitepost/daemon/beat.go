package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"sitepost/cmd/sitepost/status"
	"sitepost/devices"
)

// A heart tells whoever watches over the daemon (systemd) that it runs, how it does in
// one line, and that it leaves. In between it says WATCHDOG=1, but only while all of
// these have come round since the last time, of themselves:
//
//	ingest   its supervision, which takes the locks and waits for the store that
//	         every conversation takes and waits for
//	store    the writer and the binder
//	uplink   the link, by the moment that it named itself
//
// So the beat does not prove that a ticker ticks but that an event gets from a device
// to the disk and from the disk to the city. A disk that refuses does not stop it: the
// box still sends alarms from memory, and to start anew heals no disk. A disk that
// hangs does, and so does a deadlock of ours; then systemd starts sitepost anew, after
// WatchdogSec. A city that is away stops nothing.
type heart struct {
	tell   func(state string)
	every  time.Duration
	status func() string
	organs []organ
	log    *slog.Logger

	still string // which organs stood still at the last look

	mu   sync.Mutex // guards said
	said string     // the last STATUS
}

// An organ is a part without which no event gets through.
type organ struct {
	name  string
	lives func(now time.Time) bool // since it was last asked
}

// linkGrace is how late the link may be: more than all that it may wait for between
// two appointments, such as a socket that takes nothing.
const linkGrace = time.Minute

// longestStatus is what systemctl status shows in a line.
const longestStatus = 160

// beat gives the site a heart until ctx ends or stop is called, which waits for it.
// Nobody asks in most tests.
func (s *site) beat(ctx context.Context) (stop func()) {
	if s.opt.Notify == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	h := &heart{tell: s.opt.Notify, every: s.opt.Beat, status: func() string { return inOneLine(s.snapshot()) }, organs: s.organs(), log: s.opt.Log}
	s.heart.Store(h)
	var running sync.WaitGroup
	running.Go(func() { h.run(ctx) })
	return func() { cancel(); running.Wait() }
}

// news tells at once how the site stands, for whoever said `systemctl reload` looks at
// systemctl status next. A site without a heart, or before it beats, has nobody to tell.
func (s *site) news() {
	if h := s.heart.Load(); h != nil {
		if is := h.changed(); is != "" {
			h.tell(is)
		}
	}
}

// organs lists what must live.
func (s *site) organs() []organ {
	writer := func() uint64 { n, _ := s.store.Pulses(); return n }
	binder := func() uint64 { _, n := s.store.Pulses(); return n }
	all := []organ{
		{"ingest", moves(s.ingest.Rounds)},
		{"the store's writer", moves(writer)},
		{"the store's binder", moves(binder)},
	}
	all = append(all, organ{"uplink", func(now time.Time) bool {
		link := s.link.Load() // a reload may have made it anew, or taken it
		return link == nil || link.Late(now) < linkGrace
	}})
	for i, o := range all { // a site that is given up has silent organs, and all the time that it takes
		all[i].lives = func(now time.Time) bool { alive := o.lives(now); return alive || s.exit.begun() != nil }
	}
	return all
}

// moves says of a counter whether it has moved since it was last asked.
func moves(count func() uint64) func(time.Time) bool {
	last := count()
	return func(time.Time) bool {
		before := last
		last = count()
		return last != before
	}
}

// run tells from the start to the end.
func (h *heart) run(ctx context.Context) {
	h.tell("READY=1\n" + h.changed())
	defer h.tell("STOPPING=1\nSTATUS=stopping: what is on disk is sent for some seconds")
	if h.every <= 0 {
		<-ctx.Done()
		return
	}
	look := time.NewTicker(h.every)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-look.C:
			h.look(now)
		}
	}
}

// look tells what is due, in one word to whoever watches.
func (h *heart) look(now time.Time) {
	var still []string
	for _, o := range h.organs {
		if !o.lives(now) {
			still = append(still, o.name)
		}
	}
	was := h.still
	if h.still = strings.Join(still, ", "); h.still != "" {
		if was == "" {
			h.log.Warn("no sign of life: if that goes on, systemd starts sitepost anew", "of", h.still)
		}
		return
	}
	if was != "" {
		h.log.Info("there are signs of life again", "of", was)
	}
	state := "WATCHDOG=1"
	if is := h.changed(); is != "" {
		state += "\n" + is
	}
	h.tell(state)
}

// changed is how the daemon does, if that is not what was told before.
func (h *heart) changed() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	is := h.status()
	if is == h.said {
		return ""
	}
	h.said = is
	return "STATUS=" + is
}

// inOneLine is a snapshot for systemctl status: what is wrong first.
func inOneLine(s status.Snapshot) string {
	city := "no city"
	if u := s.Uplink; u != nil && u.Up {
		city = "city is up at " + u.Broker
	} else if u != nil {
		city = "city is away"
	}
	line := fmt.Sprintf("%s: %d devices, %s", s.Site, guarded(s.Devices), city)
	if n := len(s.Findings); n > 0 {
		worst := s.Findings[0]
		line += fmt.Sprintf("; %d findings, first %s: %s", n, strings.TrimSpace(worst.What+" "+worst.Name), worst.Text)
	} else {
		line += "; all is well"
	}
	line = strings.Join(strings.Fields(line), " ") // a line feed would begin another word of sd_notify
	if runes := []rune(line); len(runes) > longestStatus {
		line = string(runes[:longestStatus-1]) + "…"
	}
	return line
}

// guarded counts the devices without the box itself.
func guarded(all []status.Device) (n int) {
	for _, d := range all {
		if d.Kind != devices.Box {
			n++
		}
	}
	return n
}
