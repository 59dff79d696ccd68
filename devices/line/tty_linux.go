//go:build linux

package line

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/tarm/serial"
	"golang.org/x/sys/unix"
)

// OpenTTY returns an opener for a serial port of this machine. The path is
// looked up anew at each opening, so that a link below /dev/serial/by-path is
// followed to wherever the adapter is now.
//
// A port is opened twice. The first descriptor is the guard:
//
//	guard ── lock, custom baud, mark and space parity, write, wait, liveness
//	tarm  ── 8-bit transparent line settings, read
//
// The guard is there because tarm/serial cannot tell an idle line from an
// unplugged adapter (both read 0 bytes and io.EOF), writes without a deadline,
// knows no baud beyond its table, and lets two programs open one port. Line
// settings belong to the terminal, not to a descriptor, so what the guard
// sets holds for tarm's reads too.
func OpenTTY(path string, s Settings) Opener {
	return func(ctx context.Context) (Port, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		p, err := openTTY(path, s)
		if err != nil {
			return nil, explainTTY(path, err)
		}
		return p, nil
	}
}

// A tty is an open serial port.
type tty struct {
	patience
	guard    *os.File
	port     *serial.Port
	settings Settings
}

// Refusals that have no errno of their own, or several.
var (
	errNotTTY = errors.New("not a serial port")
	errInUse  = errors.New("in use")
)

// openTTY opens guard and port. The lock comes before the settings: somebody
// else's line must not be changed.
func openTTY(path string, s Settings) (_ *tty, err error) {
	device, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, err
	}
	stat, err := os.Stat(device)
	if err != nil {
		return nil, err
	}
	if stat.Mode()&fs.ModeCharDevice == 0 {
		return nil, errNotTTY
	}
	guard, err := os.OpenFile(device, unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	t := &tty{guard: guard, settings: s}
	t.set = guard.SetReadDeadline
	defer func() {
		if err != nil {
			t.Close()
		}
	}()
	if err := t.control(lock); err != nil {
		return nil, err
	}
	if err := guard.SetDeadline(time.Time{}); err != nil {
		return nil, err
	}
	if t.port, err = serial.OpenPort(tarmConfig(device, s)); err != nil {
		return nil, err
	}
	if err := t.control(func(fd int) error { return finish(fd, s) }); err != nil {
		return nil, err
	}
	return t, t.Discard()
}

// control runs f on the guard's descriptor, which cannot be closed meanwhile.
func (t *tty) control(f func(fd int) error) error {
	raw, err := t.guard.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = f(int(fd)) }); err != nil {
		return os.ErrClosed // the only reason why f was not run
	}
	return failed
}

// unplugged is the end of a port whose adapter went away.
func unplugged() error {
	return &Trouble{
		Err:   errors.New("adapter is gone"),
		Short: "gone",
		Step:  "is it still plugged in? the line comes back by itself",
	}
}

// Read waits on the guard, which can be woken, and takes the bytes through
// tarm. The terminal says "readable" when bytes are there and when it was hung
// up; tarm's Read returns at once in both cases.
func (t *tty) Read(p []byte) (int, error) {
	ready, err := t.wait()
	if err != nil || !ready {
		return 0, err
	}
	n, err := t.port.Read(p)
	switch {
	case n > 0:
		return n, nil
	case err == nil || errors.Is(err, io.EOF):
		return 0, t.alive()
	case errors.Is(err, unix.EIO), errors.Is(err, unix.ENXIO), errors.Is(err, unix.ENODEV):
		return 0, unplugged()
	}
	return 0, err
}

// wait waits up to 100 ms for something to read. When nothing came it asks
// whether the adapter still lives, so that a driver that does not tell of an
// unplugged adapter is found out too.
func (t *tty) wait() (ready bool, err error) {
	raw, err := t.guard.SyscallConn()
	if err != nil {
		return false, err
	}
	if err := t.begin(readWait); err != nil {
		return false, os.ErrClosed // it had deadlines when it was opened
	}
	defer t.end()
	err = raw.Read(func(fd uintptr) bool {
		watched := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, _ := unix.Poll(watched, 0)
		return n > 0
	})
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return false, t.alive()
	}
	return false, os.ErrClosed // the only other way for the waiting to end
}

// alive asks for the line settings: a terminal that was hung up refuses.
func (t *tty) alive() error {
	err := t.control(func(fd int) error {
		_, err := unix.IoctlGetTermios(fd, unix.TCGETS)
		return err
	})
	if errors.Is(err, os.ErrClosed) {
		return err
	}
	if err != nil {
		return unplugged()
	}
	return nil
}

// Write writes through the guard, because only a descriptor that does not
// block has a deadline: the time on the wire and one second.
func (t *tty) Write(p []byte) (int, error) {
	if err := t.guard.SetWriteDeadline(time.Now().Add(time.Second + t.settings.Wire(len(p)))); err != nil {
		return 0, err
	}
	n, err := t.guard.Write(p)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return n, &Trouble{Err: fmt.Errorf("write stuck after %d of %d bytes", n, len(p)), Short: "stuck", Step: "unplug the adapter and plug it in again"}
	case errors.Is(err, syscall.EIO), errors.Is(err, syscall.ENXIO), errors.Is(err, syscall.ENODEV):
		return n, unplugged()
	}
	return n, err
}

// Discard throws away what the terminal has received. It asks the guard and
// not tarm, whose Flush would also take back what is being sent.
func (t *tty) Discard() error {
	return t.control(func(fd int) error { return unix.IoctlSetInt(fd, unix.TCFLSH, unix.TCIFLUSH) })
}

// Close takes back what was not sent, since the kernel would wait up to 30 s
// for it to drain, gives the exclusive use back, and closes the guard last:
// the lock holds until nothing of ours is open. A line that was refused is
// somebody else's, and is not touched.
func (t *tty) Close() error {
	t.Interrupt()
	if t.port == nil {
		return t.guard.Close()
	}
	_ = t.control(func(fd int) error { // all of this fails on an unplugged adapter, and does not matter there
		_ = unix.IoctlSetInt(fd, unix.TCFLSH, unix.TCIOFLUSH)
		return unix.IoctlSetInt(fd, unix.TIOCNXCL, 0)
	})
	return errors.Join(t.port.Close(), t.guard.Close())
}
