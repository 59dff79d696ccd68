package album

import (
	"bytes"
	"errors"
	"image"
	"image/jpeg"
	"log/slog"
	"path/filepath"
	"testing"
	"time"
)

const incident = "7f3a9c51d20b44e6-alarm-1234"

// photo makes a small JPEG.
func photo(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8)), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestNobodyWaits promises that nobody who reads, lists or sends waits for a picture
// that is being written. What the store promises of its album, it tests itself.
func TestNobodyWaits(t *testing.T) {
	a := Open(Options{Directory: filepath.Join(t.TempDir(), "pictures"), Within: time.Hour, Most: 1 << 20, Log: slog.New(slog.DiscardHandler)})
	picture := photo(t)
	if _, err := a.Keep(incident, "a", true, picture); err != nil {
		t.Fatal(err)
	}
	a.writing.Lock()
	defer a.writing.Unlock()
	if got, err := a.Read(incident, "a"); err != nil || !bytes.Equal(got, picture) {
		t.Errorf("read: got %d bytes, %v", len(got), err)
	}
	if err := a.Sent(incident, "a"); err != nil {
		t.Error(err)
	}
	all := a.List(func(Picture) bool { return true })
	if len(all) != 1 || all[0].Unsent || a.Weight() == 0 {
		t.Errorf("got %+v and %d bytes, want one that need not be sent", all, a.Weight())
	}
}

// FuzzPictureName holds that a name that is read is written the same, and stays
// inside its directory.
func FuzzPictureName(f *testing.F) {
	for _, name := range []string{"a_" + incident + ".jpg", "a_" + incident + ".unsent.jpg", "../a_" + incident + ".jpg", "a__" + incident + ".jpg", ".unsent.jpg", ""} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		p, ours := pictureNamed(name)
		if ours && (p.name() != name || filepath.Base(name) != name || !filepath.IsLocal(name)) {
			t.Errorf("%q is read as %+v, whose name is %q", name, p, p.name())
		}
	})
}

// FuzzFigures holds that no bytes make the look at a picture panic, and that what
// passes is within its bounds.
func FuzzFigures(f *testing.F) {
	for _, picture := range [][]byte{photo(f), {0xff, 0xd8, 0xff, 0xd9}, nil} {
		f.Add(picture)
	}
	f.Fuzz(func(t *testing.T, picture []byte) {
		got, err := figuresOf(picture)
		if err == nil && (got.Width < 1 || got.Height < 1 || got.Bytes != len(picture)) || err != nil && !errors.Is(err, ErrRefused) {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}
