package segment

import (
	"errors"
	"fmt"
	"math"
	"os"
	"syscall"
	"time"

	berrors "go.etcd.io/bbolt/errors"

	"sitepost/ingest/store/sound"
)

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

// ErrNotBegun is returned by Append before Begin.
var ErrNotBegun = errors.New("log is not open yet")

// Append adds values from a number on, which is not below Next, in one commit. Where
// the disk was full nothing was added. After any other failure they may be there all
// the same, so their numbers are used; but where the numbers are Given they can only be
// those of the same values, and may be tried again.
func (l *Log) Append(first uint64, values [][]byte) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	next, begun, closed := l.next, l.begun, l.closed
	l.mu.Unlock()
	switch {
	case !begun:
		return ErrNotBegun
	case closed:
		return ErrClosed
	case first < next || first > math.MaxUint64-Most:
		return fmt.Errorf("number %d, the next is %d", first, next)
	}
	p, fresh := l.newest(), false
	if p == nil || p.used >= l.opt.Bytes || p.suspect || first-p.first >= Most/2 {
		if err := l.roll(first); err != nil {
			return err
		}
		p, fresh = l.newest(), true
	}
	size, err := p.append(l, first, values)
	if errors.Is(err, berrors.ErrMaxSizeReached) && !fresh {
		// Nothing of it was added: it begins the next file.
		if err := l.roll(first); err != nil {
			return err
		}
		p = l.newest()
		size, err = p.append(l, first, values)
	}
	if err != nil && Full(err) {
		return err
	}
	if err == nil || !l.opt.Given {
		l.Skip(first + uint64(len(values)))
	}
	switch {
	case errors.Is(err, sound.ErrDamaged):
		return errors.Join(err, l.condemn(p, err))
	case err != nil:
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	p.last, p.touched = first+uint64(len(values))-1, time.Now()
	p.used, p.bytes = size, max(p.bytes, size)
	return nil
}

// Skip says that the numbers below next are used, or never will be.
func (l *Log) Skip(next uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next = max(l.next, next)
}

// Full says whether an error is that of a full disk.
func Full(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

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
