// Package segment keeps numbered values in bbolt files that are unlinked whole, so
// that bulk neither bloats nor slows what else is kept, and its room comes back.
//
//		readings-00000000000000000001-7f3a9c51d20b44e6.db
//		|        |                    | epoch
//		|        | lowest number that may lie in it
//		| prefix
//
//	  - Numbers rise and none is used twice: the newest file, which is never
//	    unlinked before there is a next one, always tells the number that follows.
//
//	  - A file that is damaged is moved aside whole, when it is opened or at any
//	    read, and what it held is told as lost. The others are not touched.
//
//	  - One goroutine at a time changes a log. Reading never waits for a commit.
//
// It does not know what the values are, which of them are done, or how much room
// there is.
package segment

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"sitepost/ingest/store/sound"
)

// Most is more values than a file can hold: behind a newest file that cannot be
// read the numbers go on so much higher.
const Most = 1 << 20

// Options say where a log lies.
type Options struct {
	Directory string
	Prefix    string // of its files
	Epoch     string // files of another one are moved aside
	Bytes     int64  // of a file, about
	Least     uint64 // numbers up to this were used, whatever the files say
	Given     bool   // somebody else keeps the numbers: the log need not

	Aside      string // where damaged files go
	AsideBytes int64  // how much of them is kept

	Lost func(Loss)   // told what cannot be read any more; it must not call the log
	Log  *slog.Logger // not nil
}

// A Loss is numbers whose values cannot be read any more.
type Loss struct {
	Epoch       string // whose numbers they are
	First, Last uint64
	Why         string
}

// A Segment is a file as others see it.
type Segment struct {
	First, Last uint64 // numbers that may lie in it; First > Last is none
	Bytes       int64  // on disk, about
	Touched     time.Time
	Newest      bool
}

// A Log is usable from Begin to Close. Before, nothing lies in it and it takes
// nothing.
type Log struct {
	opt Options

	writing sync.Mutex // held by who changes the log

	mu      sync.Mutex // guards what follows; never held while a file is read or written
	pieces  []*piece   // by number
	next    uint64
	pages   int64 // bytes written since Open
	commits int
	begun   bool
	closed  bool
}

// New is a log that has not begun.
func New(o Options) *Log { return &Log{opt: o, next: 1} }

// Open is New and Begin.
func Open(o Options) (*Log, error) {
	l := New(o)
	return l, l.Begin(o.Epoch, o.Least)
}

// Begin looks at the files of an epoch. Numbers up to least were used, whatever they
// say. Only the newest file is opened. After an error it can be tried again.
func (l *Log) Begin(epoch string, least uint64) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	if err := l.leave(); err != nil {
		l.opt.Log.Warn("a file cannot be closed", "prefix", l.opt.Prefix, "err", err)
	}
	l.mu.Lock()
	l.opt.Epoch, l.opt.Least, l.next = epoch, least, least+1
	l.mu.Unlock()
	if err := l.look(); err != nil {
		return errors.Join(err, l.leave())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.begun = true
	return nil
}

// leave closes and forgets all files.
func (l *Log) leave() (err error) {
	l.mu.Lock()
	pieces := l.pieces
	l.pieces = nil
	l.mu.Unlock()
	for _, p := range pieces {
		err = errors.Join(err, p.leave())
	}
	return err
}

func (l *Log) look() error {
	o := l.opt
	if err := l.list(); err != nil {
		return err
	}
	if len(l.pieces) == 0 && o.Least > 0 {
		l.next += Most // somebody took the files away
	}
	for n := len(l.pieces); n > 0; n = len(l.pieces) {
		p := l.pieces[n-1]
		last, err := p.ends(l)
		if err == nil {
			p.last = last
			l.next = max(l.next, last+1)
			return nil
		}
		if !errors.Is(err, sound.ErrDamaged) {
			return err
		}
		if p.last = p.first + Most - 1; !o.Given {
			l.next = max(l.next, p.last+1)
		}
		if err := l.condemn(p, err); err != nil {
			return err
		}
	}
	return nil
}

// list finds the files, and moves those of another epoch aside.
func (l *Log) list() error {
	entries, err := os.ReadDir(l.opt.Directory)
	if err != nil {
		return err
	}
	foreign := make(map[string][]*piece)
	for _, e := range entries {
		if unfinished(l.opt.Prefix, e.Name()) {
			if err := os.Remove(filepath.Join(l.opt.Directory, e.Name())); err != nil {
				return err
			}
		}
		first, epoch, ours := named(l.opt.Prefix, e.Name())
		if !ours || !e.Type().IsRegular() {
			continue
		}
		p := &piece{path: filepath.Join(l.opt.Directory, e.Name()), first: first}
		if err := p.measure(); err != nil {
			return err
		}
		if epoch != l.opt.Epoch {
			foreign[epoch] = append(foreign[epoch], p)
			continue
		}
		l.pieces = append(l.pieces, p)
	}
	bound(l.pieces)
	for epoch, pieces := range foreign {
		if err := l.banish(epoch, pieces); err != nil {
			return err
		}
	}
	return nil
}

// bound gives each file but the newest its last number.
func bound(pieces []*piece) {
	slices.SortFunc(pieces, byNumber)
	for i := range len(pieces) - 1 {
		pieces[i].last = pieces[i+1].first - 1
	}
}

// Renew begins anew with another epoch and number 1: what was there is moved aside,
// as by Begin. A log that has not begun stays so.
func (l *Log) Renew(epoch string) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	was, pieces := l.opt.Epoch, l.pieces
	l.opt.Epoch, l.pieces, l.next = epoch, nil, 1
	l.mu.Unlock()
	if len(pieces) == 0 {
		return nil
	}
	return l.banish(was, pieces)
}

// take takes a file from the list.
func (l *Log) take(p *piece) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pieces = slices.DeleteFunc(slices.Clone(l.pieces), func(q *piece) bool { return p == q })
}

// roll begins a file. The one before is closed: who reads it opens it again. One in which
// the very first commit failed goes: the new one has its name.
func (l *Log) roll(first uint64) error {
	p, err := create(l, first)
	if err != nil {
		return err
	}
	l.mu.Lock()
	before := slices.Clone(l.pieces)
	var void *piece
	if n := len(before); n > 0 && before[n-1].first == first {
		void, before = before[n-1], before[:n-1]
	}
	l.pieces = append(slices.Clone(before), p)
	l.next = max(l.next, first)
	l.mu.Unlock()
	if void != nil {
		_ = void.leave() // nothing in it counts
	}
	if n := len(before); n > 0 {
		l.shut(before[n-1])
	}
	return nil
}

// shut closes a file that is full.
func (l *Log) shut(p *piece) {
	err := p.close()
	l.mu.Lock()
	defer l.mu.Unlock()
	touched := p.touched // by this process: the clock may have jumped since
	if err = errors.Join(err, p.measure()); err != nil {
		l.opt.Log.Warn("a full file cannot be closed", "file", p.path, "err", err)
	}
	p.touched = touched
}
