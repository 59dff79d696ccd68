package stream

import (
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"

	"sitepost/devices"
)

// transport sends 100 packets a second of 1,316 bytes, as an MPEG transport stream
// goes over RTP, each with the time of its sending, and loses every fiftieth.
func transport(until int) func(net.Conn, <-chan struct{}) {
	return func(c net.Conn, gone <-chan struct{}) {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for i := 0; until == 0 || i < until; i++ {
			select {
			case <-tick.C:
			case <-gone:
				return
			}
			p := rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 33, SequenceNumber: uint16(i), Timestamp: uint32(i * 907)}, Payload: make([]byte, 1316)}
			b, err := p.Marshal()
			if i%50 == 25 {
				continue
			}
			if err != nil || interleave(c, 0, b) != nil {
				return
			}
		}
		<-gone
	}
}

// TestMultiplex measures an MPEG transport stream by its packets, is not kept
// waiting for pictures that it cannot see, and says no figure that rests on them.
func TestMultiplex(t *testing.T) {
	t.Parallel()
	for _, about := range []string{
		"m=video 0 RTP/AVP 33\r\na=control:track1\r\n",
		"m=video 0 RTP/AVP 33\r\na=rtpmap:33 MP2T/90000\r\na=control:track1\r\n",
	} {
		synctest.Test(t, func(t *testing.T) {
			cam := &fake{description: sdpHead + about, play: after(5*time.Millisecond, transport(0))}
			target := near(cam)
			target.Early = true
			s, err := Measure(t.Context(), target, 4*time.Second)
			if err != nil || s.State != Live || s.Codec != "MP2T" || s.Seconds != 4 || s.Why != nil || s.Packets != 399 || s.Loss == nil || s.PeakBPS == nil {
				t.Errorf("got %+v, %v", s, err)
			}
			if s.BitrateBPS == nil || *s.BitrateBPS < 1030e3 || *s.BitrateBPS > 1050e3 { // 98 packets of 1,328 bytes a second: 1,041 kbit/s
				t.Errorf("got %v bit/s", value(s.BitrateBPS))
			}
			noPictures(t, s)
			got, err := followed(t, near(cam), 20*time.Second, 3)
			if err != nil || len(got) != 3 {
				t.Fatalf("got %d windows, %v", len(got), err)
			}
			for i, s := range got {
				if noPictures(t, s); s.State != Live || (s.ConnectMS != nil) != (i == 0) {
					t.Errorf("window %d: got %+v", i, s)
				}
			}
			cam.play = transport(700)
			got, err = followed(t, near(cam), time.Minute, 9)
			if err == nil || len(got) != 2 || got[0].State != Live || got[1].State != Stalled || !slices.Contains(got[1].Why, "no data: nothing for 3.0 s") {
				t.Errorf("stopped after 7 s: got %+v, %v", got, err)
			}
		})
	}
}

// noPictures fails if a figure rests on pictures.
func noPictures(t *testing.T, s devices.Stream) {
	t.Helper()
	if s.Frames != 0 || s.KeyFrames != 0 || s.FPS != nil || s.JitterMS != nil || s.GOPFrames != nil || s.KeySeconds != nil ||
		s.Conform != nil || s.FirstFrameMS != nil || s.KeyFrameMS != nil || s.RateMode != "" || s.SmallFrames != nil {
		t.Errorf("got a figure of pictures: %+v", s)
	}
}
