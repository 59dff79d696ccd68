package journal

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A daemon of the journal as a test has it.
type journald struct {
	path string
	conn *net.UnixConn
}

func newJournald(t *testing.T, path string) *journald {
	t.Helper()
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return &journald{path, c}
}

// next returns the next entry.
func (j *journald) next(t *testing.T) string {
	t.Helper()
	buf := make([]byte, 1<<18)
	if err := j.conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	n, err := j.conn.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	return string(buf[:n])
}

// TestJournal: an entry has a priority, its words as a person reads them, and fields.
func TestJournal(t *testing.T) {
	j := newJournald(t, filepath.Join(t.TempDir(), "socket"))
	log := Open(Options{Journal: true, Socket: j.path, Level: slog.LevelDebug})
	defer log.Close()
	for level, priority := range map[slog.Level]int{slog.LevelDebug: 7, slog.LevelInfo: 6, slog.LevelWarn: 4, slog.LevelError: 3} {
		log.With("device", "gas-1").WithGroup("x").Log(t.Context(), level, "no answer", "err", errors.New("timeout: bus-a"), "n", 3, slog.Group("y", "title", "一号"))
		want := "MESSAGE=no answer device=gas-1 x.err=\"timeout: bus-a\" x.n=3 x.y.title=一号\n" +
			fmt.Sprintf("PRIORITY=%d\n", priority) +
			"SYSLOG_IDENTIFIER=sitepost\nSITEPOST_DEVICE=gas-1\nSITEPOST_X_ERR=timeout: bus-a\nSITEPOST_X_N=3\nSITEPOST_X_Y_TITLE=一号\n"
		if diff := cmp.Diff(want, j.next(t)); diff != "" {
			t.Errorf("%v (-want +got)\n%s", level, diff)
		}
	}
}

// TestJournalForged: no text becomes a field of its own.
func TestJournalForged(t *testing.T) {
	j := newJournald(t, filepath.Join(t.TempDir(), "socket"))
	log := Open(Options{Journal: true, Socket: j.path})
	defer log.Close()
	for what, text := range hostile {
		log.Info("camera "+text, "name", text, "err", errors.New(text), "k\nPRIORITY=0\n"+text, 1)
		var keys []string
		entry := j.next(t)
		for line := range strings.Lines(entry) {
			key, _, _ := strings.Cut(line, "=")
			keys = append(keys, key)
		}
		if len(keys) != 6 || keys[0] != "MESSAGE" || keys[1] != "PRIORITY" || !strings.Contains(entry, "\nPRIORITY=6\n") || keys[3] != "SITEPOST_NAME" || keys[4] != "SITEPOST_ERR" || !strings.HasPrefix(keys[5], "SITEPOST_K_") {
			t.Errorf("%s: got fields %.300q", what, keys)
		}
	}
}

// TestJournalHangs: a journal that takes nothing holds up nobody, and what it missed is
// counted and told.
func TestJournalHangs(t *testing.T) {
	j := newJournald(t, filepath.Join(t.TempDir(), "socket"))
	log := Open(Options{Journal: true, Socket: j.path})
	defer log.Close()
	began, said := time.Now(), 0
	for ; said < 20_000; said++ { // more than a socket holds, and nobody reads
		log.Info(fmt.Sprint("busy ", said%mostSources), "n", said)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("%d entries took %v", said, took)
	}
	log.wire.mu.Lock()
	missed := log.wire.missed
	log.wire.mu.Unlock()
	if missed == 0 {
		t.Fatal("nothing was missed: this test sees no hang")
	}
	if err := j.conn.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(j.path); err != nil {
		t.Fatal(err)
	}
	j = newJournald(t, j.path) // it was started anew
	log.wire.mu.Lock()
	log.wire.until = time.Time{}
	log.wire.mu.Unlock()
	log.Warn("well again")
	if first, want := j.next(t), fmt.Sprintf("MESSAGE=the journal did not take entries of this log missed=%d\nPRIORITY=4\n", missed); !strings.HasPrefix(first, want) {
		t.Errorf("got %q, want %q", first, want)
	}
	if second := j.next(t); !strings.HasPrefix(second, "MESSAGE=well again\n") {
		t.Errorf("got %q, want what was said", second)
	}
}

// TestNoJournal: where journald cannot be reached the log is not lost.
func TestNoJournal(t *testing.T) {
	var out strings.Builder
	log := Open(Options{Journal: true, Socket: filepath.Join(t.TempDir(), "none"), Writer: &out})
	log.Info("here")
	log.Close()
	if !strings.Contains(out.String(), `"msg":"here"`) {
		t.Errorf("got %q, want JSON", out.String())
	}
}

// TestStreams: only the stream that systemd names is the journal's.
func TestStreams(t *testing.T) {
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	is, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	st := is.Sys().(*syscall.Stat_t)
	for name, want := range map[string]bool{
		fmt.Sprintf("%d:%d", st.Dev, st.Ino): true, fmt.Sprintf("%d:%d", st.Dev, st.Ino+1): false, "": false, "x": false,
	} {
		if got := Streams(f, name); got != want {
			t.Errorf("%q: got %t, want %t", name, got, want)
		}
	}
}
