package line

import (
	"bytes"
	"slices"
	"time"
)

const (
	// firstListening is how long a line is listened to before our first
	// question: a master who polls is heard within it.
	firstListening = 3 * time.Second
	// masterGone is how long another master asks nothing before we think that
	// he has gone.
	masterGone = 60 * time.Second
	// pieceGap is how far apart the pieces of one message may come: USB
	// adapters hold bytes back for up to 16 ms (FTDI AN232B-04, latency timer).
	pieceGap = 20 * time.Millisecond
	// tornGap is a silence after which what was heard before belongs to nothing
	// that still comes.
	tornGap = 200 * time.Millisecond
	// againWithin is how soon a question must be heard again that noise may have
	// made. Random bytes hold one in Modbus every five hours at 9600 baud; twice
	// in 10 s, less than once in half a year.
	againWithin = 10 * time.Second
	// maxTail is the longest question that is recognised when it comes in
	// pieces: the longest message of Modbus RTU (Modbus over Serial Line V1.02,
	// 2.5.1).
	maxTail = 256
)

// A lookout looks out for another master: somebody who asks on our line, and
// would take our answers for his as we would take his for ours.
//
//	   3 s without       certain, or twice
//	┌────────────► alone ──────────────────┐
//	│ ┌─── doubtful ─┘                     ▼
//	│ ▼
//	listening ── certain, or twice ─────► second
//	▲                                      │
//	└──────── 60 s without foreign ────────┘
//
// It is told all that came unasked, and what came in place of an answer. A
// question with silence before it is certain. One among other bytes may be
// noise, and one in place of our answer may be the echo of ours with a bit
// wrong: they are doubtful, and count when they come twice in 10 s. We listen
// meanwhile.
type lookout struct {
	foreign func(heard []byte) bool // nil: nobody is looked for
	view    view
	until   time.Time // the end of listening, or of second

	tail     []byte    // what came lately and holds no foreign question so far
	last     time.Time // when something was added to it
	silences []int     // where in the tail the pauses were
	doubt    time.Time // when a doubtful question was heard

	// ours is our question, while its echo or a late answer to it may come:
	// until it was answered, or its time to answer and the same time again are
	// over. An echo stands before the answer on the wire, however late it is.
	ours      []byte
	oursUntil time.Time
}

type view int

const (
	listening view = iota
	alone
	second
)

// newLookout returns the lookout of a run of a line. Nobody is looked for where
// nobody else can be, where nobody is recognised, and where somebody else is
// meant to ask.
func newLookout(c Config) lookout {
	if c.Private || c.ListenOnly {
		return lookout{}
	}
	return lookout{foreign: c.Foreign}
}

// opened is said when the line was opened: a listening begins anew, or not
// before now, since nothing was heard meanwhile.
func (o *lookout) opened(now time.Time) {
	o.forget()
	switch {
	case o.view == listening:
		o.listen(now)
	case o.view == second && o.until.Before(now):
		o.until = now
	}
}

// lent is said when somebody else had the port: a late answer to his last
// question would be taken for one to ours, and who knows what was wired
// meanwhile. The line is listened to as at the start.
func (o *lookout) lent() {
	if o.view == alone {
		o.view = listening
	}
}

// listen begins a listening.
func (o *lookout) listen(from time.Time) {
	o.view, o.until = listening, from
	if o.foreign != nil {
		o.until = from.Add(firstListening)
	}
}

// advance lets time pass and says whether we are alone since now.
func (o *lookout) advance(now time.Time) bool {
	if o.view == second && !now.Before(o.until) {
		o.listen(o.until)
	}
	if o.view != listening || now.Before(o.until) {
		return false
	}
	o.view = alone
	return true
}

// mayAsk returns when a question may be put, as far as other masters go: the
// line is listened to, or what was heard last may go on.
func (o *lookout) mayAsk() time.Time {
	if o.view != alone {
		return o.until
	}
	if len(o.tail) > 0 {
		return o.last.Add(pieceGap)
	}
	return time.Time{}
}

// asks is said before our question is put, which may be answered late until
// the time given.
func (o *lookout) asks(question []byte, until time.Time) {
	o.forget()
	o.ours = append(o.ours[:0], question...)
	o.oursUntil = until.Add(tornGap) // it may have begun in time
}

// answered is said when our question was.
func (o *lookout) answered() { o.ours = o.ours[:0] }

func (o *lookout) forget() { o.tail, o.silences = o.tail[:0], o.silences[:0] }

// hear judges what came, and returns another master's question, nil if there
// is none.
func (o *lookout) hear(heard []byte, at time.Time) (question []byte) {
	if o.foreign == nil || len(heard) == 0 {
		return nil
	}
	if at.Sub(o.last) > tornGap {
		o.forget()
	}
	if at.After(o.oursUntil) {
		o.answered()
	}
	if at.Sub(o.last) > pieceGap {
		o.silences = append(o.silences, len(o.tail))
	}
	o.last = at
	o.tail = append(o.tail, heard...)
	defer o.shorten()
	if o.mayBeOurs() || !o.foreign(o.tail) {
		return nil
	}
	question, before := o.narrow(bytes.Clone(o.tail))
	certain := slices.Contains(o.silences, before) && len(o.ours) == 0
	o.forget()
	if !certain && o.view != second && at.Sub(o.doubt) > againWithin {
		o.doubt = at
		o.listen(at)
		return nil
	}
	o.view, o.until = second, at.Add(masterGone)
	return question
}

// shorten bounds the tail to what may be the beginning of a question.
func (o *lookout) shorten() {
	if over := len(o.tail) - maxTail; over > 0 {
		o.tail = slices.Delete(o.tail, 0, over)
		for i := range o.silences {
			o.silences[i] -= over
		}
		o.silences = slices.DeleteFunc(o.silences, func(at int) bool { return at < 0 })
	}
}

// mayBeOurs takes the echo of our question out of the tail, and says whether
// the rest may be its late answer: in Modbus an answer begins as its question
// does, and one of eight bytes can look like a question.
func (o *lookout) mayBeOurs() bool {
	if len(o.ours) == 0 {
		return false
	}
	if at := bytes.Index(o.tail, o.ours); at >= 0 {
		o.tail = slices.Delete(o.tail, at, at+len(o.ours))
		o.silences = o.silences[:0]
	}
	return len(o.tail) == 0 || bytes.Contains(o.tail, o.ours[:min(2, len(o.ours))])
}

// narrow cuts what was heard down to the question in it, and says how many bytes
// stood before.
func (o *lookout) narrow(heard []byte) (question []byte, before int) {
	for len(heard) > 1 && o.foreign(heard[1:]) {
		heard = heard[1:]
		before++
	}
	for len(heard) > 1 && o.foreign(heard[:len(heard)-1]) {
		heard = heard[:len(heard)-1]
	}
	return heard, before
}
