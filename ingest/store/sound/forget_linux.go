package sound

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Forget takes a file that nobody has open out of the memory of the machine, so
// that the next reader sees what is on disk: after a write that failed the two
// differ.
func Forget(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED), f.Close())
}
