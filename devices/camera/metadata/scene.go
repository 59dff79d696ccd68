package metadata

import (
	"maps"
	"slices"
	"time"
)

const (
	tellEvery   = time.Second
	mostSources = 8                // of frames: analytics modules of one camera
	believed    = 10 * time.Second // how long a source's last frame counts beside the frames of others
)

// A scene is what the latest frames show.
//
// Only what a frame lists is there. A camera may leave out an object that has
// stopped moving ("Idle", Analytics 5.1.3.1) for as long as it stands: nobody says
// when such a one has driven off, so it is not counted.
type scene struct {
	words   vocabulary
	sources map[string]shown
	classes map[string]*tracked
	since   time.Time // the first frame that was not told; zero: all is told
}

// shown is what the last frame of one source had.
type shown struct {
	at    time.Time
	count map[string]int
}

// tracked is what is known of one class.
type tracked struct {
	now   int // in the latest frame
	nowAt time.Time

	seen   bool // by a frame that was not told
	most   int  // of these frames
	mostAt time.Time

	told int // last
}

// look takes in a frame.
func (s *scene) look(f frame, at time.Time) {
	if s.since.IsZero() {
		s.since = at
	}
	if s.sources == nil {
		s.sources, s.classes = map[string]shown{}, map[string]*tracked{}
	}
	s.sources[s.source(f.source, at)] = shown{at, s.count(f)}
	total := map[string]int{}
	for _, one := range s.sources {
		for class, n := range one.count {
			total[class] += n
		}
	}
	for class := range total {
		if s.classes[class] == nil {
			s.classes[class] = &tracked{}
		}
	}
	for class, t := range s.classes {
		t.note(total[class], at)
	}
}

// source makes room for a source: what was not heard of for long is no longer
// believed, and too many share one place.
func (s *scene) source(name string, at time.Time) string {
	maps.DeleteFunc(s.sources, func(_ string, one shown) bool { return at.Sub(one.at) > believed })
	if _, known := s.sources[name]; !known && len(s.sources) >= mostSources {
		return ""
	}
	return name
}

// count counts the distinct objects of each class in a frame.
func (s *scene) count(f frame) map[string]int {
	count, met := map[string]int{}, map[string]bool{}
	for _, o := range f.objects {
		if f.deleted[o.name] || o.name != "" && met[o.name] {
			continue
		}
		met[o.name] = true
		count[s.words.word(o.class)]++
	}
	return count
}

func (t *tracked) note(n int, at time.Time) {
	if n != t.now || t.nowAt.IsZero() {
		t.now, t.nowAt = n, at
	}
	if !t.seen || n > t.most {
		t.seen, t.most, t.mostAt = true, n, at
	}
}

// tell says what the frames of the last second had, once that is over. A class that
// was there and had gone by its end is told as 0 with the next.
func (s *scene) tell(now time.Time) (all []Count) {
	if now.Before(s.since) { // the clock was set back
		s.since = now
	}
	if s.since.IsZero() || now.Sub(s.since) < tellEvery {
		return nil
	}
	s.since = time.Time{}
	for _, class := range slices.Sorted(maps.Keys(s.classes)) {
		t := s.classes[class]
		if t.seen {
			all, t.told = append(all, Count{class, t.most, t.mostAt}), t.most
		}
		t.seen, t.most = false, 0
		switch {
		case t.now == 0 && t.told > 0:
			t.seen, t.mostAt, s.since = true, t.nowAt, now
		case t.now == 0:
			delete(s.classes, class)
		}
	}
	return all
}
