package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"sitepost/devices"
)

// beKilledTaking takes pictures for ever, by several cameras, and says of each
// that it is safe when its record is.
func beKilledTaking(directory string) {
	s, err := Open(Options{Directory: directory, SendPictures: everybody})
	if err != nil {
		fmt.Println("open:", err)
		os.Exit(1)
	}
	t := &testing.T{}
	picture := photo(t, uint8(os.Getpid()), 30_000)
	var all sync.WaitGroup
	for camera := range 3 {
		all.Go(func() {
			for i := 1; ; i++ {
				if err := takeOne(s, fmt.Sprint("c", camera), fmt.Sprintf("%016x-alarm-%d", os.Getpid(), i), picture); err != nil {
					fmt.Println("take:", err)
					os.Exit(1)
				}
			}
		})
	}
	all.Wait()
}

// takeOne keeps a picture, and then its record.
func takeOne(s *Store, camera, incident string, picture []byte) error {
	figures, err := s.KeepPicture(incident, camera, picture)
	if err != nil {
		return err
	}
	e := said(0, devices.SnapshotTaken, of(incident))
	e.Picture = &figures
	if err := s.Append(place(camera), e); err != nil {
		return err
	}
	if strings.HasSuffix(incident, "0") {
		s.PictureSent(incident, camera)
	}
	_, err = fmt.Printf("safe %s %s\n", camera, incident)
	return err
}

// TestKilledTaking promises that a process killed at any moment leaves a picture
// whole or not at all, that every record of a picture has it, and that what was
// safe is there and to be sent. It is not parallel: it would take the disk away
// from TestKilled.
func TestKilledTaking(t *testing.T) {
	directory := t.TempDir()
	rounds := 15
	if testing.Short() {
		rounds = 3
	}
	safe := make(map[string]bool)
	for n := 0; n < rounds || len(safe) < 2*rounds && n < 5*rounds; n++ { // more of them on a busy machine
		for _, name := range killOne(t, childPictures, directory, time.Duration(20+rand.IntN(150))*time.Millisecond) {
			safe[name] = true
		}
		s := at(t, directory, func(o *Options) { o.Site, o.SendPictures, o.PictureBytes = "", everybody, 1<<30 })
		comparePictures(t, s, safe)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if len(safe) < 2*rounds {
		t.Errorf("only %d pictures in %d rounds: the test proves nothing", len(safe), rounds)
	}
	t.Logf("%d pictures in %d rounds", len(safe), rounds)
}

// comparePictures holds records, files and what is to be sent against what was
// safe.
func comparePictures(t *testing.T, s *Store, safe map[string]bool) {
	t.Helper()
	for _, name := range pictureFiles(t, s.opt.Directory) {
		if strings.HasSuffix(name, ".new") {
			t.Errorf("%s is left over", name)
		}
	}
	for _, r := range stored(t, s, devices.EventLane) {
		camera, e := r.Place.Device.Name, r.Event
		picture, err := s.Picture(r.Incident, camera)
		sum := sha256.Sum256(picture)
		if err != nil || hex.EncodeToString(sum[:]) != e.Picture.SHA256 {
			t.Errorf("%s by %s: got %d bytes, %v, want those of its record", r.Incident, camera, len(picture), err)
		}
	}
	unsent := make(map[string]bool)
	for _, p := range s.PicturesToSend() {
		unsent[p.Camera+" "+p.Incident] = true
	}
	for name := range safe {
		camera, incident, _ := strings.Cut(name, " ")
		if _, err := s.Picture(incident, camera); errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s was safe and is lost", name)
		}
		if sent := strings.HasSuffix(incident, "0"); unsent[name] == sent {
			t.Errorf("%s: sent %t, and to be sent %t", name, sent, unsent[name])
		}
	}
}
