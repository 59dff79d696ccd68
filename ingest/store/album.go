package store

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"sitepost/ingest/store/sound"
)

// An album is the pictures beside store.db. It belongs to no transaction: the
// writer never waits for it.
//
// A picture has its name when it is whole and on disk. So a power cut leaves it
// or nothing, but perhaps without a record: then it goes with its age, as all do.
type album struct {
	directory string
	within    time.Duration // oldest that is kept
	most      int64         // bytes that are kept
	log       *slog.Logger

	writing sync.Mutex // held by who writes a picture: one at a time

	mu     sync.Mutex // guards what follows; never held while a picture is written or read
	kept   []sheet    // oldest first
	closed bool
}

// A sheet is a picture and the name of its file, which is an older one where the
// disk did not take another.
type sheet struct {
	Picture
	file string
}

// block is what a file takes on disk at least, and in steps of.
const block = 4 << 10

// size is what a picture takes on disk, about.
func (l sheet) size() int64 { return (int64(l.Bytes) + block - 1) / block * block }

func (a *album) path(name string) string { return filepath.Join(a.directory, name) }

// openAlbum looks at what is kept, takes away what was not finished, and what is
// too old or too much. What it cannot read is no reason not to open the store.
func openAlbum(o Options) *album {
	a := &album{directory: filepath.Join(o.Directory, "pictures"), within: o.PicturesFor, most: o.PictureBytes, log: o.Log}
	entries, err := os.ReadDir(a.directory)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		a.log.Error("pictures cannot be listed", "directory", a.directory, "err", err)
	}
	now := time.Now()
	for _, e := range entries {
		if err := a.adopt(e, now); err != nil {
			a.log.Error("a picture cannot be looked at", "file", a.path(e.Name()), "err", err)
		}
	}
	slices.SortFunc(a.kept, func(x, y sheet) int {
		return cmp.Or(x.Kept.Compare(y.Kept), strings.Compare(x.file, y.file))
	})
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sweep(now)
	return a
}

// tooOldToBeTrue is the age of a picture that was taken before the box knew the
// time: without a battery its clock begins in 1970. Such pictures are kept as long
// as others, counted from the start, and do not all go when the clock is set.
const tooOldToBeTrue = 3 * 365 * 24 * time.Hour

// adopt takes in one entry of the directory. What is not ours stays where it is.
func (a *album) adopt(e fs.DirEntry, now time.Time) error {
	if whole, unfinished := strings.CutSuffix(e.Name(), newEnd); unfinished {
		if _, ours := pictureNamed(whole); ours {
			return os.Remove(a.path(e.Name()))
		}
		return nil
	}
	p, ours := pictureNamed(e.Name())
	if !ours || !e.Type().IsRegular() {
		return nil
	}
	is, err := e.Info()
	if err != nil {
		return err
	}
	age := now.Sub(is.ModTime())
	if age < 0 || age > tooOldToBeTrue { // somebody set the clock: it would never grow old, or is as good as new
		age = 0
	}
	p.Bytes, p.Kept = int(is.Size()), now.Add(-age) // by the clock that nobody sets, from here on
	a.kept = append(a.kept, sheet{p, e.Name()})
	return nil
}

// keep writes a picture, and then takes away what is too old or too much.
func (a *album) keep(p Picture, picture []byte) error {
	a.writing.Lock()
	defer a.writing.Unlock()
	had, err := a.have(p, picture)
	if had || err != nil {
		return err
	}
	p.Kept = time.Now()
	if err := a.write(p, picture); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.kept = append(a.kept, sheet{p, p.name()})
	a.sweep(p.Kept)
	return nil
}

// have says whether the picture is there already. Another one by the same camera
// of the same incident is refused: a record may have told its figures.
func (a *album) have(p Picture, picture []byte) (bool, error) {
	was, err := a.read(p.Incident, p.Camera)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err == nil && string(was) != string(picture):
		return false, fmt.Errorf("%w: another one is kept already", ErrRefused)
	}
	return err == nil, err
}

// write gives a picture its name when it is on disk.
func (a *album) write(p Picture, picture []byte) error {
	switch err := os.Mkdir(a.directory, 0o700); {
	case err == nil:
		if err := sound.SyncPath(filepath.Dir(a.directory)); err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrExist):
		return err
	}
	path := a.path(p.name())
	err := writeSynced(path+newEnd, picture, p.Kept)
	if err == nil {
		err = os.Rename(path+newEnd, path)
	}
	if err == nil {
		err = sound.SyncPath(a.directory)
	}
	if err != nil {
		_ = os.Remove(path + newEnd) // the first error is the one to tell
		_ = os.Remove(path)
	}
	return err
}

// writeSynced writes a file of a moment and puts it on disk.
func writeSynced(path string, content []byte, at time.Time) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, os.Chtimes(path, at, at), f.Sync(), f.Close())
}

// sweep takes away the oldest: what is older than is kept, and what is more.
// a.mu is held: to unlink a file is not to wait for it.
func (a *album) sweep(now time.Time) {
	var over int64
	for _, l := range a.kept {
		over += l.size()
	}
	over -= a.most
	a.kept = slices.DeleteFunc(a.kept, func(l sheet) bool {
		if over <= 0 && now.Sub(l.Kept) <= a.within {
			return false
		}
		if err := os.Remove(a.path(l.file)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			a.log.Error("a picture that is too old cannot be removed", "file", a.path(l.file), "err", err)
			return false
		}
		if over -= l.size(); l.Unsent {
			a.log.Warn("a picture was dropped before it was sent", "camera", l.Camera, "incident", l.Incident)
		}
		return true
	})
}

// shed takes away the oldest pictures that need not be sent, until so many bytes are
// free, and returns how many are.
func (a *album) shed(bytes int64) (freed int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.kept = slices.DeleteFunc(a.kept, func(l sheet) bool {
		if freed >= bytes || l.Unsent || os.Remove(a.path(l.file)) != nil {
			return false
		}
		freed += l.size()
		return true
	})
	return freed
}

// weight is how much disk the pictures take, about.
func (a *album) weight() (sum int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, l := range a.kept {
		sum += l.size()
	}
	return sum
}

// find returns where a picture is in the list, -1 if it is not kept. a.mu is held.
func (a *album) find(incident, camera string) int {
	return slices.IndexFunc(a.kept, func(l sheet) bool { return l.Incident == incident && l.Camera == camera })
}

// list returns what is kept and chosen, newest first.
func (a *album) list(chosen func(Picture) bool) []Picture {
	a.mu.Lock()
	defer a.mu.Unlock()
	var all []Picture
	for _, l := range slices.Backward(a.kept) {
		if chosen(l.Picture) {
			all = append(all, l.Picture)
		}
	}
	return all
}

// read opens a file while its name cannot change, and reads it then.
func (a *album) read(incident, camera string) ([]byte, error) {
	f, err := a.open(incident, camera)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	picture, err := io.ReadAll(io.LimitReader(f, MostPicture+1))
	switch {
	case err != nil:
		return nil, err
	case len(picture) == 0 || len(picture) > MostPicture:
		return nil, fmt.Errorf("%w: its file is not what was written", ErrDamaged)
	}
	return picture, nil
}

func (a *album) open(incident, camera string) (*os.File, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	at := a.find(incident, camera)
	switch {
	case a.closed:
		return nil, ErrClosed
	case at < 0:
		return nil, fs.ErrNotExist
	}
	return os.Open(a.path(a.kept[at].file))
}

// sent gives a picture the name of one that need not be sent. In this run it is
// one in any case.
func (a *album) sent(incident, camera string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	at := a.find(incident, camera)
	if a.closed || at < 0 || !a.kept[at].Unsent {
		return nil
	}
	l := &a.kept[at]
	l.Unsent = false
	if err := os.Rename(a.path(l.file), a.path(l.name())); err != nil {
		return err
	}
	l.file = l.name()
	return nil
}

// close waits for who writes, and lets nobody change the directory any more.
func (a *album) close() {
	a.writing.Lock()
	defer a.writing.Unlock()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
}
