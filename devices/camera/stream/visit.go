package stream

import (
	"context"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"sitepost/devices"
)

// A visit is one session with one camera: a client of its own, made for it and
// thrown away.
//
//	dial ─► describe ─► setup ─► play ─► watch ─► leave
//	└──────── at most patience.start ─┘  howLong   TEARDOWN, then the line is cut
//
// The library runs goroutines of its own. What they call back (answers.go, and
// hear below) runs there; what they share with the visit is under mu, or is read
// only after the call that caused it has returned.
type visit struct {
	target  Target
	p       patience
	address *base.URL // with the login
	guard   *guard
	client  *gortsplib.Client
	start   time.Time
	layer   Layer // of the step that is being done
	answers answers

	mu      sync.Mutex
	meter   meter
	whole   chan struct{} // closed when a whole GOP was seen
	changed chan struct{} // closed when the camera began a new stream in the session
	onWhole sync.Once
	onNew   sync.Once
}

// transports are the library's words; "" is TCP.
var transports = map[Transport]gortsplib.Transport{UDP: gortsplib.TransportUDP, Multicast: gortsplib.TransportUDPMulticast, "": gortsplib.TransportTCP, TCP: gortsplib.TransportTCP}

func newVisit(ctx context.Context, t Target, address *base.URL, p patience) *visit {
	v := &visit{
		target: t, p: p, address: address, layer: Describe,
		guard:   newGuard(ctx, address.Hostname(), t.Allow, p),
		whole:   make(chan struct{}),
		changed: make(chan struct{}),
	}
	v.answers.visit = v
	transport := transports[t.Transport]
	v.client = &gortsplib.Client{
		Scheme: address.Scheme, Host: address.Host,
		Transport:   &transport,
		UserAgent:   "sitepost", // some cameras answer 401 to none
		ReadTimeout: p.start, WriteTimeout: p.write,
		DialContext: v.guard.dial,
		TLSConfig:   v.answers.tls(),
		OnRequest:   v.answers.asked, OnResponse: v.answers.answered,
		OnTransportSwitch: func(error) {},
		OnPacketsLost:     func(uint64) {}, // the meter counts for itself
		OnDecodeError:     v.dropped,
	}
	return v
}

// run is the whole visit.
func (v *visit) run(ctx context.Context, howLong time.Duration, s *devices.Stream) error {
	v.start = time.Now()
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
		return v.answers.failure(err)
	}
	return v.watch(ctx, howLong, s)
}

// play brings the session up to the answer to PLAY.
func (v *visit) play(s *devices.Stream) error {
	d, _, err := v.client.Describe(v.address)
	if after, ok := v.guard.since(v.start); ok {
		s.ConnectMS = ms(after)
	}
	if err != nil {
		return err
	}
	described := time.Now()
	if after, ok := v.guard.since(v.start); ok {
		s.DescribeMS = ms(described.Sub(v.start) - after)
	}
	audio := v.answers.audio
	s.Audio = &audio

	media, track := video(d)
	if media == nil {
		return &Failure{Layer: Describe, State: Unsupported, Text: "the stream has no video track"}
	}
	v.tell(track, s)
	v.layer = Play
	if err := v.setup(d, media, track); err != nil {
		return err
	}
	if _, err := v.client.Play(nil); err != nil {
		return err
	}
	s.PlayMS = ms(time.Since(described))
	return nil
}

// video picks the track to look at: the first video track, of its formats the
// first that we can look into.
func video(d *description.Session) (*description.Media, format.Format) {
	for _, m := range d.Medias {
		if m.Type != description.MediaTypeVideo || m.IsBackChannel {
			continue
		}
		for _, f := range m.Formats {
			switch f.(type) {
			case *format.H264, *format.H265:
				return m, f
			}
		}
		return m, m.Formats[0]
	}
	return nil, nil
}

// tell prepares the meter for the track and says what the description knows.
func (v *visit) tell(track format.Format, s *devices.Stream) {
	m := &v.meter
	m.clock, m.trip = track.ClockRate(), v.answers.trip
	switch f := track.(type) {
	case *format.H264:
		m.codec, s.Codec = h264Codec, "H264"
		m.codec.describe(f.SPS, s)
	case *format.H265:
		m.codec, s.Codec = h265Codec, "H265"
		m.codec.describe(f.SPS, s)
	default:
		s.Codec = word(track)
	}
}

// setup asks for the track and connects it to the meter. Only the one track is
// asked for: sound that still plays cannot hide a picture that stopped.
//
// The track's URL is made here before the library makes it again: 4.16.2 goes
// on with a nil URL, and panics, when a camera's control attribute cannot be
// part of one.
func (v *visit) setup(d *description.Session, media *description.Media, track format.Format) error {
	at := *d.BaseURL
	if media.Secure {
		at.User = nil // the library would write the login into the KeyMgmt header
	}
	if u, err := media.URL(&at); err != nil || u == nil {
		return &Failure{Layer: Describe, State: Unsupported, Text: "the address of the video track cannot be read"}
	}
	if _, err := v.client.Setup(&at, media, 0, 0); err != nil {
		return err
	}
	v.client.OnPacketRTP(media, track, v.hear)
	v.client.OnPacketRTCP(media, v.hearReport)
	return nil
}

// hear is called for every packet of the track.
func (v *visit) hear(p *rtp.Packet) {
	now := time.Now()
	v.mu.Lock()
	v.meter.packet(p, now)
	whole := v.target.Early && v.meter.enough(now)
	v.mu.Unlock()
	if whole {
		v.onWhole.Do(func() { close(v.whole) })
	}
}

func (v *visit) hearReport(p rtcp.Packet) {
	r, ok := p.(*rtcp.SenderReport)
	if !ok {
		return
	}
	now := time.Now()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.meter.report(r, now)
}

// dropped is called for a packet that the library does not pass on. From the
// moment a camera restarts its encoder, and with it the SSRC, 4.16.2 drops all
// that comes; the visit then ends with what was seen before.
func (v *visit) dropped(err error) {
	if wrongSSRC(err) {
		v.onNew.Do(func() { close(v.changed) })
	}
}
