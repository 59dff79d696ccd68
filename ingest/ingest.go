// Package ingest keeps every conversation of the site running and puts what
// the devices say on disk.
//
//	conversation ──┐
//	conversation ──┼── fold ── supervise ── store ──► (package uplink)
//	conversation ──┘
//
// Each conversation has one goroutine, which walks the whole way from the
// first byte to the disk: emit returns when the event is safe. Nothing is
// queued in between, so there is nothing in between to lose; a slow disk is
// felt as a slow emit.
//
// Rules: a conversation that breaks is run again after growing pauses (keep.go);
// readings are summed up, everything else goes on as it came (fold.go) unless it
// chatters (chatter.go); what a
// stream is stands on show, and is recorded once a visit (streams.go). A device
// that cannot be reached is offline (offline.go), one that says nothing for too
// long is silent (supervise.go), and either is an event, told again while it lasts
// (remind.go), unless its line keeps it from being heard (lines.go). What a person
// works at wakes nobody (maintain.go). How each device stands is shown (standing.go),
// and what it said in a day is counted (days.go). Conversations come and go while it runs (hold.go), and so does who
// stands on the site (roll.go). What is new about a condition, a state or a counter is decided by the
// store, inside its transaction, and nowhere here.
//
// This package does not know what an instrument is, how a site is configured,
// or that there is a city.
package ingest

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// A Conversation is one device, or one contact module that speaks for several.
type Conversation struct {
	Name   string
	Device devices.Device

	// Silence names every device that this conversation speaks for, with its
	// longest healthy silence; 0 is "may be silent for ever".
	Silence map[string]time.Duration

	// Via is the line that the device hangs on, or the recorder that it is reached
	// through; "" for none. While the line is lost, lent or asked by another master its
	// devices are not called silent: that is one condition, not eight. The maintenance of
	// either is theirs too.
	Via string
}

// Options are what an Ingest needs.
type Options struct {
	Store *store.Store
	Site  // to begin with, see Swap
	Log   *slog.Logger

	// Attention is told of everything that is raised in the alarm lane, when it is
	// on disk: conditions once, when they begin, and momentary alarms. What a device
	// says in another mode than normal is for nobody, nor is a reminder or a
	// clearing. It is called on the goroutine of the conversation that said it,
	// which may be on its way to the next alarm: it returns at once, and does not
	// come back into the Ingest. Of which codes a picture is worth taking is for it
	// to say. nil: nobody looks.
	Attention func(store.Record)
}

// An Ingest is the way in: devices on one side, the store on the other.
type Ingest struct {
	opt     Options
	roll    atomic.Pointer[roll] // who stands on the site
	fold    fold
	lines   lines
	absent  absences
	talks   talks         // conversations that are held
	begun   chan struct{} // closed when Run has taken up what an earlier run left
	closing chan struct{} // closed when Run's ctx ended: an append that fails now is given up
	bounces bounces       // of what chatters
	upkeep  upkeep
	wall    func() time.Time
	refused atomic.Bool   // the store did not take the last event that it was asked to
	rounds  atomic.Uint64 // see Rounds
}

// New makes an Ingest. Nothing runs before Run.
func New(o Options) *Ingest {
	return newAt(o, time.Now)
}

// newAt is New with a clock on the wall.
func newAt(o Options, wall func() time.Time) *Ingest {
	in := &Ingest{opt: o, wall: wall, begun: make(chan struct{}), closing: make(chan struct{})}
	in.fold.sums = map[pointKey]*sum{}
	in.lines.held = map[lineHold]bool{}
	in.absent.open = map[pointKey]*absence{}
	in.bounces.at = map[pointKey]*bounce{}
	in.talks.again = map[string]*pauses{}
	in.upkeep = newUpkeep()
	in.roll.Store(o.Site.roll(nil))
	in.takeUp()
	in.takeUpMaintenance()
	return in
}

// Run keeps the conversations running until ctx ends, and those that join later.
// When it returns every device is silent and all they said is with the store: it
// waits for all that are held, whoever holds them. Run it once.
func (in *Ingest) Run(ctx context.Context, cs []Conversation) error {
	var holds []func(context.Context)
	for _, c := range cs {
		hold, err := in.Join(c)
		if err != nil {
			return err
		}
		holds = append(holds, hold)
	}
	if err := in.takeUpOpen(); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { close(in.closing) })
	defer stop()
	var supervising, watching sync.WaitGroup
	watchCtx, stopWatching := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWatching()
	watching.Go(func() { in.flushReadings(watchCtx) })
	watching.Go(func() { in.keepDays(watchCtx) })
	supervising.Go(func() { in.superviseAll(ctx) })
	supervising.Go(func() { in.keepUpkeep(ctx) })
	close(in.begun)
	for _, hold := range holds {
		supervising.Go(func() { hold(ctx) })
	}
	<-ctx.Done()
	in.talks.end()
	supervising.Wait()
	in.calmAll()
	stopWatching() // the last summaries and figures leave when nobody can add to them
	watching.Wait()
	return nil
}

// Say puts an event of the daemon itself on disk: box.started, uplink.lost.
func (in *Ingest) Say(device string, e devices.Event) error {
	e.Device = device
	return in.take(device, e)
}

// take is the whole way of one event. It returns when the event is safe, and
// an error only when nothing more will be taken.
func (in *Ingest) take(speaker string, e devices.Event) error {
	if e.Device == "" {
		e.Device = speaker
	}
	site := in.roll.Load()
	w, place := site.by[e.Device], site.Places[e.Device]
	if w == nil {
		return fmt.Errorf("event of %q, which stands nowhere on the site", e.Device)
	}
	back, err := in.alive(w, place, e)
	if err == nil && e.Code != "" {
		err = in.tell(w, place, e)
	}
	if back { // shown after the event: an alarm waits for nobody
		in.show(w, e.Time)
	}
	return err
}

// tell puts an event that says something on disk.
func (in *Ingest) tell(w *watched, place devices.Place, e devices.Event) error {
	meaning, ok := e.Code.Meaning()
	if !ok {
		return fmt.Errorf("event of %q with code %q, which is not in the dictionary", e.Device, e.Code)
	}
	if e.Value != nil && !finite(e.Value.Number) {
		e.Value = nil // a figure that is none is absent, never zero
	}
	e.Text, e.Stream = bounded(e.Text), tidy(e.Stream)
	in.hashCard(&e)
	if meaning.Form == devices.Reading {
		return in.takeReading(w, place, in.inMode(e))
	}
	if e.Code == devices.DeviceOffline {
		return in.tellOffline(w, place, e)
	}
	if err := in.append(place, e); err != nil {
		return err
	}
	return in.tellState(w, e)
}

// begins says whether a record is an alarm at the moment when it is one. What began in a
// maintenance does so when that has ended.
func begins(r store.Record) bool {
	e := r.Event
	return r.Lane == devices.AlarmLane && e.Mode == devices.Normal && e.State != devices.Cleared && (e.Reminder == 0 || r.Claimed)
}

// maxText is the contract's bound on a device's own words, in characters.
const maxText = 1024

func bounded(text string) string { return cut(text, maxText) }

// cut leaves so many characters of a text.
func cut(text string, most int) string {
	runes := 0
	for i := range text {
		if runes++; runes > most {
			return text[:i]
		}
	}
	return text
}

func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }
