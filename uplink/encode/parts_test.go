package encode

import (
	"math"
	"strings"
	"testing"
	"time"

	"sitepost/devices"
)

// TestWords: a text keeps its first 1,024 characters, counted as people do, and
// bytes that are no text are shown as such.
func TestWords(t *testing.T) {
	t.Parallel()
	r := gasRecord()
	r.Event.Text, r.Event.Detail = strings.Repeat("气", 1025), "\xc4\xe3 1103"
	got := inside(t, r)
	if want := strings.Repeat("气", 1024); got["text"] != want {
		t.Errorf("got a text of %d bytes, want %d", len(got["text"].(string)), len(want))
	}
	if want := "\uFFFD 1103"; got["detail"] != want {
		t.Errorf("got detail %q, want %q", got["detail"], want)
	}
}

// FuzzRecord: whatever a device says, the message keeps the contract or there is
// none.
func FuzzRecord(f *testing.F) {
	f.Add(2, "left", "1103", "A2", 52.0, int64(0), true)
	f.Add(20, "\x00", "\xff", strings.Repeat("气", 2000), math.Copysign(0, -1), int64(1)<<60, false)
	f.Add(30, "a\nb", "", "</script>", 1e308, int64(-1)<<60, false)
	codes := devices.Codes()
	f.Fuzz(func(t *testing.T, which int, point, detail, text string, number float64, device int64, normal bool) {
		meaning := codes[uint(which)%uint(len(codes))]
		r := gasRecord()
		r.Lane = meaning.Form.Lane()
		r.Incident = r.ID()
		r.Event = devices.Event{Time: evening, DeviceTime: time.Unix(device, 0), Code: meaning.Code, Point: point, Is: detail,
			Detail: detail, Text: text, Value: &devices.Value{Quantity: text, Unit: detail, Number: number}}
		if meaning.Form == devices.Condition {
			r.Event.State = devices.Raised
		}
		if !normal {
			r.Event.Mode = devices.Test
		}
		if _, err := say(r, evening, false); err == nil {
			sent(t, r)
		}
	})
}
