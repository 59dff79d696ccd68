package camera

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/devices/camera/metadata"
	"sitepost/devices/camera/notice"
	"sitepost/devices/camera/pullpoint"
)

// noon is when the camera of these tests notices something.
var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// A step of a test is a notification, written as "way second topic items": the way is
// "pull", "track" or "fresh", a pull point that has just begun; the second is what the
// camera says, "-" where it says none; an item before "|" is of the source, and a word
// that is no item is the operation.
type step string

func (s step) read(tb testing.TB) (way string, n notice.Notification) {
	tb.Helper()
	words := strings.Fields(string(s))
	if len(words) < 3 {
		tb.Fatalf("%q is no step", s)
	}
	n = notice.Notification{Topic: words[2], Raw: "tns1:" + words[2], Operation: notice.Changed}
	if d, err := time.ParseDuration(words[1]); err == nil {
		n.Time = noon.Add(d)
	} else if words[1] != "-" {
		tb.Fatalf("%q is no second", words[1])
	}
	to := &n.Source
	for _, word := range words[3:] {
		name, value, isItem := strings.Cut(word, "=")
		switch {
		case word == "|":
			to = &n.Data
		case !isItem:
			n.Operation = notice.Operation(word)
		case name == "ObjectId" && to == &n.Source:
			n.Key = append(n.Key, notice.Item{Name: name, Value: value})
		default:
			*to = append(*to, notice.Item{Name: name, Value: value})
		}
	}
	return words[0], n
}

// asSaid is an event as a person would tell it, with its device in front.
func asSaid(e devices.Event) string {
	return strings.Join(strings.Fields(fmt.Sprint(e.Device, " ", e.Code, " ", e.State, " ", e.Is, " ", e.Point)), " ")
}

const (
	line    = "RuleEngine/LineDetector/Crossed Rule=Quay | ObjectId=7"
	moves   = "VideoSource/MotionAlarm VideoSourceToken=v | State=true"
	still   = "VideoSource/MotionAlarm VideoSourceToken=v | State=false"
	covered = "RuleEngine/TamperDetector/Tamper Rule=r | IsTamper=true"
	free    = "RuleEngine/TamperDetector/Tamper Rule=r | IsTamper=false"
	inside  = "RuleEngine/FieldDetector/ObjectsInside Rule=f "
)

// TestTwoWays promises that what comes over the pull point and the metadata track is
// one event, and that nothing is taken for the same that is not.
func TestTwoWays(t *testing.T) {
	t.Parallel()
	crossed, motion := "camera.line_crossed Quay", "camera.motion"
	for _, c := range []struct {
		name  string
		pause time.Duration // between two steps
		steps []step
		want  []string
	}{
		{"an alarm both ways", 0, []step{"pull 0s " + line, "track 0s " + line}, []string{crossed}},
		{"the other way around", 0, []step{"track 0s " + line, "pull 0s " + line}, []string{crossed}},
		{"its time written otherwise", 0, []step{"pull 1s " + line, "track 1.74s " + line}, []string{crossed}},
		{"two that cross at once", 0, []step{"pull 0s " + line, "pull 0s " + line, "track 0s " + line, "track 0s " + line}, []string{crossed, crossed}},
		{"one of two was lost on one way", 0, []step{"pull 0s " + line, "track 0s " + line, "track 0s " + line}, []string{crossed, crossed}},
		{"one after the other", 0, []step{"pull 0s " + line, "track 0s " + line, "track 2s " + line, "pull 2s " + line}, []string{crossed, crossed}},
		{"a slow way", 50 * time.Second, []step{"pull 0s " + line, "track 0s " + line}, []string{crossed}},
		{"a way that is too slow", 61 * time.Second, []step{"pull 0s " + line, "track 0s " + line}, []string{crossed, crossed}},
		{"without a time", 0, []step{"pull - " + line, "track - " + line}, []string{crossed, crossed}},
		{"another object", 0, []step{"pull 0s " + line, "track 0s " + line + "1"}, []string{crossed, crossed}},
		{"another rule", 0, []step{"pull 0s " + line, "track 0s RuleEngine/LineDetector/Crossed Rule=Gate | ObjectId=7"}, []string{crossed, "camera.line_crossed Gate"}},
		{"what happens, without a time", time.Second, []step{"pull - " + moves, "track - " + moves, "pull - " + moves}, []string{motion}},
		{"what happens again", time.Second, []step{"pull 0s " + moves, "track 0s " + moves, "pull 9s " + still, "pull 10s " + moves, "track 9s " + still, "track 10s " + moves}, []string{motion, motion}},
		{"a condition, one way late", 0, []step{"pull 0s " + covered, "pull 5s " + free, "track 0s " + covered, "track 5s " + free}, []string{"camera.tamper raised r", "camera.tamper cleared r"}},
		{"a condition, begun one way and ended the other", 0, []step{"pull 0s " + covered, "track 5s " + free}, []string{"camera.tamper raised r", "camera.tamper cleared r"}},
		{"objects one way each", 0, []step{
			"pull 0s " + inside + "ObjectId=1 | IsInside=true", "track 1s " + inside + "ObjectId=2 | IsInside=true",
			"pull 2s " + inside + "ObjectId=2 | IsInside=false", "track 2s " + inside + "ObjectId=2 | IsInside=false",
			"track 3s " + inside + "ObjectId=1 | IsInside=false", "pull 3s " + inside + "ObjectId=1 | IsInside=false",
		}, []string{"camera.intrusion raised f", "camera.intrusion raised f", "camera.intrusion cleared f"}},
		{"gone while nobody pulled", 0, []step{
			"pull 0s " + inside + "ObjectId=1 | IsInside=true", "fresh 9s " + inside + "ObjectId=2 | IsInside=true Initialized", "pull 9s " + inside + "ObjectId=2 | IsInside=false",
		}, []string{"camera.intrusion raised f", "camera.intrusion raised f", "camera.intrusion cleared f"}},
		{"how it stands is told to each", 0, []step{
			"track 0s " + inside + "ObjectId=1 | IsInside=true Initialized", "fresh 0s " + inside + "ObjectId=1 | IsInside=true Initialized",
			"pull 1s " + inside + "ObjectId=2 | IsInside=true", "pull 2s " + inside + "ObjectId=2 | IsInside=false",
		}, []string{"camera.intrusion raised f", "camera.intrusion raised f", "camera.intrusion raised f"}},
		{"an unknown topic", 0, []step{"pull 0s Coffee/Ready | Cups=2", "track 0s Coffee/Ready | Cups=2", "track 1s Coffee/Ready | Cups=2"}, []string{"camera.event"}},
		{"an input", 0, []step{"track 0s Device/Trigger/DigitalInput InputToken=1 | LogicalState=true", "pull 0s Device/Trigger/DigitalInput InputToken=1 | LogicalState=true"}, []string{"camera.digital_input on 1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var said []string
			emit := func(e devices.Event) error {
				if e.Code != "" && e.Code != devices.DeviceFault {
					said = append(said, asSaid(e))
				}
				return nil
			}
			h := NewHearing(HearingOptions{Name: "cam-1"})
			l := listenTo(AttendOptions{Name: "cam-1", Hearing: h}, emit)
			now := noon
			for _, s := range c.steps {
				way, n := s.read(t)
				if way == "track" {
					if err := h.Take([]notice.Notification{n}, now, emit); err != nil {
						t.Error(err)
					}
				} else {
					l.take(pullpoint.Batch{At: now, Fresh: way == "fresh", Notifications: []notice.Notification{n}})
				}
				now = now.Add(c.pause)
			}
			if diff := cmp.Diff(c.want, said); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestTwiceIsBounded promises that a camera cannot fill the memory of what it said.
func TestTwiceIsBounded(t *testing.T) {
	t.Parallel()
	var m twice
	n := notice.Notification{Topic: "x", Time: noon}
	for i := range 2 * mostTwice {
		n.Data = []notice.Item{{Name: "n", Value: fmt.Sprint(i)}}
		if m.is("pull point", "", n, noon) {
			t.Fatalf("%d is held for another", i)
		}
	}
	if len(m.heard) != mostTwice || !m.is("track", "", n, noon) {
		t.Errorf("got %d remembered, want %d and the last of them", len(m.heard), mostTwice)
	}
}

// TestHearingOfMany promises that many may feed a hearing at once, and that nothing is
// cleared before it was raised.
func TestHearingOfMany(t *testing.T) {
	t.Parallel()
	h := NewHearing(HearingOptions{Name: "cam-1"})
	var said []string // guarded by the hearing: one speaks at a time
	emit := func(e devices.Event) error { said = append(said, asSaid(e)); return nil }
	const each = 100
	var all sync.WaitGroup
	for who := range 4 {
		all.Go(func() {
			for n := range each {
				for _, is := range []string{"true", "false"} {
					_, n := step(fmt.Sprintf("track - RuleEngine/TamperDetector/Tamper Rule=%d-%d | IsTamper=%s", who, n, is)).read(t)
					if err := h.take(fmt.Sprint(who), []notice.Notification{n}, noon, emit); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	all.Wait()
	open := map[string]bool{}
	for _, s := range said {
		point := s[strings.LastIndexByte(s, ' '):]
		if raised := strings.Contains(s, "raised"); raised == open[point] {
			t.Errorf("%q while it is open: %v", s, open[point])
		} else {
			open[point] = raised
		}
	}
	if len(said) != 4*each*2 {
		t.Errorf("got %d events, want %d", len(said), 4*each*2)
	}
}

// TestHearingEmitFails promises that emit's own error is returned, and that nothing is
// said after it.
func TestHearingEmitFails(t *testing.T) {
	t.Parallel()
	closed := errors.New("closed")
	h := NewHearing(HearingOptions{Name: "cam-1"})
	_, a := step("track 0s " + covered).read(t)
	_, b := step("track 0s " + line).read(t)
	said := 0
	emit := func(devices.Event) error { said++; return closed }
	if err := h.Take([]notice.Notification{a, b}, noon, emit); !errors.Is(err, closed) || said != 1 {
		t.Errorf("got %v after %d events", err, said)
	}
	if err := h.Objects([]metadata.Count{{Class: "a"}, {Class: "b"}}, emit); !errors.Is(err, closed) || said != 2 {
		t.Errorf("objects: got %v after %d events", err, said)
	}
}

// TestObjects promises that a count is a reading of its class.
func TestObjects(t *testing.T) {
	t.Parallel()
	var said []devices.Event
	err := NewHearing(HearingOptions{Name: "cam-1"}).Objects([]metadata.Count{{Class: "person", Objects: 14, At: noon}}, func(e devices.Event) error {
		said = append(said, e)
		return nil
	})
	want := []devices.Event{{Time: noon, Code: "camera.objects", Point: "person", Value: &devices.Value{Quantity: "objects", Number: 14}}}
	if diff := cmp.Diff(want, said); diff != "" || err != nil {
		t.Error(err, diff)
	}
}
