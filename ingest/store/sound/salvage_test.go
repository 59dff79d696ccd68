package sound

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"
)

// pieces is what Salvage finds, by bucket and key; stale copies by key alone.
func pieces(t testing.TB, path string) (current, any map[string]string) {
	t.Helper()
	current, any = map[string]string{}, map[string]string{}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	err = Salvage(path, func(p Piece) {
		var text string
		if err := Unframe(p.Key, p.Value, &text); err != nil {
			t.Errorf("%q: %v", p.Key, err)
		}
		again, err := ReadPiece(f, p.Offset, len(p.Value))
		if err != nil || string(again) != string(p.Value) {
			t.Errorf("%q is not where it was found: %v", p.Key, err)
		}
		any[string(p.Key)] = text
		if p.Current {
			current[string(p.Bucket)+" "+string(p.Key)] = text
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return current, any
}

// TestSalvage holds that a sound file gives all it holds, and that a file without
// meta pages gives it all the same, as copies of which nobody knows the age.
func TestSalvage(t *testing.T) {
	t.Parallel()
	path := filled(t)
	current, any := pieces(t, path)
	if len(current) != 640+1000 || len(any) != 1000 || current["lane 0639"] != "value 639" || current["words 0999"] != "value 999" {
		t.Errorf("got %d current pieces and %d in all, want 1,640 and 1,000", len(current), len(any))
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	clear(b[:2*os.Getpagesize()])
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Check(path); !errors.Is(err, ErrDamaged) {
		t.Fatalf("got %v, want ErrDamaged", err)
	}
	current, any = pieces(t, path)
	if len(current) != 0 || len(any) != 1000 {
		t.Errorf("got %d current pieces and %d in all, want none and 1,000", len(current), len(any))
	}
}

// FuzzSalvage holds that no file makes it panic or go on for ever, and that what
// it gives was written, under its key.
func FuzzSalvage(f *testing.F) {
	whole, err := os.ReadFile(filled(f))
	if err != nil {
		f.Fatal(err)
	}
	whole = whole[:min(len(whole), 24*os.Getpagesize())]
	f.Add(uint32(0), []byte{})
	for page := range len(whole) / os.Getpagesize() {
		f.Add(uint32(page*os.Getpagesize()+8), []byte{1, 0, 0xff, 0xff, 0xff})
		f.Add(uint32(page*os.Getpagesize()+16), []byte{1, 0, 0, 0})
		f.Add(uint32(page*os.Getpagesize()+28), []byte{0xff, 0xff, 0, 0})
	}
	f.Fuzz(func(t *testing.T, at uint32, bytes []byte) {
		b := append([]byte(nil), whole...)
		copy(b[int(at)%len(b):], bytes)
		path := filepath.Join(t.TempDir(), "store.db")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		_, any := pieces(t, path)
		for key, text := range any {
			var n int
			if _, err := fmt.Sscanf(key, "%04d", &n); err != nil || text != fmt.Sprint("value ", n) {
				t.Errorf("got %q under %q, which nobody wrote", text, key)
			}
		}
	})
}

// TestFailedCommit holds that a commit that fails in a file that is damaged ends
// nothing but the transaction: bbolt alone would scan the file where nobody can guard
// it, and end the process.
func TestFailedCommit(t *testing.T) {
	t.Parallel()
	path := filled(t)
	f, err := Open(path, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := 2 * os.Getpagesize(); at < len(b); at += os.Getpagesize() {
		if order.Uint16(b[at+8:]) == flagBranch {
			for i := range order.Uint16(b[at+10:]) - 1 {
				order.PutUint64(b[at+pageHead+int(1+i)*element+8:], 1<<50)
			}
		}
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.under.Close(); err != nil { // the next write fails
		t.Fatal(err)
	}
	for range 3 {
		committed, err := f.Update(func(tx *bolt.Tx) error { return tx.Bucket([]byte("words")).Put([]byte("0000"), []byte("x")) })
		if committed || !errors.Is(err, os.ErrClosed) {
			t.Errorf("got %v, %v, want the error of the write", committed, err)
		}
	}
}

// TestSetAside holds that the folder keeps the newest files, three of them and no
// more than so many bytes, and that the end of a file that was only allocated is
// not kept.
func TestSetAside(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	folder := filepath.Join(directory, "damaged")
	path := filepath.Join(directory, "store.db")
	put := func(size int, most int64) string {
		t.Helper()
		if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, 1<<20); err != nil {
			t.Fatal(err)
		}
		to, err := SetAside(path, folder, most)
		if err != nil {
			t.Fatal(err)
		}
		if is, err := os.Stat(to); err != nil || is.Size() > 64<<10 {
			t.Errorf("got %d bytes aside, %v, want no more than were written", is.Size(), err)
		}
		return filepath.Base(to)
	}
	kept := func() (names []string) {
		entries, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return names
	}
	old := filepath.Join(folder, "store-20200101T000000Z-1.db")
	first := put(8192, 1<<30)
	if err := os.WriteFile(old, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	second, third := put(8192, 1<<30), put(8192, 1<<30)
	if got, want := kept(), []string{first, second, third}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	fourth := put(8192, 1)
	if got := kept(); !slices.Equal(got, []string{fourth}) || !strings.HasPrefix(fourth, "store-2") {
		t.Errorf("got %q, want %q", got, fourth)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want the file gone", err)
	}
}

// TestCompact holds that a file of which most is free is small after it was opened
// again, and holds what it held.
func TestCompact(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "store.db")
	const most = 128 << 20
	if err := Create(path, most, func(tx *bolt.Tx) error { _, err := tx.CreateBucket([]byte("a")); return err }); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path, most)
	if err != nil {
		t.Fatal(err)
	}
	f.db.NoSync = true
	update := func(do func(b *bolt.Bucket) error) {
		t.Helper()
		if _, err := f.Update(func(tx *bolt.Tx) error { return do(tx.Bucket([]byte("a"))) }); err != nil {
			t.Fatal(err)
		}
	}
	update(func(b *bolt.Bucket) error { return b.Put([]byte("kept"), []byte("x")) })
	for i := range 8 {
		update(func(b *bolt.Bucket) error { return b.Put([]byte{byte(i)}, make([]byte, 9<<20)) })
	}
	for i := range 8 {
		update(func(b *bolt.Bucket) error { return b.Delete([]byte{byte(i)}) })
	}
	size := func() int64 {
		is, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return is.Size()
	}
	before := size()
	if err := errors.Join(f.Close(), f.Open()); err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if now := size(); before < 64<<20 || now > 2<<20 {
		t.Errorf("got %d bytes of %d, want less than 2 MiB", now, before)
	}
	err = f.View(func(tx *bolt.Tx) error {
		if v := tx.Bucket([]byte("a")).Get([]byte("kept")); string(v) != "x" {
			t.Errorf("got %q, want x", v)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
