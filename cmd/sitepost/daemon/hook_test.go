package daemon

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/uplink"
)

// A hooked is a hook with a program of a test, which keeps a diary.
type hooked struct {
	*hook
	diary string
	log   *lines
	stop  func()
}

// lines is a log that several goroutines may write.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}
func (l *lines) String() string { l.mu.Lock(); defer l.mu.Unlock(); return l.text.String() }

func newHooked(t *testing.T, body string) *hooked {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "lamp")
	h := &hooked{diary: filepath.Join(dir, "diary"), log: new(lines)}
	if err := os.WriteFile(program, []byte("#!/bin/sh\nD="+h.diary+"\n"+body), 0o755); err != nil {
		t.Fatal(err)
	}
	h.hook = newHook(program, "harbour", slog.New(slog.NewTextHandler(h.log, nil)))
	h.settles, h.again = 50*time.Millisecond, time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); h.run(ctx) }()
	h.stop = sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(h.stop)
	return h
}

// wrote waits until the diary has that many lines.
func (h *hooked) wrote(t *testing.T, n int) []string {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; {
		text, _ := os.ReadFile(h.diary)
		if got := strings.Split(strings.TrimSpace(string(text)), "\n"); len(got) >= n && got[0] != "" {
			return got
		}
		if time.Now().After(end) {
			t.Fatalf("the diary has %q, want %d lines\n%s", text, n, h.log)
		}
		time.Sleep(time.Millisecond) // decides nothing: a file cannot be waited for
	}
}

// TestHook: the program hears what is lost and what is back, once each, with what
// it needs to know, and a loss that is over at once is no news.
func TestHook(t *testing.T) {
	t.Parallel()
	h := newHooked(t, `echo "$# $1 $SITEPOST_STATE $SITEPOST_SITE $SITEPOST_BROKER $SITEPOST_SINCE" >>$D; echo lit`)
	since := time.Date(2026, 11, 26, 4, 0, 0, 0, time.UTC)
	h.hear(uplink.Path{Up: false, Since: since})
	h.hear(uplink.Path{Up: true, Since: since, Broker: "city-a"})
	h.wrote(t, 1)
	h.hear(uplink.Path{Up: false, Since: since.Add(time.Hour), Broker: "city-a"})
	h.hear(uplink.Path{Up: false, Since: since.Add(2 * time.Hour), Broker: "city-b"}) // still
	h.wrote(t, 2)
	h.hear(uplink.Path{Up: true, Since: since.Add(3 * time.Hour), Broker: "city-b"})
	want := []string{
		"1 back back harbour city-a 2026-11-26T04:00:00Z",
		"1 lost lost harbour city-b 2026-11-26T05:00:00Z",
		"1 back back harbour city-b 2026-11-26T07:00:00Z",
	}
	if diff := cmp.Diff(want, h.wrote(t, 3)); diff != "" {
		t.Errorf("diary (-want +got):\n%s", diff)
	}
	h.stop()
	if got := h.log.String(); strings.Count(got, "lit") != 3 {
		t.Errorf("the log has not what the program said three times:\n%s", got)
	}
}

// TestHookHangs: a program that does not end is killed with all it started, does
// not hold up the link, floods no log, and the next state is told all the same.
func TestHookHangs(t *testing.T) {
	t.Parallel()
	h := newHooked(t, `echo $1 >>$D; test $1 = back && exit
sleep 1000 & echo $! >$D.child; head -c 1000000 /dev/zero | tr '\0' x; wait`)
	h.patience = 500 * time.Millisecond
	h.hear(uplink.Path{Up: false})
	h.wrote(t, 1)
	began := time.Now()
	h.hear(uplink.Path{Up: true})
	if took := time.Since(began); took > 100*time.Millisecond {
		t.Errorf("the link was held up for %v", took)
	}
	if diff := cmp.Diff([]string{"lost", "back"}, h.wrote(t, 2)); diff != "" {
		t.Errorf("diary (-want +got):\n%s", diff)
	}
	h.stop()
	if log := h.log.String(); len(log) > 2*hookOutput || !strings.Contains(log, "killed") {
		t.Errorf("the log has %d bytes, want few, and that the program was killed:\n%.300s", len(log), log)
	}
	child, err := os.ReadFile(h.diary + ".child")
	if err != nil {
		t.Fatal(err)
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%s/stat", strings.TrimSpace(string(child))))
	if err == nil && !strings.Contains(string(stat), ") Z") {
		t.Errorf("what the program started still runs: %s", stat)
	}
}

// TestHookWaits: an end of the daemon kills the program and waits for it.
func TestHookWaits(t *testing.T) {
	t.Parallel()
	h := newHooked(t, "echo $1 >>$D; exec sleep 1000")
	h.hear(uplink.Path{Up: true})
	h.wrote(t, 1)
	began := time.Now()
	h.stop()
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the end took %v", took)
	}
}
