package disktest

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
)

// sector is what a disk writes whole or not at all.
const sector = 512

// What a power cut may leave of what was not synced.
const (
	None = "none" // nothing of it
	All  = "all"  // all of it
	Torn = "torn" // some operations, and of some writes some sectors
)

// A Cut is what a disk holds after a power cut.
//
// A file holds what it held at its last fsync, and of each write, truncation and
// allocation since then all, nothing, or of a write any of its sectors. A directory
// holds likewise the names it had at its last fsync and of the changes since then
// any, or the first few. An fsync of a file says nothing of its name. Many file
// systems promise more; none promises less.
type Cut struct {
	Ops  int    // operations that were begun before the power went
	What string // None, All or Torn

	files   map[uint64]*image
	folders map[uint64]map[string]uint64
}

// Cuts goes through all moments between two operations, and for each through what
// may be left if the power goes: nothing and all of what was not synced, and so many
// times something of it, drawn with a seed. A moment between two notes is not one:
// the last of them counts, which knows most.
func (r Recording) Cuts(torn int, seed uint64) iter.Seq[Cut] {
	return func(yield func(Cut) bool) {
		random := rand.New(rand.NewPCG(seed, 0))
		l := newLedger(r.Ops)
		for at, o := range r.Ops {
			if o.Kind == Note || o.Kind == Sync && len(l.waiting[o.ID]) == 0 {
				continue
			}
			if !l.cutAt(at, torn, random, yield) {
				return
			}
			l.do(at)
		}
		l.cutAt(len(r.Ops), torn, random, yield)
	}
}

// A ledger is what is on disk for certain, and what waits for an fsync.
type ledger struct {
	ops     []Op
	sure    Cut
	waiting map[uint64][]int // operations, by the file or the directory they change
}

func newLedger(ops []Op) *ledger {
	return &ledger{ops: ops, waiting: make(map[uint64][]int), sure: Cut{
		files: make(map[uint64]*image), folders: map[uint64]map[string]uint64{rootID: {}},
	}}
}

// do takes an operation in.
func (l *ledger) do(at int) {
	wait := func(id uint64) { l.waiting[id] = append(l.waiting[id], at) }
	switch o := l.ops[at]; o.Kind {
	case Write, Truncate, Allocate:
		wait(o.ID)
	case Create:
		l.sure.files[o.ID] = new(image)
		wait(o.In)
	case Mkdir:
		l.sure.folders[o.ID] = make(map[string]uint64)
		wait(o.In)
	case Unlink:
		wait(o.In)
	case Rename:
		wait(o.In)
		if o.To != o.In {
			wait(o.To)
		}
	case Sync:
		l.settle(o)
	}
}

// settle puts on disk what a file or a directory had waiting when a sync began.
func (l *ledger) settle(o Op) {
	var done, rest []int
	for _, at := range l.waiting[o.ID] {
		if at < o.Begun {
			done = append(done, at)
		} else {
			rest = append(rest, at)
		}
	}
	l.apply(&l.sure, o.ID, done, nil)
	if l.waiting[o.ID] = rest; len(rest) == 0 {
		delete(l.waiting, o.ID)
	}
}

// cutAt yields what may be left before an operation.
func (l *ledger) cutAt(at, torn int, random *rand.Rand, yield func(Cut) bool) bool {
	cut := func(what string, keep func(id uint64, c *Cut)) bool {
		c := Cut{Ops: at, What: what, files: maps.Clone(l.sure.files), folders: maps.Clone(l.sure.folders)}
		for id := range sorted(l.waiting) {
			keep(id, &c)
		}
		return yield(c)
	}
	if !cut(None, func(uint64, *Cut) {}) {
		return false
	}
	if len(l.waiting) == 0 {
		return true
	}
	if !cut(All, func(id uint64, c *Cut) { l.apply(c, id, l.waiting[id], nil) }) {
		return false
	}
	for range torn {
		if !cut(Torn, func(id uint64, c *Cut) { l.apply(c, id, draw(l.waiting[id], random), random) }) {
			return false
		}
	}
	return true
}

// draw takes some of the operations: any of them, or the first few.
func draw(waiting []int, random *rand.Rand) []int {
	if random.IntN(3) == 0 {
		return waiting[:random.IntN(len(waiting)+1)]
	}
	var some []int
	for _, at := range waiting {
		if random.IntN(3) > 0 {
			some = append(some, at)
		}
	}
	return some
}

// apply does operations on one file or one directory. With a source of chance
// some of the writes are torn.
func (l *ledger) apply(c *Cut, id uint64, ops []int, random *rand.Rand) {
	if len(ops) == 0 {
		return
	}
	if names, is := c.folders[id]; is {
		names = maps.Clone(names)
		for _, at := range ops {
			l.ops[at].rename(id, names)
		}
		c.folders[id] = names
		return
	}
	m := c.files[id].clone()
	for _, at := range ops {
		o := l.ops[at]
		switch {
		case o.Kind == Truncate:
			m.truncate(o.Size)
		case o.Kind == Allocate:
			allocate(m, o.Offset, o.Size, o.Mode)
		case random == nil || random.IntN(2) == 0:
			m.write(o.Content, o.Offset)
		default:
			tear(m, o, random)
		}
	}
	c.files[id] = m
}

// tear writes some sectors. They are the disk's: a write may begin inside of one.
func tear(m *image, o Op, random *rand.Rand) {
	for from, to := o.Offset, int64(0); from < o.Offset+o.Size; from = to {
		to = min((from/sector+1)*sector, o.Offset+o.Size)
		if random.IntN(2) == 0 {
			m.write(o.Content[from-o.Offset:to-o.Offset], from)
		}
	}
}

// rename does what an operation does to the names in one directory.
func (o Op) rename(in uint64, names map[string]uint64) {
	switch o.Kind {
	case Create, Mkdir:
		names[o.Name] = o.ID
	case Unlink:
		delete(names, o.Name)
	case Rename:
		if o.In == in {
			delete(names, o.Name)
		}
		if o.To == in {
			names[o.ToName] = o.ID
		}
	}
}

// Lay makes the files and directories of the cut in a directory that is empty.
func (c Cut) Lay(directory string) error { return c.lay(directory, rootID) }

func (c Cut) lay(directory string, id uint64) error {
	for name, id := range c.folders[id] {
		path := filepath.Join(directory, name)
		if _, is := c.folders[id]; is {
			if err := errors.Join(os.Mkdir(path, 0o700), c.lay(path, id)); err != nil {
				return err
			}
			continue
		}
		if err := layFile(path, c.files[id]); err != nil {
			return err
		}
	}
	return nil
}

func layFile(path string, m *image) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	// The last page may be longer than the file.
	return errors.Join(m.lay(f), f.Truncate(m.size), f.Close())
}

// String says when and what.
func (c Cut) String() string {
	return fmt.Sprintf("after %d operations, %s of the rest", c.Ops, c.What)
}

// sorted makes the draw the same each time.
func sorted(waiting map[uint64][]int) iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		for _, id := range slices.Sorted(maps.Keys(waiting)) {
			if !yield(id) {
				return
			}
		}
	}
}
