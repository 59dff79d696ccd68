package instrument

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write what was found into testdata; read the difference before you commit it")

// TestMistakes: each mistake is named with its place and what to do. The first
// comment lines of a file are the whole list, the word of the comment first.
func TestMistakes(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/bad/*.toml")
	if err != nil || len(paths) < 20 {
		t.Fatalf("testdata/bad: %d files, %v", len(paths), err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		p, err := Parse(strings.TrimSuffix(filepath.Base(path), ".toml"), text)
		mistakes, ok := errors.AsType[*Mistakes](err)
		if !ok || p != nil {
			t.Errorf("%s: got %v, %v, want mistakes", path, p, err)
			continue
		}
		got := strings.Split(mistakes.Error(), "\n")
		var want []string
		for line := range strings.Lines(string(text)) {
			comment, is := strings.CutPrefix(line, "#! ")
			if !is {
				break
			}
			want = append(want, strings.TrimSuffix(comment, "\n"))
		}
		if diff := cmp.Diff(want, got); diff != "" && !*update {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
		if *update {
			rewrite(t, path, text, got)
		}
	}
}

// TestFileItself: a file that is too large, or begins with what an editor for
// another system puts there, is refused before its language is looked at.
func TestFileItself(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"\xEF\xBB\xBFprofile = \"x\"":  "x.toml:1:1: the file begins with a byte order mark: save it as UTF-8 without BOM",
		strings.Repeat("#", maxFile+1): "x.toml:1:1: the file is larger than 64 KiB: a profile describes one kind of instrument, split it",
	} {
		if _, err := Parse("x", []byte(text)); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// rewrite puts what was found on top of a file. The number of lines is left as
// it is where it was right, so that places stay true.
func rewrite(t *testing.T, path string, text []byte, found []string) {
	for bytes.HasPrefix(text, []byte("#! ")) {
		_, text, _ = bytes.Cut(text, []byte("\n"))
	}
	if err := os.WriteFile(path, append([]byte("#! "+strings.Join(found, "\n#! ")+"\n"), text...), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestLoad: a site's own profile wins over ours and needs the site's leave to
// send; what is neither is refused with a hint; a name never leaves the folder.
func TestLoad(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ours, err := shipped.ReadFile("profiles/gate-7e7f.toml")
	if err != nil {
		t.Fatal(err)
	}
	own := bytes.Replace(ours, []byte("swing and flap"), []byte("our own"), 1)
	for name, text := range map[string][]byte{
		"gate-7e7f.toml": own,
		"broken.toml":    []byte("profile = 1\n"),
		"huge.toml":      bytes.Repeat([]byte("#"), maxFile+1),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p, err := Load("gate-7e7f", dir)
	if err != nil || !p.SiteOwn || !strings.HasPrefix(p.Title, "our own") {
		t.Errorf("got %+v, %v, want the site's own", p, err)
	}
	if p, err := Load("winsen-zp14", dir); err != nil || p.SiteOwn {
		t.Errorf("got %+v, %v, want ours", p, err)
	}
	for name, want := range map[string]string{
		"broken":      filepath.Join(dir, "broken.toml") + ":1:1: profile is a whole number, but must be a text in quotes",
		"huge":        filepath.Join(dir, "huge.toml") + ":0:0: not a file of at most 64 KiB",
		"winsen-zp41": `profile "winsen-zp41" is neither ours nor the site's (did you mean "winsen-zp14"?)`,
		"../etc":      `profile "../etc": a name has 1 to 64 letters`,
		"":            `profile "": a name has 1 to 64 letters`,
	} {
		_, err := Load(name, dir)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", name, err, want)
		}
		if missing := !strings.HasPrefix(want, dir); missing != errors.Is(err, os.ErrNotExist) {
			t.Errorf("%q: %v: not existing is %v", name, err, !missing)
		}
	}
}
