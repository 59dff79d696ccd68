package sound

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Take holds a lock file until it is closed. The number of the process
// stands in it. The file stays: removing it would let two processes hold two
// files of one name.
func Take(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	readOnly := errors.Is(err, syscall.EROFS)
	if readOnly {
		f, err = os.Open(path)
	}
	if err != nil {
		return nil, err
	}
	if err := flock(f); err != nil {
		defer f.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock %q: %w", path, err)
		}
		var who [32]byte
		n, _ := f.ReadAt(who[:], 0)
		return nil, fmt.Errorf("in use by process %s (stop it first)", strings.TrimSpace(string(who[:n])))
	}
	if readOnly { // a lock can be held, and nobody's number be written
		return f, nil
	}
	if err := errors.Join(f.Truncate(0), writePid(f)); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %q: %w", path, err), f.Close())
	}
	return f, nil
}

func writePid(f *os.File) error {
	_, err := f.WriteAt(fmt.Appendf(nil, "%d\n", os.Getpid()), 0)
	return err
}

// lockWithin is how long a lock that somebody has is tried for: a daemon that is
// started again may come before the old one is quite gone, and a process that
// starts another one holds its locks for a moment longer.
const lockWithin = 2 * time.Second

// flock takes the lock on a file, and says EWOULDBLOCK if somebody keeps it.
func flock(f *os.File) error {
	for end := time.Now().Add(lockWithin); ; time.Sleep(lockWithin / 40) {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, syscall.EWOULDBLOCK) || time.Now().After(end) {
			return err
		}
	}
}
