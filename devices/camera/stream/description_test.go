package stream

import (
	"encoding/base64"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtp"
)

// TestVPSOfTheDescription takes the nominal rate of a camera that sends no sets in
// band from the VPS of its description, where its SPS has none.
func TestVPSOfTheDescription(t *testing.T) {
	t.Parallel()
	encoded := func(hex string) string { return base64.StdEncoding.EncodeToString(unhex(t, hex)) }
	synctest.Test(t, func(t *testing.T) {
		cam := &fake{
			description: sdpHead + "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H265/90000\r\na=control:track1\r\na=fmtp:96 sprop-vps=" + encoded(vpsNTSC) +
				"; sprop-sps=" + encoded(spsHEVCSilent) + "; sprop-pps=" + encoded("4401c172b46240") + "\r\n",
			play: filming(25, func(_ int, k []*rtp.Packet) []*rtp.Packet { toH265(k); return k }),
		}
		s, err := Measure(t.Context(), near(cam), 2*time.Second)
		if err != nil || s.Codec != "H265" || s.Width != 640 || s.Parameters != "description" || s.FPSNominal == nil || *s.FPSNominal != 29.97 {
			t.Errorf("got %+v with a nominal rate of %v, %v", s, value(s.FPSNominal), err)
		}
	})
}
