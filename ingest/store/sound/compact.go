package sound

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	bolt "go.etcd.io/bbolt"
)

// A bbolt file never shrinks: what a backlog of a week took stays taken when it is
// drained. Below worthBytes nobody minds.
const worthBytes = 64 << 20

// pays says whether a file that may have so many bytes is worth to be written anew:
// it is larger than it may be and need not, or more than three quarters of what was
// ever used are free.
func (c *check) pays(most int64) bool {
	reached, used := int64(c.reached*c.pageSize), int64(c.pages*c.pageSize)
	if int64(c.size) > most+2*growStep {
		return reached < most/2
	}
	return used > worthBytes && reached < used/4
}

// compact writes a sound file anew, without what is free in it.
func compact(path string, most int64) (err error) {
	tmp := drafted(path)
	if err := os.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	from, _, err := openBolt(path, most, true)
	if err != nil {
		return err
	}
	to, _, err := openBolt(tmp, most, false)
	if err != nil {
		return errors.Join(err, guard(from.Close))
	}
	to.NoSync = true
	err = guard(func() error { return bolt.Compact(to, from, 1<<20) })
	if err = errors.Join(err, guard(to.Close), guard(from.Close)); err == nil {
		err = SyncPath(tmp)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	return SyncPath(filepath.Dir(path))
}
