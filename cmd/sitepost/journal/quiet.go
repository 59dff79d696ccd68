package journal

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	// window is the time within which the same words count as repeated.
	window = time.Minute
	// mostSame is how many of them are written in it.
	mostSame = 5
	// mostSources bounds what is remembered. Beyond it all that is new shares one
	// place: words that hold a stranger's text are never the same twice.
	mostSources = 1024
	// lookEvery is how often one looks for what is to be told.
	lookEvery = 10 * time.Second
)

// A source is who says what.
type source struct {
	level   slog.Level
	message string
	about   string
}

// others is the source of all for which there is no room.
var others = source{message: "others"}

// An entry is a record on its way to what writes it.
type entry struct {
	record slog.Record
	to     slog.Handler
}

// A said is what one source has said within its window.
type said struct {
	since  time.Time
	passed int
	held   int
	last   entry // of those that were held
}

// A quiet counts what repeats itself.
type quiet struct {
	mu   sync.Mutex
	said map[source]*said
}

func newQuiet() *quiet { return &quiet{said: make(map[source]*said)} }

// admits says whether an entry is written; if not, it is counted.
func (q *quiet) admits(e entry, about string, now time.Time) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	key := source{e.record.Level, e.record.Message, about}
	s := q.said[key]
	if s == nil && len(q.said) >= mostSources {
		key = others
		s = q.said[key]
	}
	if s == nil || s.held == 0 && now.Sub(s.since) >= window {
		s = &said{since: now}
		q.said[key] = s
	}
	if s.passed < mostSame {
		s.passed++
		return true
	}
	s.held++
	s.last = entry{e.record.Clone(), e.to}
	return false
}

// run tells what was counted, until ctx ends.
func (q *quiet) run(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			q.tell(now)
		}
	}
}

// tell writes what was counted in windows that are over at a moment; the zero moment is
// the end of all.
func (q *quiet) tell(now time.Time) {
	for _, s := range q.due(now) {
		s.last.record.AddAttrs(slog.Int("repeated", s.held))
		_ = s.last.to.Handle(context.Background(), s.last.record) // nobody is left to be told
	}
}

func (q *quiet) due(now time.Time) (all []*said) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for key, s := range q.said {
		if !now.IsZero() && now.Sub(s.since) < window {
			continue
		}
		delete(q.said, key)
		if s.held > 0 {
			all = append(all, s)
		}
	}
	return all
}
