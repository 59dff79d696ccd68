package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/google/renameio/v2"
)

// A siteFile is a site file that is about to be replaced.
type siteFile struct {
	path string // with all links resolved: a link stays one
	text []byte
	stat fs.FileInfo
}

func openSite(path string) (*siteFile, error) {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, err
	}
	s := &siteFile{path: path}
	s.text, s.stat, err = readOrdinary(path)
	return s, err
}

// mostReplaced is the largest file that is replaced, in bytes: no site file is larger.
const mostReplaced = 1 << 20

// readOrdinary reads a file that has an end. O_NONBLOCK keeps a named pipe from holding
// us up before we know what it is.
func readOrdinary(path string) ([]byte, fs.FileInfo, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	stat, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	if !stat.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("%s is no ordinary file: give the path of one", path)
	}
	text, err := io.ReadAll(io.LimitReader(f, mostReplaced+1))
	if len(text) > mostReplaced {
		return nil, nil, fmt.Errorf("%s is larger than 1 MiB: this is not a site.toml", path)
	}
	return text, stat, err
}

// replace puts text into the place of the file, whole or not at all, with the same
// mode and owner, and returns where beside it the old text is kept. A file that
// somebody changed meanwhile stays as it is.
func (s *siteFile) replace(text []byte) (backup string, err error) {
	err = s.put(text, func() (err error) {
		backup, err = s.keepOld()
		return err
	})
	return backup, err
}

// exchange is replace for an old text that is kept somewhere else.
func (s *siteFile) exchange(text []byte) error {
	return s.put(text, func() error { return nil })
}

// put writes a new file, and gives it the name of the old one when that is kept. What
// can fail or takes time comes before that: a full disk leaves nothing behind, and
// between the last look at the file and its end is no time for an editor.
func (s *siteFile) put(text []byte, keep func() error) error {
	t, err := renameio.NewPendingFile(s.path, renameio.WithTempDir(filepath.Dir(s.path)), renameio.WithStaticPermissions(s.stat.Mode().Perm()))
	if err != nil {
		return err
	}
	defer func() { _ = t.Cleanup() }()
	if err := errors.Join(s.fill(t.File, text), t.Sync()); err != nil {
		return err
	}
	if err := s.unchanged(); err != nil {
		return err
	}
	if err := keep(); err != nil {
		return err
	}
	if err := t.CloseAtomicallyReplace(); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(s.path))
}

func (s *siteFile) unchanged() error {
	if now, _, err := readOrdinary(s.path); err != nil || !bytes.Equal(now, s.text) {
		return errors.Join(fmt.Errorf("%s was changed by somebody else just now and stays so: try again", s.path), err)
	}
	return nil
}

// keepOld gives the old file another name beside it, which stays when the new one takes
// the first: no copy that could be half of one.
func (s *siteFile) keepOld() (string, error) {
	for n := range 1000 {
		name := s.path + ".bak"
		if n > 0 {
			name = fmt.Sprintf("%s.bak.%d", s.path, n)
		}
		switch err := os.Link(s.path, name); {
		case err == nil:
			return name, nil
		case !errors.Is(err, fs.ErrExist):
			return "", err
		}
	}
	return "", fmt.Errorf("beside %s are a thousand backups: take some away", s.path)
}

// fill writes text and makes the file look as the site file does.
func (s *siteFile) fill(f *os.File, text []byte) error {
	if _, err := io.Copy(f, bytes.NewReader(text)); err != nil {
		return err
	}
	if err := f.Chmod(s.stat.Mode().Perm()); err != nil {
		return err
	}
	owner, ok := s.stat.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	if err := f.Chown(int(owner.Uid), int(owner.Gid)); err != nil {
		return fmt.Errorf("%w (the file belongs to somebody else: try again with sudo)", err)
	}
	return nil
}

// syncFolder makes sure that a new name is on disk too.
func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
