package main

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// newPort opens a serial port inside, and returns the end of the device and its name.
func (d *booted) newPort() (*os.File, string) {
	d.t.Helper()
	inside := fmt.Sprintf("/proc/%d/root/dev/pts", d.pid)
	f, err := os.OpenFile(inside+"/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = f.Close() })
	number := unlocked(d.t, f)
	device := fmt.Sprintf("%s/%d", inside, number)
	if err := errors.Join(os.Chown(device, 0, d.id("group", "dialout")), os.Chmod(device, 0o660)); err != nil { // as udev gives ports
		d.t.Fatal(err)
	}
	return f, fmt.Sprintf("/dev/pts/%d", number)
}

// unlocked lets the other end of a new pty be opened, and returns its number. f stays one
// whose reads end at a deadline, which they do not after Fd().
func unlocked(t *testing.T, f *os.File) (number int) {
	t.Helper()
	conn, err := f.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var refused error
	err = conn.Control(func(fd uintptr) {
		if number, refused = unix.IoctlGetInt(int(fd), unix.TIOCGPTN); refused == nil {
			refused = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0)
		}
	})
	if err := errors.Join(err, refused); err != nil {
		t.Fatal(err)
	}
	return number
}
