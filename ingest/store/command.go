package store

import "fmt"

// CommandCounter is the highest counter of a command that was ever obeyed, 0 in a
// new file. It asks no disk.
func (s *Store) CommandCounter() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.numbers.kept[numberCommand]
}

// RaiseCommandCounter notes that a command is about to be obeyed. It returns when
// that is on disk: a command is obeyed at most once, whenever the power goes. A
// counter that is not above the highest is refused.
func (s *Store) RaiseCommandCounter(n uint64) error {
	return s.wait(&entry{done: make(chan error, 1), apply: func(c *change) error {
		highest, _, err := c.s.numbers.get(c.tx, numberCommand)
		if err != nil {
			return err
		}
		if n <= highest {
			return fmt.Errorf("%w: counter %d of a command is not above %d", ErrRefused, n, highest)
		}
		c.any = true
		return c.s.numbers.put(c.tx, numberCommand, n)
	}})
}
