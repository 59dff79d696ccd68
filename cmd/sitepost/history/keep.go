package history

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/google/renameio/v2"
	"golang.org/x/sys/unix"
)

const (
	folderMode = 0o750
	fileMode   = 0o640
)

// Keep keeps a site file that was accepted, and says as what; synced says of the moment
// whether the clock that told it was synchronised. The same text as that of the last
// entry makes no new one. An entry with a number is on disk, also if there is an error:
// then what is too old could not be taken away.
func (b *Book) Keep(text []byte, who string, at time.Time, synced bool) (Entry, error) {
	if len(text) == 0 || len(text) > maxText {
		return Entry{}, fmt.Errorf("history of site files: a text of %d bytes is no site file", len(text))
	}
	if err := b.make(); err != nil {
		return Entry{}, fmt.Errorf("history of site files: %w", err)
	}
	root, err := b.root()
	if err != nil {
		return Entry{}, err
	}
	defer root.Close()
	unlock, err := lock(root)
	if err != nil {
		return Entry{}, fmt.Errorf("history of site files: %w", err)
	}
	defer unlock()
	s, err := lookAt(root)
	if err != nil {
		return Entry{}, err
	}
	if last, is := s.last(); is && last.Hash == hashOf(text) {
		return last, nil
	}
	number, err := s.next()
	if err != nil {
		return Entry{}, err
	}
	return put(root, &s, newEntry(number, text, who, at, synced), text)
}

// put writes an entry, and takes away what is too much with it.
func put(root *os.Root, s *shelf, e Entry, text []byte) (Entry, error) {
	file, err := encode(e, text)
	if err == nil {
		err = squeeze(root, s, e.Number, file)
	}
	if err != nil {
		return Entry{}, fmt.Errorf("history of site files: number %d: %w", e.Number, err)
	}
	for _, name := range append(s.surplus(root, int64(len(file))), s.left...) {
		if gone := root.Remove(name); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, fmt.Errorf("history of site files: %w", gone))
		}
	}
	return e, err
}

// squeeze writes a file, on a full disk into the room of the oldest entries: with none
// but old ones the box would fall back, at the next mistake, to what nobody wants any
// more. The youngest of them stays until the new one is there.
func squeeze(root *os.Root, s *shelf, number int, file []byte) error {
	err := write(root, fileName(number), file)
	for errors.Is(err, syscall.ENOSPC) && len(s.entries) > 1 {
		oldest := s.entries[0].Number
		if gone := root.Remove(fileName(oldest)); gone != nil {
			return errors.Join(err, gone)
		}
		s.entries = s.entries[1:]
		s.files = slices.DeleteFunc(s.files, func(n int) bool { return n == oldest })
		err = write(root, fileName(number), file)
	}
	return err
}

// write puts a file into the folder: whole, on disk, and for the same people as the
// folder, whoever we are.
func write(root *os.Root, name string, file []byte) error {
	f, err := renameio.NewPendingFile(name, renameio.WithRoot(root), renameio.WithStaticPermissions(fileMode))
	if err != nil {
		return err
	}
	defer func() { _ = f.Cleanup() }()
	if _, err := f.Write(file); err != nil {
		return err
	}
	if err := likeFolder(root, f.File); err != nil {
		return err
	}
	if err := f.CloseAtomicallyReplace(); err != nil {
		return err
	}
	d, err := root.Open(".")
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close()) // the new name is on disk too
}

// likeFolder gives a file to the owner of the folder: what root's tool keeps, the
// daemon must be able to read.
func likeFolder(root *os.Root, f *os.File) error {
	i, err := root.Stat(".")
	if err != nil {
		return err
	}
	if owner, foreign := foreignOwner(i); foreign {
		return f.Chown(int(owner.Uid), int(owner.Gid))
	}
	return nil
}

// foreignOwner is who owns a folder that we, as root, make something in for somebody
// else. The daemon, which is not root, makes everything for itself.
func foreignOwner(folder fs.FileInfo) (owner *syscall.Stat_t, foreign bool) {
	owner, is := folder.Sys().(*syscall.Stat_t)
	return owner, is && os.Geteuid() == 0 && (owner.Uid != 0 || owner.Gid != 0)
}

// make makes the folder, for the owner of the directory that it lies in.
func (b *Book) make() error {
	err := os.Mkdir(b.path, folderMode)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	above, err := os.Open(filepath.Dir(b.path))
	if err != nil {
		return err
	}
	defer above.Close()
	i, err := above.Stat()
	if err != nil {
		return err
	}
	if owner, foreign := foreignOwner(i); foreign {
		if err := os.Lchown(b.path, int(owner.Uid), int(owner.Gid)); err != nil {
			return err
		}
	}
	return errors.Join(os.Chmod(b.path, folderMode), above.Sync())
}

// How long a Keep waits for that of another process, which takes milliseconds.
const (
	lockWithin = 5 * time.Second
	lockPause  = 10 * time.Millisecond
)

// lock holds the folder until unlock is called or the process dies (flock(2)).
func lock(root *os.Root) (unlock func(), err error) {
	d, err := root.Open(".")
	if err != nil {
		return nil, err
	}
	for end := time.Now().Add(lockWithin); ; time.Sleep(lockPause) {
		err = unix.Flock(int(d.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		again := errors.Is(err, unix.EWOULDBLOCK) || errors.Is(err, unix.EINTR)
		switch {
		case err == nil:
			return func() { _ = d.Close() }, nil
		case !again:
			return nil, errors.Join(fmt.Errorf("lock %q: %w", root.Name(), err), d.Close())
		case time.Now().After(end):
			return nil, errors.Join(fmt.Errorf("%q: another sitepost has held it for %v: see what it does, and try again", root.Name(), lockWithin), d.Close())
		}
	}
}
