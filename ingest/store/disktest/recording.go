package disktest

import "time"

// A Kind is what is done to a disk.
type Kind string

// The kinds.
const (
	Create   Kind = "create"   // of a file
	Mkdir    Kind = "mkdir"    // of a directory
	Rename   Kind = "rename"   // of either
	Unlink   Kind = "unlink"   // of either
	Write    Kind = "write"    // of bytes
	Truncate Kind = "truncate" // to a size, longer or shorter
	Allocate Kind = "allocate" // of room
	Sync     Kind = "sync"     // of a file or a directory

	Note Kind = "note" // nothing was done: the test said something
)

// An Op is one operation that succeeded. Files and directories have numbers that
// are never used twice; the disk's own directory is 1.
type Op struct {
	Kind Kind
	At   time.Duration // since the recording began

	ID   uint64 // of the file, or of the directory that is synced or made
	In   uint64 // the directory where it is made, renamed or removed
	Name string // its name there

	To     uint64 // where it is renamed to
	ToName string

	Offset, Size int64
	Content      []byte // that was written
	Mode         uint32 // of fallocate

	// Begun is how many operations were recorded when a sync began: it puts on
	// disk what was done before, and not what was done meanwhile.
	Begun int

	Text string // of a note
}

// A Recording is all that was done to a disk, in order.
type Recording struct{ Ops []Op }

// WithoutSync is the recording of a disk that does not do what fsync asks for: the
// proof that a test would see a loss.
func (r Recording) WithoutSync() Recording {
	var without Recording
	for _, o := range r.Ops {
		if o.Kind == Sync {
			o = Op{Kind: Note, At: o.At}
		}
		without.Ops = append(without.Ops, o)
	}
	return without
}
