package virtual

import (
	"errors"
	"fmt"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

const (
	videoClock    = 90000 // Hz, of H.264 over RTP (RFC 6184 8.2.1)
	frameTicks    = videoClock / ClipFPS
	framePeriod   = time.Second / ClipFPS
	reportEvery   = 2 * time.Second // between two RTCP sender reports; real cameras send one every 1 to 10 s
	forgivenDelay = time.Second     // a player that is later than this starts its clock anew instead of rushing
)

// A clip is a short H.264 film: its frames, each a list of NAL units.
type clip struct {
	sps, pps []byte
	frames   [][][]byte
}

// loadClip takes an Annex-B stream apart. A frame begins with its parameter
// sets or with a slice whose first macroblock is the picture's first, which is
// a 1 as the first bit behind the NAL header (H.264 7.3.3, ue(v)).
func loadClip(annexB []byte) (*clip, error) {
	var units h264.AnnexB
	if err := units.Unmarshal(annexB); err != nil {
		return nil, fmt.Errorf("clip: %w", err)
	}
	c := &clip{}
	var frame [][]byte
	whole := false // frame has a slice
	for _, u := range units {
		kind := h264.NALUType(u[0] & 0x1f)
		slice := kind == h264.NALUTypeNonIDR || kind == h264.NALUTypeIDR
		begins := !slice || len(u) > 1 && u[1]&0x80 != 0
		if whole && begins {
			c.frames = append(c.frames, frame)
			frame, whole = nil, false
		}
		switch kind {
		case h264.NALUTypeSPS:
			c.sps = u
		case h264.NALUTypePPS:
			c.pps = u
		}
		frame = append(frame, u)
		whole = whole || slice
	}
	if whole {
		c.frames = append(c.frames, frame)
	}
	if len(c.frames) == 0 || c.sps == nil || c.pps == nil {
		return nil, errors.New("clip: no frames or no parameter sets")
	}
	return c, nil
}

// description is what DESCRIBE tells of the clip.
func (c *clip) description() *description.Session {
	return &description.Session{Medias: []*description.Media{{
		Type:    description.MediaTypeVideo,
		Formats: []format.Format{&format.H264{PayloadTyp: 96, PacketizationMode: 1, SPS: c.sps, PPS: c.pps}},
	}}}
}

// A player sends a clip to a stream, in a ring and in real time.
type player struct {
	stream *gortsplib.ServerStream
	media  *description.Media
	clip   *clip
	packer *rtph264.Encoder
	drop   float64

	owed    float64 // packets to be dropped, below 1 after each
	packets uint32  // sent, for the reports
	octets  uint32
}

func newPlayer(stream *gortsplib.ServerStream, c *clip, drop float64) (*player, error) {
	media := stream.Desc.Medias[0]
	packer, err := media.Formats[0].(*format.H264).CreateEncoder()
	if err != nil {
		return nil, err
	}
	return &player{stream: stream, media: media, clip: c, packer: packer, drop: drop}, nil
}

// run plays until stop is closed. Frame n is sent at start + n periods, so that
// nothing adds up; its RTP time is n times 3,600 ticks from the same start.
func (p *player) run(stop <-chan struct{}) {
	start, first := time.Now(), uint32(0) // when and with which time stamp frame 0 is sent
	wait := time.NewTimer(0)
	defer wait.Stop()
	for n, since := 0, 0; ; n, since = n+1, since+1 {
		select {
		case <-stop:
			return
		case <-wait.C:
		}
		stamp := first + uint32(since)*frameTicks
		ssrc := p.send(p.clip.frames[n%len(p.clip.frames)], stamp)
		if n%int(reportEvery/framePeriod) == 1 {
			now := time.Now()
			late := now.Sub(start.Add(time.Duration(since) * framePeriod))
			p.report(ssrc, now, stamp+uint32(late.Seconds()*videoClock))
		}
		due := start.Add(time.Duration(since+1) * framePeriod)
		if time.Since(due) > forgivenDelay {
			start, first, since = time.Now(), stamp+frameTicks, -1
			due = start
		}
		wait.Reset(time.Until(due))
	}
}

// send sends one frame and returns the SSRC that the server gave it. A client
// that cannot take it is the server's worry.
func (p *player) send(frame [][]byte, stamp uint32) (ssrc uint32) {
	packets, err := p.packer.Encode(frame)
	if err != nil {
		return 0 // the clip was packed at every start before; it cannot fail
	}
	for _, k := range packets {
		k.Timestamp = stamp
		if p.owed += p.drop; p.owed >= 1 {
			p.owed--
			continue
		}
		_ = p.stream.WritePacketRTP(p.media, k)
		ssrc = k.SSRC
		p.count(k)
	}
	return ssrc
}

func (p *player) count(k *rtp.Packet) {
	p.packets++
	p.octets += uint32(len(k.Payload))
}

// report sends an RTCP sender report: the time of day now, and the RTP time
// that belongs to it.
func (p *player) report(ssrc uint32, now time.Time, stamp uint32) {
	_ = p.stream.WritePacketRTCP(p.media, &rtcp.SenderReport{
		SSRC: ssrc, NTPTime: ntp(now), RTPTime: stamp,
		PacketCount: p.packets, OctetCount: p.octets,
	})
}

// ntp is a time in NTP's form (RFC 5905 6): seconds since 1900 above, and the
// fraction of a second, of 2^32, below.
func ntp(t time.Time) uint64 {
	const from1900to1970 = 2208988800
	return uint64(t.Unix()+from1900to1970)<<32 | uint64(t.Nanosecond())<<32/1e9
}
