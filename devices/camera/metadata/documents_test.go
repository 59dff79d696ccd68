package metadata

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// began is when the tests' tracks begin.
var began = time.Date(2026, 11, 21, 14, 40, 0, 0, time.UTC)

// A track feeds a reader, and writes down what it finds.
type track struct {
	tb       testing.TB
	reader   *Reader
	encoding string
	sequence uint16
	now      time.Time
	found    Found
}

func newTrack(tb testing.TB) *track {
	return &track{tb: tb, reader: NewReader(), now: began, sequence: 65_530} // it wraps soon
}

// say sends one packet.
func (k *track) say(payload string, last bool) {
	k.tb.Helper()
	found, err := k.reader.Take(Chunk{Sequence: k.sequence, Last: last, Payload: []byte(payload), At: k.now, Encoding: k.encoding})
	if err != nil {
		k.tb.Fatal(err)
	}
	k.sequence++
	k.note(found)
}

// sayInPieces sends a document in packets of so many bytes, the last one marked.
func (k *track) sayInPieces(document string, size int) {
	k.tb.Helper()
	for len(document) > size {
		k.say(document[:size], false)
		document = document[size:]
	}
	k.say(document, true)
}

// pass lets time go by in which nothing comes.
func (k *track) pass(d time.Duration) {
	k.now = k.now.Add(d)
	k.note(k.reader.Idle(k.now))
}

func (k *track) note(found Found) {
	k.found.Notifications = append(k.found.Notifications, found.Notifications...)
	k.found.Counts = append(k.found.Counts, found.Counts...)
}

// write writes what was found, one line each.
func (k *track) write() string {
	var b strings.Builder
	for _, n := range k.found.Notifications {
		operation := string(n.Operation)
		if operation == "" {
			operation = "?"
		}
		fmt.Fprintln(&b, n.Raw, operation, n.Time.Format(time.TimeOnly), n.Source, n.Data)
	}
	for _, c := range k.found.Counts {
		fmt.Fprintln(&b, c.Class, c.Objects)
	}
	return b.String()
}

// documents are the texts of testdata by their makes. They are written after the
// standard and what trackers show, see inside; none is a recording.
func documents(tb testing.TB) map[string]string {
	tb.Helper()
	names, err := filepath.Glob("testdata/documents/*.xml")
	if err != nil || len(names) == 0 {
		tb.Fatalf("no documents (%v)", err)
	}
	all := map[string]string{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(name), ".xml")] = string(text)
	}
	return all
}

// TestDocuments promises that the documents of several makes say what stands beside
// them, whole, in packets of a usual size, byte by byte, and packed.
func TestDocuments(t *testing.T) {
	t.Parallel()
	for make, text := range documents(t) {
		want, err := os.ReadFile("testdata/documents/" + make + ".want")
		if err != nil {
			t.Fatal(err)
		}
		packed := pack(t, text)
		for _, c := range []struct {
			name, encoding, text string
			size                 int
		}{
			{"whole", "", text, len(text)},
			{"in packets", "", text, 700},
			{"byte by byte", "", text, 1},
			{"packed", "gzip", packed, len(packed)},
			{"packed, in packets", "gzip", packed, 100},
			{"packed, byte by byte", "gzip", packed, 1},
		} {
			t.Run(make+" "+c.name, func(t *testing.T) {
				t.Parallel()
				k := newTrack(t)
				k.encoding = c.encoding
				k.sayInPieces(c.text, c.size)
				k.pass(time.Second)
				if diff := cmp.Diff(string(want), k.write()); diff != "" {
					t.Error(diff)
				}
				if got, docs := k.reader.Tally(), bytes.Count([]byte(text), []byte("<tt:Meta")); got != (Tally{Documents: docs}) {
					t.Errorf("got %+v, want %d documents and no more", got, docs)
				}
			})
		}
	}
}
