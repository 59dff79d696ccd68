package daemon

import (
	"context"
	"fmt"
	"time"

	"sitepost/cmd/sitepost/control"
	"sitepost/cmd/sitepost/status"
	"sitepost/config"
	"sitepost/devices"
	"sitepost/ingest/store"
)

// trialsPerSecond is how many test alarms the box makes at most, whoever asks: a test
// of all devices is no flood.
const trialsPerSecond = 4

// A trial is one test alarm on its way, which is followed by the marks of its lane:
//
//	store ──► on disk ──► sent: the broker has it ──► received: the platform has it
//
// It tests the way to the city, not the device: that one may be silent or out of use.
type trial struct {
	site   *site
	device string
	record store.Record
	began  time.Time
	each   func(control.Stage) error
}

// Try makes a test alarm of a device and tells how far it is.
func (s *site) Try(ctx context.Context, device string, within time.Duration, who string, each func(control.Stage) error) error {
	place, known := places(s.file())[device]
	if !known {
		return fmt.Errorf("%q is no device or line of this site (`sitepost status --json` lists them)", device)
	}
	if err := s.trials.Wait(ctx); err != nil {
		return err
	}
	stands, odd := s.standsOdd(device) // asked before: to look takes longer than to write
	t := &trial{site: s, device: device, began: time.Now(), each: each}
	made, err := s.ingest.TestAlarm(place, who)
	if err != nil {
		return err
	}
	onDisk := t.stage(control.StepDisk, "")
	t.record, onDisk.ID = made, made.ID()
	if odd {
		beside := t.stage(control.StepStands, stands.Why)
		if beside.State = stands.State; each(beside) != nil {
			return nil // the tool has gone
		}
	}
	if made.Volatile {
		_ = t.tell(control.StepMemory, "the disk refuses: the alarm is only in memory, and goes to the city from there")
		return nil
	}
	if each(onDisk) == nil {
		t.follow(ctx, within)
	}
	return nil
}

// follow waits for the marks to pass the alarm.
func (t *trial) follow(ctx context.Context, within time.Duration) {
	over := time.NewTimer(within - time.Since(t.began))
	defer over.Stop()
	waits := []control.Step{control.StepBroker}
	if t.site.file().Uplink.Receipt == config.ByPlatform {
		waits = append(waits, control.StepPlatform)
	}
	for len(waits) > 0 {
		moved := t.site.store.Moved()
		has, replaced := t.has(waits[0])
		switch {
		case replaced:
			_ = t.tell(control.StepReplaced, "the store was damaged and is replaced: what was saved of it follows")
			return
		case has:
			if t.tell(waits[0], "") != nil {
				return // the tool has gone
			}
			waits = waits[1:]
			continue
		case t.site.link.Load() == nil:
			_ = t.tell(control.StepLate, "no broker is configured")
			return
		}
		select {
		case <-moved:
		case <-over.C:
			_ = t.tell(control.StepLate, t.whyLate(waits[0]))
			return
		case <-ctx.Done():
			return
		}
	}
	_ = t.tell(control.StepDone, "")
}

// has says whether the broker, or the platform, has the alarm and all before it. Marks
// that are read before the epoch are of that epoch, or of one before it.
func (t *trial) has(who control.Step) (has, replaced bool) {
	marks := t.site.store.Marks(devices.AlarmLane)
	if t.site.store.Epoch() != t.record.Epoch {
		return false, true
	}
	upto := marks.Sent
	if who == control.StepPlatform {
		upto = marks.Received
	}
	return upto >= t.record.Seq, false
}

// whyLate says who has not answered.
func (t *trial) whyLate(waits control.Step) string {
	link := t.site.link.Load()
	if link == nil { // a reload took it
		return "no broker is configured"
	}
	switch now := link.Status(); {
	case !now.Up && now.Why != "":
		return "the city is away: " + now.Why
	case !now.Up:
		return "the city is away: not connected yet"
	case waits == control.StepBroker:
		return "the broker has not acknowledged it"
	default:
		return "the platform has not said that it has it"
	}
}

// standsOdd returns how a device stands, and whether that is worth telling beside its
// test: it is not as it should be.
func (s *site) standsOdd(device string) (status.Device, bool) {
	snap := s.snapshot()
	for _, d := range append(snap.Devices, snap.Lines...) {
		if d.Name == device {
			return d, d.State != "online" && d.State != status.Unknown
		}
	}
	return status.Device{}, false
}

// stage is a step as of now.
func (t *trial) stage(step control.Step, text string) control.Stage {
	return control.Stage{Device: t.device, Step: step, At: time.Now(), MS: time.Since(t.began).Milliseconds(), ID: t.record.ID(), Text: text}
}

func (t *trial) tell(step control.Step, text string) error { return t.each(t.stage(step, text)) }
