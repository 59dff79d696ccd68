package stream

import (
	"errors"
	"strings"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/bluenviron/gortsplib/v4/pkg/liberrors"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"sitepost/devices/camera/stream/meter"
)

// A track is one media of a description in the one of its formats that we read.
type track struct {
	media    *description.Media
	format   format.Format
	encoding string // of metadata: "", "gzip", "exi"
}

// videoTrack picks the track to look at: the first video track, of its formats
// the first that we can look into. Without one its media is nil.
func videoTrack(d *description.Session) track {
	for _, m := range d.Medias {
		if m.Type != description.MediaTypeVideo || m.IsBackChannel {
			continue
		}
		for _, f := range m.Formats {
			switch f.(type) {
			case *format.H264, *format.H265:
				return track{media: m, format: f}
			}
		}
		return track{media: m, format: m.Formats[0]}
	}
	return track{}
}

// metadataTrack picks the first ONVIF metadata track. Its rtpmap says how its
// documents are packed (ONVIF Streaming Specification 5.2.1.2 and its chapter on
// the session of a metadata track, onvif/specs ae44f9e; with a dot in earlier
// editions and in media servers; not seen alive: exi):
//
//	vnd.onvif.metadata/90000
//	vnd.onvif.metadata+gzip/90000         and .gzip
//	vnd.onvif.metadata.exi.onvif/90000    and exi.ext
func metadataTrack(d *description.Session) (track, bool) {
	for _, m := range d.Medias {
		if m.Type != description.MediaTypeApplication || m.IsBackChannel {
			continue
		}
		for _, f := range m.Formats {
			w, _, _ := strings.Cut(strings.ToLower(f.RTPMap()), "/")
			packing, ok := strings.CutPrefix(w, "vnd.onvif.metadata")
			packing, _, _ = strings.Cut(strings.TrimLeft(packing, ".+"), ".")
			if ok && (packing == "" || packing == "gzip" || packing == "exi") {
				return track{media: m, format: f, encoding: packing}, true
			}
		}
	}
	return track{}, false
}

// setup asks for the tracks and listens to them. A camera that refuses the
// metadata beside the pictures is looked at without.
//
// The tracks' URLs are made here before the library makes them again: 4.16.2 goes
// on with a nil URL, and panics, when a camera's control attribute cannot be part
// of one.
func (v *visit) setup(d *description.Session, tracks []track) error {
	at := *d.BaseURL
	if !v.guard.sameHost(at.Hostname()) {
		at.Host = v.client.Host // else we would answer the challenge of a stranger, which the camera passes on, with an address of his
	}
	for _, t := range tracks {
		if t.media.Secure {
			at.User = nil // the library would write the login into the KeyMgmt header
		}
	}
	for i, t := range tracks {
		v.answers.mu.Lock()
		v.answers.keyless = v.client.Scheme == "rtsps" && t.media.Secure && t.media.KeyMgmtMikey == nil && d.KeyMgmtMikey == nil
		v.answers.mu.Unlock()
		err := v.setupTrack(&at, t)
		if err != nil && (i == 0 || !refused(err)) {
			return err
		}
	}
	return nil
}

func (v *visit) setupTrack(at *base.URL, t track) error {
	if u, err := t.media.URL(at); err != nil || u == nil {
		return &Failure{Layer: Describe, State: Unsupported, Text: "the address of the track cannot be read"}
	}
	if v.beside() && v.client.Scheme == "rtsps" && !t.media.Secure {
		return &Failure{Layer: Play, State: Unsupported,
			Text: `an encrypted camera that offers no SRTP cannot send over UDP; set transport = "tcp"`}
	}
	heard := v.hearFirst
	if t.media.Type == description.MediaTypeApplication {
		heard = func(*rtp.Packet) {}
	}
	for i, f := range t.media.Formats {
		if f == t.format {
			t.media.Formats[i] = &tap{Format: f, heard: heard, anew: v.anew}
		}
	}
	low, high := 0, 0
	if v.target.Transport == UDP {
		var err error
		if low, high, err = v.guard.pair(); err != nil {
			return err
		}
	}
	if _, err := v.client.Setup(at, t.media, low, high); err != nil {
		return err
	}
	if t.media.Type == description.MediaTypeApplication {
		v.client.OnPacketRTP(t.media, t.format, v.pass(t.encoding))
		v.client.OnPacketRTCP(t.media, func(rtcp.Packet) { v.spend(anyPacket) })
		return nil
	}
	if v.target.Transport == UDP {
		v.overflow.watch(v.guard, low)
	}
	v.client.OnPacketRTCP(t.media, v.hearReport)
	return nil
}

// A tap hears the packets of a format before the library does anything with them:
// it asks each about its order first. Beside the connection 4.16.2 holds back up
// to 64 packets when one is lost, a second of a small stream, and lets none
// through that comes twice; and everywhere it drops all that comes once a camera
// has restarted its encoder, and with it the SSRC. Then a new session is needed. One
// packet alone says nothing of the kind (RFC 3550 A.1 wants two in a row): over UDP
// anybody can have sent it.
type tap struct {
	format.Format
	heard func(*rtp.Packet)
	anew  func(why error)
	began bool
	ssrc  uint32
	other uint32 // of the packet before, if it was another; else ssrc
}

// PTSEqualsDTS is called once for each packet.
func (t *tap) PTSEqualsDTS(p *rtp.Packet) bool {
	if !t.began {
		t.began, t.ssrc = true, p.SSRC
	}
	switch p.SSRC {
	case t.ssrc:
		t.heard(p)
	case t.other:
		t.anew(errRestarted)
	}
	t.other = p.SSRC
	return t.Format.PTSEqualsDTS(p)
}

// refused says whether only the one track cannot be had.
func refused(err error) bool {
	if status, ok := errors.AsType[liberrors.ErrClientBadStatusCode](err); ok {
		return status.Code != base.StatusUnauthorized
	}
	_, ok := errors.AsType[*Failure](err)
	return ok || errors.Is(err, liberrors.ErrClientTransportHeaderInterleavedIDsInUse{})
}

// hearFirst is called by the library for a packet of the video track. All that are
// like it come past the library from then on, which goes on looking after those
// that are not.
func (v *visit) hearFirst(p *rtp.Packet) {
	if !v.beside() && v.client.Scheme == "rtsp" {
		v.guard.follow(p.PayloadType, p.SSRC, v.hearRaw)
	}
	v.hear(p)
}

// hearRaw is called for a packet that did not come through the library.
func (v *visit) hearRaw(packet []byte) {
	if err := v.packet.Unmarshal(packet); err != nil {
		v.dropped(err)
		return
	}
	v.hear(&v.packet)
}

// hear is called for every packet of the video track.
func (v *visit) hear(p *rtp.Packet) {
	v.spend(len(p.Payload) + meter.HeaderSize)
	now := time.Now()
	v.mu.Lock()
	before := v.seen()
	v.meter.Packet(p, now)
	v.newParams = v.meter.Changed() || v.newParams
	news := v.newParams || v.seen() != before
	v.mu.Unlock()
	if news {
		offer(v.news)
	}
}

func (v *visit) hearReport(p rtcp.Packet) {
	v.spend(anyPacket)
	r, ok := p.(*rtcp.SenderReport)
	if !ok {
		return
	}
	now := time.Now()
	v.mu.Lock()
	before := v.seen()
	v.reports++
	v.meter.Trip = v.answers.roundTrip()
	v.meter.Report(r, now)
	news := v.seen() != before
	v.mu.Unlock()
	if news {
		offer(v.news)
	}
}

// pass hands the packets of the metadata track on.
func (v *visit) pass(encoding string) func(*rtp.Packet) {
	return func(p *rtp.Packet) {
		v.spend(len(p.Payload) + meter.HeaderSize)
		v.target.Metadata(Chunk{
			Sequence: p.SequenceNumber, Timestamp: p.Timestamp, Last: p.Marker,
			Payload: p.Payload, At: time.Now(), Encoding: encoding,
		})
	}
}

// dropped is called for a packet that the library can do nothing with.
func (v *visit) dropped(error) { v.spend(anyPacket) }

// spend counts what came beside the connection; what comes through it is counted
// there.
func (v *visit) spend(n int) {
	if v.beside() {
		v.guard.spend(n)
	}
}

// anew ends the session, for another; the first reason counts.
func (v *visit) anew(why error) {
	select {
	case v.again <- why:
	default:
	}
}

// offer tells a channel of one place something; who has not heard the last time
// hears both at once.
func offer(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
