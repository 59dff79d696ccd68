package store

import "testing"

// TestDoubts: what cannot be known of a damaged file is said: numbers that may be missing
// from what is told as lost, and numbers that may be too many.
func TestDoubts(t *testing.T) {
	t.Parallel()
	whole := []string{numberRevision, "last.event", "sent.event", "received.event"}
	for _, c := range []struct {
		name    string
		certain []string
		want    string
	}{
		{"all marks are there", whole, ""},
		{"the last number is an old one", []string{numberRevision, "sent.event", "received.event"}, "lost are of lane event perhaps records above 7"},
		{"the mark of what was sent is gone", []string{numberRevision, "last.event", "received.event"},
			"perhaps less was lost than is told, for how far lane event was delivered is not known"},
	} {
		w := newWreck()
		w.epoch = "0123456789abcdef"
		w.numbers["last.event"] = 7
		for _, name := range c.certain {
			w.certain[name] = true
		}
		if got := w.doubts(); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
