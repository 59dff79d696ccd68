package disktest

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	bolt "go.etcd.io/bbolt"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) {
	Main()
	os.Exit(m.Run())
}

// TestBolt holds that bbolt, which reads through its memory, works on the disk: what
// it wrote is there when the file is opened again.
func TestBolt(t *testing.T) {
	path := filepath.Join(New(t).Dir, "some.db")
	for round := range 3 {
		db, err := bolt.Open(path, 0o600, &bolt.Options{InitialMmapSize: 8 << 20})
		if err != nil {
			t.Fatal(err)
		}
		for n := range 200 {
			err := db.Update(func(tx *bolt.Tx) error {
				b, err := tx.CreateBucketIfNotExists([]byte("b"))
				if err != nil {
					return err
				}
				return b.Put(fmt.Append(nil, round, "/", n), bytes.Repeat([]byte{byte(n)}, 500))
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		err = db.View(func(tx *bolt.Tx) error {
			for err := range tx.Check() {
				t.Error(err)
			}
			if got := tx.Bucket([]byte("b")).Stats().KeyN; got != 200*(round+1) {
				t.Errorf("got %d keys after round %d", got, round)
			}
			return nil
		})
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFaults holds that each switch does what it says, and that it can be turned
// back.
func TestFaults(t *testing.T) {
	d := New(t)
	f, err := os.Create(filepath.Join(d.Dir, "f"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	write := func() error { _, err := f.WriteAt([]byte("x"), 0); return err }
	create := func() error {
		g, err := os.Create(filepath.Join(d.Dir, "g"))
		return errors.Join(err, g.Close())
	}
	for _, c := range []struct {
		name                string
		turn                func()
		write, sync, create error
	}{
		{"at first", func() {}, nil, nil, nil},
		{"all fails", func() { d.Fail(unix.EIO) }, unix.EIO, unix.EIO, unix.EIO},
		{"fsync fails", func() { d.Fail(unix.EIO, Sync) }, nil, unix.EIO, nil},
		{"read-only", func() { d.Fail(0); d.ReadOnly(true) }, unix.EROFS, unix.EROFS, unix.EROFS},
		{"back", func() { d.ReadOnly(false) }, nil, nil, nil},
	} {
		c.turn()
		for what, do := range map[string]struct {
			got  error
			want error
		}{"write": {write(), c.write}, "fsync": {f.Sync(), c.sync}, "create": {create(), c.create}} {
			if !errors.Is(do.got, do.want) {
				t.Errorf("%s: %s: got %v, want %v", c.name, what, do.got, do.want)
			}
		}
		_ = os.Remove(filepath.Join(d.Dir, "g"))
	}
	d.Slow(30 * time.Millisecond)
	began := time.Now()
	if err := f.Sync(); err != nil || time.Since(began) < 30*time.Millisecond {
		t.Errorf("a slow fsync: %v after %v", err, time.Since(began))
	}
}

// TestFull holds that room is what the disk gives out: what has it can be written
// again, fallocate takes it, unlink and truncate give it back.
func TestFull(t *testing.T) {
	d := New(t)
	open := func(name string) *os.File {
		t.Helper()
		f, err := os.Create(filepath.Join(d.Dir, name))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	a, b := open("a"), open("b")
	must := func(what string, err, want error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", what, err, want)
		}
	}
	put := func(f *os.File, blocks, at int) error {
		_, err := f.WriteAt(make([]byte, blocks*block), int64(at*block))
		return err
	}
	d.Full(4 * block)
	must("three blocks", put(a, 3, 0), nil)
	must("the same again", put(a, 3, 0), nil)
	must("two more", put(b, 2, 0), unix.ENOSPC)
	must("one more, allocated", unix.Fallocate(int(b.Fd()), 0, 0, block), nil)
	must("in its place", put(b, 1, 0), nil)
	must("one more", put(b, 1, 1), unix.ENOSPC)
	var left unix.Statfs_t
	if err := unix.Statfs(d.Dir, &left); err != nil || left.Bavail != 0 {
		t.Errorf("statfs: %v, %d blocks left", err, left.Bavail)
	}
	must("truncate", a.Truncate(block), nil)
	must("two more", put(b, 2, 1), nil)
	must("unlink", os.Remove(filepath.Join(d.Dir, "a")), nil)
	must("one more", put(b, 1, 3), nil)
	must("one more", put(b, 1, 4), unix.ENOSPC)
	d.Full(-1)
	must("one more", put(b, 1, 4), nil)
}

// TestRecording holds that all that is done is recorded, in order, between the
// notes.
func TestRecording(t *testing.T) {
	d := New(t)
	d.Record()
	path := filepath.Join(d.Dir, "sub", "f")
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt([]byte("one"), 2)
	d.Note("written")
	err = errors.Join(err, f.Sync(), f.Truncate(4), unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_KEEP_SIZE, 0, 10),
		os.Rename(path, path+"2"), folder.Sync(), os.Remove(path+"2"), f.Close(), folder.Close())
	if err != nil {
		t.Fatal(err)
	}
	want := []Op{
		{Kind: Mkdir, ID: 2, In: 1, Name: "sub"},
		{Kind: Create, ID: 3, In: 2, Name: "f"},
		{Kind: Write, ID: 3, Offset: 2, Size: 3, Content: []byte("one")},
		{Kind: Note, Text: "written"},
		{Kind: Sync, ID: 3, Begun: 4},
		{Kind: Truncate, ID: 3, Size: 4},
		{Kind: Allocate, ID: 3, Size: 10, Mode: 1},
		{Kind: Rename, ID: 3, In: 2, Name: "f", To: 2, ToName: "f2"},
		{Kind: Sync, ID: 2, Begun: 8},
		{Kind: Unlink, ID: 3, In: 2, Name: "f2"},
	}
	got := d.Recording().Ops
	for i := range got {
		got[i].At = 0
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// TestCuts goes through the cuts of a file that gets its name when it is whole, once
// as it should be done and once without the fsync of its content: then there are
// cuts that leave the name and not the content.
func TestCuts(t *testing.T) {
	done := []Op{
		{Kind: Create, ID: 2, In: 1, Name: "new"},
		{Kind: Write, ID: 2, Size: 600, Content: bytes.Repeat([]byte("a"), 600)},
		{Kind: Sync, ID: 2, Begun: 2},
		{Kind: Rename, ID: 2, In: 1, Name: "new", To: 1, ToName: "whole"},
		{Kind: Sync, ID: 1, Begun: 4},
		{Kind: Note, Text: "safe"},
	}
	left := func(r Recording) (all []string) {
		for c := range r.Cuts(20, 1) {
			dir := t.TempDir()
			if err := c.Lay(dir); err != nil {
				t.Fatal(err)
			}
			content, err := os.ReadFile(filepath.Join(dir, "whole"))
			state := fmt.Sprintf("%d: no file", c.Ops)
			if err == nil {
				state = fmt.Sprintf("%d: %d bytes, %d of them", c.Ops, len(content), bytes.Count(content, []byte("a")))
			}
			all = append(all, state)
		}
		slices.Sort(all)
		return slices.Compact(all)
	}
	want := []string{
		"0: no file", "1: no file", "2: no file", "3: no file",
		"4: 600 bytes, 600 of them", "4: no file", "6: 600 bytes, 600 of them",
	}
	if diff := cmp.Diff(want, left(Recording{done})); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	done[2] = Op{Kind: Note}
	got := left(Recording{done})
	for _, bad := range []string{"6: 0 bytes, 0 of them", "6: 512 bytes, 512 of them", "6: 600 bytes, 88 of them"} {
		if !slices.Contains(got, bad) {
			t.Errorf("without fsync: got %q, want one of them to be %q", got, bad)
		}
	}
}

// TestImage compares an image with a plain slice of bytes, over many random
// changes.
func TestImage(t *testing.T) {
	var m image
	var plain []byte
	reach := func(size int) {
		if size > len(plain) {
			plain = append(plain, make([]byte, size-len(plain))...)
		}
	}
	random := rand.New(rand.NewPCG(7, 0))
	for n := range 1000 {
		from, size := random.IntN(5*block), 1+random.IntN(2*block)
		before := m.clone()
		was := before.readAt(make([]byte, before.size), 0)
		switch random.IntN(4) {
		case 0:
			m.truncate(int64(from))
			reach(from)
			plain = plain[:from:from]
		case 1:
			content := bytes.Repeat([]byte{byte(n)}, size)
			m.write(content, int64(from))
			reach(from + size)
			copy(plain[from:], content)
		case 2:
			m.allocate(int64(from), int64(size), false)
			reach(from + size)
		case 3:
			m.punch(int64(from), int64(size))
			for i := from; i < min(from+size, len(plain)); i++ {
				plain[i] = 0
			}
		}
		if !bytes.Equal(m.readAt(make([]byte, 10*block), 0), plain) {
			t.Fatalf("step %d: %d bytes differ from %d", n, m.size, len(plain))
		}
		if !bytes.Equal(before.readAt(make([]byte, before.size), 0), was) {
			t.Fatalf("step %d changed a copy that was made before", n)
		}
	}
}
