package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sitepost/devices"
)

const incident = "7f3a9c51d20b44e6-alarm-1234"

// photo makes a JPEG of about n bytes that differs by its shade: comments fill it
// up (ISO/IEC 10918-1, B.2.4.5).
func photo(t testing.TB, shade uint8, n int) []byte {
	t.Helper()
	scene := image.NewGray(image.Rect(0, 0, 64, 48))
	for i := range scene.Pix {
		scene.Pix[i] = color.Gray{shade}.Y
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, scene, nil); err != nil {
		t.Fatal(err)
	}
	whole := b.Bytes()
	var comments []byte
	for left := n - len(whole); left > 4; {
		length := min(left-2, 0xffff)
		comments = append(comments, 0xff, 0xfe, byte(length>>8), byte(length))
		comments = append(comments, make([]byte, length-2)...)
		left -= length + 2
	}
	return append(append(bytes.Clone(whole[:2]), comments...), whole[2:]...)
}

// keeps keeps pictures of one incident by several cameras, a second apart.
func keeps(t testing.TB, s *Store, picture []byte, cameras ...string) {
	t.Helper()
	for _, camera := range cameras {
		if _, err := s.KeepPicture(incident, camera, picture); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
	}
}

// cameras names who took what is listed.
func cameras(all []Picture) (names []string) {
	for _, p := range all {
		names = append(names, p.Camera)
	}
	return names
}

// pictureFiles lists the directory of pictures.
func pictureFiles(t testing.TB, directory string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(directory, "pictures"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// TestKeepPicture promises that a picture is on disk for us alone when it is
// kept, with its true figures, and is read as it was, also after a restart; that
// a store without pictures has no directory for them; and that the same again
// is the same, while another one of the same is refused.
func TestKeepPicture(t *testing.T) {
	bubble(t, func(t *testing.T) {
		directory := t.TempDir()
		s := at(t, directory)
		same(t, "files before", pictureFiles(t, directory), nil)
		picture := photo(t, 7, 50_000)
		sum := sha256.Sum256(picture)
		want := devices.Picture{SHA256: hex.EncodeToString(sum[:]), Bytes: len(picture), Type: "image/jpeg", Width: 64, Height: 48}
		for range 2 {
			got, err := s.KeepPicture(incident, "check-1-top", picture)
			if err != nil {
				t.Fatal(err)
			}
			same(t, "figures", got, want)
		}
		if _, err := s.KeepPicture(incident, "check-1-top", photo(t, 8, 50_000)); !errors.Is(err, ErrRefused) {
			t.Errorf("another one of the same: got %v, want ErrRefused", err)
		}
		const name = "check-1-top_7f3a9c51d20b44e6-alarm-1234.jpg"
		same(t, "files", pictureFiles(t, directory), []string{name})
		for path, want := range map[string]fs.FileMode{"pictures": 0o700 | fs.ModeDir, "pictures/" + name: 0o600} {
			if is, err := os.Stat(filepath.Join(directory, path)); err != nil || is.Mode() != want {
				t.Errorf("%s: got %v, %v, want mode %v", path, is.Mode(), err, want)
			}
		}
		kept := []Picture{{Incident: incident, Camera: "check-1-top", Bytes: len(picture), Kept: time.Now()}}
		for range 2 {
			all := s.Pictures()
			if len(all) > 0 {
				all[0].Kept = kept[0].Kept // the clock of a file is another one
			}
			same(t, "pictures", all, kept)
			same(t, "to send", s.PicturesToSend(), nil)
			s = reopened(t, s)
		}
		taken := said(2, devices.SnapshotTaken, of(incident))
		taken.Picture = &want
		says(t, s, "check-1-top", taken)
		if got, err := s.Picture(incident, "check-1-top"); err != nil || !bytes.Equal(got, picture) {
			t.Errorf("got %d bytes, %v, want what was kept", len(got), err)
		}
		if _, err := s.Picture(incident, "check-2-top"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("got %v of what was never taken, want fs.ErrNotExist", err)
		}
	})
}

// reopened closes a store, if it is open, and opens it again with its options.
func reopened(t testing.TB, s *Store) *Store {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return at(t, s.opt.Directory, func(o *Options) { *o = s.opt })
}

// TestPictureRefused promises that what is no picture, or by a hostile name, is
// refused and leaves nothing on disk, and that the largest one is taken.
func TestPictureRefused(t *testing.T) {
	bubble(t, func(t *testing.T) {
		directory := t.TempDir()
		s := at(t, directory)
		good := photo(t, 1, 5000)
		for _, camera := range []string{"", "..", ".", "a/b", "../../etc/passwd", "a_b", "a.b", "A", "a\x00", "a\n", "摄像机", strings.Repeat("a", 33)} {
			if _, err := s.KeepPicture(incident, camera, good); !errors.Is(err, ErrRefused) {
				t.Errorf("camera %q: got %v, want ErrRefused", camera, err)
			}
			if _, err := s.Picture(incident, camera); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("read of camera %q: got %v, want fs.ErrNotExist", camera, err)
			}
		}
		for _, incident := range []string{
			"", "..", "../" + incident, incident + "/..", incident + "\n", incident + ".jpg", "7f3a9c51d20b44e6-alarm-0", "7f3a9c51d20b44e6-alarm-", strings.ToUpper(incident),
			"7f3a9c51d20b44e6-alarm-" + strings.Repeat("9", 21), "7f3a9c51d20b44e6-door-1", strings.Repeat("x", 5000),
		} {
			if _, err := s.KeepPicture(incident, "c", good); !errors.Is(err, ErrRefused) {
				t.Errorf("incident %.80q: got %v, want ErrRefused", incident, err)
			}
		}
		for what, picture := range map[string][]byte{
			"nothing": nil, "a page": []byte("<html>login</html>"), "a GIF": []byte("GIF89a\xff\xd9"), "only its ends": {0xff, 0xd8, 0xff, 0xd9},
			"cut short": good[:len(good)-1], "too large": photo(t, 1, 1<<20+1), "no frame": append(bytes.Clone(good[:200]), 0xff, 0xd9),
			"no points": bytes.Replace(good, []byte{0xff, 0xc0, 0, 11, 8, 0, 48, 0, 64}, []byte{0xff, 0xc0, 0, 11, 8, 0, 0, 0, 0}, 1),
		} {
			if _, err := s.KeepPicture(incident, "c", picture); !errors.Is(err, ErrRefused) {
				t.Errorf("%s: got %v, want ErrRefused", what, err)
			}
		}
		same(t, "files", pictureFiles(t, directory), nil)
		largest := photo(t, 1, 1<<20)
		if len(largest) != 1<<20 {
			t.Fatalf("the test's largest picture has %d bytes", len(largest))
		}
		keeps(t, s, largest, "c")
	})
}
