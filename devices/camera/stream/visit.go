package stream

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtp"

	"sitepost/devices"
	"sitepost/devices/camera/stream/meter"
)

// A visit is one session with one camera: a client of its own, made for it and
// thrown away.
//
//	dial ─► describe ─► setup ─► play ─► watch ──────────► leave
//	└──────── at most patience.start ─┘  window by window  TEARDOWN, then the line is cut
//
// The library runs goroutines of its own. What they call back (answers.go, and
// hear in tracks.go) runs there; what they share with the visit is under mu, or is
// read only after the call that caused it has returned.
type visit struct {
	target   Target
	plan     plan
	p        patience
	address  *base.URL // with the login
	guard    *guard
	client   *gortsplib.Client
	layer    Layer // of the step that is being done
	answers  answers
	overflow overflow

	packet rtp.Packet // the one that is heard now, of those that pass the library by

	news  chan struct{} // told when the window may be over
	again chan error    // told why the session must be begun anew

	mu        sync.Mutex
	meter     meter.Meter
	times     times
	began     time.Time // the window
	reports   int       // sender reports in the session
	newParams bool      // the parameter set changed in this window
	told      bool      // the time to the first picture was said
}

// A plan says how a session is looked at.
type plan struct {
	every    time.Duration // length of a window
	once     bool          // ends with the first window
	early    bool          // which ends when enough was seen
	metadata bool          // no pictures, and no windows: the metadata track alone
}

// never is longer than the time since 1970, from which the library counts the
// silence of a track over UDP that has not begun.
const never = math.MaxInt64 / 2

func newVisit(ctx context.Context, t Target, address *base.URL, w plan, p patience) *visit {
	v := &visit{
		target: t, plan: w, p: p, address: address, layer: Describe,
		guard: newGuard(ctx, address.Hostname(), t, p),
		news:  make(chan struct{}, 1),
		again: make(chan error, 1),
	}
	v.answers.visit = v
	switch {
	case w.metadata:
		v.guard.read = p.idle
	case v.beside(): // pictures say whether it lives; some cameras answer no keep-alive
		v.guard.read = never
	}
	transport := v.transport()
	v.client = &gortsplib.Client{
		Scheme: address.Scheme, Host: address.Host,
		Transport: &transport,
		UserAgent: "sitepost", // some cameras answer 401 to none
		// The library's own clocks see any frame, not pictures, and end a session
		// that is silent because nothing moves: ours are in guard.go and watch.go.
		ReadTimeout: never, InitialUDPReadTimeout: never,
		WriteTimeout: p.write,
		DialContext:  v.guard.dial, ListenPacket: v.guard.listen,
		TLSConfig: v.answers.tls(),
		OnRequest: v.answers.asked, OnResponse: v.answers.answered,
		OnServerRequest:   func(*base.Request) { v.answers.spoken() },
		OnTransportSwitch: func(error) {},
		OnPacketsLost:     func(uint64) {}, // the meter counts for itself
		OnDecodeError:     v.dropped,
	}
	if v.beside() {
		v.client.UDPReadBufferSize = queue(ctx)
	}
	return v
}

// beside says whether packets come beside the connection.
func (v *visit) beside() bool {
	return v.target.Transport == UDP || v.target.Transport == Multicast
}

// transport is the library's word for how the packets shall come.
func (v *visit) transport() gortsplib.Transport {
	switch v.target.Transport {
	case UDP:
		return gortsplib.TransportUDP
	case Multicast:
		return gortsplib.TransportUDPMulticast
	}
	return gortsplib.TransportTCP
}

// run is the whole visit. take is given the Stream of each window; s is the
// current one, also when run returns with an error.
func (v *visit) run(ctx context.Context, s *devices.Stream, take func(devices.Stream) error) error {
	v.times.start = time.Now()
	if err := v.client.Start2(); err != nil {
		return err
	}
	defer v.leave()
	starting, cancel := context.WithTimeout(ctx, v.p.start)
	defer cancel()
	inTime := context.AfterFunc(starting, v.guard.kill)
	err := v.play(s)
	if !inTime() {
		err = v.tooSlow(err)
	}
	if err != nil {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.times.tell(s)
		return v.answers.failure(err)
	}
	return v.watch(ctx, s, take)
}

// play brings the session up to the answer to PLAY.
func (v *visit) play(s *devices.Stream) error {
	v.step(devices.StreamConnecting)
	d, _, err := v.client.Describe(v.address)
	v.times.connected = v.guard.stood()
	if err != nil {
		return err
	}
	v.times.described = time.Now()
	v.step(devices.StreamDescribed)
	audio := v.answers.offersAudio()
	data, hasData := metadataTrack(d)
	s.Audio, s.Metadata = &audio, &hasData
	tracks, err := v.choose(d, data)
	if err != nil {
		return err
	}
	if !v.plan.metadata {
		v.tell(tracks[0].format, s)
	}
	v.layer = Play
	if err := v.setup(d, tracks); err != nil {
		return err
	}
	if _, err := v.client.Play(nil); err != nil {
		return err
	}
	v.mu.Lock()
	v.times.played = time.Now()
	v.mu.Unlock()
	v.step(devices.StreamStarting)
	return nil
}

// step tells how far the session is.
func (v *visit) step(state string) {
	if v.target.Step != nil {
		v.target.Step(state)
	}
}

// choose picks the tracks to ask for. Only these are asked for: sound that still
// plays cannot hide a picture that stopped.
func (v *visit) choose(d *description.Session, data track) ([]track, error) {
	if v.plan.metadata {
		if data.media == nil {
			return nil, &Failure{Layer: Describe, State: Unsupported, Text: "the stream has no metadata track; switch it on in the camera's media profile"}
		}
		return []track{data}, nil
	}
	picture := videoTrack(d)
	if picture.media == nil {
		return nil, &Failure{Layer: Describe, State: Unsupported, Text: "the stream has no video track"}
	}
	if v.target.Metadata != nil && data.media != nil {
		return []track{picture, data}, nil
	}
	return []track{picture}, nil
}

// tell prepares the meter for the track and says what the description knows.
func (v *visit) tell(video format.Format, s *devices.Stream) {
	m := &v.meter
	m.Clock = video.ClockRate()
	switch f := video.(type) {
	case *format.H264:
		m.Codec, s.Codec = meter.H264, "H264"
		m.Describe(nil, f.SPS, s)
	case *format.H265:
		m.Codec, s.Codec = meter.H265, "H265"
		m.Describe(f.VPS, f.SPS, s)
	default:
		if s.Codec = word(video); multiplexed(s.Codec) {
			m.Codec = meter.Multiplex
		}
	}
}

// times are when a session came how far; zero where it did not.
type times struct {
	start, connected, described, played, packet, picture time.Time
}

// tell writes how long each part took. A part that was overtaken by the next (a
// packet before the answer to PLAY) took as long as there was until then. Each is
// the difference of two rounded times, so that they add up.
func (t *times) tell(s *devices.Stream) {
	came := []time.Time{t.connected, t.described, t.played, t.packet, t.picture}
	say := []**float64{&s.ConnectMS, &s.DescribeMS, &s.PlayMS, &s.FirstPacketMS, &s.KeyFrameMS}
	n := 0
	for n < len(came) && !came[n].IsZero() {
		n++
	}
	for i := n - 2; i >= 0; i-- {
		if came[i].After(came[i+1]) {
			came[i] = came[i+1]
		}
	}
	before := 0.0
	for i := range n {
		until := math.Round(float64(came[i].Sub(t.start)) / 1e5)
		*say[i] = meter.Figure((until-before)/10, 1)
		before = until
	}
	if n == len(came) {
		s.FirstFrameMS = meter.Figure(before/10, 1)
	}
}
