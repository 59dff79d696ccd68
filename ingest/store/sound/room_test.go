package sound

import (
	"fmt"
	"os"
	"syscall"
	"testing"

	bolt "go.etcd.io/bbolt"
)

// TestAllocated holds that a file has its room on disk from the start, and that bbolt
// neither shortens nor outgrows it.
func TestAllocated(t *testing.T) {
	t.Parallel()
	path, most := filled(t), int64(4<<20)
	for range 2 {
		f, err := Open(path, most, Allocated(func(err error) { t.Skipf("no room can be allocated here: %v", err) }))
		if err != nil {
			t.Fatal(err)
		}
		for n := range 300 {
			_, err := f.Update(func(tx *bolt.Tx) error {
				return tx.Bucket([]byte("lane")).Put(fmt.Appendf(nil, "%04d", n), make([]byte, 5000))
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		is, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if disk := is.Sys().(*syscall.Stat_t).Blocks * 512; is.Size() != most || disk < most {
			t.Errorf("got %d bytes, %d of them on disk, want %d", is.Size(), disk, most)
		}
	}
}
