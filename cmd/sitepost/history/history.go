// Package history is the memory of a box for its site files: the text of each one
// that was accepted, with number, hash, who and when. One file is one entry:
//
//	/var/lib/sitepost/config-history/000017.toml
//
//	# accepted by sitepost: {"number":17,"hash":"9c1e…","who":"root (uid 0)","at":"2026-11-26T07:40:00Z"}
//	version = 1
//	[site]
//	…
//
// The first line is a comment, so that an entry is a site file by itself: where
// nothing else helps any more, `cp` brings it back.
//
// Rules:
//   - An entry is written whole or not at all, is on disk when Keep returns, and is
//     never changed afterwards.
//   - What cannot be an entry of ours (half of one, one whose hash does not fit, a
//     link, a folder, something huge) is never followed and never read whole. It is
//     skipped, and told by Damages.
//   - At most 50 entries and 20 MiB are kept, and on a full disk as many as fit beside
//     the new one. The oldest go first, what is damaged before them, and the last one
//     never. A number is never used again.
//   - A daemon and a tool may keep at once: they wait for each other.
//   - Secrets never stand in a site file that is accepted, so its text may be kept.
//
// It does not know what a site file says, who accepts it, or which one runs.
package history

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// folder is the name of the history in the directory of a store.
const folder = "config-history"

const (
	mostEntries = 50
	mostBytes   = 20 << 20
	maxText     = 1 << 20 // the largest site file that there is
)

// An Entry is one accepted site file.
type Entry struct {
	Number int       `json:"number"` // from 1, rising; some may be missing
	Hash   string    `json:"hash"`   // SHA-256 of the text, in hex
	Who    string    `json:"who"`    // who had it accepted, in words
	At     time.Time `json:"at"`

	Unsynced bool `json:"unsynced,omitempty"` // At was told by a clock that was not synchronised
}

// A Damage is what lies in the folder and is no entry that can be read.
type Damage struct {
	File string `json:"file"` // "000017.toml"
	What string `json:"what"` // is wrong with it
}

// A Book is the history of one site. Several books, also of several processes, may
// be open at the same folder.
type Book struct{ path string }

// Open opens the history that lies in the directory of a store. One that is not
// there yet is empty, and is made by the first Keep.
func Open(directory string) (*Book, error) {
	b := &Book{path: filepath.Join(directory, folder)}
	root, err := b.root()
	if errors.Is(err, fs.ErrNotExist) {
		return b, nil
	}
	if err != nil {
		return nil, err
	}
	return b, root.Close()
}

// Path is where the history lies.
func (b *Book) Path() string { return b.path }

// List returns all entries that can be read, the oldest first.
func (b *Book) List() ([]Entry, error) {
	s, err := b.look()
	return s.entries, err
}

// Damages returns what cannot be read, the oldest first.
func (b *Book) Damages() ([]Damage, error) {
	s, err := b.look()
	return s.damages, err
}

// Last returns the youngest entry that can be read, and false if there is none.
func (b *Book) Last() (Entry, bool, error) {
	s, err := b.look()
	last, is := s.last()
	return last, is && err == nil, err
}

// ErrNone says that the history has no entry of a number.
var ErrNone = errors.New("no such entry")

// Text returns the site file of an entry, byte for byte as it was accepted.
func (b *Book) Text(number int) ([]byte, error) {
	root, err := b.root()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("history of site files: number %d: %w", number, ErrNone)
	}
	if err != nil {
		return nil, err
	}
	defer root.Close()
	_, text, err := read(root, fileName(number))
	if errors.Is(err, fs.ErrNotExist) {
		err = ErrNone
	}
	if err != nil {
		return nil, fmt.Errorf("history of site files: number %d: %w", number, err)
	}
	return text, nil
}

// root opens the folder, and not what a link leads to. Nothing outside of it can be
// reached through what is returned, whatever lies in it.
func (b *Book) root() (*os.Root, error) {
	there, err := os.Lstat(b.path)
	if err != nil {
		return nil, fmt.Errorf("history of site files: %w", err)
	}
	if !there.IsDir() {
		return nil, fmt.Errorf("history of site files: %q is no folder: move it away", b.path)
	}
	root, err := os.OpenRoot(b.path)
	if err != nil {
		return nil, fmt.Errorf("history of site files: %w", err)
	}
	if opened, err := root.Stat("."); err != nil || !os.SameFile(there, opened) {
		return nil, errors.Join(fmt.Errorf("history of site files: %q was exchanged just now: try again", b.path), err, root.Close())
	}
	return root, nil
}

// look reads all of the history.
func (b *Book) look() (shelf, error) {
	root, err := b.root()
	if errors.Is(err, fs.ErrNotExist) {
		return shelf{}, nil
	}
	if err != nil {
		return shelf{}, err
	}
	defer root.Close()
	return lookAt(root)
}
