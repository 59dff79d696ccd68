package segment

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"sitepost/ingest/store/sound"
)

// aside moves a file into a directory, and takes away the oldest there when it is
// too much.
func aside(path, directory string, most int64) error {
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return err
	}
	to := filepath.Join(directory, fmt.Sprintf("%s.%d", filepath.Base(path), time.Now().UnixNano()))
	switch err := os.Rename(path, to); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	return errors.Join(sound.SyncPath(directory), sound.SyncPath(filepath.Dir(path)), trim(directory, most))
}

// trim takes away the oldest files of a directory but one, until the rest has so
// many bytes.
func trim(directory string, most int64) error {
	entries, err := os.ReadDir(directory)
	if err != nil {
		return err
	}
	var files []fs.FileInfo
	var sum int64
	for _, e := range entries {
		if is, err := e.Info(); err == nil && is.Mode().IsRegular() {
			files = append(files, is)
			sum += is.Size()
		}
	}
	slices.SortFunc(files, func(a, b fs.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	for len(files) > 1 && sum > most {
		if err := os.Remove(filepath.Join(directory, files[0].Name())); err != nil {
			return err
		}
		sum -= files[0].Size()
		files = files[1:]
	}
	return nil
}
