package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sitepost/uplink/uplinktest"
)

// A sheet is written by one goroutine and read by another.
type sheet struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *sheet) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *sheet) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// TestWatch: who watches without a terminal is told what has changed and nothing else,
// also that sitepost has gone and is back; Ctrl-C is no error.
func TestWatch(t *testing.T) {
	dir := t.TempDir()
	site, socket := filepath.Join(dir, "site.toml"), filepath.Join(dir, "control.sock")
	text := "version = 1\n[site]\nname = \"demo\"\n[store]\ndirectory = \"" + dir + "/store\"\n"
	if err := os.WriteFile(site, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := (glance{tool: &tool{control: socket}}).watch(t.Context(), time.Second); err == nil {
		t.Error("nobody is there to watch, and that is good")
	}
	broker := uplinktest.New()
	stop := runSite(t, site, socket, broker)
	show := glance{tool: &tool{control: socket, stdout: new(sheet)}}
	await(t, "all is well", func() bool {
		text, _, err := show.look(t.Context())
		return err == nil && strings.Contains(text, "all is well")
	})

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- show.watch(ctx, 10*time.Millisecond) }()
	out := show.stdout.(*sheet)
	count := func(words string) int { return strings.Count(out.String(), words) }
	await(t, "it is shown", func() bool { return count("all is well") == 1 })
	time.Sleep(200 * time.Millisecond) // twenty looks, at which nothing has changed
	if n := count("demo "); n != 1 {
		t.Errorf("nothing has changed, and it was shown %d times:\n%s", n, out)
	}
	broker.Away(uplinktest.ErrAway)
	await(t, "the city is away", func() bool { return count("the city is away") > 0 })
	stop()
	await(t, "it has gone", func() bool { return count("no running sitepost is there") == 1 })
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Ctrl-C: got %v", err)
	}
	if strings.Contains(out.String(), "\x1b") {
		t.Error("it was redrawn, and there is no terminal")
	}
}
