package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

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

// TestPicturesClock promises that pictures which were taken before the box knew the
// time do not all go when it does.
func TestPicturesClock(t *testing.T) {
	bubble(t, func(t *testing.T) {
		directory := t.TempDir()
		s := at(t, directory)
		picture := photo(t, 1, 5000)
		keeps(t, s, picture, "a", "b")
		if err := os.Chtimes(filepath.Join(directory, "pictures", "b_"+incident+".jpg"), time.Unix(60, 0), time.Unix(60, 0)); err != nil {
			t.Fatal(err)
		}
		s = reopened(t, s)
		keeps(t, s, picture, "c")
		same(t, "after the clock was set", len(s.Pictures()), 3)
		time.Sleep(8 * 24 * time.Hour)
		keeps(t, s, picture, "d")
		same(t, "after their days", cameras(s.Pictures()), []string{"d"})
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

// everybody's pictures are to be sent.
func everybody(string) bool { return true }

// TestPicturesToSend promises that what is to be sent is known through a
// restart until it was sent, newest first, and only while the site sends
// pictures.
func TestPicturesToSend(t *testing.T) {
	bubble(t, func(t *testing.T) {
		directory := t.TempDir()
		sends := func(o *Options) { o.SendPictures = everybody }
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
		one := at(t, directory, func(o *Options) { o.SendPictures = func(camera string) bool { return camera == "a" } })
		same(t, "to send of one camera", cameras(one.PicturesToSend()), []string{"a"})
		if err := one.Close(); err != nil {
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
		s := at(t, directory, func(o *Options) { o.SendPictures = everybody })
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
