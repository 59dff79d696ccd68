// Package bundle packs what a person needs who cannot come to the site into one file,
// without a secret: a list of what is in it comes first, so that whoever sends it sees
// what leaves the house.
//
//	parts ──► Scrubber: no secret, no user, no login in a URL ──► site.tar.gz, 0600
//
// Nothing is followed out of the folders it is given, and everything is bounded.
//
// It does not know what the parts mean.
package bundle

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

const (
	// MostOfPart bounds one file of a bundle, MostOfAll all of them, in bytes.
	MostOfPart = 4 << 20
	MostOfAll  = 20 << 20
)

// Manifest is the name of the list, which is the first file.
const Manifest = "manifest.txt"

// A Part is one file of a bundle.
type Part struct {
	Name string
	Text []byte
	Why  string // it is not there; "" for one that is
}

// Write makes a new file of parts and returns its list. A file that is there already is
// left alone.
func Write(path string, parts []Part, at time.Time) (list string, err error) {
	parts = bounded(parts)
	list = listOf(parts)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case errors.Is(err, os.ErrExist):
		return "", fmt.Errorf("%s exists already: give another name", path)
	case err != nil:
		return "", err
	}
	err = pack(f, append([]Part{{Name: Manifest, Text: []byte(list)}}, parts...), at)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return "", errors.Join(fmt.Errorf("bundle: %w", err), os.Remove(path))
	}
	return list, nil
}

// bounded cuts what is too long.
func bounded(parts []Part) (all []Part) {
	left := MostOfAll - MostOfPart/4 // the list needs little
	for _, p := range parts {
		most := min(MostOfPart, left)
		if len(p.Text) > most {
			p.Text = p.Text[:most]
			p.Why = "cut: it is longer"
		}
		left -= len(p.Text)
		all = append(all, p)
	}
	return all
}

func listOf(parts []Part) string {
	var list bytes.Buffer
	for _, p := range parts {
		fmt.Fprintf(&list, "%9d  %s", len(p.Text), p.Name)
		if p.Why != "" {
			fmt.Fprintf(&list, "  (%.200s)", p.Why)
		}
		list.WriteByte('\n')
	}
	return list.String()
}

func pack(w io.Writer, parts []Part, at time.Time) error {
	zip := gzip.NewWriter(w)
	archive := tar.NewWriter(zip)
	for _, p := range parts {
		if p.Text == nil {
			continue
		}
		err := archive.WriteHeader(&tar.Header{Name: p.Name, Mode: 0o600, Size: int64(len(p.Text)), ModTime: at, Format: tar.FormatPAX})
		if err != nil {
			return err
		}
		if _, err := archive.Write(p.Text); err != nil {
			return err
		}
	}
	return errors.Join(archive.Close(), zip.Close())
}
