package camera

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"sitepost/devices"
	"sitepost/devices/camera/onvif"
)

// What a picture may cost.
const (
	maxPicture     = 1 << 20          // bytes
	pictureWithin  = 2 * time.Second  // from the alarm to the last byte
	pictureTooLate = 10 * time.Second // after it no picture shows what happened
	pictureShared  = time.Second      // alarms so soon after each other have one picture
	mostShared     = 4                // of them; further ones have none, or a storm of alarms would wear out the disk
	learntAgain    = 10 * time.Second // so long a camera is not asked again where its pictures are
)

// A Shot is a picture that is wanted.
type Shot struct {
	Incident string    // of the alarm it is for
	At       time.Time // of the alarm
}

// ShootOptions say whose pictures are taken.
type ShootOptions struct {
	Name   string // of the camera; for the log only
	Client *onvif.Client
	Pick   onvif.Pick // which of its streams

	// Wanted brings the alarms. Who fills it must not wait: it drops what does not
	// fit.
	Wanted <-chan Shot
	// Keep puts a picture on disk and returns what is to be said of it.
	Keep func(incident string, jpeg []byte) (devices.Picture, error)
	Log  *slog.Logger // nil = nowhere
}

// Shoot makes the conversation that takes a camera's picture when there is an
// alarm where it looks: snapshot.taken, with the alarm's incident.
//
// A picture that cannot be taken is logged and nothing else: the alarm stands
// without it, and that the camera is away or refuses the login is told where its
// stream is watched.
func Shoot(o ShootOptions) devices.Device {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &shooting{options: o}
}

// A shooting outlives its runs.
type shooting struct {
	options ShootOptions
	address string    // of the camera's pictures; "" = not known
	why     error     // it is not known, or not sure any more; nil = it is sure
	asked   time.Time // for it, last
	last    []byte
	lastAt  time.Time
	shared  int // alarms that had the last one too
}

// Run takes pictures until ctx ends.
func (s *shooting) Run(ctx context.Context, emit func(devices.Event) error) error {
	s.learn(ctx) // now, because in an alarm there is no time for it
	for {
		select {
		case <-ctx.Done():
			return nil
		case shot := <-s.options.Wanted:
			if err := s.shoot(ctx, shot, emit); err != nil {
				return err
			}
		}
	}
}

// learn asks where the camera's pictures are. What fails now is tried again with an
// alarm some seconds later: in a storm of them a camera has better things to do.
func (s *shooting) learn(ctx context.Context) {
	if !s.asked.IsZero() && time.Since(s.asked) < learntAgain {
		return
	}
	s.asked = time.Now()
	found, err := s.options.Client.Streams(ctx, s.options.Pick)
	if err == nil && found.Snapshot == "" {
		err = errors.New("the camera offers no pictures")
	}
	if s.why = err; err == nil {
		s.address = found.Snapshot
	}
}

// shoot takes one picture, keeps it and says so. Only emit's error is returned.
func (s *shooting) shoot(ctx context.Context, shot Shot, emit func(devices.Event) error) error {
	jpeg, at, err := s.take(ctx, shot)
	if err == nil {
		var picture devices.Picture
		if picture, err = s.options.Keep(shot.Incident, jpeg); err == nil {
			return emit(devices.Event{Time: at, Code: devices.SnapshotTaken, Incident: shot.Incident, Picture: &picture})
		}
	}
	if ctx.Err() == nil && s.shared <= mostShared { // a storm is told once
		s.options.Log.Warn("no picture of the alarm", "camera", s.options.Name, "incident", shot.Incident, "err", err)
	}
	return nil
}

// take asks the camera for a picture, or returns the one of a moment ago.
func (s *shooting) take(ctx context.Context, shot Shot) (jpeg []byte, at time.Time, err error) {
	if time.Since(shot.At) > pictureTooLate {
		return nil, at, fmt.Errorf("the alarm was %v ago", time.Since(shot.At).Round(time.Second))
	}
	if s.last != nil && time.Since(s.lastAt) < pictureShared {
		if s.shared++; s.shared >= mostShared {
			return nil, at, fmt.Errorf("%d alarms in a second have one already", mostShared)
		}
		return s.last, s.lastAt, nil
	}
	s.shared = 0
	ctx, cancel := context.WithTimeout(ctx, pictureWithin)
	defer cancel()
	if s.address == "" || s.why != nil {
		s.learn(ctx)
	}
	if s.address == "" {
		return nil, at, fmt.Errorf("where its pictures are is not known: %w", s.why)
	}
	jpeg, _, err = s.options.Client.Get(ctx, s.address, maxPicture)
	if err != nil {
		s.why = err // it may have another one by now
		return nil, at, err
	}
	s.last, s.lastAt = trimmed(jpeg), time.Now()
	return s.last, s.lastAt, nil
}

// trimmed cuts off what some cameras append behind a JPEG's end (FF D9, ITU-T T.81
// B.1.1.3): zeros, a line end, a page's rest.
func trimmed(jpeg []byte) []byte {
	if end := bytes.LastIndex(jpeg, []byte{0xFF, 0xD9}); end >= 0 {
		return jpeg[:end+2]
	}
	return jpeg
}
