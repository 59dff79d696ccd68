// Package box is what the box knows of itself: how far its clock can be trusted
// and when somebody sets it, why it started, whether it has mains, and how fast it
// wears its storage out. What a person should know of that is said as an event.
//
//	each second      wall clock against uptime   clock.jumped, clock.corrected, clock.unsynced
//	each 15 min      a time server, by SNTP      clock.unsynced (of that server)
//	each 5 s         power supplies              power.mains.lost, power.battery.low
//	each minute      bytes written               store.wear
//	start and end    what the last run left      box.started, box.stopping
//
// It reads and never sets: time is set by chrony or timesyncd. Nothing here decides
// an order: that is the numbers' alone, whatever the wall clock does.
//
// It does not know what is on the site, who hears what is said, or where the store
// lies.
package box

import (
	"context"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// A Host is where the machine is asked. Tests have another one.
type Host struct {
	Clock  func() store.Clock // how far the wall clock can be trusted now; boot and uptime
	Wall   func() time.Time
	Power  fs.FS  // one folder for each supply, as /sys/class/power_supply
	Result string // file in which systemd left how the last run ended; "" is nowhere
}

// Machine is the machine that we run on.
func Machine() Host {
	return Host{
		Clock: ReadClock, Wall: time.Now, Power: os.DirFS("/sys/class/power_supply"), Result: "/run/sitepost/last-result",
	}
}

// A Memory keeps what the next run must know. *store.Store is one.
type Memory interface {
	Keep(name string, doc any) error
	Recall(name string, doc any) (bool, error)
}

// Options are what a Box needs.
type Options struct {
	Host    Host
	Name    string // of the box on the site; what it must remember lies there
	Version string

	Memory  Memory
	Written func() int64              // bytes that were given to the disk since the start; nil: nobody counts
	Say     func(devices.Event) error // puts an event on disk; an error means that nothing more is taken
	Log     *slog.Logger
}

// A Box watches the machine. Make one with New, then Begin, Run, End, once each, and
// Compare beside Run.
type Box struct {
	opt   Options
	birth birth
	clock clock
	power power
	wear  wear

	mu     sync.Mutex // guards rivals
	rivals []*rival   // time servers that the clock is compared with now
}

// New makes a Box. It asks nothing yet.
func New(o Options) *Box {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Box{opt: o}
}

// Begin says that the box has started, why, and how far its clock can be trusted.
func (b *Box) Begin() error {
	if err := b.opt.Say(b.started()); err != nil {
		return err
	}
	return b.lookAtClock()
}

// Run watches until ctx ends.
func (b *Box) Run(ctx context.Context) {
	var watching sync.WaitGroup
	defer watching.Wait()
	for _, w := range []struct {
		every time.Duration
		look  func() error
	}{
		{clockEvery, b.lookAtClock},
		{powerEvery, b.lookAtPower},
		{wearEvery, b.lookAtWear},
		{aliveEvery, b.remember},
	} {
		watching.Go(func() { b.every(ctx, w.every, w.look) })
	}
}

// every looks again and again until ctx ends. That something could not be said is
// logged: ingest tries for as long as there is hope.
func (b *Box) every(ctx context.Context, pause time.Duration, look func() error) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := look(); err != nil && ctx.Err() == nil {
			b.opt.Log.Warn("the box cannot say what it knows of itself", "err", err)
		}
	}
}

// A State is what a Box knows now.
type State struct {
	Started time.Time  `json:"started"`
	Cause   string     `json:"cause"`
	Before  string     `json:"before,omitempty"` // what is known of the time before the start
	Clock   ClockState `json:"clock"`
	Power   PowerState `json:"power"`
	Wear    WearState  `json:"wear"`
}

// State returns what the box knows of itself now.
func (b *Box) State() State {
	s := State{Clock: b.clock.now(b.opt.Host.Clock()), Power: b.power.now(), Wear: b.wear.now()}
	s.Started, s.Cause, s.Before = b.birth.now()
	for _, r := range b.comparedWith() {
		s.Clock.Compared = append(s.Clock.Compared, r.now())
	}
	return s
}
