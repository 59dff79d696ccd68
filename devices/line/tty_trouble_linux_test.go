//go:build linux

package line

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestExplainTTY: whatever the system says about a port, a person reads the
// port as the site wrote it, the reason, and the next step.
func TestExplainTTY(t *testing.T) {
	t.Parallel()
	const path = "/dev/no-such-port"
	for _, c := range []struct {
		err   error
		short string
		want  string
	}{
		{&fs.PathError{Op: "open", Path: "/dev/ttyUSB0", Err: unix.EACCES}, "permission", "permission denied (add the user to group dialout, then start sitepost again)"},
		{&fs.PathError{Op: "open", Path: "/dev/ttyXRUSB0", Err: unix.EPERM}, "permission", "operation not permitted (systemd did not know its driver when it started sitepost: sudo systemctl restart sitepost)"},
		{&fs.PathError{Op: "lstat", Path: path, Err: unix.ENOENT}, "missing", "no such file or directory (is the adapter plugged in? ls -l /dev/serial/by-path shows those that are)"},
		{unix.EBUSY, "in use", "device or resource busy (held by a program that cannot be seen from here; sudo fuser -v /dev/no-such-port names it)"},
		{unix.EIO, "missing", "input/output error (is the adapter plugged in? ls -l /dev/serial/by-path shows those that are)"},
		{fmt.Errorf("%w: asked for 250000, nearest is 230400", errBaud), "settings", "adapter cannot do this baud: asked for 250000, nearest is 230400 (this adapter cannot do these settings; use another adapter or set another baud on the instrument)"},
		{unix.ENOMEM, "down", "cannot allocate memory"},
	} {
		err := explainTTY(path, c.err)
		if want := `open "/dev/no-such-port": ` + c.want; err.Error() != want || short(err) != c.short {
			t.Errorf("got  %v, %s\nwant %s, %s", err, short(err), want, c.short)
		}
	}
}

// TestHolder: another program that has the port open is named with its number.
func TestHolder(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "port")
	if got := holder(path); got != "" {
		t.Errorf("no such port: got %q", got)
	}
	port, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer port.Close()
	if got, want := holder(path), "this sitepost has it open already: is the port in two lines of the site file?"; got != want {
		t.Errorf("ours: got %q, want %q", got, want)
	}
	other := exec.Command("sleep", "60")
	other.Stdin = port
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = other.Process.Kill()
		_ = other.Wait()
	}()
	if got, want := holder(path), fmt.Sprintf(`held by process %d, "sleep": stop it`, other.Process.Pid); got != want {
		t.Errorf("theirs: got %q, want %q", got, want)
	}
}
