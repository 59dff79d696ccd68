// Package album keeps the pictures of a site: one JPEG for an incident and a camera,
// each a file below one directory, for some days and within some bytes.
//
//	check-1-top_7f3a9c51d20b44e6-alarm-1234.jpg          is only kept, or was sent
//	check-1-top_7f3a9c51d20b44e6-alarm-1234.unsent.jpg   is to be sent
//	….new                                                is being written
//
// A picture has its name when it is whole and on disk. So a power cut leaves it or
// nothing, but perhaps without a record: then it goes with its age, as all do.
//
// It belongs to no transaction: the store never waits for it, and what it refuses
// refuses nothing else. It does not know what an incident is, who takes pictures or
// where they are sent.
package album

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

	"sitepost/devices"
	"sitepost/ingest/store/sound"
)

var (
	// ErrRefused is wrapped for what can never be kept: to try it again is useless.
	ErrRefused = errors.New("refused")

	// ErrClosed is returned by Read after Close.
	ErrClosed = errors.New("album is closed")
)

// Options say what is kept, and for how long.
type Options struct {
	Directory string        // made when the first picture is kept
	Within    time.Duration // oldest that is kept
	Most      int64         // bytes that are kept
	Log       *slog.Logger
}

// An Album is open. It may be used by many goroutines.
type Album struct {
	Options

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

func (a *Album) path(name string) string { return filepath.Join(a.Directory, name) }

// Open looks at what is kept, takes away what was not finished, and what is too old
// or too much. What it cannot read it logs: that is no reason to go without pictures.
func Open(o Options) *Album {
	a := &Album{Options: o}
	entries, err := os.ReadDir(a.Directory)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		a.Log.Error("pictures cannot be listed", "directory", a.Directory, "err", err)
	}
	now := time.Now()
	for _, e := range entries {
		if err := a.adopt(e, now); err != nil {
			a.Log.Error("a picture cannot be looked at", "file", a.path(e.Name()), "err", err)
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
func (a *Album) adopt(e fs.DirEntry, now time.Time) error {
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

// Keep puts a JPEG of an incident that a camera took on disk, and returns its figures
// when it is there; unsent: it is to be sent. There is one picture of an incident by
// a camera: the same one again costs nothing. Then what is too old or too much goes.
//
// Errors: ErrRefused for what is no JPEG, larger than [MostBytes], of no incident, by
// no camera, or another picture of the same; or the disk's.
func (a *Album) Keep(incident, camera string, unsent bool, picture []byte) (devices.Picture, error) {
	p := Picture{Incident: incident, Camera: camera, Unsent: unsent, Bytes: len(picture)}
	if !p.isNamed() {
		return devices.Picture{}, fmt.Errorf("%w: an incident is the id of a record, and a camera has a name of the config", ErrRefused)
	}
	figures, err := figuresOf(picture)
	if err != nil {
		return devices.Picture{}, err
	}
	return figures, a.put(p, picture)
}

// put writes a picture, and then takes away what is too old or too much.
func (a *Album) put(p Picture, picture []byte) error {
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
func (a *Album) have(p Picture, picture []byte) (bool, error) {
	was, err := a.Read(p.Incident, p.Camera)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err == nil && string(was) != string(picture):
		return false, fmt.Errorf("%w: another one is kept already", ErrRefused)
	}
	return err == nil, err
}

// write gives a picture its name when it is on disk.
func (a *Album) write(p Picture, picture []byte) error {
	switch err := os.Mkdir(a.Directory, 0o700); {
	case err == nil:
		if err := sound.SyncPath(filepath.Dir(a.Directory)); err != nil {
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
		err = sound.SyncPath(a.Directory)
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

// find returns where a picture is in the list, -1 if it is not kept. a.mu is held.
func (a *Album) find(incident, camera string) int {
	return slices.IndexFunc(a.kept, func(l sheet) bool { return l.Incident == incident && l.Camera == camera })
}

// List returns what is kept and chosen, newest first.
func (a *Album) List(chosen func(Picture) bool) []Picture {
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

// Read reads a picture. What went, or what never was, is fs.ErrNotExist; a file that is
// not what was written is sound.ErrDamaged.
func (a *Album) Read(incident, camera string) ([]byte, error) {
	f, err := a.open(incident, camera)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	picture, err := io.ReadAll(io.LimitReader(f, MostBytes+1))
	switch {
	case err != nil:
		return nil, err
	case len(picture) == 0 || len(picture) > MostBytes:
		return nil, fmt.Errorf("%w: its file is not what was written", sound.ErrDamaged)
	}
	return picture, nil
}

// open opens a file while its name cannot change.
func (a *Album) open(incident, camera string) (*os.File, error) {
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

// Sent gives a picture the name of one that need not be sent. In this run it is one
// in any case; after an error it may be one to send again at the next start.
func (a *Album) Sent(incident, camera string) error {
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

// Close waits for who writes, and lets nobody change the directory any more.
func (a *Album) Close() {
	a.writing.Lock()
	defer a.writing.Unlock()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
}
