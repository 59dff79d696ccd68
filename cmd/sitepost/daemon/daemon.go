// Package daemon wires the house together: it is the only package that sees
// every room, and it does nothing else. [Run] is the whole life of a site:
//
//	start   store ──► uplink ──► lines, ingest ──► conversations
//	stop    conversations ──► ingest ──► lines ──► store sealed ──► uplink drains ──► store closed
//
// In between the site goes over to another site file (reload.go): what did not change
// goes on.
//
// It knows no protocol, no topic and no rule of its own. Tests replace the two
// ends of the road, lines and brokers, and nothing in between.
package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"sitepost/cmd/sitepost/box"
	"sitepost/cmd/sitepost/control"
	"sitepost/cmd/sitepost/status"
	"sitepost/config"
	"sitepost/devices/camera/onvif"
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

	// Reread reads the site file again, for a reload; nil: it cannot be reloaded.
	Reread func() (*config.Config, config.Findings)
	// Hangup brings SIGHUP, which asks for a reload as the tools do. nil: nobody does.
	Hangup <-chan os.Signal
	// Keep keeps a site file that was accepted, from the start on, and returns its
	// number. nil: nobody keeps them.
	Keep func(c *config.Config, who string) (number int, err error)
	// Rejected says why the site file on disk was rejected, if Config is the last one
	// that was accepted before it: FILE:LINE:COLUMN: the first mistake, and how many
	// more. "" means that Config is the one on disk.
	Rejected string

	// Control is where the technician's tools reach us; "" is nowhere.
	Control string
	// Page is where programs of this machine ask for health and figures; "" is nowhere.
	Page string
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

	built func(*site) // is given the site before it runs; nil: nobody but a test asks for it
}

// boxName is what the box itself is called on the site.
const boxName = "box"

// complete fills in what was left out.
func (o *Options) complete() {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Host == nil {
		o.Host = new(box.Machine())
	}
}

// openStore opens the store of a site; sends says of which cameras pictures are sent.
func openStore(o Options, sends func(camera string) bool) (*store.Store, error) {
	return store.Open(store.Options{
		Directory: o.Config.Store.Directory, Site: o.Config.Site.Name,
		Receipt: string(o.Config.Uplink.Receipt), Size: o.Config.Store.Size,
		KeepReadings: o.Config.Store.KeepReadings, KeepEvents: o.Config.Store.KeepEvents,
		KeepAlarms: o.Config.Store.KeepAlarms, PicturesFor: o.Config.Store.KeepPictures,
		SendPictures: sends, Clock: o.Host.Clock, Log: o.Log,
	})
}

// Run runs the site until ctx ends, and then takes it down in order. An error
// means that the site could not be started; nothing runs any more. It is a *[Retired]
// where the site was given up, now or before.
func Run(ctx context.Context, o Options) (err error) {
	o.complete()
	site := &site{
		opt: o, budget: onvif.NewBudget(), starts: rate.NewLimiter(sessionsPerSecond, 1), trials: rate.NewLimiter(trialsPerSecond, 1),
		learnt: make(chan struct{}, 1), showing: make(chan struct{}, 1), reloading: make(chan struct{}, 1), exit: newExit(),
	}
	site.reloading <- struct{}{}
	st, err := openStore(o, func(camera string) bool { return sendsPictures(site.file(), camera) })
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	mark, err := retirementOf(st)
	if err != nil {
		return err
	}
	if mark != nil && !mark.At.IsZero() {
		return &Retired{mark.At, mark.By}
	}
	if err := site.build(st); err != nil {
		return err
	}
	defer func() { site.inForce().endThings(nil) }()
	if o.built != nil {
		o.built(site)
	}
	if mark != nil {
		return site.resume(ctx, mark)
	}
	return site.live(ctx)
}

// A site is everything that runs.
type site struct {
	opt    Options
	store  *store.Store
	ingest *ingest.Ingest
	box    *box.Box
	budget *onvif.Budget // of logins to cameras
	starts *rate.Limiter // of sessions with cameras
	learnt chan struct{} // something new is known of a camera
	trials *rate.Limiter // of test alarms

	showing chan struct{} // held while the inventory is shown
	owes    atomic.Bool   // what stands could not be shown

	plan      atomic.Pointer[plan]        // in force
	link      atomic.Pointer[uplink.Link] // nil while the site has no city yet
	word      word                        // about the site file
	heart     atomic.Pointer[heart]       // nil until it beats
	reloading chan struct{}               // held by who changes the plan, and parts with it
	parts     parts
	ends      <-chan struct{} // closed when the site is on its way out, for now or for good
	porch     *porch          // nil without a loopback port
	exit      *exit           // the way out for good
}

// build makes every part of the site, and begins none.
func (s *site) build(st *store.Store) error {
	s.store = st
	p, err := s.newPlan(s.opt.Config)
	if err != nil {
		return err
	}
	s.ingest = ingest.New(ingest.Options{Store: st, Site: p.who, Attention: s.attend, Log: s.opt.Log})
	s.box = s.newBox()
	s.force(p)
	return nil
}

// cardKey reads the key under which cards leave. Without it a card leaves
// unmarked: that a site must do without its gas alarms because a key cannot be
// read would be worse.
func (s *site) cardKey(c *config.Config) []byte {
	if c.Cards.Key.IsZero() {
		return nil
	}
	key, err := c.Cards.Key.Read()
	if err != nil {
		s.opt.Log.Error("cards leave without their mark", "err", err)
		return nil
	}
	return []byte(key.Reveal())
}

// live starts the parts back to front, waits for ctx, and stops them front to
// back. A site that is given up does the same, and lets its tools in until the end.
func (s *site) live(ctx context.Context) error {
	if err := s.announce(); err != nil {
		return err
	}
	speaking, leave := context.WithCancel(ctx)
	defer leave()
	s.exit.leave, s.ends = leave, speaking.Done()
	doorCtx, closeDoor := context.WithCancel(context.WithoutCancel(ctx))
	linkCtx, stopLink := context.WithCancel(context.WithoutCancel(ctx))
	lineCtx, stopLines := context.WithCancel(context.WithoutCancel(ctx))
	defer closeDoor()
	defer stopLink()
	defer stopLines()
	s.parts.runsUntil(linkCtx, lineCtx, speaking)
	var lines, door sync.WaitGroup
	s.showPage(lineCtx, &lines)
	s.answerTools(doorCtx, &door)
	s.watch(lineCtx, &lines)
	if err := s.parts.begin(s.inForce().parts); err != nil {
		s.opt.Log.Error("not all of the site can begin", "err", err)
	}
	s.opt.Log.Info("site is running", "site", s.file().Site.Name, "parts", len(s.parts.running), "config", s.file().Hash)
	still := s.beat(ctx)
	defer still()
	<-s.reloading                      // from here on the plan may be changed
	err := s.ingest.Run(speaking, nil) // until that ends and every device is silent
	leave()                            // or it could not even begin
	s.reloading <- struct{}{}          // and from here on no more
	s.parts.wait(talking)
	if s.exit.begun() == nil {
		closeDoor()
		door.Wait()
	}
	stopLines()
	lines.Wait()
	s.parts.wait(onLines)
	err = errors.Join(err, s.box.End())
	s.store.Seal()
	stopLink() // it drains what is on disk for a bounded time
	s.parts.wait(toCity)
	if s.exit.begun() != nil {
		err = errors.Join(err, s.retire(ctx))
	}
	closeDoor()
	door.Wait()
	s.opt.Log.Info("site has stopped", "site", s.file().Site.Name)
	return err
}

// watch runs what no key of the site file changes, until ctx ends.
func (s *site) watch(ctx context.Context, running *sync.WaitGroup) {
	if s.opt.Status != nil {
		s.opt.Status(s.snapshot)
	}
	running.Go(func() { s.keepInventory(ctx) })
	running.Go(func() { s.watchStore(ctx) })
	running.Go(func() { s.box.Run(ctx) })
	running.Go(func() { s.tellDamages(ctx) })
	running.Go(func() { s.answerHangups(ctx) })
}

// answerTools lets the technician's tools in until ctx ends. A box on which that is not
// possible guards its site all the same.
func (s *site) answerTools(ctx context.Context, running *sync.WaitGroup) {
	if s.opt.Control == "" {
		return
	}
	l, err := control.Listen(s.opt.Control)
	if err != nil {
		s.opt.Log.Warn("tools cannot reach this sitepost", "err", err)
		return
	}
	door := control.Door{
		Lines: s.ownLines, Cameras: wall{s}, Status: s.snapshot, Reload: s.reload, Upkeep: workshop{s}, Trials: s, Log: s.opt.Log,
		Events: flow{s.store, string(s.file().Uplink.Receipt)}, Retire: s.askRetire,
	}
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
	if err := s.box.Begin(); err != nil {
		return err
	}
	s.tellFile()
	return nil
}
