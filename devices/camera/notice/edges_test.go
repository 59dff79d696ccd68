package notice

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sitepost/devices"
)

// TestQuirk39Repeated promises that what happens is told once while the camera
// repeats it, and again when it may have ended unsaid; and that an alarm is told as
// often as it comes.
func TestQuirk39Repeated(t *testing.T) {
	t.Parallel()
	motion := func(word string) Notification {
		return changed("tns1:RuleEngine/CellMotionDetector/Motion", Item{"IsMotion", word})
	}
	line := changed("tns1:RuleEngine/CellMotionDetector/LineCross", Item{"IsLineCross", "true"})
	var e Edges
	start := time.Date(2026, 11, 21, 14, 0, 0, 0, time.UTC)
	for _, step := range []struct {
		after time.Duration
		what  Notification
		said  int
	}{
		{0, motion("true"), 1},
		{time.Second, motion("true"), 0},
		{30 * time.Second, motion("true"), 0}, // 29 s after the last one
		{31 * time.Second, motion("false"), 0},
		{32 * time.Second, motion("true"), 1},
		{33 * time.Second, motion("perhaps"), 1}, // as it came
		{62 * time.Second, motion("true"), 1},    // it may have ended unsaid
		{10 * time.Second, motion("true"), 1},    // the clock was set back
		{10 * time.Second, line, 1},
		{11 * time.Second, line, 1},
	} {
		if got := e.Say(step.what, start.Add(step.after)); len(got) != step.said {
			t.Errorf("%s, %s: got %v, want %d sayings", step.after, head(step.what), got, step.said)
		}
	}
}

// TestMotionThatStood promises that motion which stood when we began to listen is not
// told when it is repeated.
func TestMotionThatStood(t *testing.T) {
	t.Parallel()
	var e Edges
	now := time.Date(2026, 11, 21, 14, 0, 0, 0, time.UTC)
	n := changed("tns1:VideoSource/MotionAlarm", Item{"State", "true"})
	for i, o := range []Operation{Initialized, Changed} {
		n.Operation = o
		if got := e.Say(n, now.Add(time.Duration(i)*time.Second)); got != nil {
			t.Errorf("%s: got %v, want nothing", o, got)
		}
	}
}

// TestObjects promises that an intrusion ends when the last of its objects has gone,
// for a camera that keeps one property per object (Core 9.4.2.1).
func TestObjects(t *testing.T) {
	t.Parallel()
	inside := func(o Operation, object, word string) Notification {
		n := changed("tns1:RuleEngine/FieldDetector/ObjectsInside", Item{"IsInside", word})
		n.Operation, n.Key = o, []Item{{"ObjectId", object}}
		return n
	}
	raised, cleared := devices.Raised, devices.Cleared
	var e Edges
	for i, step := range []struct {
		what Notification
		want devices.State
	}{
		{inside(Initialized, "1", "true"), raised},
		{inside(Changed, "2", "true"), raised},
		{inside(Initialized, "3", "false"), ""}, // it appeared outside
		{inside(Changed, "1", "false"), ""},     // 2 is still there
		{inside(Deleted, "2", "true"), cleared},
		{inside(Changed, "4", "true"), raised},
		{inside(Changed, "", "false"), cleared},
	} {
		var got devices.State
		for _, s := range e.Say(step.what, time.Time{}) {
			got = s.Event.State
		}
		if got != step.want {
			t.Errorf("step %d: got %q, want %q", i, got, step.want)
		}
	}
}

// TestEdgesAreBounded promises that a camera which invents points costs bounded
// memory, and is still told.
func TestEdgesAreBounded(t *testing.T) {
	t.Parallel()
	var e Edges
	now := time.Date(2026, 11, 21, 14, 0, 0, 0, time.UTC)
	for i := range 3 * mostPoints {
		n := changed("tns1:VideoSource/MotionAlarm", Item{"State", "true"})
		n.Source[1].Value = fmt.Sprint(i)
		if got := e.Say(n, now); len(got) != 1 {
			t.Fatalf("point %d: got %v, want to be told", i, got)
		}
	}
	if len(e.points) != mostPoints {
		t.Errorf("got %d points, want %d", len(e.points), mostPoints)
	}
	for i := range 2 * mostObjects {
		n := changed("tns1:RuleEngine/FieldDetector/ObjectsInside", Item{"IsInside", "true"})
		n.Key = []Item{{"ObjectId", fmt.Sprint(i) + strings.Repeat("x", maxValue)}}
		e.Say(n, now.Add(time.Hour))
	}
	for _, s := range e.points {
		if len(s.objects) != mostObjects {
			t.Errorf("got %d objects, want %d", len(s.objects), mostObjects)
		}
		for o := range s.objects {
			if len(o) > 128 {
				t.Errorf("got an object of %d bytes", len(o))
			}
		}
	}
}
