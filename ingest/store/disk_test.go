package store

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A disk is an ext4 of our own in a file, and the figures of its block device.
type disk struct{ dir, stat string }

// ownDisk makes one of so many MiB.
func ownDisk(t testing.TB, size int) *disk {
	t.Helper()
	if os.Getuid() != 0 {
		skip(t, "a disk of our own needs root")
	}
	image, dir := filepath.Join(t.TempDir(), "image"), t.TempDir()
	script := `truncate -s "$3" "$1" &&
		mkfs.ext4 -q -F -m 0 -E lazy_itable_init=0,lazy_journal_init=0 "$1" &&
		mount -o loop,noatime "$1" "$2"`
	if out, err := exec.Command("sh", "-c", script, "sh", image, dir, fmt.Sprint(size, "M")).CombinedOutput(); err != nil {
		skip(t, "no disk of our own: %v\n%s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v\n%s", err, out)
		}
	})
	var st unix.Stat_t
	if err := unix.Stat(dir, &st); err != nil {
		t.Fatal(err)
	}
	return &disk{dir, fmt.Sprintf("/sys/dev/block/%d:%d/stat", unix.Major(st.Dev), unix.Minor(st.Dev))}
}

// sectors is how many bytes the device was given so far: field 7 of its figures
// counts sectors of 512 (Documentation/block/stat.rst).
func (d *disk) sectors(t testing.TB) int64 {
	t.Helper()
	f, err := os.Open(d.dir)
	if err == nil {
		err = unix.Syncfs(int(f.Fd())) // and not what all others have to write
		f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(d.stat)
	fields := strings.Fields(string(raw))
	if err != nil || len(fields) < 7 {
		t.Fatalf("%s: %q, %v", d.stat, raw, err)
	}
	n, err := strconv.ParseInt(fields[6], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n * 512
}

// spent is how many bytes the device was given for each of n things that do did.
func (d *disk) spent(t testing.TB, n int, do func()) float64 {
	t.Helper()
	before := d.sectors(t)
	do()
	return float64(d.sectors(t)-before) / float64(n)
}

// directory makes one on the disk.
func (d *disk) directory(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp(d.dir, "")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
