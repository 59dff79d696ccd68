package sound

import (
	"errors"
	"fmt"
	"runtime/debug"

	bolt "go.etcd.io/bbolt"
)

// guard runs f and turns a panic, or a fault in the mapped file, into
// ErrDamaged: bbolt panics on pages it does not understand, and reading behind
// the end of a shortened file is a bus error, which ends the process unless the
// goroutine asks otherwise.
//
// It guards its own goroutine only. bbolt scans the file in one of its own when
// it opens it; hence Check.
func guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch p := recover().(type) {
		case nil:
		case failedCommit:
			err = p.err
		default:
			err = fmt.Errorf("%w: %v", ErrDamaged, p)
		}
	}()
	return f()
}

// begin starts a transaction. bbolt holds its own locks while it reads the meta
// pages, and keeps them for ever where that panics: whoever came next would wait
// for ever. So nobody comes next, and such a file is never closed but left.
func (f *File) begin(writable bool) (*bolt.Tx, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.db == nil {
		return nil, ErrShut
	}
	if f.stuck {
		return nil, fmt.Errorf("%w: neither meta page can be read", ErrDamaged)
	}
	var tx *bolt.Tx
	err := guard(func() (err error) {
		tx, err = f.db.Begin(writable)
		return err
	})
	f.stuck = errors.Is(err, ErrDamaged)
	return tx, err
}

// View runs do in a short read transaction. It copies what it wants to keep.
// What bbolt does not survive is ErrDamaged.
func (f *File) View(do func(tx *bolt.Tx) error) error {
	tx, err := f.begin(false)
	if err != nil {
		return err
	}
	err = guard(func() error { return do(tx) })
	return errors.Join(err, guard(tx.Rollback))
}

// ErrUnchanged, returned by what Update runs, makes the transaction end without a
// commit, and without an error.
var ErrUnchanged = errors.New("nothing to commit")

// Update runs do in a write transaction and commits it. It says whether it did.
// After any other error than one of do the file is to be closed, and may be opened
// again (failed.go).
//
// It is not bolt.DB.Update: that answers a panic with a scan of the whole file
// in a goroutine that nobody guards.
func (f *File) Update(do func(tx *bolt.Tx) error) (committed bool, err error) {
	tx, err := f.begin(true)
	if err != nil {
		return false, err
	}
	err = guard(func() error {
		if err := do(tx); err != nil {
			return err
		}
		return tx.Commit()
	})
	if err == nil {
		return true, nil
	}
	// After a failed Commit the transaction is closed already, and says so.
	_ = guard(tx.Rollback)
	if errors.Is(err, ErrUnchanged) {
		return false, nil
	}
	return false, err
}
