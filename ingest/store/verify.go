package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	bolt "go.etcd.io/bbolt"

	"sitepost/devices"
	"sitepost/ingest/store/sound"
)

// A Finding is something that is wrong with a file of a store.
type Finding struct {
	File string `json:"file"`
	What string `json:"what"`
}

// A Report is what Verify found.
type Report struct {
	Directory string    `json:"directory"`
	Files     int       `json:"files"`
	Bytes     int64     `json:"bytes"`
	Values    int       `json:"values"`    // whose checksum was looked at
	Records   int       `json:"records"`   // of them, in lanes
	SetAside  []string  `json:"set_aside"` // damaged files that were replaced before
	Findings  []Finding `json:"findings"`

	progress func(string)
}

// mostFindings is how many are listed of one file.
const mostFindings = 100

// Verify reads all that a store keeps in a directory, apart from pictures, and lists
// what is wrong: every page that can be reached, the checksum of every value, the
// numbers of every lane. It changes nothing. progress is told now and then how far it
// is; nil is nobody.
//
// An error is that it could not be looked at: there is none, it is in use, or a file
// cannot be opened.
func Verify(directory string, progress func(string)) (Report, error) {
	r := Report{Directory: directory, SetAside: []string{}, Findings: []Finding{}, progress: progress}
	if progress == nil {
		r.progress = func(string) {}
	}
	main, lock, err := takeIdle(directory)
	if err != nil {
		return r, err
	}
	defer lock.Close()
	if err := r.file(main, r.store); err != nil {
		return r, err
	}
	// Files of readings and of history hold nothing but records: see package segment.
	for _, form := range []string{"readings-*.db", "history-*.db"} {
		names, err := filepath.Glob(filepath.Join(directory, form))
		if err != nil {
			return r, err
		}
		for _, name := range names {
			if err := r.file(name, nil); err != nil {
				return r, err
			}
		}
	}
	aside, err := filepath.Glob(filepath.Join(directory, "damaged", "*.db"))
	r.SetAside = append(r.SetAside, aside...)
	return r, err
}

// file looks at one file; of looks at what it has beside sound values.
func (r *Report) file(path string, of func(path string, tx *bolt.Tx) error) error {
	is, err := os.Stat(path)
	if err != nil {
		return err
	}
	r.Files++
	r.Bytes += is.Size()
	r.progress(fmt.Sprintf("%s: %d MiB", filepath.Base(path), is.Size()>>20))
	f := sound.At(path, is.Size())
	switch err := f.OpenToRead(); {
	case errors.Is(err, ErrDamaged):
		r.find(path, err)
		return nil
	case err != nil:
		return err
	}
	defer f.Close()
	err = f.View(func(tx *bolt.Tx) error {
		if err := r.values(path, tx); err != nil || of == nil {
			return err
		}
		return of(path, tx)
	})
	if errors.Is(err, ErrDamaged) {
		r.find(path, err)
		return nil
	}
	return err
}

// find notes what is wrong.
func (r *Report) find(path string, what error) {
	n := 0
	for _, f := range r.Findings {
		if f.File == path {
			n++
		}
	}
	switch {
	case n == mostFindings:
		r.Findings = append(r.Findings, Finding{path, "and more"})
	case n < mostFindings:
		r.Findings = append(r.Findings, Finding{path, strings.TrimPrefix(strings.ReplaceAll(what.Error(), fmt.Sprintf("%q: ", path), ""), ErrDamaged.Error()+": ")})
	}
}

// values looks at the checksum of every value of a file.
func (r *Report) values(path string, tx *bolt.Tx) error {
	return tx.ForEach(func(name []byte, b *bolt.Bucket) error {
		return b.ForEach(func(key, value []byte) error {
			if r.Values++; r.Values%100_000 == 0 {
				r.progress(fmt.Sprintf("%s: %d values", filepath.Base(path), r.Values))
			}
			if _, err := sound.UnframeDoc(key, value); err != nil && value != nil {
				in, _, _ := strings.Cut(string(name), ".\x00") // alarms lie in several, see flat.go
				r.find(path, fmt.Errorf("%s %q: %w", in, keyText(key), err))
			}
			return nil
		})
	})
}

// keyText is a key as a person reads it.
func keyText(key []byte) string {
	if seq := seqOf(key); seq > 0 && key[0] == 0 {
		return fmt.Sprint(seq)
	}
	return string(key)
}

// store looks at what store.db alone has: words, numbers, and lanes without a hole.
func (r *Report) store(path string, tx *bolt.Tx) error {
	if err := complete(tx); err != nil {
		return err
	}
	words, numbers, gaps := newShelf[string](bucketWords), newShelf[uint64](bucketNumbers), newShelf[Gap](bucketGaps)
	if err := errors.Join(words.load(tx), numbers.load(tx), gaps.load(tx)); err != nil {
		return nil // found already
	}
	if words.kept["format"] != format {
		r.find(path, fmt.Errorf("format %q is unknown (it is of another version of sitepost)", words.kept["format"]))
	}
	lanes := newLanes()
	for _, name := range devices.Lanes() {
		if l := lanes[name]; l.records != nil { // readings lie in files of their own
			r.lane(path, tx, l, words.kept["epoch"], numbers.kept, sortGaps(gaps.kept))
		}
	}
	return nil
}

// lane reads a whole lane.
func (r *Report) lane(path string, tx *bolt.Tx, l *lane, epoch string, numbers map[string]uint64, gaps []Gap) {
	last := numbers[l.lastName()]
	for _, name := range []string{l.sentName(), l.receivedName()} {
		if numbers[name] > last {
			r.find(path, fmt.Errorf("%s is %d, and the lane ends at %d", name, numbers[name], last))
		}
	}
	next := uint64(0)
	l.records.walk(tx, 0, func(key, value []byte) bool {
		r.Records++
		record, err := unframeRecord(l.name, key, value)
		seq := seqOf(key)
		switch {
		case err == nil && string(record.Epoch) != epoch:
			r.find(path, fmt.Errorf("lane %s: record %d is of epoch %s, the file of %s", l.name, seq, record.Epoch, epoch))
		case next > 0 && seq > next && !inGaps(gaps, l.name, next, seq-1):
			r.find(path, fmt.Errorf("lane %s: records %d to %d are missing", l.name, next, seq-1))
		}
		next = seq + 1
		return true
	})
	if next > 0 && next != last+1 {
		r.find(path, fmt.Errorf("lane %s ends at %d, its last number is %d", l.name, next-1, last))
	}
}

// inGaps says whether numbers of this epoch are known to be missing.
func inGaps(gaps []Gap, lane devices.Lane, first, last uint64) bool {
	return slices.ContainsFunc(gaps, func(g Gap) bool {
		return g.Epoch == "" && g.Lane == lane && g.First <= first && last <= g.Last
	})
}
