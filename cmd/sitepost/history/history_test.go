package history_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/cmd/sitepost/history"
)

var noon = time.Date(2026, 11, 26, 12, 0, 0, 123, time.FixedZone("CST", 8*3600))

// open opens the history of a directory.
func open(t testing.TB, directory string) *history.Book {
	t.Helper()
	b, err := history.Open(directory)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// keep keeps a text that must be taken.
func keep(t testing.TB, b *history.Book, text string) history.Entry {
	t.Helper()
	e, err := b.Keep([]byte(text), "root (uid 0)", noon, true)
	if err != nil {
		t.Fatalf("keep %.20q: %v", text, err)
	}
	return e
}

// numbers lists the entries that can be read.
func numbers(t testing.TB, b *history.Book) (all []int) {
	t.Helper()
	entries, err := b.List()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Number)
	}
	return all
}

// TestKeep: what was kept can be had again, byte for byte, with who and when. The
// same text as the last one makes no new entry; that of an older one does.
func TestKeep(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	b := open(t, directory)
	if _, is, err := b.Last(); is || err != nil {
		t.Errorf("of nothing: got %v, %v", is, err)
	}
	if _, err := os.Stat(b.Path()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("who only looks makes a folder: %v", err)
	}
	texts := []string{"version = 1\r\n# 备注\n", "version = 1", "version = 1\r\n# 备注\n"}
	for n, text := range texts {
		want := keep(t, b, text)
		if again := keep(t, b, text); n+1 != want.Number || again != want {
			t.Errorf("kept number %d, and then the same as %+v, want %d twice", want.Number, again, n+1)
		}
		got, is, err := open(t, directory).Last()
		if got != want || !is || err != nil {
			t.Errorf("last: got %+v, %v, %v, want %+v", got, is, err, want)
		}
		if now, err := b.Text(want.Number); string(now) != text || err != nil {
			t.Errorf("number %d: got %q, %v, want %q", want.Number, now, err, text)
		}
	}
	entries, err := b.List()
	if err != nil || len(entries) != len(texts) {
		t.Fatalf("got %d entries, %v, want %d", len(entries), err, len(texts))
	}
	want := history.Entry{Number: 1, Hash: fmt.Sprintf("%x", sha256.Sum256([]byte(texts[0]))), Who: "root (uid 0)", At: noon.UTC()}
	if diff := cmp.Diff(want, entries[0]); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if _, err := b.Text(9); !errors.Is(err, history.ErrNone) {
		t.Errorf("number 9: got %v, want ErrNone", err)
	}
	for _, text := range []string{"", strings.Repeat("#", 1<<20+1)} {
		if _, err := b.Keep([]byte(text), "", noon, true); err == nil {
			t.Errorf("%d bytes were kept", len(text))
		}
	}
}

// TestRights: nobody but owner and group read it, and what root keeps belongs to
// whom the folder belongs: the daemon reads what its tool has kept.
func TestRights(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	const other = 65534
	if os.Geteuid() == 0 {
		if err := os.Chown(directory, other, other); err != nil {
			t.Fatal(err)
		}
	}
	b := open(t, directory)
	keep(t, b, "version = 1")
	above, err := os.Stat(directory)
	if err != nil {
		t.Fatal(err)
	}
	for path, mode := range map[string]os.FileMode{b.Path(): 0o750 | os.ModeDir, filepath.Join(b.Path(), "000001.toml"): 0o640} {
		i, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if i.Mode() != mode {
			t.Errorf("%s: got mode %v, want %v", path, i.Mode(), mode)
		}
		if got, want := i.Sys().(*syscall.Stat_t).Uid, above.Sys().(*syscall.Stat_t).Uid; got != want {
			t.Errorf("%s: belongs to user %d, want %d", path, got, want)
		}
	}
}

// TestWho: what a name would do to a terminal is written out, and it is cut; read again
// it is the same.
func TestWho(t *testing.T) {
	t.Parallel()
	b := open(t, t.TempDir())
	e, err := b.Keep([]byte("version = 1"), "张三\x1b[2J\n"+strings.Repeat("x", 300), noon, true)
	if err != nil || e.Who != `张三\u001b[2J `+strings.Repeat("x", 188)+"…" {
		t.Errorf("got %q, %v", e.Who, err)
	}
	if last, is, err := b.Last(); last != e || !is || err != nil {
		t.Errorf("got %+v, %v, %v, want %+v", last, is, err, e)
	}
}

// TestBounds: a thousand site files leave the last fifty, whose numbers go on, and
// nothing else.
func TestBounds(t *testing.T) {
	t.Parallel()
	b := open(t, t.TempDir())
	for n := range 1000 {
		keep(t, b, fmt.Sprintf("version = 1 # %d", n))
	}
	var want []int
	for n := 951; n <= 1000; n++ {
		want = append(want, n)
	}
	if diff := cmp.Diff(want, numbers(t, b)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	files, err := os.ReadDir(b.Path())
	if err != nil || len(files) != 50 {
		t.Errorf("%d files are left, %v, want 50", len(files), err)
	}
	if text, err := b.Text(1000); string(text) != "version = 1 # 999" || err != nil {
		t.Errorf("the last: got %q, %v", text, err)
	}
}

// TestBytes: of the largest site files there are as many as fit into 20 MiB.
func TestBytes(t *testing.T) {
	t.Parallel()
	b := open(t, t.TempDir())
	for n := range 25 {
		keep(t, b, fmt.Sprintf("%2d%s", n, strings.Repeat("#", 1<<20-2)))
	}
	if got := numbers(t, b); len(got) != 19 || got[0] != 7 || got[18] != 25 {
		t.Errorf("got %v, want 7 to 25", got)
	}
}

// TestTogether: books at the same folder, as those of a daemon and its tools are, lose
// nothing of each other and give no number twice.
func TestTogether(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	const books, each = 4, 10
	kept := make(chan int, books*each)
	for n := range books {
		go func() {
			b, err := history.Open(directory)
			for i := range each {
				var e history.Entry
				if err == nil {
					e, err = b.Keep(fmt.Appendf(nil, "%d %d", n, i), "", noon, true)
				}
				if err != nil {
					t.Errorf("book %d: %v", n, err)
				}
				kept <- e.Number
			}
		}()
	}
	var got, want []int
	for n := range books * each {
		got, want = append(got, <-kept), append(want, n+1)
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("given (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(want, numbers(t, open(t, directory))); diff != "" {
		t.Errorf("kept (-want +got)\n%s", diff)
	}
}

// TestHeld: a folder that somebody holds for ever is told, and holds nobody up for ever.
func TestHeld(t *testing.T) {
	t.Parallel()
	b := open(t, t.TempDir())
	keep(t, b, "version = 1")
	d, err := os.Open(b.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := syscall.Flock(int(d.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Keep([]byte("version = 2"), "", noon, true); err == nil || !strings.Contains(err.Error(), "another sitepost has held it for 5s") {
		t.Errorf("got %v", err)
	}
	if text, err := b.Text(1); !bytes.Equal(text, []byte("version = 1")) || err != nil {
		t.Errorf("reading waits for nobody: got %q, %v", text, err)
	}
}
