package segment

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A desk is a log and what it lost.
type desk struct {
	*Log
	lost []Loss
}

func open(t *testing.T, directory, epoch string, change ...func(*Options)) *desk {
	t.Helper()
	d := &desk{}
	o := Options{Directory: directory, Prefix: "readings", Epoch: epoch, Bytes: 64 << 10, Aside: filepath.Join(directory, "damaged"), AsideBytes: 1 << 20,
		Lost: func(l Loss) { d.lost = append(d.lost, l) }, Log: slog.New(slog.DiscardHandler)}
	for _, f := range change {
		f(&o)
	}
	l, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	d.Log = l
	t.Cleanup(func() { _ = l.Close() })
	return d
}

// add appends values of about 1,000 bytes, ten in a commit.
func (d *desk) add(t *testing.T, n int) {
	t.Helper()
	for ; n > 0; n -= 10 {
		var values [][]byte
		first := d.Next()
		for i := range min(n, 10) {
			values = append(values, fmt.Appendf(nil, "%d %s", first+uint64(i), strings.Repeat("x", 1000)))
		}
		if err := d.Append(first, values); err != nil {
			t.Fatal(err)
		}
	}
}

// numbers reads all above a number, and fails on a value that is another's.
func (d *desk) numbers(t *testing.T, after uint64) (all []uint64) {
	t.Helper()
	err := d.Walk(after, func(number uint64, value []byte) bool {
		if !strings.HasPrefix(string(value), fmt.Sprint(number, " ")) {
			t.Errorf("number %d has the value %.20q", number, value)
		}
		all = append(all, number)
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func upTo(first, last uint64) (all []uint64) {
	for n := first; n <= last; n++ {
		all = append(all, n)
	}
	return all
}

func same[V any](t *testing.T, what string, got, want V) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got)\n%s", what, diff)
	}
}

// TestLog holds that values come back in their order, that files go whole and with
// them their room, and that no number is used twice when all are gone.
func TestLog(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	d := open(t, directory, "e1")
	same(t, "numbers of nothing", []uint64{d.First(), d.Next()}, []uint64{1, 1})
	d.add(t, 500)
	same(t, "all", d.numbers(t, 0), upTo(1, 500))
	same(t, "some", d.numbers(t, 437), upTo(438, 500))
	if files := len(d.Segments()); files < 6 || files > 16 {
		t.Errorf("got %d files, want about 12", files)
	}
	before := d.Bytes()
	if before < 500_000 || before > 1_300_000 {
		t.Errorf("got %d bytes for 500,000", before)
	}
	if err := d.Append(500, [][]byte{nil}); err == nil {
		t.Error("a number was used twice")
	}
	_ = d.Close()

	d = open(t, directory, "e1")
	same(t, "all after a restart", d.numbers(t, 0), upTo(1, 500))
	for {
		was := d.Segments()[0]
		dropped, any, err := d.Drop()
		if err != nil {
			t.Fatal(err)
		}
		if !any {
			break
		}
		same(t, "dropped", dropped, was)
		same(t, "first after that", d.First(), dropped.Last+1)
	}
	if d.Bytes() > before/4 {
		t.Errorf("got %d bytes of %d left with one file", d.Bytes(), before)
	}
	_ = d.Close()
	d = open(t, directory, "e1")
	same(t, "next when all is gone", d.Next(), 501)
	if d.lost != nil {
		t.Errorf("lost %v", d.lost)
	}
}

// TestDamagedPiece holds that a damaged file costs what is in it and nothing else,
// whether that is seen at the start or at a read, and that no number is used twice.
func TestDamagedPiece(t *testing.T) {
	t.Parallel()
	for name, breaks := range map[string]func(t *testing.T, path string){
		"shortened": func(t *testing.T, path string) {
			if err := os.Truncate(path, 8192); err != nil {
				t.Fatal(err)
			}
		},
		"noise": func(t *testing.T, path string) {
			noise := []byte(strings.Repeat("noise", 8000))
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			_, err = f.WriteAt(noise, 0)
			if err := errors.Join(err, f.Close()); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			directory := t.TempDir()
			d := open(t, directory, "e1")
			d.add(t, 300)
			all, paths := d.Segments(), piecesIn(t, directory)
			second := all[1]
			breaks(t, paths[1])
			want := append(upTo(1, second.First-1), upTo(second.Last+1, 300)...)
			same(t, "at a read", d.numbers(t, 0), want)
			same(t, "lost", d.lost, []Loss{{"e1", second.First, second.Last, "damaged"}})
			same(t, "again", d.numbers(t, 0), want)
			_ = d.Close()

			newest := all[len(all)-1]
			breaks(t, paths[len(paths)-1])
			d = open(t, directory, "e1")
			same(t, "lost at the start", d.lost, []Loss{{"e1", newest.First, newest.First + Most - 1, "damaged"}})
			same(t, "next", d.Next(), newest.First+Most)
			same(t, "the others", d.numbers(t, 0), append(upTo(1, second.First-1), upTo(second.Last+1, newest.First-1)...))
			aside, err := os.ReadDir(filepath.Join(directory, "damaged"))
			if err != nil || len(aside) != 2 {
				t.Errorf("got %v, %v aside, want two files", aside, err)
			}
			_ = d.Close()
			same(t, "next after a restart", open(t, directory, "e1").Next(), newest.First+Most)
		})
	}
}

// piecesIn are the files of a log, oldest first.
func piecesIn(t *testing.T, directory string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(directory, "readings-*.db"))
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// TestOtherEpoch holds that files of another store are moved aside and counted, and
// that what is used elsewhere is not used again.
func TestOtherEpoch(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	d := open(t, directory, "e1")
	d.add(t, 150)
	_ = d.Close()
	if err := os.WriteFile(filepath.Join(directory, "readings-00000000000000000009-e1.db.new"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	d = open(t, directory, "e2")
	var lost uint64
	for _, l := range d.lost {
		lost += l.Last - l.First + 1
		if l.Epoch != "e1" {
			t.Errorf("lost %+v, want numbers of e1", l)
		}
	}
	same(t, "lost", lost, 150)
	same(t, "numbers", d.numbers(t, 0), nil)
	same(t, "next", d.Next(), 1)
	same(t, "files", len(piecesIn(t, directory)), 0)
	_ = d.Close()
	d = open(t, directory, "e2", func(o *Options) { o.Least = 40 })
	same(t, "next when the files were taken away", d.Next(), 41+Most)

	d.add(t, 150)
	d.lost = nil
	if err := d.Renew("e3"); err != nil {
		t.Fatal(err)
	}
	d.add(t, 20)
	same(t, "numbers of the new epoch", d.numbers(t, 0), upTo(1, 20))
	lost = 0
	for _, l := range d.lost {
		lost += l.Last - l.First + 1
	}
	same(t, "lost with the old one", lost, 150)
}

// TestFilledToTheBrim: values that do not fit into what is left of a file begin the
// next one, whatever their size.
func TestFilledToTheBrim(t *testing.T) {
	for _, size := range []int{3_000, 70_000, 250_000} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			directory := t.TempDir()
			d := open(t, directory, "7f3a9c51d20b44e6", func(o *Options) { o.Bytes = 2 << 20 })
			var n uint64
			for d.Bytes() < 10<<20 {
				var values [][]byte
				for range 100 {
					n++
					values = append(values, fmt.Appendf(nil, "%d %s", n, strings.Repeat("x", size/100)))
				}
				if err := d.Append(n-99, values); err != nil {
					t.Fatal(err)
				}
			}
			same(t, "numbers", d.numbers(t, 0), upTo(1, n))
			for _, s := range d.Segments() {
				if s.Bytes > 2<<20 {
					t.Errorf("got a file of %d bytes, want at most %d", s.Bytes, 2<<20)
				}
			}
		})
	}
}

// TestBeginAgain holds that a log that was opened can be begun again, as where what
// lies beside it could not be: nothing of it stays locked.
func TestBeginAgain(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	d := open(t, directory, "e1")
	d.add(t, 10)
	for range 2 {
		if err := d.Begin("e1", 10); err != nil {
			t.Fatal(err)
		}
		same(t, "numbers", d.numbers(t, 0), upTo(1, d.Next()-1))
		d.add(t, 10)
	}
}

// TestGivenAgain holds that values whose numbers somebody else keeps can be added again
// after a commit that failed, also the very first one of a file, and are there once.
func TestGivenAgain(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	given := func(o *Options) { o.Given, o.Prefix = true, "history" }
	d := open(t, directory, "7f3a9c51d20b44e6", given)
	add := func(first uint64) error {
		var values [][]byte
		for n := range uint64(10) {
			values = append(values, fmt.Append(nil, first+n, " "))
		}
		return d.Append(first, values)
	}
	failing := func(first uint64) {
		t.Helper()
		_ = d.newest().file.Close() // every commit to it fails
		if err := add(first); err == nil {
			t.Fatal("got no error")
		}
		if err := add(first); err != nil {
			t.Errorf("again from %d on: got %v", first, err)
		}
	}
	if err := add(1); err != nil {
		t.Fatal(err)
	}
	failing(11)
	if err := d.roll(21); err != nil {
		t.Fatal(err)
	}
	failing(21)
	same(t, "numbers", d.numbers(t, 0), upTo(1, 30))
	same(t, "files", len(d.Segments()), 3)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	d = open(t, directory, "7f3a9c51d20b44e6", given)
	same(t, "numbers after a restart", d.numbers(t, 0), upTo(1, 30))
	same(t, "next", d.Next(), uint64(31))
}
