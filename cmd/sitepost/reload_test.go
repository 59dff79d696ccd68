package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sitepost/cmd/sitepost/control"
	"sitepost/cmd/sitepost/daemon"
	"sitepost/cmd/sitepost/status"
	"sitepost/config"
	"sitepost/devices/line/linetest"
)

// A livingSite is `sitepost run` in this process.
type livingSite struct {
	t      *testing.T
	file   string
	client control.Client
}

const plainSite = "version = 1\n[site]\nname = \"demo\"\n[store]\ndirectory = \"DIR/store\"\n"

// liveSite starts it, and ends it with the test.
func liveSite(t *testing.T) *livingSite {
	t.Helper()
	dir := t.TempDir()
	s := &livingSite{t: t, file: filepath.Join(dir, "site.toml"), client: control.Client{Path: filepath.Join(dir, "box.sock")}}
	s.write(strings.ReplaceAll(plainSite, "DIR", dir))
	ended := make(chan int, 1)
	go func() { // ends with the interrupt below
		ended <- run([]string{"run", "--config", s.file, "--control", s.client.Path, "--profiles", filepath.Join(dir, "profiles")}, io.Discard, io.Discard)
	}()
	s.until("it runs", func(status.Snapshot) bool { return true })
	t.Cleanup(func() {
		if err := syscall.Kill(os.Getpid(), syscall.SIGINT); err != nil {
			t.Error(err)
		}
		if got := <-ended; got != exitGood {
			t.Errorf("run: got exit code %d, want %d", got, exitGood)
		}
	})
	return s
}

func (s *livingSite) write(text string) {
	s.t.Helper()
	if err := os.WriteFile(s.file, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// until waits until the running site is as wanted.
func (s *livingSite) until(what string, is func(status.Snapshot) bool) {
	s.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(20 * time.Second); ; <-tick.C {
		now, err := s.client.Status(s.t.Context())
		if err == nil && is(now) {
			return
		}
		if time.Now().After(end) {
			s.t.Fatalf("not in time: %s (%v)", what, err)
		}
	}
}

// says runs a command and returns its exit code and what it prints.
func (s *livingSite) says(command string) (code int, text string) {
	var out bytes.Buffer
	code = run([]string{command, "--config", s.file, "--control", s.client.Path, "--lang", "en"}, &out, &out)
	return code, out.String()
}

// TestReloadOfLentLine promises that a person whose tool has a line is told, in either
// language, that a reload has taken the line, and what to do.
func TestReloadOfLentLine(t *testing.T) {
	for lang, want := range map[string]string{
		"en": `line "bus": the running sitepost has taken it back: a reload has taken the line out of the site file, or changed it: see the file, then do this again`,
		"zh": `线路 "bus"：正在运行的 sitepost 已收回：重新加载后，配置里已没有这条线路，或已改过：请看配置文件，再执行一次`,
	} {
		t.Run(lang, func(t *testing.T) {
			pty, s := linetest.PTY(t), liveSite(t)
			without, err := os.ReadFile(s.file)
			if err != nil {
				t.Fatal(err)
			}
			s.write(string(without) + "[[line]]\nname = \"bus\"\nport = \"" + pty.Path + "\"\nsettings = \"9600 8N1\"\n")
			if code, told := s.says("reload"); code != exitGood {
				t.Fatal(told)
			}
			said := &stopper{word: `"bus"`, stop: sync.OnceFunc(func() { // it says so when it has the line
				s.write(string(without))
				if _, err := s.client.Reload(t.Context()); err != nil {
					t.Error(err)
				}
			})}
			code := run([]string{"listen", "bus", "--guess", "--for", "1m", "--config", s.file, "--control", s.client.Path, "--lang", lang}, io.Discard, said)
			if code != exitUsage || !strings.Contains(said.String(), want) {
				t.Errorf("got exit code %d and\n%s\nwant %s", code, said.String(), want)
			}
		})
	}
}

// TestHangup promises that SIGHUP does as `sitepost reload` does.
func TestHangup(t *testing.T) {
	s := liveSite(t)
	before, err := s.client.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(s.file)
	if err != nil {
		t.Fatal(err)
	}
	hangup := func() {
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	s.write(string(text) + "size = \"nonsense\"\n")
	hangup()
	s.until("the mistake is shown", func(now status.Snapshot) bool {
		return now.Refused != nil && now.Refused.By == "signal SIGHUP" && now.Config == before.Config
	})
	s.write(strings.Replace(string(text), "name = \"demo\"", "name = \"demo\"\ntitle = \"a title\"", 1))
	hangup()
	s.until("the new file is in force", func(now status.Snapshot) bool { return now.Title == "a title" && now.Refused == nil })
}

// TestCheckAndReloadAgree promises that what check calls wrong is refused by a reload,
// with the same words, and that the site goes on with the file it had. Answers
// complaints 33 and 34.
func TestCheckAndReloadAgree(t *testing.T) {
	s := liveSite(t)
	before, err := s.client.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	bad, err := filepath.Glob("../../config/testdata/bad/*.toml")
	if err != nil || len(bad) < 40 {
		t.Fatalf("got %d bad files, %v", len(bad), err)
	}
	refusals := 0
	for _, path := range bad {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		s.write(string(text))
		if _, found := config.Load(s.file, config.Env{Profiles: daemon.Shelf("")}); len(found.Errors()) == 0 {
			continue // wrong only with the profiles of the test that it is from
		}
		refusals++
		checked, findings := s.says("check")
		if checked != exitFindings {
			t.Errorf("%s: check: got exit code %d", path, checked)
		}
		reloaded, told := s.says("reload")
		refused := "refused: the site file before stays in force (hash " + before.Config[:12] + ")\n"
		if reloaded != exitFindings || !strings.HasSuffix(told, refused) {
			t.Errorf("%s: got exit code %d, and\n%s", path, reloaded, told)
		}
		for row := range strings.Lines(strings.TrimSuffix(told, refused)) {
			if !strings.Contains(findings, row) {
				t.Errorf("%s: reload says what check does not: %q\n%s", path, row, findings)
			}
		}
		now, err := s.client.Status(t.Context())
		if err != nil || now.Config != before.Config || now.Refused == nil {
			t.Errorf("%s: got file %s in force, refused %v, %v", path, now.Config, now.Refused, err)
		}
	}
	if refusals < 60 {
		t.Errorf("only %d files were refused", refusals)
	}
}
