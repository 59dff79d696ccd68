package ingest

import (
	"errors"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// append puts one event on disk, unless it chatters and is held back.
func (in *Ingest) append(p devices.Place, e devices.Event) error {
	b := in.bounces.of(e)
	if b == nil {
		_, err := in.put(p, e)
		return err
	}
	b.telling.take()
	defer b.telling.give()
	var made *store.Record
	if !b.holds(e) {
		var err error
		if made, err = in.put(p, e); err != nil {
			return err
		}
	}
	now := time.Now()
	if held := b.note(e, made != nil, now); held && e.Count == nil && e.Code.Form() != devices.StateForm {
		in.tally(e.Device, store.Record{Event: e})
	}
	if b.since.IsZero() && b.beyond(now) {
		return in.chatter(b, e.Time)
	}
	return nil
}

// put hands one event to the store, and returns its record, nil where nothing was
// new. An alarm is the store's business whatever the disk does. Anything else is
// tried for as long as the store has patience: then it is lost, which the store
// counts, and the conversation goes on. It gives up when the store is sealed, or
// when the disk refuses while we are closing. What can never be stored is a bug of
// the driver: it is logged, and the conversation goes on.
func (in *Ingest) put(p devices.Place, e devices.Event) (*store.Record, error) {
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 500*time.Millisecond) {
		told := in.inMode(e)
		made, err := in.opt.Store.Accept(p, told)
		switch {
		case err == nil:
			in.stored(e, made)
			in.overtaken(told)
			return made, nil
		case errors.Is(err, store.ErrSealed):
			return nil, err
		case errors.Is(err, store.ErrRefused):
			in.opt.Log.Error("event refused", "device", e.Device, "code", e.Code, "err", err)
			return nil, nil
		}
		in.refuse(e, err)
		if errors.Is(err, store.ErrLost) {
			return nil, nil
		}
		select {
		case <-in.closing:
			return nil, err
		case <-time.After(pause):
		}
	}
}

// refuse logs that the store does not take an event: the first one of an outage.
func (in *Ingest) refuse(e devices.Event, err error) {
	if in.refused.CompareAndSwap(false, true) {
		in.opt.Log.Error("store refuses", "device", e.Device, "code", e.Code, "err", err)
	}
}

// stored follows an event that is safe, or in memory and on its way. made is its
// record, nil if it brought nothing new.
func (in *Ingest) stored(e devices.Event, made *store.Record) {
	in.absent.follow(e)
	if made == nil {
		return
	}
	if !made.Volatile {
		in.refused.Store(false)
	}
	in.tally(e.Device, *made)
	if in.opt.Attention != nil && begins(*made) {
		in.opt.Attention(*made)
	}
}

// tally counts an event into the day of its device.
func (in *Ingest) tally(device string, r store.Record) {
	w := in.find(device)
	if w == nil { // it has left meanwhile
		return
	}
	w.mu.Lock()
	w.day.record(r, time.Now())
	w.mu.Unlock()
}
