//go:build !race

// The race detector of Go 1.26 crashes (in its depot of stacks) where timers begin
// many goroutines in bubbles of synctest, as deadlines of pipes do here: once in a
// few hundred of these sessions. "make test" runs this file without it.

package stream

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"

	"sitepost/devices"
)

// A spoiler changes the bytes of a camera on their way:
//
//	OO OO HH WW    OO OO: how many bytes after the change before
//	               HH:    how: 0 another byte, 1 one more, 2 some less, 3 some again
//	               WW:    with what, or how many
type spoiler struct {
	edits []byte
	until int // bytes to the next change
}

func newSpoiler(edits []byte) *spoiler {
	s := &spoiler{edits: edits}
	s.next()
	return s
}

func (s *spoiler) next() {
	s.until = -1
	if len(s.edits) >= 4 {
		s.until = int(s.edits[0])<<8 | int(s.edits[1])
	}
}

func (s *spoiler) spoil(said []byte) []byte {
	said = bytes.Clone(said)
	from := 0
	for s.until >= 0 && from+s.until < len(said) {
		at := from + s.until
		how, what := s.edits[2]%4, s.edits[3]
		some := min(int(what)%16+1, len(said)-at)
		switch how {
		case 0:
			said[at] = what
		case 1:
			said = append(said[:at:at], append([]byte{what}, said[at:]...)...)
		case 2:
			said = append(said[:at:at], said[at+some:]...)
		case 3:
			said = append(said[:at+some:at+some], said[at:]...)
		}
		from = min(at+1, len(said))
		s.edits = s.edits[4:]
		s.next()
	}
	if s.until >= 0 {
		s.until -= len(said) - from
	}
	return said
}

// spoiled is a session with a camera of pictures, sound, metadata, a login and
// reports, whose bytes are spoiled. It must end by itself or when it is told to,
// with figures that fit into JSON, and leave nothing behind, which the bubble sees
// to; a panic of the library's own goroutines would end the test.
func spoiled(t *testing.T, edits []byte) {
	sps := unhex(t, spsHigh40)
	synctest.Test(t, func(t *testing.T) {
		cam := &fake{spoil: newSpoiler(edits).spoil}
		cam.description = sdpHead + strings.Replace(sdpVideo, "mode=1", "mode=1; sprop-parameter-sets="+base64.StdEncoding.EncodeToString(sps)+",aOuDyyLA", 1) +
			"m=audio 0 RTP/AVP 104\r\na=rtpmap:104 mpeg4-generic/16000/1\r\na=fmtp:104 streamtype=5; mode=AAC-hbr; config=1408; sizelength=13; indexlength=3; indexdeltalength=3\r\n" + sdpMetadata
		cam.answer = func(q question) string {
			if q.method == "DESCRIBE" && q.header.Get("Authorization") == "" {
				return "RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"c\", nonce=\"n\"\r\n\r\n"
			}
			return ""
		}
		film := reel{gop: 3, change: func(i int, k []*rtp.Packet) []*rtp.Packet {
			k[2].Payload = sps
			for _, p := range k {
				p.Payload = p.Payload[:min(len(p.Payload), 40)]
			}
			return k
		}}
		cam.play = alongside(film.play, talking(2, 100*time.Millisecond))
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		target := near(cam)
		target.User, target.Password, target.Metadata = "onvif", password, func(Chunk) {}
		err := Follow(ctx, target, 700*time.Millisecond, func(s devices.Stream) error {
			_, err := json.Marshal(s)
			return err
		})
		if f, ok := errors.AsType[*Failure](err); err != nil && !errors.Is(err, ErrAgain) && (!ok || f.Text == "" || strings.Contains(f.Error(), "Kennwort")) {
			t.Errorf("% x: got %v", edits, err)
		}
	})
}

// TestF17SpoiledBytes lets no panic, hang or leak come of spoiled answers,
// descriptions, packets and reports.
func TestF17SpoiledBytes(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		r, edits := rand.New(rand.NewPCG(seed, 17)), []byte(nil)
		for range 1 + r.IntN(6) {
			edits = append(edits, byte(r.IntN(3)), byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256)))
		}
		spoiled(t, edits)
	}
}

// FuzzSession does the same for as long as one likes.
func FuzzSession(f *testing.F) {
	f.Add([]byte{0, 9, 0, '4'})            // another status
	f.Add([]byte{1, 0, 2, 9, 0, 50, 3, 9}) // less and more of the description
	f.Fuzz(func(t *testing.T, edits []byte) { spoiled(t, edits[:min(len(edits), 400)]) })
}
