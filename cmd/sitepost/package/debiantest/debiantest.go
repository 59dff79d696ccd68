// Package debiantest has a fresh Debian 12 in a folder for tests that install the
// package: what it brings and what its scripts do can be seen there. systemd does not
// run in it.
//
// The first one is made by debootstrap, which takes a minute and a mirror; then it lies
// in the user's cache.
package debiantest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// release is the Debian that packages are made for.
const release = "bookworm"

// Unpack puts a Debian into a folder of its own, which goes with the test.
func Unpack(t *testing.T) (root string) {
	t.Helper()
	if os.Geteuid() != 0 {
		Missing(t, "to chroot into a Debian is root's business")
	}
	Needs(t, "debootstrap")
	archive := cached(t)
	root = t.TempDir()
	if out, err := exec.Command("tar", "-C", root, "-xpf", archive).CombinedOutput(); err != nil {
		t.Fatalf("unpack %s (remove it to have it made anew): %v\n%s", archive, err, out)
	}
	return root
}

// Needs is a program that a test cannot do without: it is skipped where there is none,
// and fails where everything is asked for.
func Needs(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		Missing(t, "no "+program+" here: make needs installs it")
	}
}

// Missing skips a test with its reason, or fails it where everything is asked for.
func Missing(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("SITEPOST_ALL") != "" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// cached makes the archive if there is none.
func cached(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(cache, "sitepost")
	archive := filepath.Join(folder, "debian-"+release+"-minbase.tar")
	if _, err := os.Stat(archive); err == nil {
		return archive
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	// Tests of two packages may be at it at once: each has a draft of its own.
	root, draft := t.TempDir(), fmt.Sprintf("%s.%d", archive, os.Getpid())
	defer os.Remove(draft) // there only if a step failed
	for _, step := range [][]string{
		{"debootstrap", "--variant=minbase", release, root, mirror()},
		{"tar", "-C", root, "--exclude=./var/cache/apt/archives/*.deb", "--exclude=./var/lib/apt/lists/*_*", "-cpf", draft, "."},
	} {
		if out, err := exec.Command(step[0], step[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(step, " "), err, out[max(0, len(out)-2000):])
		}
	}
	if err := os.Rename(draft, archive); err != nil {
		t.Fatal(err)
	}
	return archive
}

// mirror is where apt gets Debian from on this machine.
func mirror() string {
	const usual = "http://deb.debian.org/debian"
	files, _ := filepath.Glob("/etc/apt/sources.list.d/*")
	for _, file := range append(files, "/etc/apt/sources.list") {
		text, _ := os.ReadFile(file) // one that is not there says nothing
		for word := range strings.FieldsSeq(string(text)) {
			if strings.HasPrefix(word, "http") && strings.HasSuffix(strings.TrimRight(word, "/"), "/debian") {
				return word
			}
		}
	}
	return usual
}
