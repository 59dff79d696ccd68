package box

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"sitepost/devices"
)

// The causes of a start, in the words of the dictionary.
const (
	Boot     = "boot"      // the machine started, after an orderly stop
	Restart  = "restart"   // sitepost was stopped in order, and started again
	Upgrade  = "upgrade"   // the same, with another version
	Watchdog = "watchdog"  // systemd ended a sitepost that hung
	Crash    = "crash"     // sitepost ended without a goodbye, the machine went on
	PowerCut = "power cut" // the machine ended without a goodbye
)

const (
	// aliveEvery bounds how little is known of when a run ended that could not say
	// so. It costs a commit each time, of about 10 KiB: 1.5 MB of flash a day.
	aliveEvery = 10 * time.Minute
	// bootWithin is how soon after the kernel a start counts as the boot's own where
	// nothing is known of an earlier run.
	bootWithin = 3 * time.Minute
	mostResult = 256 // bytes of systemd's word
)

// A run is what a run leaves for the next one.
type run struct {
	Boot    string    `json:"boot"`
	Version string    `json:"version"`
	Orderly bool      `json:"orderly"`
	Alive   time.Time `json:"alive"` // when that was written: of an orderly run its end
}

// A birth is how this run began.
type birth struct {
	mu      sync.Mutex // guards all
	started time.Time
	cause   string
	before  string
}

func (b *birth) now() (time.Time, string, string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.started, b.cause, b.before
}

// started finds out why the box started and notes that it runs.
func (b *Box) started() devices.Event {
	now, c := b.opt.Host.Wall().Round(0), b.opt.Host.Clock()
	var last run
	known, err := b.opt.Memory.Recall(b.opt.Name, &last)
	if err != nil {
		known = false
		b.opt.Log.Warn("what the last run left cannot be read", "err", err)
	}
	is := run{Boot: c.Boot, Version: b.opt.Version, Alive: now}
	cause, before := Restart, ""
	switch {
	case known:
		cause = causeOf(last, is, readResult(b.opt.Host.Result))
		before = beforeOf(last, is, cause)
	case time.Duration(c.UptimeMS)*time.Millisecond < bootWithin:
		cause = Boot
	}
	b.birth.mu.Lock()
	b.birth.started, b.birth.cause, b.birth.before = now, cause, before
	b.birth.mu.Unlock()
	if err := b.remember(); err != nil { // the start is told all the same
		b.opt.Log.Warn("the next start will not know its cause", "err", err)
	}
	text := "sitepost " + b.opt.Version
	if before != "" {
		text += ": " + before
	}
	return devices.Event{Time: now, Code: devices.BoxStarted, Detail: cause, Text: text}
}

// causeOf reads this table. What systemd says is about the last run of this boot:
//
//	           stopped in order     no goodbye
//	new boot   boot or upgrade      power cut
//	same boot  restart or upgrade   watchdog, if systemd says so, else crash
func causeOf(last, is run, result string) string {
	booted := last.Boot != is.Boot
	switch {
	case !last.Orderly && booted:
		return PowerCut
	case !last.Orderly && strings.Contains(result, Watchdog):
		return Watchdog
	case !last.Orderly:
		return Crash
	case last.Version != is.Version:
		return Upgrade
	case booted:
		return Boot
	}
	return Restart
}

// beforeOf says what is known of the time before, for a person.
func beforeOf(last, is run, cause string) string {
	var text string
	switch cause {
	case PowerCut:
		text = "the machine went without a goodbye (power cut, reset or hang)"
	case Watchdog:
		text = "sitepost hung and was ended by the watchdog"
	case Crash:
		text = "sitepost ended without a goodbye"
	default:
		text = "stopped in order"
	}
	if last.Orderly {
		text += " at " + stamp(last.Alive)
	} else {
		text += ", last known alive at " + stamp(last.Alive)
	}
	if gone := is.Alive.Sub(last.Alive); gone >= 0 {
		text += fmt.Sprintf(", %v before this start", gone.Round(time.Second))
	}
	if last.Version != is.Version {
		text += fmt.Sprintf("; the version was %s", last.Version)
	}
	return text
}

// readResult reads how the last run ended, as systemd saw it. No file is no word.
func readResult(path string) string {
	if path == "" {
		return ""
	}
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	word, err := io.ReadAll(io.LimitReader(f, mostResult))
	if err != nil {
		return ""
	}
	return string(word)
}

// remember notes that this run is alive.
func (b *Box) remember() error { return b.leave(false) }

func (b *Box) leave(orderly bool) error {
	c := b.opt.Host.Clock()
	return b.opt.Memory.Keep(b.opt.Name, run{c.Boot, b.opt.Version, orderly, b.opt.Host.Wall().Round(0)})
}

// End says that the box stops, and leaves for the next run that it did so in
// order. Nothing may be said after it.
func (b *Box) End() error {
	err := b.opt.Say(devices.Event{Time: b.opt.Host.Wall(), Code: devices.BoxStopping})
	return errors.Join(err, b.leave(true))
}
