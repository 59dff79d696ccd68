package metadata

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// pack packs a text as a camera would.
func pack(tb testing.TB, text string) string {
	tb.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		tb.Fatal(err)
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

// event is a document with one event of a topic.
func event(topic string) string {
	return `<tt:MetadataStream><tt:Event><wsnt:NotificationMessage><wsnt:Topic>` + topic + `</wsnt:Topic></wsnt:NotificationMessage></tt:Event></tt:MetadataStream>`
}

// topics are the topics of what a track has found.
func (k *track) topics() string {
	var all []string
	for _, n := range k.found.Notifications {
		all = append(all, n.Raw)
	}
	return strings.Join(all, " ")
}

// A packet is one of a test's.
type packet struct {
	sequence uint16
	payload  string
	last     bool
}

// TestFraming promises that a document is found by its own tags, wherever the
// camera puts its marker, and that what is lost spoils one document and no other.
func TestFraming(t *testing.T) {
	t.Parallel()
	a, b := event("a"), event("b")
	huge := strings.Repeat("<tt:Frame/>", maxDocument/10)
	zipped := pack(t, a)
	for _, c := range []struct {
		name, encoding string
		packets        []packet
		want           string
		tally          Tally
	}{
		{"no marker", "", []packet{{1, a[:50], false}, {2, a[50:] + b, false}}, "a b", Tally{Documents: 2}},
		{"a marker on every packet", "", []packet{{1, a[:50], true}, {2, a[50:], true}, {3, b, true}}, "a b", Tally{Documents: 2}},
		{"cut within the tags", "", []packet{{1, a[:8], false}, {2, a[8 : len(a)-5], false}, {3, a[len(a)-5:], true}}, "a", Tally{Documents: 1}},
		{"white space, a mark and rubbish between", "", []packet{{1, "\xef\xbb\xbf\n" + a + "\x00\x00 > <!-- x -->\r\n", true}, {2, "</b>" + b, true}}, "a b", Tally{Documents: 2}},
		{"a new one before the former has ended", "", []packet{{1, a[:50], true}, {2, b, true}}, "b", Tally{Documents: 1, Spoiled: 1}},
		{"a prolog before the former has ended", "", []packet{{1, a[:50], true}, {2, `<?xml version="1.0"?>`, true}, {3, b, true}}, "b", Tally{Documents: 1, Spoiled: 1}},
		{"a packet lost", "", []packet{{1, a[:50], false}, {3, a[60:], true}, {4, b, true}}, "b", Tally{Documents: 1, Spoiled: 1}},
		{"a packet lost, and the rest fits", "", []packet{{1, "<tt:MetadataStream>", false}, {3, a[len("<tt:MetadataStream>"):], true}}, "", Tally{Spoiled: 1}},
		{"a packet lost between two", "", []packet{{1, a, true}, {3, b, true}}, "a b", Tally{Documents: 2}},
		{"a packet twice", "", []packet{{1, a[:50], false}, {1, a[:50], false}, {2, a[50:], true}, {2, a[50:], true}}, "a", Tally{Documents: 1}},
		{"over the end of the numbers", "", []packet{{65535, a[:50], false}, {0, a[50:], true}}, "a", Tally{Documents: 1}},
		{"numbers begin anew", "", []packet{{30000, a, true}, {1, b, true}}, "a b", Tally{Documents: 2}},
		{"empty ones", "", []packet{{1, `<tt:MetadataStream xmlns:tt="x"/>` + a, true}, {2, "<MetadataStream></MetadataStream>", true}}, "a", Tally{Documents: 1}},
		{"too large", "", []packet{{1, "<tt:MetadataStream>" + huge, false}, {2, huge + "</tt:MetadataStream>" + a, true}}, "a", Tally{Documents: 1, Large: 1}},
		{"an endless tag", "", []packet{{1, "<" + huge[1:2] + strings.Repeat("x", 2*maxDocument), false}, {2, a, true}}, "a", Tally{Documents: 1}},
		{"a document type", "", []packet{{1, `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY y "z">]>` + a, true}, {2, b, true}}, "b", Tally{Documents: 1, Spoiled: 1}},
		{"an entity", "", []packet{{1, strings.Replace(a, ">a<", ">&y;<", 1), true}, {2, b, true}}, "b", Tally{Documents: 1, Spoiled: 1}},
		{"deep", "", []packet{{1, "<tt:MetadataStream><NotificationMessage/>" + strings.Repeat("<x>", maxDepth) + strings.Repeat("</x>", maxDepth) + "</tt:MetadataStream>", true}}, "", Tally{Spoiled: 1}},
		{"as deep as may be", "", []packet{{1, "<tt:MetadataStream><NotificationMessage/>" + strings.Repeat("<x>", maxDepth-1) + strings.Repeat("</x>", maxDepth-1) + "</tt:MetadataStream>", true}}, "", Tally{Documents: 1}},
		{"broken in the middle", "", []packet{{1, strings.Replace(a, "</tt:Event>", "</tt:PTZ>", 1), true}, {2, b, true}}, "b", Tally{Documents: 1, Spoiled: 1}},
		{"another document", "", []packet{{1, "<html><body>" + strings.Repeat("x", 100) + "</body></html>", true}, {2, b, true}}, "b", Tally{Documents: 1}},
		{"in GBK", "", []packet{{1, event("\xb6\xab\xc3\xc5"), true}}, "东门", Tally{Documents: 1}},

		{"packed without a marker", "gzip", []packet{{1, zipped, false}, {2, pack(t, b), false}, {3, pack(t, b), false}}, "a b", Tally{Documents: 2}},
		{"packed, a marker on every packet", "gzip", []packet{{1, zipped[:50], true}, {2, zipped[50:], true}}, "a", Tally{Documents: 1}},
		{"packed, and nobody says so", "", []packet{{1, zipped, true}, {2, b, true}}, "a b", Tally{Documents: 2}},
		{"not packed, though it says so", "gzip", []packet{{1, a[:50], false}, {2, a[50:], true}, {3, zipped, true}}, "a a", Tally{Documents: 2}},
		{"packed, a packet lost", "gzip", []packet{{1, zipped[:50], false}, {3, zipped[60:], true}, {4, pack(t, b), true}}, "b", Tally{Documents: 1, Spoiled: 1}},
		{"packed and broken", "gzip", []packet{{1, zipped[:40] + "\x00\x00" + zipped[42:], true}, {2, pack(t, b), true}}, "b", Tally{Documents: 1, Spoiled: 1}},
		{"packed, two in one", "gzip", []packet{{1, pack(t, a+"\n"+b), true}}, "a b", Tally{Documents: 2}},
		{"packed, rubbish behind", "gzip", []packet{{1, zipped + "\x00\x00", true}}, "a", Tally{Documents: 1}},
		{"a bomb", "gzip", []packet{{1, pack(t, "<tt:MetadataStream>"+strings.Repeat(" ", 4<<20)), true}, {2, zipped, true}}, "a", Tally{Documents: 1, Large: 1}},
		{"packed without an end", "gzip", []packet{{1, zipped[:20] + strings.Repeat("\x00", maxDocument), false}, {2, zipped, true}}, "a", Tally{Documents: 1, Large: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := newTrack(t)
			k.encoding = c.encoding
			for _, p := range c.packets {
				k.sequence = p.sequence
				k.say(p.payload, p.last)
			}
			if got := k.topics(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if diff := cmp.Diff(c.tally, k.reader.Tally()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestBomb promises that of what unpacks to very much no more is unpacked than tells
// that it is too much.
func TestBomb(t *testing.T) {
	t.Parallel()
	text, err := unpack([]byte(pack(t, strings.Repeat(" ", 4<<20))))
	if err != nil || len(text) != maxDocument+1 {
		t.Errorf("got %d bytes, %v, want %d", len(text), err, maxDocument+1)
	}
}

// TestPackedTries promises that a camera which marks every packet of a document
// without an end costs so many tries and no more.
func TestPackedTries(t *testing.T) {
	t.Parallel()
	k := newTrack(t)
	k.encoding = "gzip"
	zipped := pack(t, event("a"))
	for i := range 60 {
		k.say(zipped[i:i+1], true)
	}
	if got := k.reader.Tally(); got != (Tally{Spoiled: 1}) {
		t.Errorf("got %+v, want one spoiled document", got)
	}
}

// TestBegin promises that half a document of one session is not ended by the next,
// wherever its numbers begin.
func TestBegin(t *testing.T) {
	t.Parallel()
	k := newTrack(t)
	a := event("a")
	k.say(a[:50], false)
	k.reader.Begin()
	k.say(a[50:], true)
	k.sequence -= 50
	k.reader.Begin()
	k.say(event("b"), true)
	if got := k.topics(); got != "b" {
		t.Errorf("got %q, want b", got)
	}
}

// TestEXI promises that what cannot be read is said once, with what to do.
func TestEXI(t *testing.T) {
	t.Parallel()
	for _, c := range []Chunk{{Encoding: "exi"}, {Encoding: "vnd.onvif.metadata.exi.onvif"}, {Payload: []byte("$EXI\xa0")}} {
		r, told := NewReader(), []error{}
		for n := range 3 {
			c.Sequence, c.At = uint16(n), began
			found, err := r.Take(c)
			if err != nil {
				told = append(told, err)
			}
			if diff := cmp.Diff(Found{}, found); diff != "" {
				t.Error(diff)
			}
		}
		if len(told) != 1 || !errors.Is(told[0], ErrEncoding) {
			t.Errorf("got %v, want it once", told)
		}
	}
}

// TestFlood promises that no flood of frames costs an event, that ten documents a
// second are read for their frames, and that the last one is read when there is time:
// it may say that nobody is there any more.
func TestFlood(t *testing.T) {
	t.Parallel()
	k := newTrack(t)
	person := `<tt:VideoAnalytics><tt:Frame><tt:Object ObjectId="1"><tt:Appearance><tt:Class><tt:Type>Human</tt:Type></tt:Class></tt:Appearance></tt:Object></tt:Frame></tt:VideoAnalytics>`
	var want []string
	const seconds, each = 5, 200
	for n := range seconds * each {
		document := "<MetadataStream>" + person + "</MetadataStream>"
		if n%40 == 39 { // five a second
			want = append(want, fmt.Sprint("t", n))
			document = strings.Replace(event(want[len(want)-1]), "</tt:Meta", person+"</tt:Meta", 1)
		}
		k.say(document, true)
		k.now = k.now.Add(time.Second / each)
	}
	k.say("<MetadataStream>"+person+"</MetadataStream>", true)
	k.say("<MetadataStream><tt:VideoAnalytics><tt:Frame/></tt:VideoAnalytics></MetadataStream>", true)
	k.pass(100 * time.Millisecond)
	k.pass(2 * time.Second)
	k.pass(2 * time.Second)
	if diff := cmp.Diff(strings.Join(want, " "), k.topics()); diff != "" {
		t.Error(diff)
	}
	tally := k.reader.Tally()
	if read := seconds*each + 2 - tally.Left; read < framesAtOnce+10*seconds-1 || read > framesAtOnce+10*seconds+2 {
		t.Errorf("got %d documents read for their frames, want ten at once and ten a second (%+v)", read, tally)
	}
	if last := k.found.Counts[len(k.found.Counts)-1]; last.Class != "person" || last.Objects != 0 {
		t.Errorf("got %+v last, want no person", last)
	}
}

// TestFloodOfEvents promises that events have a bound of their own, and that what is
// beyond it is counted.
func TestFloodOfEvents(t *testing.T) {
	t.Parallel()
	k := newTrack(t)
	for range 10 * eventsAtOnce {
		k.say(event("a"), true)
	}
	if n := len(k.found.Notifications); n != eventsAtOnce || k.reader.Tally().Unheard != 9*eventsAtOnce {
		t.Errorf("got %d and %+v, want %d at once", n, k.reader.Tally(), eventsAtOnce)
	}
	k.pass(time.Second)
	message := `<wsnt:NotificationMessage><wsnt:Topic>b</wsnt:Topic></wsnt:NotificationMessage>`
	for range 3 {
		k.say("<MetadataStream><Event>"+strings.Repeat(message, 900)+"</Event></MetadataStream>", true)
	}
	if n := len(k.found.Notifications) - eventsAtOnce; n != noticesAtOnce {
		t.Errorf("got %d of three large documents, want %d", n, noticesAtOnce)
	}
}
