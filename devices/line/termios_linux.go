//go:build linux

package line

import (
	"errors"
	"fmt"

	"github.com/tarm/serial"
	"golang.org/x/sys/unix"
)

// errBaud is for adapters that answer a wish for a speed with another speed.
var errBaud = errors.New("adapter cannot do this baud")

// tarmConfig asks tarm for all it can do; finish does the rest. Mark and space
// parity begin as odd and even, a custom baud as 9600.
func tarmConfig(path string, s Settings) *serial.Config {
	c := &serial.Config{Name: path, Baud: s.Baud, ReadTimeout: readWait, Size: byte(s.DataBits), StopBits: serial.Stop1}
	if !tarmBaud(s.Baud) {
		c.Baud = 9600
	}
	switch s.Parity {
	case 'E', 'S':
		c.Parity = serial.ParityEven
	case 'O', 'M':
		c.Parity = serial.ParityOdd
	default:
		c.Parity = serial.ParityNone
	}
	if s.StopBits == 2 {
		c.StopBits = serial.Stop2
	}
	return c
}

// tarmBaud says whether tarm has a constant for this baud.
func tarmBaud(baud int) bool {
	switch baud {
	case 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400, 57600, 115200,
		230400, 460800, 500000, 576000, 921600, 1000000, 1152000, 1500000, 2000000, 2500000, 3000000, 3500000, 4000000:
		return true
	}
	return false
}

// lock makes sure that the descriptor is a terminal and that no other sitepost
// or careful program has it.
func lock(fd int) error {
	if _, err := unix.IoctlGetTermios(fd, unix.TCGETS); err != nil {
		if errors.Is(err, unix.ENOTTY) || errors.Is(err, unix.EINVAL) {
			return errNotTTY
		}
		return err
	}
	err := unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return errInUse
	}
	return err
}

// finish sets what tarm cannot: a baud that is in no table, mark and space
// parity, the checking of parity on what comes in, and TIOCEXCL, which keeps
// out programs that know no lock (except root's).
func finish(fd int, s Settings) error {
	if err := unix.IoctlSetInt(fd, unix.TIOCEXCL, 0); err != nil {
		return err
	}
	custom := !tarmBaud(s.Baud)
	if !custom && s.Parity == 'N' {
		return nil
	}
	t, err := unix.IoctlGetTermios(fd, unix.TCGETS2)
	if err != nil {
		return err
	}
	if custom {
		t.Cflag = t.Cflag&^(unix.CBAUD|unix.CIBAUD) | unix.BOTHER
		t.Ispeed, t.Ospeed = uint32(s.Baud), uint32(s.Baud)
	}
	if s.Parity != 'N' {
		t.Iflag |= unix.INPCK
	}
	if s.Parity == 'M' || s.Parity == 'S' {
		t.Cflag |= unix.CMSPAR
	}
	if err := unix.IoctlSetTermios(fd, unix.TCSETS2, t); err != nil {
		return err
	}
	return checkBaud(fd, s.Baud)
}

// checkBaud refuses an adapter whose nearest speed is more than 2.5 % away
// from what was asked for: beyond that the last bits of a character are wrong.
func checkBaud(fd, want int) error {
	t, err := unix.IoctlGetTermios(fd, unix.TCGETS2)
	if err != nil {
		return err
	}
	got := int(t.Ospeed)
	if 40*max(got-want, want-got) > want {
		return fmt.Errorf("%w: asked for %d, nearest is %d", errBaud, want, got)
	}
	return nil
}
