// Package daemon wires the house together: it is the only package that sees
// every room, and it does nothing else. [Run] is the whole life of a site:
//
//	start   store ──► uplink ──► lines, ingest ──► conversations
//	stop    conversations ──► ingest ──► lines ──► store sealed ──► uplink drains ──► store closed
//
// It knows no protocol, no topic and no rule of its own. Tests replace the two
// ends of the road, lines and brokers, and nothing in between.
package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"sitepost/cmd/sitepost/box"
	"sitepost/cmd/sitepost/control"
	"sitepost/cmd/sitepost/status"
	"sitepost/config"
	"sitepost/devices/instrument"
	"sitepost/devices/line"
	"sitepost/ingest"
	"sitepost/ingest/store"
	"sitepost/uplink"
)

// Options are what a run needs beside the site file.
type Options struct {
	Config   *config.Config
	Profiles string // folder of the site's own profiles; "" is none
	Version  string
	Log      *slog.Logger

	// Control is where the technician's tools reach us; "" is nowhere.
	Control string
	// Host is the machine we run on; nil is the real one.
	Host *box.Host

	// Notify is told how the daemon does, in the words of sd_notify(3): READY=1,
	// STATUS=…, STOPPING=1, and WATCHDOG=1 while it lives (beat.go). nil: nobody asks.
	Notify func(state string)
	// Beat is how often it is looked whether the daemon lives; 0: never, and nobody
	// hears WATCHDOG=1.
	Beat time.Duration

	// Status is given, before anything moves, what takes a snapshot of the site
	// until Run returns; nil: nobody asks but the tools.
	Status func(take func() status.Snapshot)

	// Open opens a line; nil opens the real one.
	Open func(config.Line) line.Opener
	// Dials reach the city; nil dials the brokers of the config.
	Dials []uplink.Dial
}

// boxName is what the box itself is called on the site.
const boxName = "box"

// Run runs the site until ctx ends, and then takes it down in order. An error
// means that the site could not be started; nothing runs any more.
func Run(ctx context.Context, o Options) (err error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Host == nil {
		o.Host = new(box.Machine())
	}
	st, err := store.Open(store.Options{
		Directory: o.Config.Store.Directory, Site: o.Config.Site.Name,
		Receipt: string(o.Config.Uplink.Receipt), Size: o.Config.Store.Size,
		KeepReadings: o.Config.Store.KeepReadings, KeepEvents: o.Config.Store.KeepEvents,
		KeepAlarms: o.Config.Store.KeepAlarms, PicturesFor: o.Config.Store.KeepPictures,
		SendPictures: sendsPictures(o.Config),
		Clock:        o.Host.Clock, Log: o.Log,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	site, err := build(o, st)
	if err != nil {
		return err
	}
	defer site.hangUp()
	return site.live(ctx)
}

// A site is everything that runs.
type site struct {
	opt           Options
	store         *store.Store
	ingest        *ingest.Ingest
	lines         map[string]*line.Line
	profiles      map[string]*instrument.Profile // by name, as far as they were needed
	asked         map[string]*asked              // cameras and recorders with an address of their own, by name
	eyes          map[string][]eye               // of the cameras that look at a zone, by its name
	starts        *rate.Limiter                  // of sessions with cameras
	learnt        chan struct{}                  // something new is known of a camera
	conversations []ingest.Conversation
	box           *box.Box
	hook          *hook        // nil while the site has none
	link          *uplink.Link // nil while the site has no city yet
}

// file is the site file that is in force.
func (s *site) file() *config.Config { return s.opt.Config }

// build makes every part of the site, and starts none.
func build(o Options, st *store.Store) (*site, error) {
	s := &site{
		opt: o, store: st, profiles: map[string]*instrument.Profile{},
		eyes: map[string][]eye{}, starts: rate.NewLimiter(sessionsPerSecond, 1), learnt: make(chan struct{}, 1),
	}
	if err := s.connectDevices(); err != nil {
		return nil, err
	}
	says, err := s.says()
	if err != nil {
		return nil, err
	}
	s.ingest = ingest.New(ingest.Options{
		Store: st, Places: places(o.Config), Says: says, CardKey: s.cardKey(), CardKeyID: o.Config.Cards.KeyID,
		ReadingsEvery: o.Config.Uplink.Readings, Attention: s.attend, Log: o.Log,
	})
	s.box = s.newBox()
	return s, s.connectCity()
}

// cardKey reads the key under which cards leave. Without it a card leaves
// unmarked: that a site must do without its gas alarms because a key cannot be
// read would be worse.
func (s *site) cardKey() []byte {
	if s.file().Cards.Key.IsZero() {
		return nil
	}
	key, err := s.file().Cards.Key.Read()
	if err != nil {
		s.opt.Log.Error("cards leave without their mark", "err", err)
		return nil
	}
	return []byte(key.Reveal())
}

// live starts the parts back to front, waits for ctx, and stops them front to
// back.
func (s *site) live(ctx context.Context) error {
	if err := s.announce(); err != nil {
		return err
	}
	linkCtx, stopLink := context.WithCancel(context.WithoutCancel(ctx))
	lineCtx, stopLines := context.WithCancel(context.WithoutCancel(ctx))
	defer stopLink()
	defer stopLines()
	var link, lines sync.WaitGroup
	s.answerTools(lineCtx, &lines)
	if s.opt.Status != nil {
		s.opt.Status(s.snapshot)
	}
	lines.Go(func() { s.keepInventory(lineCtx) })
	lines.Go(func() { s.watchStore(lineCtx) })
	lines.Go(func() { s.box.Run(lineCtx) })
	lines.Go(func() { s.tellDamages(lineCtx) })
	if s.link != nil {
		link.Go(func() {
			if err := s.link.Run(linkCtx); err != nil {
				s.opt.Log.Error("uplink ended", "err", err)
			}
		})
		if s.hook != nil {
			link.Go(func() { s.hook.run(linkCtx) })
		}
	}
	for _, l := range s.lines {
		lines.Go(func() {
			if err := l.Run(lineCtx); err != nil {
				s.opt.Log.Error("line ended", "err", err)
			}
		})
	}
	s.opt.Log.Info("site is running", "site", s.file().Site.Name, "devices", len(s.conversations), "config", s.file().Hash)
	s.beat(ctx, &lines)
	err := s.ingest.Run(ctx, s.conversations) // until ctx ends and every device is silent
	stopLines()
	lines.Wait()
	err = errors.Join(err, s.box.End())
	s.store.Seal()
	stopLink() // it drains what is on disk for a bounded time
	link.Wait()
	s.opt.Log.Info("site has stopped", "site", s.file().Site.Name)
	return err
}

// answerTools lets the technician's tools in as long as the lines run. A box on
// which that is not possible guards its site all the same.
func (s *site) answerTools(ctx context.Context, running *sync.WaitGroup) {
	if s.opt.Control == "" {
		return
	}
	l, err := control.Listen(s.opt.Control)
	if err != nil {
		s.opt.Log.Warn("tools cannot reach this sitepost", "err", err)
		return
	}
	door := control.Door{Lines: s.lines, Cameras: wall{s}, Status: s.snapshot, Log: s.opt.Log}
	running.Go(func() {
		if err := door.Serve(ctx, l); err != nil {
			s.opt.Log.Error("tools cannot reach this sitepost any more", "err", err)
		}
	})
}

// announce puts what stands about the site on its retained topics before
// anything moves, and says that the box is up.
func (s *site) announce() error {
	if err := s.showStanding(); err != nil {
		return fmt.Errorf("show the site: %w", err)
	}
	return s.box.Begin()
}
