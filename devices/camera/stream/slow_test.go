package stream

import (
	"encoding/base64"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pion/rtp"
)

// every is a film of which only every n-th frame is sent, as a key frame; the
// sender reports go on. once stops after the first.
func every(n int, once bool) func(net.Conn, <-chan struct{}) {
	return after(20*time.Millisecond, reel{gop: 1, change: func(i int, k []*rtp.Packet) []*rtp.Packet {
		if i%n != 0 || once && i > 0 {
			return nil
		}
		k[2].Marker = true // its end, which no other picture says
		return k
	}}.play)
}

// TestSlowCamera is not called stalled because its second picture is further away
// than a stall: it is waited for, and then its pace is known.
func TestSlowCamera(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		got, err := followed(t, near(&fake{play: every(125, false)}), time.Minute, 2)
		if err != nil || len(got) != 2 || got[0].State != Live || got[0].Seconds != 5.02 || got[1].State != Live || got[1].FPS == nil || *got[1].FPS != 0.2 {
			t.Errorf("followed: got %+v, %v", got, err)
		}
		target := near(&fake{play: every(125, false)})
		target.Early = true
		s, err := Measure(t.Context(), target, 4*time.Second)
		if err != nil || s.State != Live || s.Seconds != 5.02 || s.Frames != 2 {
			t.Errorf("visited: got %+v, %v", s, err)
		}
	})
}

// TestOnePicture is a stall after ten seconds, in a visit and in a session that is
// kept; a look of a fixed length that is shorter says what it saw.
func TestOnePicture(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		target := near(&fake{play: every(125, true)})
		got, err := followed(t, target, time.Minute, 9)
		if diff := cmp.Diff(outcome{Stalled, NoData, nil}, outcomeOf(got[len(got)-1], err)); diff != "" || len(got) != 1 || got[0].Seconds != 10.02 {
			t.Errorf("followed: got %+v, %v (-want +got):\n%s", got, err, diff)
		}
		s, err := Measure(t.Context(), target, 4*time.Second)
		if err != nil || s.State != Degraded || !slices.Equal(s.Why, []string{"one picture in 4.0 s"}) || s.Seconds != 4 {
			t.Errorf("looked: got %+v, %v", s, err)
		}
		target.Early = true
		if s, err = Measure(t.Context(), target, 4*time.Second); s.State != Stalled || s.Seconds != 10.02 {
			t.Errorf("visited: got %+v, %v", s, err)
		}
	})
}

// TestSlowByItsOwnWord waits for the first picture of a camera whose description
// says one in ten seconds.
func TestSlowByItsOwnWord(t *testing.T) {
	t.Parallel()
	vps := base64.StdEncoding.EncodeToString(unhex(t, vpsSlow))
	sps := base64.StdEncoding.EncodeToString(unhex(t, spsHEVCSilent))
	about := "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H265/90000\r\na=control:track1\r\na=fmtp:96 sprop-vps=" + vps + "; sprop-sps=" + sps + "; sprop-pps=RAHBcrRiQA==\r\n"
	synctest.Test(t, func(t *testing.T) {
		film := reel{gop: 1, change: func(_ int, k []*rtp.Packet) []*rtp.Packet { toH265(k); return k }}
		target := near(&fake{description: sdpHead + about, play: after(6*time.Second, film.play)})
		target.Early = true
		s, err := Measure(t.Context(), target, 4*time.Second)
		if err != nil || s.State != Live || s.FPSNominal == nil || *s.FPSNominal != 0.1 || s.Seconds < 6 {
			t.Errorf("got %+v, a nominal rate of %v, %v", s, value(s.FPSNominal), err)
		}
	})
}
