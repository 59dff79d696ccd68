package store

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
)

// A current is a retained topic as it lies in the file. No Doc is a topic that
// was emptied: it is forgotten when the broker knows.
type current struct {
	Revision uint64          `json:"revision"`
	Sent     uint64          `json:"sent,omitempty"` // highest revision that the broker has
	Doc      json.RawMessage `json:"doc,omitempty"`
}

// encodeDoc returns the bytes of a document, at most so many, nil for nil.
func encodeDoc(doc any, most int) (json.RawMessage, error) {
	raw, err := json.Marshal(doc)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrRefused, err)
	case len(raw) > most:
		return nil, fmt.Errorf("%w: %d bytes are more than %d", ErrRefused, len(raw), most)
	case bytes.Equal(raw, []byte("null")):
		return nil, nil
	}
	return raw, nil
}

// Put says how a retained topic should stand at the broker. Key is the topic
// below "up/"; doc is encoded as JSON, nil empties the topic, which is
// remembered until that was sent. It returns when it is on disk, within 20 ms
// and a commit. The same bytes again cost nothing and give no revision. The key
// "open" belongs to the store.
func (s *Store) Put(key string, doc any) error {
	if key == "" || key == keyOpen || len(key) > mostName {
		return fmt.Errorf("retained %q: %w: not a key for others", key, ErrRefused)
	}
	raw, err := encodeDoc(doc, mostDoc)
	if err != nil {
		return fmt.Errorf("retained %q: %w", key, err)
	}
	err = s.wait(&entry{
		done:     make(chan error, 1),
		patience: eventPatience,
		size:     len(raw),
		key:      "\x00" + key, // no device has such a name
		apply:    func(c *change) error { return c.putCurrent(key, raw) },
		worth: func() bool {
			now, ok := s.currents.kept[key]
			return differs(now, ok, raw)
		},
	})
	if err != nil {
		return fmt.Errorf("retained %q: %w", key, err)
	}
	return nil
}

// differs says whether a document is another one than the topic has.
func differs(now current, ok bool, doc json.RawMessage) bool {
	if !ok {
		return doc != nil
	}
	return !bytes.Equal(now.Doc, doc)
}

// putCurrent gives a topic a new document and the next revision.
func (c *change) putCurrent(key string, doc json.RawMessage) error {
	now, ok, err := c.s.currents.get(c.tx, key)
	if err != nil || !differs(now, ok, doc) {
		return err
	}
	last, _, err := c.s.numbers.get(c.tx, numberRevision)
	if err != nil {
		return err
	}
	c.any, c.spoken = true, true
	now.Revision, now.Doc = last+1, doc
	if err := c.s.currents.put(c.tx, key, now); err != nil {
		return err
	}
	return c.s.numbers.put(c.tx, numberRevision, last+1)
}

// Currents returns the retained topics, "open" first and the others by key: all
// of them, or those whose revision was not sent yet. An emptied topic is among
// them until that was sent.
func (s *Store) Currents(all bool) ([]Current, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.queue.closed {
		return nil, ErrClosed
	}
	var list []Current
	for key, now := range s.currents.kept {
		sent := max(now.Sent, s.told[key]) >= now.Revision
		if sent && (!all || now.Doc == nil) {
			continue
		}
		list = append(list, Current{Key: key, Doc: slices.Clone(now.Doc), Revision: now.Revision})
	}
	slices.SortFunc(list, func(a, b Current) int {
		switch {
		case a.Key == keyOpen:
			return -1
		case b.Key == keyOpen:
			return 1
		}
		return cmp.Compare(a.Key, b.Key)
	})
	return list, nil
}

// CurrentSent says that the broker has a revision of a topic. It is saved as
// marks are.
func (s *Store) CurrentSent(key string, revision uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, ok := s.currents.kept[key]
	if ok && !s.deaf && revision > max(now.Sent, s.told[key]) && revision <= now.Revision {
		s.told[key] = revision
		s.soil()
	}
}

// saveTold writes the revisions that were sent, and forgets the topics of which
// the broker knows that they are empty.
func (c *change) saveTold() error {
	for key, revision := range c.told {
		now, ok, err := c.s.currents.get(c.tx, key)
		if err != nil {
			return err
		}
		if !ok || revision <= now.Sent {
			continue
		}
		c.any = true
		now.Sent = revision
		if now.Doc == nil && now.Sent >= now.Revision {
			err = c.s.currents.remove(c.tx, key)
		} else {
			err = c.s.currents.put(c.tx, key, now)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
