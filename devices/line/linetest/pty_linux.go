//go:build linux

package linetest

import (
	"os"
	"sync"
	"testing"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// A Terminal is a pair of pseudo terminals, as seen from the far end: Read and
// Write talk to whoever opens Path as a serial port. Deadlines work.
type Terminal struct {
	*os.File        // the master
	Path     string // of the slave
	unplug   func()
}

// Unplug closes the far end: for the other one that is an adapter pulled out.
// Path is gone then. It may be called more than once.
func (p *Terminal) Unplug() { p.unplug() }

// PTY returns a raw pair of pseudo terminals, unplugged at the end of the test
// at the latest. The slave stays open until then, so that the master can be
// read while nobody has the port open. Tests that use it do not run in
// parallel and not in a synctest bubble.
func PTY(t testing.TB) *Terminal {
	t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatalf("pseudo terminal: %v", err)
	}
	if err := raw(slave); err != nil {
		t.Fatalf("pseudo terminal: %v", err)
	}
	far, err := waking(master)
	if err != nil {
		t.Fatalf("pseudo terminal: %v", err)
	}
	p := &Terminal{File: far, Path: slave.Name()}
	p.unplug = sync.OnceFunc(func() {
		_ = far.Close()
		_ = slave.Close()
	})
	t.Cleanup(p.unplug)
	return p
}

// waking returns the master as a file whose Close ends a Read that waits.
// creack/pty leaves it blocking, where it does not.
func waking(master *os.File) (*os.File, error) {
	fd, err := unix.FcntlInt(master.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	if err := master.Close(); err != nil {
		return nil, err
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "pty"), nil
}

// raw turns off echo and everything else that a terminal does for a person.
func raw(slave *os.File) error {
	t, err := unix.IoctlGetTermios(int(slave.Fd()), unix.TCGETS)
	if err != nil {
		return err
	}
	t.Iflag, t.Oflag, t.Lflag = 0, 0, 0
	return unix.IoctlSetTermios(int(slave.Fd()), unix.TCSETS, t)
}
