package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/rogpeppe/go-internal/testscript"

	"sitepost/cmd/sitepost/history"
	"sitepost/config"
)

// historyVerbs are those of scripts about the history of site files: `accepted FOLDER
// FILE …` keeps files in the history of a store, as run does, an hour apart. At the first
// one the clock is not synchronised yet.
func historyVerbs() map[string]func(ts *testscript.TestScript, neg bool, args []string) {
	return map[string]func(ts *testscript.TestScript, neg bool, args []string){
		"accepted": func(ts *testscript.TestScript, _ bool, args []string) {
			book, err := history.Open(ts.MkAbs(args[0]))
			ts.Check(err)
			at := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
			for n, name := range args[1:] {
				text, err := os.ReadFile(ts.MkAbs(name))
				ts.Check(err)
				_, err = book.Keep(text, "root (uid 0)", at.Add(time.Duration(n)*time.Hour), n > 0)
				ts.Check(err)
			}
		},
	}
}

// sitepost runs the tool as a process of its own, for what needs a terminal.
func sitepost(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Args[0] = "sitepost" // which testscript.Main knows
	return cmd
}

// onePast is a site file on disk, and another one that was accepted before it.
func onePast(t *testing.T) (file string, old []byte) {
	t.Helper()
	dir := t.TempDir()
	file = filepath.Join(dir, "site.toml")
	old = []byte("version = 1\n[site]\nname = \"demo\" # 渡口\n[store]\ndirectory = \"" + dir + "\"\n")
	book, err := history.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := book.Keep(old, "root (uid 0)", time.Now(), true); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, bytes.Replace(old, []byte("渡口"), []byte("码头"), 1), 0o640); err != nil {
		t.Fatal(err)
	}
	return file, old
}

// TestRollbackKeepsRights: what is brought back has the mode and the owner of what
// stood there, and so has what is kept of that; a link stays one. Comments come back
// too. Answers complaint 39.
func TestRollbackKeepsRights(t *testing.T) {
	file, old := onePast(t)
	const other, mode = 65534, 0o604
	owner := os.Getuid()
	if owner == 0 {
		owner = other
	}
	link := filepath.Join(t.TempDir(), "link.toml")
	if err := errors.Join(os.Chmod(file, mode), os.Chown(file, owner, -1), os.Symlink(file, link)); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if code := run([]string{"config", "rollback", "1", "--yes", "--config", link, "--control", link + ".sock"}, &out, &out); code != exitGood {
		t.Fatalf("got exit code %d: %s", code, out.String())
	}
	for _, path := range []string{file, file + ".bak"} {
		i, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if uid := int(i.Sys().(*syscall.Stat_t).Uid); i.Mode() != mode || uid != owner {
			t.Errorf("%s: got mode %v of user %d, want %v of %d", path, i.Mode(), uid, os.FileMode(mode), owner)
		}
	}
	if text, err := os.ReadFile(file); !bytes.Equal(text, old) || err != nil {
		t.Errorf("got %q, %v, want %q", text, err, old)
	}
	if to, err := os.Readlink(link); to != file || err != nil {
		t.Errorf("the link leads to %q, %v", to, err)
	}
}

// TestRollbackAsks: at a terminal the difference is shown and a person is asked; only a
// yes, in either language, is one, and a Ctrl-C is none.
func TestRollbackAsks(t *testing.T) {
	for answer, want := range map[string]bool{"y\n": true, "是\n": true, "n\n": false, "\n": false, "\x03": false, "\x04": false} {
		file, old := onePast(t)
		cmd := sitepost(t, "--lang", "zh", "config", "rollback", "1", "--config", file, "--control", file+".sock")
		terminal, err := pty.Start(cmd)
		if err != nil {
			t.Fatal(err)
		}
		shown := make([]byte, 0, 4096)
		for piece := make([]byte, 512); !bytes.Contains(shown, []byte("[y/N] ")); {
			n, err := terminal.Read(piece)
			if shown = append(shown, piece[:n]...); err != nil {
				t.Fatalf("%v: it shows\n%s", err, shown)
			}
		}
		if _, err := io.WriteString(terminal, answer); err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, terminal) // until it has gone, which is an error of a pty
		err = errors.Join(cmd.Wait(), terminal.Close())
		text, readErr := os.ReadFile(file)
		if done := bytes.Equal(text, old); done != want || (err == nil) != want || readErr != nil {
			t.Errorf("answer %q: done %v, %v, %v, want %v", answer, done, err, readErr, want)
		}
		if !bytes.Contains(shown, []byte("-name = \"demo\" # 码头")) || !bytes.Contains(shown, []byte("替换现场配置文件？ [y/N] ")) {
			t.Errorf("it shows\n%s", shown)
		}
	}
}

// TestMigrate: a file of an older version is raised after its difference was shown, the
// old one is kept, and comments stay; what the raised text would be wrong in leaves it
// as it was. Answers complaint 35 and complaint 39.
func TestMigrate(t *testing.T) {
	const old, raised = "# 渡口\nversion = 0 # the format\n[sight]\nname = \"demo\"\n", "# 渡口\nversion = 1 # the format\n[site]\nname = \"demo\"\n"
	for _, c := range []struct {
		name, becomes string
		yes           bool
		want          error
	}{
		{"nobody says yes", raised, false, errNotConfirmed},
		{"it would be wrong", "version = 1\n[sight]\n", true, errFindings},
		{"done", raised, true, nil},
	} {
		file := filepath.Join(t.TempDir(), "site.toml")
		if err := os.WriteFile(file, []byte(old), 0o600); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		tl := &tool{config: file, control: file + ".sock", stdout: &out, stderr: &out}
		err := tl.migrate(t.Context(), c.yes, true, func(_ string, text []byte) (config.Migration, config.Findings) {
			return config.Migration{From: 0, To: 1, Text: []byte(c.becomes)}, nil
		})
		text, readErr := os.ReadFile(file)
		want := old
		if c.want == nil {
			want = raised
			if before, err := os.ReadFile(file + ".bak"); string(before) != old || err != nil {
				t.Errorf("the old file: got %q, %v", before, err)
			}
		}
		if !errors.Is(err, c.want) || string(text) != want || readErr != nil {
			t.Errorf("%s: got %v, and the file is %q, %v", c.name, err, text, readErr)
		}
		if shown := strings.Contains(out.String(), "-version = 0 # the format\n-[sight]\n+version = 1 # the format\n+[site]\n"); shown != (c.becomes == raised) {
			t.Errorf("%s: shown is\n%s", c.name, out.String())
		}
	}
}

// TestUsualState: where the tool looks without any word is where a site file without one
// has its store.
func TestUsualState(t *testing.T) {
	c, found := config.Parse("site.toml", []byte("version = 1\n[site]\nname = \"demo\"\n"), config.Env{})
	if c == nil || c.Store.Directory != usualState {
		t.Errorf("got %v, %v, want %s", c, found, usualState)
	}
}
