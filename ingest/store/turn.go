package store

import "context"

// Turn returns when the writer has come round: what waited is on disk, or was refused,
// and nothing is written for the question. It tells a store that is at rest from one
// that hangs; how the disk does Stock tells. The error is that of ctx, or ErrClosed.
func (s *Store) Turn(ctx context.Context) error {
	e := &entry{apply: func(*change) error { return nil }, patience: eventPatience, done: make(chan error, 1)}
	if _, err := s.enqueue(e); err != nil {
		return err
	}
	select {
	case <-e.done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
