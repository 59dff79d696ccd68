package metadata

import (
	"strings"
	"testing"
	"time"
)

// large is a document about as large as one may be, of nothing but small elements.
func large(within string) string {
	return "<MetadataStream><" + within + ">" + strings.Repeat("<a/>", (maxDocument-200)/4) + "</" + within + "></MetadataStream>"
}

// flood says a document again and again for so long, one every millisecond, and
// returns how often.
func (k *track) flood(document string, d time.Duration) (n int) {
	for range d / time.Millisecond {
		k.sayInPieces(document, 1400)
		k.pass(time.Millisecond)
		n++
	}
	return n
}

// TestPackedFlood promises that of documents which a few bytes unpack to no more is
// unpacked than a MiB a second, and that the next one is heard once they have ended:
// without that bound a line of 25 Mbit/s costs 600 processors.
func TestPackedFlood(t *testing.T) {
	t.Parallel()
	const seconds = 3
	for name, said := range map[string]string{
		"whole":           pack(t, large("VideoAnalytics")),
		"never quite one": pack(t, large("VideoAnalytics"))[:300],
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newTrack(t)
			k.encoding = "gzip"
			n := k.flood(said, seconds*time.Second)
			got := n - k.reader.Tally().Large
			if most := (unpackAtOnce + seconds*250) * unpackSize / maxDocument; got > most+1 || name == "whole" && got < most/2 {
				t.Errorf("got %d of %d unpacked, want about %d", got, n, most)
			}
			k.pass(time.Second)
			k.say(pack(t, event("after")), true)
			if got := k.topics(); got != "after" {
				t.Errorf("got %q", got)
			}
		})
	}
}

// TestLargeFlood promises that a large document counts for several, and takes nothing
// from the events, nor large ones of these for ever.
func TestLargeFlood(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		within  string
		most    int // in two seconds
		between string
	}{
		{"VideoAnalytics", (framesAtOnce + 2*10) * frameSize / maxDocument, "a a"},
		{"NotificationMessage", (eventsAtOnce + 2*50) * eventSize / maxDocument, ""},
		{"PTZStatus", 0, "a a"},
	} {
		t.Run(c.within, func(t *testing.T) {
			t.Parallel()
			k := newTrack(t)
			for range 2 {
				for range 100 {
					k.sayInPieces(large(c.within), 1400)
					k.pass(10 * time.Millisecond)
				}
				if c.between != "" {
					k.say(event("a"), true)
				}
			}
			read := k.reader.Tally().Documents - len(strings.Fields(c.between))
			if read > c.most+1 || read < c.most/2 || k.topics() != c.between {
				t.Errorf("got %d large ones and %q, want %d and %q", read, k.topics(), c.most, c.between)
			}
			k.pass(time.Second)
			k.say(event("b"), true)
			if !strings.HasSuffix(k.topics(), "b") {
				t.Errorf("got %q", k.topics())
			}
		})
	}
}
