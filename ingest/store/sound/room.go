package sound

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// An Option is one of Open.
type Option func(*options)

type options struct {
	allocate bool
	refused  func(error)
}

// Allocated gives a file all of its room before bbolt maps it, so that no other
// program can take it: a disk that is full then has no say in what is written here.
// A file system that cannot do that, or has not so much, is told to refused; the
// file is opened all the same. It never makes a file shorter.
func Allocated(refused func(error)) Option {
	return func(o *options) { o.allocate, o.refused = true, refused }
}

// allocate gives a file so many bytes on disk.
func allocate(path string, bytes int64) (err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	is, err := f.Stat()
	if err != nil {
		return err
	}
	if st, ok := is.Sys().(*syscall.Stat_t); ok && is.Size() >= bytes && st.Blocks*512 >= bytes {
		return nil
	}
	for {
		err := unix.Fallocate(int(f.Fd()), 0, 0, bytes)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		return errors.Join(err, f.Sync())
	}
}
