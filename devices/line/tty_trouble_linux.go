//go:build linux

package line

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// explainTTY turns what the system says about a serial port into something a
// person can act on.
func explainTTY(path string, err error) error {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		err = pathErr.Err // the path is named once, as the site wrote it
	}
	trouble := func(short, step string) error {
		return &Trouble{Err: fmt.Errorf("open %q: %w", path, err), Short: short, Step: step}
	}
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ENXIO), errors.Is(err, unix.ENODEV), errors.Is(err, unix.EIO):
		return trouble("missing", "is the adapter plugged in? ls -l /dev/serial/by-path shows those that are")
	case errors.Is(err, unix.EPERM): // DeviceAllow= of the unit knows the drivers of its start only
		return trouble("permission", "systemd did not know its driver when it started sitepost: sudo systemctl restart sitepost")
	case errors.Is(err, fs.ErrPermission):
		return trouble("permission", "add the user to group dialout, then start sitepost again")
	case errors.Is(err, errInUse), errors.Is(err, unix.EBUSY):
		return trouble("in use", cmp.Or(holder(path), "held by a program that cannot be seen from here; sudo fuser -v "+path+" names it"))
	case errors.Is(err, errNotTTY), errors.Is(err, unix.ENOTTY), errors.Is(err, unix.EISDIR):
		return trouble("not a port", "port must name a serial port, as in /dev/serial/by-path/…")
	case errors.Is(err, errBaud), errors.Is(err, unix.EINVAL):
		return trouble("settings", "this adapter cannot do these settings; use another adapter or set another baud on the instrument")
	}
	return fmt.Errorf("open %q: %w", path, err)
}

// holder says who else has the port open, as far as /proc shows it; "" if
// nobody can be seen. Other processes are named before this one, which may
// itself have the port open as another line.
func holder(path string) string {
	device, err := filepath.EvalSymlinks(path)
	if err != nil {
		return ""
	}
	own := os.Getpid()
	other, ours := 0, false
	links, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	for _, link := range links {
		if target, err := os.Readlink(link); err != nil || target != device {
			continue
		}
		pid, _ := strconv.Atoi(strings.Split(link, "/")[2])
		if pid == own {
			ours = true
		} else {
			other = pid
		}
	}
	switch {
	case other == 0 && ours:
		return "this sitepost has it open already: is the port in two lines of the site file?"
	case other == 0:
		return ""
	}
	name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", other))
	return fmt.Sprintf("held by process %d, %q: stop it", other, strings.TrimSpace(string(name)))
}
