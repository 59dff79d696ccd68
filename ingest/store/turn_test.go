package store

import (
	"context"
	"errors"
	"testing"
	"time"

	"sitepost/devices"
)

// TestTurn: a store that is at rest turns, and nothing is written for it; one whose
// writer hangs does not.
func TestTurn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := at(t, t.TempDir())
		says(t, s, "gas-1", said(1, devices.GasAlarmHigh, raised))
		before := commits(s)
		for range 3 {
			if err := s.Turn(t.Context()); err != nil {
				t.Errorf("got %v, want that it turns", err)
			}
		}
		if got := commits(s); got != before {
			t.Errorf("got %d commits more, want none", got-before)
		}
		free := make(chan struct{})
		go func() {
			_ = s.wait(&entry{done: make(chan error, 1), apply: func(*change) error { <-free; return nil }})
		}()
		time.Sleep(time.Millisecond)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		if err := s.Turn(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a writer that hangs: got %v, want that it does not turn", err)
		}
		close(free)
		if err := s.Turn(t.Context()); err != nil {
			t.Errorf("afterwards: got %v, want that it turns", err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := s.Turn(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("closed: got %v, want ErrClosed", err)
		}
	})
}
