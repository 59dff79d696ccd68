package notice

import (
	"os"
	"path/filepath"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"sitepost/devices"
	"sitepost/devices/camera/onvif"
)

// FuzzNotification promises that no answer makes the reader panic, and that whatever
// is said is in the dictionary, has the state of its form, is printable and bounded.
func FuzzNotification(f *testing.F) {
	answers, err := filepath.Glob("testdata/answers/*.xml")
	if err != nil || len(answers) == 0 {
		f.Fatalf("no seeds (%v)", err)
	}
	for _, name := range answers {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		var p pulled
		if len(document) > 64<<10 || onvif.Decode(document, &p) != nil {
			return
		}
		var e Edges
		now := time.Date(2026, 11, 21, 14, 0, 0, 0, time.UTC)
		all := p.Body.PullMessagesResponse.Read()
		if len(all) > maxMessages {
			t.Fatalf("got %d messages", len(all))
		}
		for _, n := range all {
			said := n.Say()
			if remembered := e.Say(n, now); len(remembered) > len(said) {
				t.Errorf("%s: got %d with a memory, %d without", n.Raw, len(remembered), len(said))
			}
			for _, s := range said {
				checkSaying(t, s)
			}
		}
	})
}

func checkSaying(t *testing.T, s Saying) {
	t.Helper()
	e := s.Event
	form := e.Code.Form()
	if form == "" || (form == devices.Condition) != (e.State != "") || (form == devices.StateForm) != (e.Is != "") {
		t.Errorf("got %q with the state %q and %q: not of its form", e.Code, e.State, e.Is)
	}
	for _, part := range []struct {
		name, value string
		most        int
	}{
		{"point", e.Point, 128}, {"detail", e.Detail, maxTopic}, {"text", e.Text, maxValue}, {"is", e.Is, 32},
		{"source", s.Source, maxValue}, {"object", s.Object, maxValue},
	} {
		if !utf8.ValidString(part.value) || utf8.RuneCountInString(part.value) > part.most {
			t.Errorf("%s is not valid or has more than %d characters: %q", part.name, part.most, part.value)
		}
		for _, r := range part.value {
			if !unicode.IsPrint(r) {
				t.Errorf("%s has the character %q: %q", part.name, r, part.value)
			}
		}
	}
	if !e.DeviceTime.IsZero() && (e.DeviceTime.Year() < firstYear || e.DeviceTime.Year() > 2200) {
		t.Errorf("got the time %s", e.DeviceTime)
	}
}
