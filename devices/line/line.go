// Package line owns serial lines: ports of this machine and serial servers in
// raw TCP mode.
//
//	instrument ─ Ask ──┐                           ┌ tty: guard + tarm/serial
//	instrument ─ Ask ──┼─► queue ─► owner ─► Port ─┼ TCP serial server
//	instrument ◄ Ear ──┤              │            └ somebody else's: Lend
//	capture ◄─── Tap ──┤              └ lookout: does another master ask?
//	ingest ◄─── Watch ─┘
//
// Its rules:
//
// A line has one owner, [Line.Run], which alone reads and writes. Questions
// are put in the order in which they were asked.
//
// An answer belongs to the question before it. Before each question the line
// has been silent for 3.5 characters (or the configured pause) and what came
// unasked is thrown away; after a question that was not answered in time the
// line stays silent for as long again, so that a late answer is heard, dropped
// and never taken for the next one.
//
// A line has one master. Before the first question of a Run it is listened to
// for 3 s; when another master's question is heard, then or later, ours are
// refused until he has been silent for 60 s and another 3 s. What noise may
// have made counts when it comes twice in 10 s. The line is listened to again
// after it was lent, but not after every opening: a cable that was touched
// shall not delay an alarm.
//
// A line has no more time than there is. One whose questions take all of it for two
// minutes is overloaded, which its watcher is told; what is eager, and asked as often as
// there is room, does not count.
//
// A line that is lost is opened again, for ever, with growing pauses; one that
// is lent is opened when it comes back. Questions wait meanwhile. Who watches
// the line hears one condition, however many instruments are on it.
//
// The owner waits for the port and for nothing else: not for those who listen,
// not for those who asked.
//
// It does not know what the bytes mean, whether a question may be asked, how
// another master's question looks, or which addresses may be dialled. It is
// the only room for tarm/serial.
package line

import (
	"log/slog"
	"sync"
	"time"
)

// A Config says what a line is.
type Config struct {
	Name       string // of the site file, for logs and errors
	Open       Opener
	Settings   Settings      // for the timing
	Pause      time.Duration // silence between two questions, where 3.5 characters are not enough
	ListenOnly bool          // somebody else asks on this line; it is never written to
	Private    bool          // nobody else can be on this line (Modbus TCP): nobody is looked for

	// Foreign says whether what was heard holds another master's question, at
	// any place. It is called by the owner with what came unasked of late, at
	// least the last 256 bytes; it must not wait or keep heard. Nil: nobody
	// would be recognised, so the line is not listened to first either.
	Foreign func(heard []byte) bool

	Log *slog.Logger // nil: nobody is told
}

// A Line is one line and its queue of questions. All methods may be called
// from any goroutine.
type Line struct {
	cfg    Config
	log    *slog.Logger
	status status

	mu      sync.Mutex // guards all below
	asks    []*ask     // waiting or being asked, in order
	refused bool       // another master asks: nothing is taken into asks
	ears    []*Ear
	port    Port          // nil while the line is down
	loan    *loan         // somebody wants the port or has it; nil: nobody does
	endTurn func()        // ends the owner's hold of the port; nil without an owner
	ended   chan struct{} // closed when the owner ends; another one is made when it comes back
}

// New returns a line that is not open yet: Run opens it.
func New(cfg Config) *Line {
	log := cfg.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	l := &Line{cfg: cfg, log: log.With("line", cfg.Name), ended: make(chan struct{})}
	l.status.changed, l.status.lentAt = make(chan struct{}), time.Now()
	return l
}

func (l *Line) setPort(port Port) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.port = port
}

// wake makes the owner look up from its reading: a question was asked or taken
// back, or the line shall close.
func (l *Line) wake() {
	l.mu.Lock()
	port := l.port
	l.mu.Unlock()
	if p, ok := port.(Interrupter); ok {
		p.Interrupt()
	}
}
