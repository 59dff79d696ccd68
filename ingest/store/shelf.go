package store

import (
	"fmt"

	bolt "go.etcd.io/bbolt"

	"sitepost/ingest/store/sound"
)

// A shelf is a bucket of small values by name, and their copy in memory.
//
// The bucket is the truth: get, put and remove work on it, inside a write
// transaction. kept is the copy as of the last commit; it is guarded by
// Store.mu and only read to skip work or to answer a question. fresh is what
// the transaction under way has changed; it belongs to the writer alone.
type shelf[V any] struct {
	bucket []byte
	kept   map[string]V
	fresh  map[string]*V // nil: removed
}

func newShelf[V any](bucket string) *shelf[V] {
	return &shelf[V]{bucket: []byte(bucket), kept: make(map[string]V), fresh: make(map[string]*V)}
}

// get reads a value; false if there is none.
func (s *shelf[V]) get(tx *bolt.Tx, name string) (V, bool, error) {
	var v V
	raw := tx.Bucket(s.bucket).Get([]byte(name))
	if raw == nil {
		return v, false, nil
	}
	if err := sound.Unframe([]byte(name), raw, &v); err != nil {
		return v, false, fmt.Errorf("%s %q: %w", s.bucket, name, err)
	}
	return v, true, nil
}

// put writes a value.
func (s *shelf[V]) put(tx *bolt.Tx, name string, v V) error {
	raw, err := sound.Frame([]byte(name), v)
	if err != nil {
		return err
	}
	s.fresh[name] = &v
	return tx.Bucket(s.bucket).Put([]byte(name), raw)
}

// remove takes a value away.
func (s *shelf[V]) remove(tx *bolt.Tx, name string) error {
	s.fresh[name] = nil
	return tx.Bucket(s.bucket).Delete([]byte(name))
}

// all reads the whole bucket. The first damaged value ends it.
func (s *shelf[V]) all(tx *bolt.Tx) (map[string]V, error) {
	found := make(map[string]V)
	if tx.Bucket(s.bucket) == nil { // of a file that is older than it and cannot be written now
		return found, nil
	}
	err := tx.Bucket(s.bucket).ForEach(func(name, raw []byte) error {
		var v V
		if err := sound.Unframe(name, raw, &v); err != nil {
			return fmt.Errorf("%s %q: %w", s.bucket, name, err)
		}
		found[string(name)] = v
		return nil
	})
	return found, err
}

// now is all, with the values that are known as the transaction leaves them not
// decoded anew: their checksums are looked at all the same.
func (s *shelf[V]) now(tx *bolt.Tx) (map[string]V, error) {
	found := make(map[string]V, len(s.kept))
	err := tx.Bucket(s.bucket).ForEach(func(name, raw []byte) error {
		_, err := sound.UnframeDoc(name, raw)
		v, known := s.kept[string(name)]
		if young := s.fresh[string(name)]; young != nil {
			v, known = *young, true
		}
		if err == nil && !known {
			err = sound.Unframe(name, raw, &v)
		}
		if err != nil {
			return fmt.Errorf("%s %q: %w", s.bucket, name, err)
		}
		found[string(name)] = v
		return nil
	})
	return found, err
}

// load makes the copy that of the bucket. A bucket that cannot be read leaves it
// as it was.
func (s *shelf[V]) load(tx *bolt.Tx) error {
	found, err := s.all(tx)
	if err == nil {
		s.kept = found
	}
	return err
}

// settle takes the changes of a committed transaction into the copy.
func (s *shelf[V]) settle() {
	for name, v := range s.fresh {
		if v == nil {
			delete(s.kept, name)
		} else {
			s.kept[name] = *v
		}
	}
	clear(s.fresh)
}

// forget drops the changes of a transaction that was not committed.
func (s *shelf[V]) forget() { clear(s.fresh) }
