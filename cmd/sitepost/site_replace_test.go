package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// siteIn writes a site file into a folder of its own.
func siteIn(t *testing.T, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "site.toml")
	if err := os.WriteFile(path, []byte(text), 0o640); err != nil {
		t.Fatal(err)
	}
	return path
}

// beside lists what lies in the folder of a file.
func beside(t *testing.T, path string) (names []string) {
	t.Helper()
	all, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		names = append(names, f.Name())
	}
	return names
}

// TestReplace: what an editor saved since it was read stays, the backup is the old file
// itself, and a replacement that cannot be leaves nothing behind.
func TestReplace(t *testing.T) {
	t.Parallel()
	path := siteIn(t, "old")
	file, err := openSite(path)
	if err != nil {
		t.Fatal(err)
	}
	was, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	backup, err := file.replace([]byte("new"))
	if text, readErr := os.ReadFile(path); err != nil || string(text) != "new" || readErr != nil {
		t.Fatalf("got %v, %q, %v", err, text, readErr)
	}
	if kept, err := os.Stat(backup); err != nil || !os.SameFile(was, kept) {
		t.Errorf("the backup %s is another file than the old one: %v", backup, err)
	}
	_, err = file.replace([]byte("newer")) // what was opened is not there any more
	if err == nil || !strings.Contains(err.Error(), "was changed by somebody else just now and stays so") {
		t.Errorf("got %v", err)
	}
	if text, err := os.ReadFile(path); string(text) != "new" || err != nil {
		t.Errorf("got %q, %v, want what somebody else wrote", text, err)
	}
	if got := beside(t, path); len(got) != 2 {
		t.Errorf("in the folder lie %q, want the file and one backup", got)
	}
}

// TestReplaceForeign: a technician who may write into the folder and not take over the
// file is told so, and finds no backup of something that was not done.
func TestReplaceForeign(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, to be somebody else for a moment")
	}
	path := siteIn(t, "old")
	for folder := filepath.Dir(path); strings.HasPrefix(folder, os.TempDir()+"/"); folder = filepath.Dir(folder) {
		if err := os.Chmod(folder, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // for good: the thread, which is nobody by then, ends with us
		const nobody = 65534
		if _, err := unix.SetfsuidRetUid(nobody); err != nil {
			done <- err
			return
		}
		file, err := openSite(path)
		if err == nil {
			_, err = file.replace([]byte("new"))
		}
		done <- err
	}()
	if err := <-done; !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "try again with sudo") {
		t.Errorf("got %v", err)
	}
	if got := beside(t, path); len(got) != 1 {
		t.Errorf("in the folder lie %q, want the file alone", got)
	}
}

// TestOpenSiteHostile: whatever the path leads to, a tool that would change it ends.
func TestOpenSiteHostile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	err := errors.Join(syscall.Mkfifo(at("pipe"), 0o640), os.WriteFile(at("huge"), nil, 0o640), os.Truncate(at("huge"), 100<<20),
		os.Symlink(at("b"), at("a")), os.Symlink(at("a"), at("b")))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"": "is no ordinary file", "pipe": "is no ordinary file", "huge": "is larger than 1 MiB", "a": "too many links", "none": "no such file"} {
		ended := make(chan error, 1)
		go func() {
			_, err := openSite(at(name))
			ended <- err
		}()
		select {
		case err := <-ended:
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: got %v, want %s", name, err, want)
			}
		case <-time.After(20 * time.Second):
			t.Errorf("%q: it waits for ever", name)
		}
	}
}
