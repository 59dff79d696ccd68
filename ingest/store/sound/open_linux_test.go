package sound

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"
)

// TestOpenFull measures how long a file of 256 MiB takes that is not in memory: it
// is what a box waits for after a power cut.
func TestOpenFull(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 256 MiB")
	}
	path := filepath.Join(t.TempDir(), "store.db")
	const most = 256 << 20
	n := 0
	err := Draft(path, most, func(update func(func(tx *bolt.Tx) error) error) error {
		for full := false; !full; {
			err := update(func(tx *bolt.Tx) error {
				b, err := tx.CreateBucketIfNotExists([]byte("lane"))
				if err != nil {
					return err
				}
				b.FillPercent = 1
				for range 4000 {
					n++
					key := fmt.Appendf(nil, "%08d", n)
					if err := b.Put(key, FrameDoc(key, fmt.Appendf(nil, "%0600d", n))); err != nil {
						return err
					}
				}
				full = tx.Size() > most-8<<20
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(drafted(path), path); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(SyncPath(path), Forget(path)); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	err = Check(path)
	checked := time.Since(begin)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(SyncPath(path), Forget(path)); err != nil {
		t.Fatal(err)
	}
	begin = time.Now()
	f, err := Open(path, most)
	took := time.Since(begin)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	load, _ := os.ReadFile("/proc/loadavg")
	t.Logf("%d values: cold check %v, cold open %v, load %s", n, checked, took, load)
	if took > 20*time.Second { // far above what a busy machine needs
		t.Errorf("opening took %v, want 5 s on a quiet machine", took)
	}
}
