package meter

import (
	"testing"

	"github.com/pion/rtp"

	"sitepost/devices"
)

// A strip is a packet in short: number, time stamp, payload; mark sets the marker.
type strip struct {
	n       uint16
	ts      uint32
	payload string
	mark    bool
}

// TestConform finds a frame with two time stamps and two frames with one, and
// accuses no camera for what the network did.
func TestConform(t *testing.T) {
	t.Parallel()
	const (
		fuBegin, fuOn, fuEnd = "5c 81 9a", "5c 01 00", "5c 41 00"
		first, second        = "41 9a", "41 5a" // slices of a picture
		hFirst, hSecond      = "02 01 d0", "02 01 50"
		hBegin, hOn          = "62 01 81 d0", "62 01 01 00"
		progressive          = spsHigh40
		interlaced           = "67640016acd940a063f3e0220000030002000003003c3e28532c"
	)
	for _, c := range []struct {
		name  string
		codec Codec
		send  []strip
		want  string
	}{
		{"fragments of a frame", H264, []strip{{0, 1, fuBegin, false}, {1, 1, fuOn, false}, {2, 1, fuEnd, true}, {3, 2, fuBegin, false}}, "yes"},
		{"a fragment under another time stamp", H264, []strip{{0, 1, fuBegin, false}, {1, 2, fuEnd, true}}, "no"},
		{"the same in H.265", H265, []strip{{0, 1, hBegin, false}, {1, 2, hOn, true}}, "no"},
		{"over the wrap", H264, []strip{{65535, 1, fuBegin, false}, {0, 2, fuEnd, true}}, "no"},
		{"end and beginning lost", H264, []strip{{0, 1, fuBegin, false}, {3, 2, fuOn, false}}, "yes"},
		{"they come late", H264, []strip{{0, 1, fuBegin, false}, {3, 2, fuOn, false}, {2, 2, fuBegin, false}, {1, 1, fuEnd, true}, {4, 2, fuEnd, true}}, "yes"},
		{"a fragment twice", H264, []strip{{0, 1, fuBegin, false}, {1, 1, fuEnd, true}, {2, 2, fuBegin, false}, {1, 1, fuEnd, true}, {0, 1, fuBegin, false}, {3, 2, fuOn, false}}, "yes"},
		{"joined within a frame", H264, []strip{{0, 1, fuOn, false}, {1, 1, fuEnd, true}, {2, 2, fuBegin, false}}, "yes"},
		{"a new run of numbers, and the old time stamp", H264, []strip{{0, 1, progressive, false}, {1, 1, first, true}, {5000, 1, first, true}}, "yes"},

		{"slices of a frame", H264, []strip{{0, 1, first, false}, {1, 1, second, true}, {2, 2, first, false}, {3, 2, second, true}}, "yes"},
		{"a slice under another time stamp", H264, []strip{{0, 1, first, false}, {1, 2, second, true}}, "no"},
		{"a slice behind a marker: the first was never sent", H264, []strip{{0, 1, first, true}, {1, 2, second, true}}, "yes"},
		{"the first slice lost", H264, []strip{{0, 1, first, false}, {2, 2, second, true}}, "yes"},
		{"parameter sets under a time stamp of their own", H264, []strip{{0, 1, progressive, false}, {1, 2, first, true}, {2, 2, "06 05", true}, {3, 3, first, true}}, "yes"},

		{"two pictures, one time stamp", H264, []strip{{0, 1, progressive, false}, {1, 1, first, true}, {2, 1, first, true}}, "no"},
		{"in one packet", H264, []strip{{0, 1, progressive, false}, {1, 1, "78 0002 419a 0002 419a", true}}, "no"},
		{"fragments of them", H264, []strip{{0, 1, progressive, false}, {1, 1, fuBegin, false}, {2, 1, fuEnd, true}, {3, 1, fuBegin, false}}, "no"},
		{"two fields of a frame", H264, []strip{{0, 1, interlaced, false}, {1, 1, first, true}, {2, 1, first, true}}, "yes"},
		{"not known whether they are fields", H264, []strip{{1, 1, first, true}, {2, 1, first, true}}, "yes"},
		{"two pictures in H.265", H265, []strip{{0, 1, hFirst, true}, {1, 1, hFirst, true}}, "no"},
		{"two slices in H.265", H265, []strip{{0, 1, hFirst, false}, {1, 1, hSecond, true}, {2, 2, hFirst, true}}, "yes"},
		{"two layers in H.265", H265, []strip{{0, 1, hFirst, false}, {1, 1, "02 09 d0", true}, {2, 2, hFirst, true}}, "yes"},
		{"a picture twice", H265, []strip{{0, 1, hFirst, true}, {1, 2, hFirst, true}, {0, 1, hFirst, true}}, "yes"},

		{"no picture", H264, []strip{{0, 1, progressive, false}}, ""},
		{"another codec", Other, []strip{{0, 1, "00", true}, {1, 1, "00", true}}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := Meter{Codec: c.codec, Clock: 90000}
			for _, p := range c.send {
				m.Packet(&rtp.Packet{Header: rtp.Header{SequenceNumber: p.n, Timestamp: p.ts, Marker: p.mark}, Payload: unhex(t, p.payload)}, t0)
			}
			var s devices.Stream
			m.Fill(&s, t0)
			got := ""
			if s.Conform != nil {
				got = map[bool]string{true: "yes", false: "no"}[*s.Conform]
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestConformIsOfTheWindow forgives what was in the window before.
func TestConformIsOfTheWindow(t *testing.T) {
	t.Parallel()
	m := Meter{Codec: H265, Clock: 90000}
	n := uint16(0)
	picture := func(ts uint32) {
		m.Packet(&rtp.Packet{Header: rtp.Header{SequenceNumber: n, Timestamp: ts}, Payload: []byte{2, 1, 0xd0}}, t0)
		n++
	}
	picture(1)
	picture(1)
	for i, want := range []bool{false, true, false} {
		var s devices.Stream
		m.Fill(&s, t0)
		m.Renew(t0)
		if s.Conform == nil || *s.Conform != want {
			t.Errorf("window %d: got %v, want %v", i, s.Conform, want)
		}
		picture(uint32(10 + i))
		if i == 1 {
			picture(uint32(10 + i)) // two under one
		}
	}
}
