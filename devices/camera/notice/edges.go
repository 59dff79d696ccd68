package notice

import (
	"time"

	"sitepost/devices"
)

// again is how long something that happens may be repeated before it has happened
// anew: cameras repeat "motion" every second while it lasts, and some never say that
// it ended (quirk 39: node-red-contrib-hikvision-ultimate#40).
const again = 30 * time.Second

// What is remembered of one camera.
const (
	mostPoints  = 1024
	mostObjects = 64 // of one point
)

// Edges is the memory of one subscription. It says an occurrence when it begins, not
// while it is repeated, and ends a condition when the last of its objects has gone.
// An alarm is said as often as the camera says it: two people cross a line twice.
//
// The zero Edges is ready. Begin with a new one for each subscription: the camera
// then tells how everything stands. It is not safe for two goroutines.
type Edges struct {
	points map[pointKey]*standing
}

type pointKey struct {
	topic, point, source string
	code                 devices.Code
}

// A standing is what was last said at one point.
type standing struct {
	last    time.Time       // when an occurrence was last a yes; zero: it ended
	objects map[string]bool // of which a condition is true
}

// Say returns what a notification that came now says, but for what is no news.
func (e *Edges) Say(n Notification, now time.Time) []Saying {
	var all []Saying
	for _, r := range n.read() {
		s := e.standing(pointKey{n.Topic, r.saying.Event.Point, r.saying.Source, r.saying.Event.Code}, now)
		news := true
		switch {
		case r.pulse && r.saying.Event.Code.Form() == devices.Occurrence:
			news = s.begins(r.truth, now)
		case r.saying.Event.Code.Form() == devices.Condition:
			news = s.stands(r.truth, r.saying.Object)
		}
		if r.told && news {
			all = append(all, r.saying)
		}
	}
	return all
}

// begins says whether a yes is the first one.
func (s *standing) begins(said truth, now time.Time) bool {
	switch said {
	case no:
		s.last = time.Time{}
	case yes:
		first := s.last.IsZero() || now.Sub(s.last) >= again || now.Before(s.last)
		s.last = now
		return first
	}
	return false
}

// stands follows the objects of a condition, and says whether its truth is that of
// all of them: while one is inside, another that leaves ends nothing.
func (s *standing) stands(said truth, object string) bool {
	switch {
	case said == no && object == "":
		s.objects = nil
	case said == no:
		delete(s.objects, object)
	case said == yes && object != "" && len(s.objects) < mostObjects:
		if s.objects == nil {
			s.objects = map[string]bool{}
		}
		s.objects[object] = true
	}
	return said == yes || len(s.objects) == 0
}

// standing finds what is remembered of a point. A camera that has too many points is
// listened to without a memory: rather told twice than not at all.
func (e *Edges) standing(key pointKey, now time.Time) *standing {
	if s, known := e.points[key]; known {
		return s
	}
	if len(e.points) >= mostPoints {
		for k, s := range e.points {
			if len(s.objects) == 0 && now.Sub(s.last) >= again {
				delete(e.points, k)
			}
		}
	}
	s := &standing{}
	if len(e.points) < mostPoints {
		if e.points == nil {
			e.points = map[pointKey]*standing{}
		}
		e.points[key] = s
	}
	return s
}
