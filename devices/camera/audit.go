package camera

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"sitepost/devices"
	"sitepost/devices/camera/onvif"
)

// AuditOptions say which recorder is looked at and what it must keep.
type AuditOptions struct {
	Name     string // the site's name of the recorder; for the log only
	Client   *onvif.Client
	KeepDays int
	Channels []int         // those that the site uses, from 1
	Every    time.Duration // default 6 h
	Log      *slog.Logger  // nil = nowhere
}

const defaultAuditEvery = 6 * time.Hour

// Audit makes the conversation with a recorder about how far back its recordings
// go:
//
//	ask ── all recordings ──► recording.retention.short of each channel, raised or cleared
//	 ▲  │ not to be known: neither; the log says why, once
//	 └──┤ rest   not reached, login refused: ends
//
// The point of an event is the channel's number.
func Audit(o AuditOptions) devices.Device {
	if o.Every <= 0 {
		o.Every = defaultAuditEvery
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &auditor{options: o, unknown: map[int]string{}}
}

// An auditor outlives its runs, so that one thing is logged once.
type auditor struct {
	options AuditOptions
	unknown map[int]string // by channel, 0 = all: why nothing is known, as logged last
}

// Run holds the conversation until it breaks or ctx ends.
func (d *auditor) Run(ctx context.Context, emit func(devices.Event) error) error {
	told := map[int]devices.State{}
	for {
		recordings, err := d.ask(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case endsAudit(err):
			return fmt.Errorf("recorder %q: %w", d.options.Client.Address(), err)
		case err != nil:
			d.note(0, err.Error())
		default:
			d.note(0, "")
			if err := d.judge(recordings, told, emit); err != nil {
				return err
			}
		}
		if !wait(ctx, pause(d.options.Every)) {
			return nil
		}
	}
}

// ask learns the clock first: a login needs it, and the recordings are dated by it.
func (d *auditor) ask(ctx context.Context) ([]onvif.Recording, error) {
	if err := d.options.Client.LearnClock(ctx); endsAudit(err) {
		return nil, err
	}
	return d.options.Client.Recordings(ctx)
}

// endsAudit says whether an error is one of the connection, and not a recorder
// that does not tell.
func endsAudit(err error) bool {
	_, gone := errors.AsType[*onvif.Unreachable](err)
	_, refused := errors.AsType[*onvif.LoginRefused](err)
	return gone || refused
}

// judge tells each channel's condition where it is new in this run.
func (d *auditor) judge(recordings []onvif.Recording, told map[int]devices.State, emit func(devices.Event) error) error {
	now := time.Now()
	offset, _ := d.options.Client.ClockOffset()
	for _, channel := range d.options.Channels {
		days, short, known := Retention(d.options.KeepDays, recordings, channel, now.Add(offset))
		if !known {
			d.note(channel, "it tells no beginning of any recording of this channel")
			continue
		}
		d.note(channel, "")
		e := devices.Event{Time: now, Code: devices.RetentionShort, State: devices.Cleared, Point: strconv.Itoa(channel)}
		if short {
			oldest, _ := oldestOf(recordings, channel)
			limit := float64(d.options.KeepDays)
			e.State = devices.Raised
			e.Value = &devices.Value{Quantity: "oldest recording", Unit: "d", Number: float64(days), Limit: &limit}
			e.Text = fmt.Sprintf("the oldest recording is of %s; a recorder or disk that is newer than %d days is short until it has filled",
				oldest.Format(time.DateOnly), d.options.KeepDays)
		}
		if told[channel] == e.State {
			continue
		}
		told[channel] = e.State
		if err := emit(e); err != nil {
			return err
		}
	}
	return nil
}

// note logs why nothing is known, once; "" = it is known.
func (d *auditor) note(channel int, why string) {
	if why != "" && d.unknown[channel] != why {
		d.options.Log.Warn("how far back the recordings go cannot be known", "recorder", d.options.Name, "channel", channel, "reason", why)
	}
	d.unknown[channel] = why
}
