// Package stream holds RTSP sessions with a camera, for a few seconds or for as long
// as a session lasts, and says what came of its stream: how the session went, how
// long each step to the first picture took, what package meter measured of the
// packets, and in what state the stream is because of it. It also hands on what comes
// on an ONVIF metadata track, unread.
//
// Its rules:
//
//   - The figures are those of package meter, by its rules; where the library would
//     count for itself it is not asked. Packets are heard as they arrive, before the
//     library reorders them; what comes twice and what comes late is the meter's to
//     judge.
//   - The round trip by which the clock error is corrected is the shortest of all
//     that were seen, of which the connection's own is one.
//   - Over UDP there is no Loss where this box itself dropped packets: Dropped says
//     how many, and accuses nobody.
//   - A stream has stalled when no picture began for 3 s, or for three times as
//     long as between two pictures; where only one came, for 10 s. Only pictures
//     count, or packets of a multiplex: sound, metadata, reports and answers do not.
//   - Everything from the camera is hostile: what comes is guarded (guard.go,
//     udp.go), the description is mended before the library sees it (sdp.go),
//     and every wait has an end. Nothing is sent to anybody but the camera.
//   - Passwords are in no URL that is printed and in no error, and they go to the
//     camera's own address only; in clear text (Basic) only over a pinned
//     certificate.
//
// This is the only room that knows gortsplib, and it holds version 4.16.2 to the
// standards it misses: see guard.go, visit.go and tracks.go for the faults that are
// fenced in, and TestF1 to TestF17. It does not know what a packet holds, ONVIF,
// thresholds, how often to look, or what the city is told.
package stream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"sitepost/devices"
)

// What this package says in the State of a [devices.Stream]; Degraded only where
// no threshold is needed for it.
const (
	Live        = devices.StreamLive
	Degraded    = devices.StreamIsDegraded
	Stalled     = devices.StreamIsStalled
	Offline     = devices.StreamIsOffline
	AuthFailed  = devices.StreamAuthFailed
	Unsupported = devices.StreamUnusable
	Conflict    = devices.StreamConflict
)

// A Transport is how the packets of a stream travel.
type Transport string

const (
	TCP       Transport = "tcp" // within the RTSP connection; the default
	UDP       Transport = "udp"
	Multicast Transport = "multicast"
)

// A Target is a stream to look at.
type Target struct {
	URL      string         // rtsp or rtsps; a user and password in it are dropped unread
	User     string         // "" for a camera without a login
	Password devices.Secret // used for Digest; for Basic only over a pinned certificate

	// Allow lists where the camera may be; a name is resolved first. Empty
	// allows any address, for one that a person typed for this one command.
	Allow []netip.Prefix

	// Pin is the SHA-256 of the camera's certificate, "sha256:" and 64 hex
	// digits, for rtsps. Without it any certificate is taken, and Seen, if
	// not nil, is told its pin, so that the first one can be kept and trusted.
	// Seen is called from another goroutine, before Measure returns.
	// Unproved says that the Pin was kept so, and no person has looked at it:
	// then no password goes out in clear text either.
	Pin      string
	Unproved bool
	Seen     func(pin string)

	// Transport is how the packets shall come; "" is TCP. Over UDP the network's
	// losses are seen too.
	Transport Transport

	// Early ends the visit as soon as a whole GOP, a sender report and two seconds
	// were seen. Without them it ends as it would otherwise, but not before a key
	// frame was seen or 10 s have passed: cameras that save bits send few.
	Early bool

	// Timed says that the camera's clock is known from visits before: Early then does
	// not wait for a sender report.
	Timed bool

	// Metadata, if not nil, is given what comes on the camera's ONVIF metadata
	// track, if it has one, in the same session. It is called from another
	// goroutine, between packets of the picture: it may not wait.
	Metadata func(Chunk)

	// Step, if not nil, is told how far a session is: the words are
	// devices.StreamConnecting, StreamDescribed and StreamStarting.
	Step func(state string)

	dial dialer // stands in for the network in tests
}

// A Chunk is a packet of a metadata track. A document ends with its Last chunk.
type Chunk struct {
	Sequence  uint16
	Timestamp uint32
	Last      bool   // the RTP marker
	Payload   []byte // valid during the call
	At        time.Time
	Encoding  string // "", "gzip" or "exi"
}

// patience is how long each part of a visit may take.
type patience struct {
	start time.Duration // from dialling to the answer to PLAY
	dial  time.Duration // until a connection stands, with one SYN repeated
	read  time.Duration // silence on the connection
	write time.Duration // of one request
	close time.Duration // of leaving politely; as much again after the line was cut
	quiet time.Duration // without a picture until the stream is stalled

	picture time.Duration // a visit waits so long for a key frame
	least   time.Duration // and looks so long
	first   time.Duration // of the first window of a kept session, if a key frame came
	idle    time.Duration // silence on a connection where it is healthy
	knock   time.Duration // of knocking
}

// patient is the patience of the product; tests have less.
var patient = patience{
	start: 10 * time.Second,
	dial:  2 * time.Second,
	read:  8 * time.Second,
	write: 3 * time.Second,
	close: 3 * time.Second,
	quiet: 3 * time.Second,

	picture: 10 * time.Second,
	least:   2 * time.Second,
	first:   4 * time.Second,
	idle:    65 * time.Second,        // more than the pause between two keep-alives, see answers.go
	knock:   1600 * time.Millisecond, // with one SYN repeated
}

// Measure connects to the camera, plays its first video track for howLong and
// says what it saw. It takes at most 10 s to get so far, and hangs up in any
// case.
//
// The Stream is always worth reading: with an error it still has State, Why, URI
// and whatever was seen before. The error is a [*Failure] in the name of the
// URI; errors.Is finds [ErrBasic], [ErrLogin], [ErrRedirect] and [ErrCertificate]
// in it. If ctx ends first the error is that of ctx and State stays empty:
// nothing was found out about the camera.
//
// One visit makes at most one attempt to log in.
func Measure(ctx context.Context, t Target, howLong time.Duration) (devices.Stream, error) {
	return measure(ctx, t, howLong, patient)
}

func measure(ctx context.Context, t Target, howLong time.Duration, p patience) (devices.Stream, error) {
	var seen devices.Stream
	err := session(ctx, t, plan{every: howLong, once: true, early: t.Early}, p, func(s devices.Stream) error {
		seen = s
		return nil
	})
	if err == nil && seen.State == "" {
		err = ctx.Err()
	}
	return seen, err
}

// Follow keeps one session with the camera. take is given a first Stream as soon as
// a visit would be over ([Target].Early, 4 s), then one each time that every has
// passed, and, at most once a second, when the picture's parameters
// have changed; each counts what came since the one before. While take runs the
// session goes on.
//
// It ends with nil when ctx ends, and what was counted since the last Stream is
// lost with it; with take's own error; with a [*Failure] as from [Measure] when no
// session comes about or it breaks or stalls, after take was given the last
// Stream, which says the state; and with [ErrAgain] when a new session is needed
// and nothing is wrong: the camera has restarted its encoder, or wants a new
// login.
func Follow(ctx context.Context, t Target, every time.Duration, take func(devices.Stream) error) error {
	return session(ctx, t, plan{every: every}, patient, take)
}

// Listen keeps a session with the camera's metadata track alone, for a few kbit/s
// and without its pictures. A track on which nothing comes is a healthy one. It
// ends as Follow does, with a Failure in the state Unsupported if there is no such
// track.
func Listen(ctx context.Context, t Target) error {
	return session(ctx, t, plan{metadata: true}, patient, func(devices.Stream) error { return nil })
}

// session is one session. take is given the Stream of each window, and the last
// one if it ends with a Failure. Without an error ctx has ended or the plan is
// done.
func session(ctx context.Context, t Target, w plan, p patience, take func(devices.Stream) error) error {
	s := devices.Stream{Transport: string(cmp.Or(t.Transport, TCP))}
	address, err := parse(t)
	s.URI = shown(address)
	var own error
	if err == nil {
		err = newVisit(ctx, t, address, w, p).run(ctx, &s, func(s devices.Stream) error {
			own = take(s)
			return own
		})
	}
	switch {
	case own != nil:
		return own
	case ctx.Err() != nil:
		return nil
	case err == nil || errors.Is(err, ErrAgain):
		return err
	}
	f := asFailure(err)
	s.State = f.State
	s.Why = append(s.Why, f.Error())
	if err := take(s); err != nil {
		return err
	}
	return fmt.Errorf("stream %q: %w", s.URI, f)
}
