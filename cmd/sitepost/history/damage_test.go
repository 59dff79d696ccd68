package history_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"sitepost/cmd/sitepost/history"
)

// damaged makes a book of three entries and does something to the file of the
// second or third.
func damaged(t *testing.T, number int, harm func(path string, whole []byte) error) *history.Book {
	t.Helper()
	b := open(t, t.TempDir())
	for n := 1; n <= 3; n++ {
		keep(t, b, fmt.Sprintf("version = 1 # %d", n))
	}
	path := filepath.Join(b.Path(), fmt.Sprintf("%06d.toml", number))
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := harm(path, whole); err != nil {
		t.Fatal(err)
	}
	return b
}

// exchange puts something else into the place of a file.
func exchange(place func(path string) error) func(string, []byte) error {
	return func(path string, _ []byte) error {
		if err := os.Remove(path); err != nil {
			return err
		}
		return place(path)
	}
}

// TestDamaged: what is damaged is skipped and told, also if it is the last one; the
// others are there; and the next one gets a number of its own.
func TestDamaged(t *testing.T) {
	t.Parallel()
	cut := func(n int) func(string, []byte) error {
		return func(path string, whole []byte) error { return os.WriteFile(path, whole[:n], 0o640) }
	}
	for _, c := range []struct {
		name, want string
		harm       func(path string, whole []byte) error
	}{
		{"empty", "it does not begin as an entry does", cut(0)},
		{"cut in its first line", "its first line has no end", cut(60)},
		{"cut in its text", "its text is not the one that was accepted: the hash differs", func(path string, whole []byte) error {
			return os.WriteFile(path, whole[:len(whole)-1], 0o640)
		}},
		{"a bit has turned", "its text is not the one that was accepted: the hash differs", func(path string, whole []byte) error {
			whole[len(whole)-1] ^= 1
			return os.WriteFile(path, whole, 0o640)
		}},
		{"nothing but zeros, as after a power cut", "it does not begin as an entry does", func(path string, whole []byte) error {
			return os.WriteFile(path, make([]byte, len(whole)), 0o640)
		}},
		{"another entry under this name", "it says that it is number 1", func(path string, _ []byte) error {
			one, err := os.ReadFile(filepath.Join(filepath.Dir(path), "000001.toml"))
			if err != nil {
				return err
			}
			return os.WriteFile(path, one, 0o640)
		}},
		{"no JSON", "its first line cannot be read: ", func(path string, _ []byte) error {
			return os.WriteFile(path, []byte("# accepted by sitepost: {\nversion = 1"), 0o640)
		}},
		{"a link to an entry", "it is no ordinary file (L---------)", exchange(func(path string) error { return os.Symlink("000001.toml", path) })},
		{"a link to a secret", "it is no ordinary file (L---------)", exchange(func(path string) error { return os.Symlink("/etc/shadow", path) })},
		{"a folder", "it is no ordinary file (d---------)", exchange(func(path string) error { return os.MkdirAll(path+"/x", 0o750) })},
		{"a pipe", "it is no ordinary file (p---------)", exchange(func(path string) error { return syscall.Mkfifo(path, 0o640) })},
		{"1 GiB", "it is larger than an entry can be: 1073741824 bytes", exchange(func(path string) error {
			if err := os.WriteFile(path, nil, 0o640); err != nil {
				return err
			}
			return os.Truncate(path, 1<<30)
		})},
	} {
		t.Run(c.name, func(t *testing.T) {
			for number, others := range map[int][]int{2: {1, 3}, 3: {1, 2}} {
				b := damaged(t, number, c.harm)
				if diff := cmp.Diff(others, numbers(t, b)); diff != "" {
					t.Errorf("entries (-want +got)\n%s", diff)
				}
				all, err := b.Damages()
				if want := fmt.Sprintf("%06d.toml", number); err != nil || len(all) != 1 || all[0].File != want || !strings.HasPrefix(all[0].What, c.want) {
					t.Errorf("got %+v, %v, want %s: %s", all, err, want, c.want)
				}
				if last, is, err := b.Last(); last.Number != others[1] || !is || err != nil {
					t.Errorf("last: got %+v, %v, %v, want number %d", last, is, err, others[1])
				}
				if e := keep(t, b, "version = 1 # new"); e.Number != 4 {
					t.Errorf("the next one is number %d, want 4", e.Number)
				}
				if text, err := b.Text(number); err == nil {
					t.Errorf("its text: got %q", text)
				}
			}
		})
	}
}

// TestDamagedGoesFirst: where there is not room for all, what nobody can read goes
// before what somebody may need, and a thing of 1 GiB costs no good entry its place.
func TestDamagedGoesFirst(t *testing.T) {
	t.Parallel()
	b := damaged(t, 3, exchange(func(path string) error {
		if err := os.WriteFile(path, nil, 0o640); err != nil {
			return err
		}
		return os.Truncate(path, 1<<30)
	}))
	keep(t, b, "version = 1 # 4")
	if diff := cmp.Diff([]int{1, 2, 4}, numbers(t, b)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if all, err := b.Damages(); len(all) != 0 || err != nil {
		t.Errorf("still there: %v, %v", all, err)
	}
}

// TestHostileFolder: a link in the place of the folder is not followed, and neither
// far too many names nor far too many entries cost more than their share.
func TestHostileFolder(t *testing.T) {
	t.Parallel()
	t.Run("a link", func(t *testing.T) {
		directory, elsewhere := t.TempDir(), t.TempDir()
		if err := os.Symlink(elsewhere, filepath.Join(directory, "config-history")); err != nil {
			t.Fatal(err)
		}
		if _, err := history.Open(directory); err == nil || !strings.Contains(err.Error(), "is no folder: move it away") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("comes later", func(t *testing.T) {
		directory, elsewhere := t.TempDir(), t.TempDir()
		b := open(t, directory)
		if err := os.Symlink(elsewhere, b.Path()); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Keep([]byte("version = 1"), "", noon, true); err == nil {
			t.Error("it was kept elsewhere")
		}
		if files, err := os.ReadDir(elsewhere); len(files) != 0 || err != nil {
			t.Errorf("elsewhere: %v, %v", files, err)
		}
	})
	t.Run("300 empty entries", func(t *testing.T) {
		b := damaged(t, 3, func(path string, _ []byte) error {
			for n := 3; n <= 302; n++ {
				if err := os.WriteFile(filepath.Join(filepath.Dir(path), fmt.Sprintf("%06d.toml", n)), nil, 0o640); err != nil {
					return err
				}
			}
			return nil
		})
		all, err := b.Damages()
		if err != nil || len(all) != 101 || all[0].What != "it and 201 more are not looked at: there are too many" {
			t.Errorf("got %d, %+v, %v", len(all), all[:1], err)
		}
		if e := keep(t, b, "version = 1 # new"); e.Number != 303 {
			t.Errorf("the next one is number %d, want 303", e.Number)
		}
		if files, err := os.ReadDir(b.Path()); len(files) != 50 || err != nil {
			t.Errorf("%d files are left, %v, want 50", len(files), err)
		}
	})
	t.Run("10,001 names", func(t *testing.T) {
		b := damaged(t, 3, func(path string, _ []byte) error {
			for n := range 10_001 {
				if err := os.WriteFile(filepath.Join(filepath.Dir(path), fmt.Sprintf("x%d", n)), nil, 0o640); err != nil {
					return err
				}
			}
			return nil
		})
		if _, err := b.List(); err == nil || !strings.Contains(err.Error(), "take away what does not belong there") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("the highest number", func(t *testing.T) {
		b := damaged(t, 3, func(path string, _ []byte) error {
			return os.WriteFile(filepath.Join(filepath.Dir(path), "999999999.toml"), nil, 0o640)
		})
		if _, err := b.Keep([]byte("version = 2"), "", noon, true); err == nil || !strings.Contains(err.Error(), `move "999999999.toml" away`) {
			t.Errorf("got %v", err)
		}
	})
}

// TestLeftover: what a process left that died while it wrote goes with the next Keep;
// what somebody else put there stays.
func TestLeftover(t *testing.T) {
	t.Parallel()
	b := open(t, t.TempDir())
	keep(t, b, "version = 1")
	put := func(name string) {
		if err := os.WriteFile(filepath.Join(b.Path(), name), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(".000002.toml8147152")
	put(".note")
	keep(t, b, "version = 1 # new")
	files, err := os.ReadDir(b.Path())
	var got []string
	for _, f := range files {
		got = append(got, f.Name())
	}
	if diff := cmp.Diff([]string{".note", "000001.toml", "000002.toml"}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
}

// TestFullDisk: where the disk is full the oldest entries make room for the new one, the
// youngest of them stays, and what cannot be kept at all costs nothing.
func TestFullDisk(t *testing.T) {
	b := open(t, t.TempDir())
	keep(t, b, "version = 1 # there is a folder now")
	if err := unix.Mount("none", b.Path(), "tmpfs", 0, "size=256k,mode=750"); err != nil {
		t.Skipf("needs the right to mount: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(b.Path(), unix.MNT_DETACH) })
	text := func(n, kilobytes int) string {
		return fmt.Sprintf("version = 1 # %d\n%s", n, strings.Repeat("#", kilobytes<<10))
	}
	for n := 1; n <= 8; n++ {
		keep(t, b, text(n, 60)) // four of them fill the disk
	}
	if diff := cmp.Diff([]int{5, 6, 7, 8}, numbers(t, b)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if _, err := b.Keep([]byte(text(9, 250)), "", noon, true); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %v", err)
	}
	if last, is, err := b.Last(); last.Number != 8 || !is || err != nil {
		t.Errorf("last: got %+v, %v, %v, want number 8", last, is, err)
	}
	if e := keep(t, b, text(9, 60)); e.Number != 9 {
		t.Errorf("the next one is number %d, want 9", e.Number)
	}
}
