package instrument

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
)

// TestTextIsClean: what a device sends as text cannot steer a terminal, and
// bytes that are no text of the profile's encoding are seen as such.
func TestTextIsClean(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ encoding, sent, want string }{
		{"ascii", " open \x1b[31m\xe9\x00", "open \uFFFD[31m\uFFFD\uFFFD"},
		{"gb18030", "\xb0\xb2\xbc\xec\x07\xff", "安检\uFFFD\uFFFD"},
		{"ascii", strings.Repeat("x", 2000), strings.Repeat("x", 1024)},
	} {
		e := &encoding{c.encoding}
		if got := e.clean(e.decode([]byte(c.sent))); got != c.want {
			t.Errorf("%s %q: got %q, want %q", c.encoding, c.sent, got, c.want)
		}
	}
}

// TestJournal: what the store would drop is left out, in whatever order it
// comes.
func TestJournal(t *testing.T) {
	t.Parallel()
	count := func(n uint64) devices.Event {
		return devices.Event{Code: "access.passage", Point: "left", Count: &devices.Count{Raw: n}}
	}
	limit := 50.0
	var j Journal
	got := j.Lines([]devices.Event{
		devices.Heard("gate-1", noon),
		{Code: devices.DeviceMode, Is: "warm-up", Mode: devices.WarmUp},
		{Code: "device.fault", State: devices.Cleared},
		{Code: "device.fault", State: devices.Raised, Detail: "4", Text: "because"},
		{Code: "device.fault", State: devices.Raised, Detail: "5"},
		{Code: "device.fault", State: devices.Raised, Point: "ch-2", Mode: devices.Test},
		{Code: "device.fault", State: devices.Cleared},
		count(10), count(10), count(12), count(3), count(4),
		{Code: "contact.input", Point: "1", Is: "off"},
		{Code: "contact.input", Point: "1", Is: "on"},
		{Code: "contact.input", Point: "1", Is: "on"},
		{Code: "contact.input", Point: "1", Is: "off"},
		{Code: "gas.reading", Value: &devices.Value{Unit: "%LEL", Number: 1000000, Limit: &limit}},
		{Code: "gas.reading", Value: &devices.Value{Number: 0.000125}},
		{Code: "screening.metal.alarm", Point: "zone-3", Detail: "left"},
	})
	want := []string{
		"device.fault raised [4]", "device.fault raised ch-2 test", "device.fault cleared",
		"access.passage left +2", "access.passage left +1", "input 1 on", "input 1 off",
		"gas.reading 1000000 %LEL", "gas.reading 0.000125", "screening.metal.alarm zone-3 [left]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
