package store

import "sync/atomic"

// A pulse counts how often a goroutine has come round. It stands still while the
// goroutine hangs in a disk that neither takes nor refuses; a disk that refuses is an
// answer, after which it comes round.
type pulse struct{ atomic.Uint64 }

// Pulses returns how often the writer and the binder have come round since the store
// was opened, and asks both to do it once more: whoever sees one of them stand still
// between two calls, seconds apart, knows that it hangs, or works on one thing for so
// long. To replace a damaged file is many small steps, and each counts. It asks no
// disk and waits for nobody.
func (s *Store) Pulses() (writer, binder uint64) {
	wake(s.kick)
	wake(s.kickBulk)
	return s.pulses.writer.Load(), s.pulses.binder.Load()
}
