package store

import (
	"errors"
	"fmt"

	"sitepost/devices"
	"sitepost/ingest/store/album"
)

// A Picture is one that is kept.
type Picture = album.Picture

// KeepPicture puts a JPEG of an incident that a camera took on disk, and returns
// its figures when it is there. It is apart from everything else in the store:
// no alarm waits for it, and a disk that does not take it refuses nothing else.
// There is one picture of an incident by a camera: the same one again costs
// nothing.
//
// Errors: ErrRefused for what is no JPEG, larger than 1 MiB, of no incident, by
// no camera, or another picture of the same; ErrSealed after Seal; or the disk's.
func (s *Store) KeepPicture(incident, camera string, picture []byte) (devices.Picture, error) {
	s.mu.Lock()
	sealed := s.queue.sealed
	s.mu.Unlock()
	err := ErrSealed
	var figures devices.Picture
	if !sealed {
		figures, err = s.album.Keep(incident, camera, s.sends(camera), picture)
	}
	if err != nil {
		return devices.Picture{}, fmt.Errorf("picture of %.64q by %.64q: %w", incident, camera, err)
	}
	return figures, nil
}

// Picture reads a picture. What retention took, or what never was, is
// fs.ErrNotExist.
func (s *Store) Picture(incident, camera string) ([]byte, error) {
	picture, err := s.album.Read(incident, camera)
	if errors.Is(err, album.ErrClosed) {
		err = ErrClosed
	}
	if err != nil {
		return nil, fmt.Errorf("picture of %.64q by %.64q: %w", incident, camera, err)
	}
	return picture, nil
}

// Pictures lists what is kept, newest first.
func (s *Store) Pictures() []Picture {
	return s.album.List(func(Picture) bool { return true })
}

// PicturesToSend lists what is to be sent, newest first: of the cameras of which
// Options.SendPictures says so. A restart changes nothing.
// A picture is in the list before its record is: it may be sent before.
func (s *Store) PicturesToSend() []Picture {
	return s.album.List(func(p Picture) bool { return p.Unsent && s.sends(p.Camera) })
}

// sends says whether the site wants the pictures of a camera sent.
func (s *Store) sends(camera string) bool {
	return s.opt.SendPictures != nil && s.opt.SendPictures(camera)
}

// PictureSent says that a picture need not be sent any more. After a power cut
// it may be sent again.
func (s *Store) PictureSent(incident, camera string) {
	if err := s.album.Sent(incident, camera); err != nil {
		s.opt.Log.Warn("a picture may be sent again", "camera", camera, "incident", incident, "err", err)
	}
}
