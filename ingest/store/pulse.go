package store

// A Pulse is how the store itself does.
type Pulse struct {
	Failing      bool // the last commit failed
	ReadingsLost int  // since it fails
	Commits      int  // since the start
}

// Pulse says how the store does now. It asks no disk.
func (s *Store) Pulse() Pulse {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Pulse{Failing: s.failing, ReadingsLost: s.lost, Commits: s.commits}
}
