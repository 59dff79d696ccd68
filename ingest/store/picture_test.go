package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

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

// TestPicturesAge promises that a picture goes after its days, at the next
// start or the next picture, and that a clock that was set back keeps none for
// ever.
func TestPicturesAge(t *testing.T) {
	bubble(t, func(t *testing.T) {
		directory := t.TempDir()
		s := at(t, directory)
		picture := photo(t, 1, 5000)
		keeps(t, s, picture, "a", "b")
		future := time.Now().Add(10_000 * time.Hour)
		path := filepath.Join(directory, "pictures", "b_"+incident+".jpg")
		if err := os.Chtimes(path, future, future); err != nil {
			t.Fatal(err)
		}
		s = reopened(t, s)
		time.Sleep(7*24*time.Hour - time.Second)
		keeps(t, s, picture, "c")
		same(t, "after seven days", cameras(s.Pictures()), []string{"c", "b"})
		time.Sleep(2 * time.Second)
		keeps(t, s, picture, "d")
		same(t, "two seconds later", cameras(s.Pictures()), []string{"d", "c"})
		time.Sleep(8 * 24 * time.Hour)
		s = reopened(t, s)
		same(t, "after another week", cameras(s.Pictures()), nil)
		same(t, "files", pictureFiles(t, directory), nil)
	})
}

// TestPicturesBytes promises that pictures stay below their bytes, however small
// each of them is: the oldest go first, and the last one stays.
func TestPicturesBytes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		directory := t.TempDir()
		s := at(t, directory, func(o *Options) { o.PictureBytes = 1 })
		keeps(t, s, photo(t, 1, 500_000), "a", "b", "c")
		same(t, "large ones", cameras(s.Pictures()), []string{"c", "b"})
		keeps(t, s, photo(t, 1, 1<<20), "d")
		same(t, "the largest", cameras(s.Pictures()), []string{"d"})
		for i := range 300 {
			keeps(t, s, photo(t, 1, 700), fmt.Sprint("small-", i))
		}
		all := cameras(s.Pictures())
		same(t, "small ones", len(all), 256) // 4 KiB of the disk each
		same(t, "the oldest of them", all[255], "small-44")
		same(t, "files", len(pictureFiles(t, directory)), 256)
	})
}

// TestPictureUnfinished promises that what was not finished is taken away at the
// start, and that what is not ours stays.
func TestPictureUnfinished(t *testing.T) {
	bubble(t, func(t *testing.T) {
		directory := t.TempDir()
		s := at(t, directory)
		keeps(t, s, photo(t, 1, 5000), "a")
		for _, name := range []string{"b_" + incident + ".jpg.new", "b_" + incident + ".unsent.jpg.new", "notes.new", "notes.jpg", "A_" + incident + ".jpg"} {
			if err := os.WriteFile(filepath.Join(directory, "pictures", name), []byte("half"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Symlink("/etc/passwd", filepath.Join(directory, "pictures", "c_"+incident+".jpg")); err != nil {
			t.Fatal(err)
		}
		s = reopened(t, s)
		same(t, "pictures", cameras(s.Pictures()), []string{"a"})
		same(t, "files", pictureFiles(t, directory), []string{"A_" + incident + ".jpg", "a_" + incident + ".jpg", "c_" + incident + ".jpg", "notes.jpg", "notes.new"})
	})
}

// TestPicturesToSend promises that what is to be sent is known through a
// restart until it was sent, newest first, and only while the site sends
// pictures.
func TestPicturesToSend(t *testing.T) {
	bubble(t, func(t *testing.T) {
		directory := t.TempDir()
		sends := func(o *Options) { o.SendPictures = true }
		s := at(t, directory)
		keeps(t, s, photo(t, 1, 5000), "before")
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = at(t, directory, sends)
		keeps(t, s, photo(t, 1, 5000), "a", "b", "c")
		s.PictureSent(incident, "b")
		s.PictureSent(incident, "b")
		s.PictureSent(incident, "nobody")
		if _, err := s.Picture(incident, "b"); err != nil {
			t.Errorf("one that was sent: %v", err)
		}
		s = reopened(t, s)
		same(t, "to send", cameras(s.PicturesToSend()), []string{"c", "a"})
		same(t, "kept", cameras(s.Pictures()), []string{"c", "b", "a", "before"})
		if _, err := s.Picture(incident, "b"); err != nil {
			t.Errorf("one that was sent in the run before: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		same(t, "to send when none are sent", at(t, directory).PicturesToSend(), nil)
	})
}

// TestPicturesUnwritable promises that a disk that takes no picture is the
// picture's trouble alone: records go on, and what was sent is not sent again in
// this run.
func TestPicturesUnwritable(t *testing.T) {
	bubble(t, func(t *testing.T) {
		directory := t.TempDir()
		pictures := filepath.Join(directory, "pictures")
		if err := os.WriteFile(pictures, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		s := at(t, directory, func(o *Options) { o.SendPictures = true })
		if _, err := s.KeepPicture(incident, "a", photo(t, 1, 5000)); err == nil || errors.Is(err, ErrRefused) {
			t.Errorf("no directory: got %v, want the disk's error", err)
		}
		says(t, s, "d", said(1, gasHigh, raised))
		if err := os.Remove(pictures); err != nil {
			t.Fatal(err)
		}
		keeps(t, s, photo(t, 1, 5000), "a")
		// A directory in the way of a rename is a disk that refuses it.
		if err := os.MkdirAll(filepath.Join(pictures, "a_"+incident+".jpg", "x"), 0o700); err != nil {
			t.Fatal(err)
		}
		s.PictureSent(incident, "a")
		same(t, "to send", s.PicturesToSend(), nil)
		if _, err := s.Picture(incident, "a"); err != nil {
			t.Errorf("what could not be renamed: %v", err)
		}
		if err := os.MkdirAll(filepath.Join(pictures, "b_"+incident+".unsent.jpg.new"), 0o700); err != nil {
			t.Fatal(err)
		}
		if _, err := s.KeepPicture(incident, "b", photo(t, 1, 5000)); err == nil || errors.Is(err, ErrRefused) {
			t.Errorf("no file: got %v, want the disk's error", err)
		}
		same(t, "kept", cameras(s.Pictures()), []string{"a"})
		same(t, "records", len(lines(t, s)), 1)
	})
}

// TestPicturesDiskFull promises that a picture for which there is no room leaves
// nothing, and goes in when there is room.
func TestPicturesDiskFull(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	pictures := filepath.Join(directory, "pictures")
	if err := os.Mkdir(pictures, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("none", pictures, "tmpfs", 0, "size=64k"); err != nil {
		skip(t, "no small disk can be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(pictures, 0); err != nil {
			t.Error(err)
		}
	})
	s := at(t, directory)
	if _, err := s.KeepPicture(incident, "a", photo(t, 1, 100_000)); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("got %v, want ENOSPC", err)
	}
	same(t, "files", pictureFiles(t, directory), nil)
	says(t, s, "d", said(1, gasHigh, raised))
	if _, err := s.KeepPicture(incident, "a", photo(t, 1, 50_000)); err != nil {
		t.Error(err)
	}
}

// TestPictureSealed promises that a store that takes no event takes no picture.
func TestPictureSealed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := at(t, t.TempDir())
		keeps(t, s, photo(t, 1, 5000), "a")
		s.Seal()
		if _, err := s.KeepPicture(incident, "b", photo(t, 1, 5000)); !errors.Is(err, ErrSealed) {
			t.Errorf("got %v, want ErrSealed", err)
		}
		if _, err := s.Picture(incident, "a"); err != nil {
			t.Errorf("read: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Picture(incident, "a"); !errors.Is(err, ErrClosed) {
			t.Errorf("got %v, want ErrClosed", err)
		}
	})
}

// TestAlarmPassesPicture promises that neither an alarm nor the uplink waits for a
// picture that is being written.
func TestAlarmPassesPicture(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := at(t, t.TempDir(), func(o *Options) { o.SendPictures = true })
		keeps(t, s, photo(t, 1, 5000), "a")
		s.album.writing.Lock()
		defer s.album.writing.Unlock()
		says(t, s, "d", said(1, gasHigh, raised))
		if _, err := s.Picture(incident, "a"); err != nil {
			t.Error(err)
		}
		same(t, "to send", cameras(s.PicturesToSend()), []string{"a"})
		s.PictureSent(incident, "a")
		same(t, "to send", cameras(s.PicturesToSend()), nil)
	})
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
	for _, picture := range [][]byte{photo(f, 1, 700), {0xff, 0xd8, 0xff, 0xd9}, nil} {
		f.Add(picture)
	}
	f.Fuzz(func(t *testing.T, picture []byte) {
		got, err := figuresOf(picture)
		if err == nil && (got.Width < 1 || got.Height < 1 || got.Bytes != len(picture)) || err != nil && !errors.Is(err, ErrRefused) {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}
