package stream

import (
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtp"

	"sitepost/devices/camera/stream/meter"
)

// t0 is any time of day.
var t0 = time.Date(2026, 11, 21, 22, 40, 0, 0, time.UTC)

// ntpEpoch is 1 January 1970 in NTP's seconds since 1900.
const ntpEpoch = 2208988800

// Parameter sets of which package meter's tests say more.
const (
	spsHigh40     = "67640028acb200f0044fcb80880000030008000003019078c19240"
	spsNoTick     = "67640028acb200f0044fcb8088000003000003000003019078c19240"
	spsHEVCSilent = "42010101600000030090000003000003003fa00502016965959a4932bc05a002"
	vpsNTSC       = "40010c01ffff01600000030090000003000003003f95980c00000fa40001d4c3a0"
	vpsSlow       = "40010c03ffffffffffffffffffffffffff7bc000ffffffffffffffffffffff5a518277c2828282804040406000" // one frame in ten seconds, written by hand
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A film makes packets as a camera would: frames of 40 ms, 3,600 ticks of 90 kHz,
// three packets of 1,000 bytes with their header, every gop-th frame a key frame.
type film struct {
	gop    int
	seq    uint16
	ts     uint32
	frame  int
	marker bool // of the last packet
}

// next is the packets of the next frame.
func (f *film) next() []*rtp.Packet {
	kind := byte(1)
	if f.frame%f.gop == 0 {
		kind = 5
	}
	var packets []*rtp.Packet
	for i := range 3 {
		payload := make([]byte, 1000-meter.HeaderSize)
		payload[0], payload[1], payload[2] = 28, kind, 0x80 // FU-A, of the first slice
		payload[1] |= []byte{0x80, 0, 0x40}[i]              // its start and its end
		packets = append(packets, &rtp.Packet{
			Header:  rtp.Header{SequenceNumber: f.seq, Timestamp: f.ts, Marker: f.marker && i == 2},
			Payload: payload,
		})
		f.seq++
	}
	f.frame++
	f.ts += 3600
	return packets
}
