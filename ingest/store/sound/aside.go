package sound

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// What is damaged is kept whole for whoever wants to look at it, in a folder of its
// own and under the time at which it was found:
//
//	damaged/store-20261121T224000Z-1.db
//	        |     |                | counts up within a second
//	        |     | UTC
//	        | name of the file

// mostAside is how many files of each name a folder keeps at most.
const mostAside = 3

// Aside chooses where a file is set aside in a folder, which is made if absent.
func Aside(path, folder string, now time.Time) (to string, err error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", err
	}
	end := filepath.Ext(path)
	stem := strings.TrimSuffix(filepath.Base(path), end) + now.UTC().Format("-20060102T150405Z-")
	for n := 1; ; n++ {
		to := filepath.Join(folder, fmt.Sprint(stem, n, end))
		if _, err := os.Lstat(to); err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				err = nil
			}
			return to, err
		}
	}
}

// SetAside moves a file that nobody has open into a folder, and returns where it
// lies. The folder keeps the newest 3 files of each name, "store" before all others,
// and no more than so many bytes, but the first of these in any case. Where it says
// where the file lies an error is of what came after.
func SetAside(path, folder string, most int64) (to string, err error) {
	if to, err = Aside(path, folder, time.Now()); err != nil {
		return "", err
	}
	trim(path)
	if err := os.Rename(path, to); err != nil {
		return "", err
	}
	return to, errors.Join(SyncPath(folder), SyncPath(filepath.Dir(path)), thin(folder, most))
}

// Replace puts what was drafted in the place of a file that nobody has open, which
// is afterwards found under the name that Aside chose. At no moment there is none
// of that name, where the file system knows two names of a file. The folder keeps
// what SetAside says. Where it was replaced an error is of what came after: it may not
// be on disk, or the folder keeps too much.
func Replace(path, to string, most int64) (replaced bool, err error) {
	folder := filepath.Dir(to)
	trim(path)
	if err := os.Link(path, to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		if err := os.Rename(path, to); err != nil {
			return false, err
		}
	}
	if err := os.Rename(drafted(path), path); err != nil {
		return false, err
	}
	return true, errors.Join(SyncPath(folder), SyncPath(filepath.Dir(path)), thin(folder, most))
}

// Adopt finishes what a power cut kept Replace from, on a file system on which a file
// has one name only: the old file was moved away, and the new one lies there whole.
// It says whether there is a file now.
func Adopt(path string) bool {
	if Check(drafted(path)) != nil || os.Rename(drafted(path), path) != nil {
		return false
	}
	return SyncPath(filepath.Dir(path)) == nil
}

// trim cuts off the end of a file that was allocated and never written. That it
// cannot is no matter: the file is kept all the same.
func trim(path string) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return
	}
	defer f.Close()
	var end int64
	for {
		from, err := unix.Seek(int(f.Fd()), end, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) { // nothing but a hole from here on
			_ = f.Truncate(end)
			return
		}
		if err != nil {
			return
		}
		if end, err = unix.Seek(int(f.Fd()), from, unix.SEEK_HOLE); err != nil {
			return
		}
	}
}

// thin takes the oldest files of a folder away until it keeps what it may. Their
// names begin alike, and go on with the time.
func thin(folder string, most int64) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	type file struct {
		name, stem string
		at         time.Time
		size       int64
	}
	var all []file
	for _, e := range entries {
		if is, err := e.Info(); err == nil && is.Mode().IsRegular() {
			stem, _, _ := strings.Cut(e.Name(), "-")
			all = append(all, file{e.Name(), stem, asideSince(e.Name(), is), is.Size()})
		}
	}
	last := func(f file) int { // what lies beside store.db is worth less than that
		if f.stem == "store" {
			return 0
		}
		return 1
	}
	slices.SortFunc(all, func(a, b file) int { // newest first
		return cmp.Or(last(a)-last(b), b.at.Compare(a.at), strings.Compare(b.name, a.name))
	})
	var wrong error
	of := map[string]int{}
	for i, f := range all {
		of[f.stem]++
		if most -= f.size; i > 0 && (of[f.stem] > mostAside || most < 0) {
			wrong = errors.Join(wrong, os.Remove(filepath.Join(folder, f.name)))
		}
	}
	return wrong
}

// asideSince is when a file was set aside, as its name says.
func asideSince(name string, is fs.FileInfo) time.Time {
	words := strings.Split(strings.TrimSuffix(name, filepath.Ext(name)), "-")
	if len(words) >= 3 {
		if at, err := time.Parse("20060102T150405Z", words[len(words)-2]); err == nil {
			return at
		}
	}
	return is.ModTime()
}
