package camera

import (
	"context"
	"errors"
	"sync"
	"time"

	"sitepost/devices"
	"sitepost/devices/camera/metadata"
	"sitepost/devices/camera/stream"
)

// pointMetadata is where a device.fault stands while a camera has no metadata track
// that can be read, though the site wants it.
const pointMetadata = "metadata"

// trackRefused is how long a track is not asked for alone when the login was refused
// for it, though it is taken for the picture.
const trackRefused = 30 * time.Minute

// A track takes what comes beside the picture and has it told:
//
//	session ──► hear ──► reader ──► found ──► run ──► Hearing ──► events, object counts
//	       (between two packets)     64        (waits for the disk)
//
// It outlives the sessions and the runs: what a camera invents is bounded once for
// all of them.
type track struct {
	hearing *Hearing
	deaf    bool // the site wants none of its events
	found   chan found

	mu     sync.Mutex // protects all below
	reader *metadata.Reader
	read   int   // documents
	fault  error // what the reader said last; nil when it has read a document since
}

// found is what was read at a moment.
type found struct {
	metadata.Found
	at time.Time
}

func newTrack(o WatchOptions) *track {
	if o.Hearing == nil {
		return nil
	}
	return &track{hearing: o.Hearing, deaf: o.Deaf, reader: metadata.NewReader(), found: make(chan found, 64)}
}

// begin is called before each session.
func (k *track) begin() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.reader.Begin()
}

// hear takes a packet. A camera that says more than the disk takes waits, and ctx ends
// that.
func (k *track) hear(ctx context.Context) func(stream.Chunk) {
	return func(c stream.Chunk) {
		k.mu.Lock()
		got, err := k.reader.Take(metadata.Chunk(c))
		if n := k.reader.Tally().Documents; err != nil || n > k.read {
			k.fault, k.read = err, n
		}
		k.mu.Unlock()
		if len(got.Notifications)+len(got.Counts) == 0 {
			return
		}
		select {
		case k.found <- found{got, c.At}:
		case <-ctx.Done():
		}
	}
}

// run tells what is found until ctx ends, and about once a second what follows from
// nothing being found. The error is emit's own.
func (k *track) run(ctx context.Context, emit func(devices.Event) error) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		var now found
		select {
		case now = <-k.found:
		case now.at = <-tick.C:
			k.mu.Lock()
			now.Found = k.reader.Idle(now.at)
			k.mu.Unlock()
		case <-ctx.Done():
			return nil
		}
		if k.deaf {
			now.Notifications = nil
		}
		if err := k.hearing.Take(now.Notifications, now.at, emit); err != nil {
			return err
		}
		if err := k.hearing.Objects(now.Counts, emit); err != nil {
			return err
		}
	}
}

// tellTrack says whether a camera has the metadata track that the site wants.
func (w *watch) tellTrack(s *devices.Stream) {
	if w.track == nil || s.Metadata == nil {
		return
	}
	w.track.mu.Lock()
	fault := w.track.fault
	w.track.mu.Unlock()
	w.trackless = !*s.Metadata || fault != nil
	switch {
	case !*s.Metadata:
		w.voice.raise(devices.DeviceFault, pointMetadata, "no metadata", "its stream has no metadata track: add a metadata configuration to the profile that is watched, or take metadata = true out of the site file")
	case fault != nil:
		w.voice.raise(devices.DeviceFault, pointMetadata, "no metadata", fault.Error())
	default:
		w.voice.clear(devices.DeviceFault, pointMetadata)
	}
}

// listenBeside listens to the metadata track alone while the camera rests, until stop
// is called. Whatever goes wrong with that the next visit finds out.
func (w *watch) listenBeside(ctx context.Context) (stop func()) {
	if w.track == nil || w.trackless || time.Now().Before(w.trackAt) {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var beside sync.WaitGroup
	beside.Go(func() { w.listen(ctx) })
	return func() { cancel(); beside.Wait() }
}

func (w *watch) listen(ctx context.Context) {
	turn := w.options.Places.ask()
	defer turn.give()
	if !turn.wait(ctx) {
		return
	}
	for {
		s, began := &session{watch: w}, time.Now()
		target, err := s.admit(ctx)
		if err != nil {
			return
		}
		target.Step = func(state string) {
			if state == devices.StreamStarting { // the login was taken: others wait for that to be said
				s.settle(devices.Stream{State: devices.StreamLive}, nil)
			}
		}
		err = w.options.Eyes.Listen(ctx, target)
		if f, failed := errors.AsType[*stream.Failure](err); failed {
			s.last.State = f.State
		}
		s.settle(s.last, err)
		if ctx.Err() != nil {
			return
		}
		if s.last.State == devices.StreamAuthFailed {
			w.trackAt = time.Now().Add(trackRefused)
		}
		if !errors.Is(err, stream.ErrAgain) || time.Since(began) < shortSession {
			w.options.Log.Debug("metadata track not listened to until the next visit", "camera", w.options.Name, "err", err)
			return
		}
	}
}
