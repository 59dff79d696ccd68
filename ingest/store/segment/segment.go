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
	"fmt"
	"log/slog"
	"math"
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

// A Log is open from Open to Close.
type Log struct {
	opt Options

	writing sync.Mutex // held by who changes the log

	mu      sync.Mutex // guards what follows; never held while a file is read or written
	pieces  []*piece   // by number
	next    uint64
	pages   int64 // bytes written since Open
	commits int
	closed  bool
}

// Open looks at the files of a log. Only the newest is opened.
func Open(o Options) (*Log, error) {
	l := &Log{opt: o, next: o.Least + 1}
	if err := l.list(); err != nil {
		return nil, err
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
			return l, nil
		}
		if !errors.Is(err, sound.ErrDamaged) {
			return nil, errors.Join(err, l.Close())
		}
		p.last = p.first + Most - 1
		l.next = max(l.next, p.last+1)
		if err := l.condemn(p, err); err != nil {
			return nil, errors.Join(err, l.Close())
		}
	}
	return l, nil
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

// banish moves the files of another epoch aside: their numbers are those of a
// store.db that is not there any more.
func (l *Log) banish(epoch string, pieces []*piece) error {
	bound(pieces)
	newest := pieces[len(pieces)-1]
	last, err := newest.ends(l)
	if err != nil {
		last = newest.first + Most - 1
	}
	newest.last = last
	for _, p := range pieces {
		if err := errors.Join(p.leave(), aside(p.path, l.opt.Aside, l.opt.AsideBytes)); err != nil {
			return err
		}
		l.opt.Log.Error("a file of another store was moved aside", "file", p.path, "to", l.opt.Aside)
		if p.first <= p.last {
			l.opt.Lost(Loss{epoch, p.first, p.last, "set aside: of another store"})
		}
	}
	return nil
}

// condemn moves a damaged file aside. If it is the newest one there is another
// before, which tells the next number. l.writing is held, or nobody else has the
// log yet.
func (l *Log) condemn(p *piece, why error) error {
	l.mu.Lock()
	at := slices.Index(l.pieces, p)
	newest := at == len(l.pieces)-1
	next := l.next
	l.mu.Unlock()
	if at < 0 {
		return nil
	}
	if newest {
		if err := l.roll(next); err != nil {
			return err
		}
	}
	l.opt.Log.Error("a damaged file was moved aside", "file", p.path, "to", l.opt.Aside, "err", why)
	l.take(p)
	_ = p.leave() // it is damaged
	if err := aside(p.path, l.opt.Aside, l.opt.AsideBytes); err != nil {
		return err
	}
	if p.first <= p.last {
		l.opt.Lost(Loss{l.opt.Epoch, p.first, p.last, "damaged"})
	}
	return nil
}

// take takes a file from the list.
func (l *Log) take(p *piece) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pieces = slices.DeleteFunc(slices.Clone(l.pieces), func(q *piece) bool { return p == q })
}

// roll begins a file. The one before is closed: who reads it opens it again.
func (l *Log) roll(first uint64) error {
	p, err := create(l, first)
	if err != nil {
		return err
	}
	l.mu.Lock()
	before := l.pieces
	l.pieces = append(slices.Clone(before), p)
	l.next = max(l.next, first)
	l.mu.Unlock()
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

// newest is the file that values are added to, nil if there is none.
func (l *Log) newest() *piece {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.pieces) == 0 {
		return nil
	}
	return l.pieces[len(l.pieces)-1]
}

// Next is the number of the next value at least.
func (l *Log) Next() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.next
}

// First is the lowest number that may lie in the log, Next if there is none.
func (l *Log) First() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.pieces) == 0 {
		return l.next
	}
	return l.pieces[0].first
}

// Bytes is how much disk the files take, about.
func (l *Log) Bytes() (sum int64) {
	for _, s := range l.Segments() {
		sum += s.Bytes
	}
	return sum
}

// Written says how often the log was committed, and how many bytes were given to
// the disk.
func (l *Log) Written() (commits int, bytes int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.commits, l.pages
}

// Segments lists the files, the oldest first.
func (l *Log) Segments() []Segment {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]Segment, 0, len(l.pieces))
	for i, p := range l.pieces {
		all = append(all, Segment{p.first, p.last, p.bytes, p.touched, i == len(l.pieces)-1})
	}
	return all
}

// Drop unlinks the oldest file, unless it is the newest. It says which numbers lay
// in it.
func (l *Log) Drop() (dropped Segment, any bool, err error) {
	l.writing.Lock()
	defer l.writing.Unlock()
	all := l.Segments()
	if len(all) < 2 {
		return Segment{}, false, nil
	}
	l.mu.Lock()
	p := l.pieces[0]
	l.mu.Unlock()
	l.take(p)
	if err := p.leave(); err != nil {
		l.opt.Log.Warn("a file cannot be closed", "file", p.path, "err", err)
	}
	return all[0], true, os.Remove(p.path)
}

// Close closes the files.
func (l *Log) Close() error {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	pieces := l.pieces
	l.closed = true
	l.mu.Unlock()
	var errs []error
	for _, p := range pieces {
		errs = append(errs, p.leave())
	}
	return errors.Join(errs...)
}

// ErrClosed is returned after Close.
var ErrClosed = errors.New("log is closed")

// Append adds values from a number on, which is not below Next, in one commit. A
// failed one may be there all the same, so its numbers are used.
func (l *Log) Append(first uint64, values [][]byte) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	next, closed := l.next, l.closed
	l.mu.Unlock()
	switch {
	case closed:
		return ErrClosed
	case first < next || first > math.MaxUint64-Most:
		return fmt.Errorf("number %d, the next is %d", first, next)
	}
	p := l.newest()
	if p == nil || p.bytes >= l.opt.Bytes || p.suspect || first-p.first >= Most/2 {
		if err := l.roll(first); err != nil {
			return err
		}
		p = l.newest()
	}
	l.mu.Lock()
	l.next = first + uint64(len(values))
	l.mu.Unlock()
	size, err := p.append(l, first, values)
	switch {
	case errors.Is(err, sound.ErrDamaged):
		return errors.Join(err, l.condemn(p, err))
	case err != nil:
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	p.last, p.touched = first+uint64(len(values))-1, time.Now()
	p.bytes = max(p.bytes, size)
	return nil
}

// Walk visits the values above a number, ascending, until visit says no. What it is
// given is valid for the call only. A damaged file is moved aside, and the walk goes
// on behind it.
func (l *Log) Walk(after uint64, visit func(number uint64, value []byte) bool) error {
	on := true
	for _, r := range l.above(after) {
		p := r.piece
		err := p.walk(l, after, r.upto, func(number uint64, value []byte) bool {
			after = max(after, number)
			on = visit(number, value)
			return on
		})
		if errors.Is(err, sound.ErrDamaged) {
			err = l.condemned(p, err)
		}
		if err != nil {
			return err
		}
		if !on {
			return nil
		}
		l.rest(p)
	}
	return nil
}

// A reach is a file and how far it may be read: what is above was not committed yet.
type reach struct {
	*piece
	upto uint64
}

// above lists the files in which numbers above one may lie.
func (l *Log) above(after uint64) (some []reach) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.pieces {
		if p.first <= p.last && p.last > after {
			some = append(some, reach{p, p.last})
		}
	}
	return some
}

// condemned is condemn for who reads.
func (l *Log) condemned(p *piece, why error) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	return l.condemn(p, why)
}

// rest closes a file that was read to its end, unless it is the newest.
func (l *Log) rest(p *piece) {
	if p != l.newest() {
		_ = p.close() // it was only read
	}
}
