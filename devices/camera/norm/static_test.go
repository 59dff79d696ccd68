package norm_test

import (
	"testing"

	"sitepost/devices"
	"sitepost/devices/camera/norm"
)

// TestStatic promises when a picture that does not move is told, and what that is
// worth.
func TestStatic(t *testing.T) {
	t.Parallel()
	const unknown = "unknown"
	tell := func(n, of string) string {
		return n + " % of " + of + " frames hold next to nothing under vbr: the picture does not move, or is none"
	}
	for _, c := range []struct {
		name   string
		visits []devices.Stream
		want   string
	}{
		{"nothing", nil, unknown},
		{"eight seconds", times(2, good(small(1))), unknown},
		{"twelve seconds", times(3, good(small(0.965))), tell("96.5", "294")},
		{"one window", times(1, window(small(0.518))), tell("51.8", "1470")},
		{"one of three visits saw something move", append(times(2, good(small(1))), good(small(0.1))), ""},
		{"half is not most", times(1, window(small(0.5))), ""},
		{"it stands while it is half and half", []devices.Stream{window(small(0.6)), window(small(0.45))}, tell("45", "1470")},
		{"it goes when most frames move", []devices.Stream{window(small(0.6)), window(small(0.4))}, ""},
		{"only the newest ten seconds count", append(times(9, good(small(1))), times(3, good())...), ""},
		{"visits without such frames say nothing", append(times(3, good(small(1))), times(3, good(func(s *devices.Stream) { s.SmallFrames = nil }))...), tell("100", "294")},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var p norm.Pool
			var got string
			for _, s := range c.visits {
				p.Add(s)
				hint, known := p.Static()
				switch got = ""; {
				case !known:
					got = unknown
				case hint != nil:
					got = hint.Text
				}
			}
			if c.visits == nil {
				if _, known := p.Static(); !known {
					got = unknown
				}
			}
			if got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}
