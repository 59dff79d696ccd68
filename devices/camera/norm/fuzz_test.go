package norm_test

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"sitepost/devices"
	"sitepost/devices/camera/norm"
)

// A dice makes values of all kinds from bytes: of each eight, the first says
// whether the others are a number of a likely size or any bits at all.
type dice struct{ rest []byte }

func (d *dice) bits() uint64 {
	var b [8]byte
	d.rest = d.rest[copy(b[:], d.rest):]
	return binary.LittleEndian.Uint64(b[:])
}

func (d *dice) float() float64 {
	b := d.bits()
	switch b % 4 {
	case 0:
		return math.Float64frombits(b)
	case 1:
		return float64(b>>8%100) / 100
	}
	return float64(int64(b) >> (b >> 8 % 64))
}

func (d *dice) figure() *float64 {
	v := d.float()
	if v == 0 {
		return nil
	}
	return &v
}

func (d *dice) whole() int {
	b := d.bits()
	return int(int64(b) >> (b % 64))
}

func (d *dice) flag() *bool {
	b := d.bits()
	if b%3 == 0 {
		return nil
	}
	return yes(b%3 == 1)
}

func (d *dice) stream() devices.Stream {
	return devices.Stream{
		Seconds: d.float(), Codec: []string{"H264", "H265", "", "SVAC"}[d.bits()%4], Transport: []string{"tcp", "udp", "\x00"}[d.bits()%3],
		Width: d.whole(), Height: d.whole(), FPSNominal: d.figure(), FPS: d.figure(), Frames: d.whole(), BitrateBPS: d.figure(), KeyFrames: d.whole(),
		RateMode: []string{"cbr", "vbr", "", "\xff"}[d.bits()%4], SmallFrames: d.figure(), InterFrames: d.whole(),
		Packets: d.whole(), Loss: d.figure(), JitterMS: d.figure(), Conform: d.flag(),
		FirstFrameMS: d.figure(), ConnectMS: d.figure(), DescribeMS: d.figure(), KeyFrameMS: d.figure(), ClockErrorMS: d.figure(),
	}
}

func (d *dice) limits() norm.Limits {
	if d.bits()%2 == 0 {
		return norm.Defaults()
	}
	return norm.Limits{
		Loss: d.float(), Jitter: time.Duration(d.bits()), FPS: d.float(), Bitrate: int64(d.whole()), Clock: time.Duration(d.bits()),
		FirstFrame: time.Duration(d.bits()), HDWidth: d.whole(), HDHeight: d.whole(), HDFPS: d.float(),
	}
}

// inOrder complains of findings that nobody can read.
func inOrder(t *testing.T, all []norm.Finding) {
	t.Helper()
	for _, f := range all {
		words := f.Text + f.Next
		for _, bad := range []string{"NaN", "Inf", "%!", "-0"} {
			if strings.Contains(words, bad) {
				t.Errorf("%s: got %q in %q", f.About, bad, words)
			}
		}
		if f.Text == "" || len(words) > 400 || !utf8.ValidString(words) {
			t.Errorf("%s: got %q", f.About, words)
		}
		if !f.Open && f.Next == "" {
			t.Errorf("%s: nothing to do", f.About)
		}
	}
}

// FuzzPool promises for any streams and limits: no panic, nothing that is no
// number in a text, and no accusation that comes and goes while a camera does the
// same again and again, whatever it did before.
func FuzzPool(f *testing.F) {
	f.Add([]byte(nil))
	f.Add([]byte(strings.Repeat("a camera of an unknown make ", 60)))
	f.Fuzz(func(t *testing.T, b []byte) {
		d := dice{b}
		l := d.limits()
		last := d.stream()
		var p norm.Pool
		for len(d.rest) > 0 {
			s := d.stream()
			inOrder(t, norm.Judge(s, l))
			norm.IsHD(s, l)
			p.Add(s)
			degraded, _ := p.Judge(l)
			p.Static()
			inOrder(t, degraded)
		}
		inOrder(t, norm.Judge(last, l))

		changes, was := map[string]int{}, map[string]bool{}
		for i := range 70 {
			p.Add(last)
			is := map[string]bool{}
			degraded, known := p.Judge(l)
			hint, _ := p.Static()
			inOrder(t, degraded)
			if hint != nil {
				inOrder(t, []norm.Finding{*hint})
				is[norm.Static] = true
			}
			for _, f := range degraded {
				is[f.About] = true
			}
			if i < 32 {
				was = is // what came before is still in the ring
				continue
			}
			if !known {
				t.Error("a full pool knows nothing")
			}
			for _, about := range norm.Subjects() {
				if is[about] != was[about] {
					changes[about]++
				}
			}
			was = is
		}
		for about, n := range changes {
			t.Errorf("%s came or went %d times on the same visit again and again: %+v", about, n, last)
		}
	})
}
