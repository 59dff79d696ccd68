package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestReproducible: who builds the same sources in another folder, at another time and
// with other habits of permissions gets the same bytes. (security.md, row 14)
func TestReproducible(t *testing.T) {
	if testing.Short() {
		t.Skip("makes packages")
	}
	t.Setenv("SOURCE_DATE_EPOCH", "1795678472") // the copy is no repository
	here, there := repository(t), t.TempDir()
	copySources(t, here, there)
	one, two := made(t, here, "1.0.0")[0], made(t, there, "1.0.0")[0]
	if read(t, one) == read(t, two) {
		return
	}
	t.Errorf("the same sources make different packages:")
	for _, part := range []string{"control.tar.gz", "data.tar.xz"} {
		var sums []string
		for _, deb := range []string{one, two} {
			out, _ := exec.Command("sh", "-c", "ar p "+deb+" "+part+" | sha256sum").Output()
			sums = append(sums, string(out))
		}
		t.Errorf("%s: %s against %s", part, sums[0], sums[1])
	}
}

// copySources copies all that is under version control, as nobody else may read it.
func copySources(t *testing.T, from, to string) {
	t.Helper()
	list := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = from
	out, err := list.Output()
	if err != nil {
		missing(t, "git does not list the sources: "+err.Error())
	}
	for name := range strings.SplitSeq(strings.TrimRight(string(out), "\x00"), "\x00") {
		text, err := os.ReadFile(filepath.Join(from, name))
		if os.IsNotExist(err) {
			continue // removed, and not committed yet
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(to, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLintian: Debian's own inspector finds nothing.
func TestLintian(t *testing.T) {
	if testing.Short() {
		t.Skip("makes a package")
	}
	needs(t, "lintian")
	deb := made(t, repository(t), "1.0.0")[0]
	out, err := exec.Command("lintian", "--allow-root", "--fail-on=error,warning", deb).CombinedOutput()
	if err != nil {
		t.Errorf("%v:\n%s", err, out)
	}
}

// TestManualIsUnderstood: man takes every line of the pages.
func TestManualIsUnderstood(t *testing.T) {
	needs(t, "groff")
	for _, args := range [][]string{{"man"}, {"man", "site.toml"}, {"man", "--lang", "zh"}, {"man", "site.toml", "--lang", "zh"}} {
		page, err := exec.Command("go", append([]string{"run", "sitepost/cmd/sitepost"}, args...)...).Output()
		if err != nil {
			t.Fatal(err)
		}
		c := exec.Command("groff", "-man", "-ww", "-Tutf8", "-Kutf8", "-z")
		c.Stdin = bytes.NewReader(page)
		if out, err := c.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("sitepost %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}
