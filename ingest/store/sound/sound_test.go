package sound

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	bolt "go.etcd.io/bbolt"
)

// filled makes a file with two buckets, one of several pages, and returns its path.
func filled(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "store.db")
	err := Create(path, 1<<20, func(tx *bolt.Tx) error {
		for _, name := range []string{"lane", "words"} {
			b, err := tx.CreateBucket([]byte(name))
			if err != nil {
				return err
			}
			for i := range len(name) * 40 * len(name) {
				key := fmt.Appendf(nil, "%04d", i)
				value, err := Frame(key, fmt.Sprint("value ", i))
				if err != nil {
					return err
				}
				if err := b.Put(key, value); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// FuzzCheck holds that no file makes the walk over its pages panic or go on for
// ever, and that bbolt opens what it lets pass.
func FuzzCheck(f *testing.F) {
	whole, err := os.ReadFile(filled(f))
	if err != nil {
		f.Fatal(err)
	}
	whole = whole[:min(len(whole), 16*os.Getpagesize())]
	f.Add(uint32(0), []byte{})
	f.Add(uint32(0), []byte{0xff, 0xff})
	for page := range len(whole) / os.Getpagesize() {
		f.Add(uint32(page*os.Getpagesize()+8), []byte{1, 0, 0xff, 0xff})
		f.Add(uint32(page*os.Getpagesize()+20), []byte{0xff, 0xff, 0xff, 0x7f})
	}
	f.Fuzz(func(t *testing.T, at uint32, bytes []byte) {
		b := append([]byte(nil), whole...)
		copy(b[int(at)%len(b):], bytes)
		path := filepath.Join(t.TempDir(), "store.db")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if Check(path) != nil {
			return
		}
		db, _, err := openBolt(path, 1<<20, false)
		if err != nil {
			t.Fatalf("bbolt does not open what is sound: %v", err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
