package line

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"sitepost/devices"
)

// startWithin is how long a line may take to open at the start, or after it
// was lent, before it is called lost.
const startWithin = time.Second

// mostText is how many characters the text of an event has at most.
const mostText = 1024

// A condition is something that may be wrong with a line. State is "" while
// nothing is known. Raises counts the ways into it, so that a watcher who was
// slow tells of one that is already over.
type condition struct {
	state  devices.State
	raises int
	raised devices.Event // the last one
	since  time.Time     // of the present state
}

func (c *condition) raise(e devices.Event) {
	e.State = devices.Raised
	e.Text = string([]rune(e.Text)[:min(mostText, len([]rune(e.Text)))])
	c.state, c.since, c.raised = devices.Raised, e.Time, e
	c.raises++
}

func (c *condition) clear(at time.Time) { c.state, c.since = devices.Cleared, at }

// A status is what is known about a line.
//
//	             up                  down
//	not known ────────► not lost ◄──────────► lost        lost
//	    │ ▲   └─── not open within 1 s ────────►┘
//	    │ └── begin, lend
//	    └─────────► not second ◄────────────► second      second
//	      alone                master, alone
//
//	             below 80 %           two minutes full
//	not known ────────► not over ◄──────────► over        overloaded
type status struct {
	mu      sync.Mutex // guards all below
	lost    condition
	second  condition
	over    condition // loaded
	lent    bool
	lentAt  time.Time     // or given back
	failed  error         // why the line could not be opened since the start
	changed chan struct{} // closed and replaced at each change
}

// An edge is a change of state worth a line in the log: open if why is nil.
type edge struct{ why error }

// begin forgets everything: nothing is known of a line without an owner.
func (s *status) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed, s.lost.state, s.second.state, s.over.state = nil, "", "", ""
	if s.lent {
		s.lent, s.lentAt = false, time.Now()
	}
	s.tell()
}

func (s *status) isLost() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lost.state == devices.Raised
}

func (s *status) up() *edge {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lost.clear(time.Now())
	s.tell()
	return &edge{}
}

// down is said after a failed opening and after a loss. It is an edge only
// after a loss: a line that was never open has a second, and one that is lost
// stays lost.
func (s *status) down(why error) *edge {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed = why
	if s.lost.state != devices.Cleared {
		return nil
	}
	return s.lose(why)
}

// overdue is said one second after the start.
func (s *status) overdue() *edge {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.lost.state != "" || s.lent:
		return nil
	case s.failed != nil:
		return s.lose(s.failed)
	}
	return s.lose(&Trouble{
		Err:   errors.New("opening takes longer than a second"),
		Short: "no answer",
		Step:  "is the device at the other end powered?",
	})
}

// lose says why the line is lost and what to do; the caller holds the lock.
func (s *status) lose(why error) *edge {
	text := why.Error()
	if _, ok := errors.AsType[*Trouble](why); !ok {
		text += " (look at the port and its cable)"
	}
	s.lost.raise(devices.Event{Time: time.Now(), Code: devices.LineLost, Detail: short(why), Text: text})
	s.tell()
	return &edge{why: why}
}

// lend is said when the port was left to somebody else. Whether the line is
// lost is not known until it was opened again.
func (s *status) lend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lent, s.lentAt, s.lost.state, s.failed = true, time.Now(), "", nil
	s.tell()
}

func (s *status) giveBack() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lent, s.lentAt = false, time.Now()
	s.tell()
}

// master is said when another master's question was heard, and says whether
// that is new.
func (s *status) master(question []byte, at time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.second.state == devices.Raised {
		return false
	}
	s.second.raise(devices.Event{
		Time: at, Code: devices.LineSecondMaster,
		Text: fmt.Sprintf("heard a question that is not ours: % X (one of the two must stop asking, or write use = \"listen\" for this line)", question),
	})
	s.tell()
	return true
}

// alone is said when the line was listened to and nobody else asked, and says
// whether somebody did before.
func (s *status) alone(at time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.second.state == devices.Raised
	s.second.clear(at)
	s.tell()
	return before
}

// loaded is said when it is known how full the line is, and says whether it is news that
// it is too full.
func (s *status) loaded(is devices.State, share float64, at time.Time) (news bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case is == "" || is == s.over.state:
		return false
	case is == devices.Cleared:
		s.over.clear(at)
	default:
		s.over.raise(devices.Event{
			Time: at, Code: devices.LineOverloaded,
			Text: fmt.Sprintf("its questions took %.0f %% of the last minute, so that they come later than they should (move instruments to another line, or raise its baud rate; one that answers late costs the others their time)", share*100),
		})
	}
	s.tell()
	return is == devices.Raised
}

// tell wakes those who watch; the caller holds the lock.
func (s *status) tell() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// A glance is a copy of a status.
type glance struct {
	lost, second, over condition
	lent               bool
	lentAt             time.Time
	changed            <-chan struct{}
}

func (s *status) look() glance {
	s.mu.Lock()
	defer s.mu.Unlock()
	return glance{s.lost, s.second, s.over, s.lent, s.lentAt, s.changed}
}
