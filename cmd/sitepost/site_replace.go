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
	if s.stat, err = os.Stat(path); err != nil {
		return nil, err
	}
	s.text, err = os.ReadFile(path)
	return s, err
}

// replace puts text into the place of the file, whole or not at all, with the same
// mode and owner, and returns where beside it the old text is kept. A file that
// somebody changed meanwhile stays as it is.
func (s *siteFile) replace(text []byte) (backup string, err error) {
	if err := s.unchanged(); err != nil {
		return "", err
	}
	if backup, err = s.keepOld(); err != nil {
		return "", err
	}
	return backup, s.put(text)
}

// exchange is replace for an old text that is kept somewhere else.
func (s *siteFile) exchange(text []byte) error {
	if err := s.unchanged(); err != nil {
		return err
	}
	return s.put(text)
}

func (s *siteFile) unchanged() error {
	if now, err := os.ReadFile(s.path); err != nil || !bytes.Equal(now, s.text) {
		return errors.Join(fmt.Errorf("%s was changed by somebody else just now and stays so: try again", s.path), err)
	}
	return nil
}

// put writes a new file and gives it the name of the old one.
func (s *siteFile) put(text []byte) error {
	t, err := renameio.NewPendingFile(s.path, renameio.WithTempDir(filepath.Dir(s.path)), renameio.WithStaticPermissions(s.stat.Mode().Perm()))
	if err != nil {
		return err
	}
	defer func() { _ = t.Cleanup() }()
	if err := s.fill(t.File, text); err != nil {
		return err
	}
	if err := t.CloseAtomicallyReplace(); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(s.path))
}

// keepOld writes the old text beside the file, under a name that is free.
func (s *siteFile) keepOld() (string, error) {
	for n := range 1000 {
		name := s.path + ".bak"
		if n > 0 {
			name = fmt.Sprintf("%s.bak.%d", s.path, n)
		}
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, s.stat.Mode().Perm())
		switch {
		case errors.Is(err, fs.ErrExist):
			continue
		case err != nil:
			return "", err
		}
		return name, errors.Join(s.fill(f, s.text), f.Sync(), f.Close())
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
