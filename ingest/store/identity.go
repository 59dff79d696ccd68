package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Keep says what must be known of a device when the daemon runs again: by what
// a camera is told from others, where it was last. doc is encoded as JSON, at
// most 64 KiB; nil forgets the device. It returns when that is on disk, within
// 20 ms and a commit. The same bytes again cost nothing. It never leaves the box.
func (s *Store) Keep(name string, doc any) error {
	if name == "" || len(name) > mostName {
		return fmt.Errorf("identity %.64q: %w: a device has a name of at most %d bytes", name, ErrRefused, mostName)
	}
	raw, err := encodeDoc(doc, mostKnown)
	if err != nil {
		return fmt.Errorf("identity %q: %w", name, err)
	}
	err = s.wait(&entry{
		done:     make(chan error, 1),
		patience: eventPatience,
		size:     len(raw),
		key:      "\x00\x00" + name, // no device has such a name, and no topic
		apply:    func(c *change) error { return c.keepIdentity(name, raw) },
		worth:    func() bool { return !bytes.Equal(s.identities.kept[name], raw) },
	})
	if err != nil {
		return fmt.Errorf("identity %q: %w", name, err)
	}
	return nil
}

// keepIdentity writes what is known of a device, if that is something else.
func (c *change) keepIdentity(name string, doc json.RawMessage) error {
	now, _, err := c.s.identities.get(c.tx, name)
	if err != nil || bytes.Equal(now, doc) {
		return err
	}
	c.any = true
	if doc == nil {
		return c.s.identities.remove(c.tx, name)
	}
	return c.s.identities.put(c.tx, name, doc)
}

// Kept lists the names under which Keep has something and that begin so, sorted.
func (s *Store) Kept(prefix string) (names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range s.identities.kept {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Recall reads what Keep wrote into doc. It is false, and doc as it was, for a
// device of which nothing is known.
func (s *Store) Recall(name string, doc any) (bool, error) {
	s.mu.Lock()
	raw, closed := s.identities.kept[name], s.queue.closed
	s.mu.Unlock()
	switch {
	case closed:
		return false, ErrClosed
	case raw == nil:
		return false, nil
	}
	if err := json.Unmarshal(raw, doc); err != nil {
		return false, fmt.Errorf("identity %q: %w", name, err)
	}
	return true, nil
}
