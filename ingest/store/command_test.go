package store

import (
	"errors"
	"testing"
)

// TestCommandCounter: the counter only rises, and is on disk when it is said to be.
func TestCommandCounter(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	s := at(t, directory)
	same(t, "counter of a new file", s.CommandCounter(), 0)
	if err := s.RaiseCommandCounter(7); err != nil {
		t.Fatal(err)
	}
	for _, n := range []uint64{0, 6, 7} {
		if err := s.RaiseCommandCounter(n); !errors.Is(err, ErrRefused) {
			t.Errorf("raise to %d after 7: got %v, want it refused", n, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := at(t, directory)
	same(t, "counter after a restart", again.CommandCounter(), 7)
	if err := again.RaiseCommandCounter(8); err != nil {
		t.Error(err)
	}
	same(t, "counter", again.CommandCounter(), 8)
}
