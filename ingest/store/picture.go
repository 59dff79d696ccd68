package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image/jpeg"
	"regexp"
	"strings"
	"time"

	"sitepost/devices"
)

// MostPicture is how many bytes a picture may have: more the contract does not
// carry.
const MostPicture = 1 << 20

const jpegType = "image/jpeg"

// A Picture is one that is kept: a file below pictures/ in the directory of the
// store, named by who took it and of what.
//
//	check-1-top_7f3a9c51d20b44e6-alarm-1234.jpg          is only kept, or was sent
//	check-1-top_7f3a9c51d20b44e6-alarm-1234.unsent.jpg   is to be sent
//	….new                                                is being written
//
// Neither a name of a camera nor an incident has an underscore or a dot.
type Picture struct {
	Incident string    // what it is of
	Camera   string    // who took it
	Bytes    int       // of the file
	Kept     time.Time // since when
	Unsent   bool      // it is to be sent
}

const (
	unsentEnd = ".unsent.jpg"
	sentEnd   = ".jpg"
	newEnd    = ".new"
)

// name is that of the file.
func (p Picture) name() string {
	end := sentEnd
	if p.Unsent {
		end = unsentEnd
	}
	return p.Camera + "_" + p.Incident + end
}

// cameraName is the shape of a camera's name, which becomes part of a file's and
// of a topic.
var cameraName = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)

// pictureNamed reads what name wrote; false for a file that is not ours.
func pictureNamed(name string) (p Picture, ours bool) {
	stem, unsent := strings.CutSuffix(name, unsentEnd)
	if !unsent {
		stem = strings.TrimSuffix(name, sentEnd)
	}
	camera, incident, _ := strings.Cut(stem, "_")
	p = Picture{Camera: camera, Incident: incident, Unsent: unsent}
	return p, p.isNamed() && p.name() == name
}

// isNamed says whether camera and incident are what they must be.
func (p Picture) isNamed() bool {
	return cameraName.MatchString(p.Camera) && identity.MatchString(p.Incident)
}

// figuresOf looks at a picture. Nothing of it is decoded but its size.
func figuresOf(picture []byte) (devices.Picture, error) {
	var none devices.Picture
	switch {
	case len(picture) > MostPicture:
		return none, fmt.Errorf("%w: %d bytes are more than %d (choose a smaller picture at the camera)", ErrRefused, len(picture), MostPicture)
	case !bytes.HasPrefix(picture, []byte{0xff, 0xd8, 0xff}): // ISO/IEC 10918-1, B.1.1.3: SOI, and the next marker
		return none, fmt.Errorf("%w: it does not begin as a JPEG does", ErrRefused)
	case !bytes.HasSuffix(picture, []byte{0xff, 0xd9}): // likewise: EOI
		return none, fmt.Errorf("%w: it does not end as a JPEG does", ErrRefused)
	}
	size, err := jpeg.DecodeConfig(bytes.NewReader(picture))
	if err != nil {
		return none, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	if size.Width < 1 || size.Height < 1 {
		return none, fmt.Errorf("%w: it is %d x %d points large", ErrRefused, size.Width, size.Height)
	}
	sum := sha256.Sum256(picture)
	return devices.Picture{
		SHA256: hex.EncodeToString(sum[:]), Bytes: len(picture), Type: jpegType, Width: size.Width, Height: size.Height,
	}, nil
}

// KeepPicture puts a JPEG of an incident that a camera took on disk, and returns
// its figures when it is there. It is apart from everything else in the store:
// no alarm waits for it, and a disk that does not take it refuses nothing else.
// There is one picture of an incident by a camera: the same one again costs
// nothing.
//
// Errors: ErrRefused for what is no JPEG, larger than 1 MiB, of no incident, by
// no camera, or another picture of the same; ErrSealed after Seal; or the disk's.
func (s *Store) KeepPicture(incident, camera string, picture []byte) (devices.Picture, error) {
	figures, err := s.keepPicture(Picture{Incident: incident, Camera: camera, Unsent: s.sends(camera)}, picture)
	if err != nil {
		return devices.Picture{}, fmt.Errorf("picture of %.64q by %.64q: %w", incident, camera, err)
	}
	return figures, nil
}

func (s *Store) keepPicture(p Picture, picture []byte) (devices.Picture, error) {
	if !p.isNamed() {
		return devices.Picture{}, fmt.Errorf("%w: an incident is the id of a record, and a camera has a name of the config", ErrRefused)
	}
	figures, err := figuresOf(picture)
	if err != nil {
		return devices.Picture{}, err
	}
	s.mu.Lock()
	sealed := s.queue.sealed
	s.mu.Unlock()
	if sealed {
		return devices.Picture{}, ErrSealed
	}
	p.Bytes = len(picture)
	return figures, s.album.keep(p, picture)
}

// Picture reads a picture. What retention took, or what never was, is
// fs.ErrNotExist.
func (s *Store) Picture(incident, camera string) ([]byte, error) {
	picture, err := s.album.read(incident, camera)
	if err != nil {
		return nil, fmt.Errorf("picture of %.64q by %.64q: %w", incident, camera, err)
	}
	return picture, nil
}

// Pictures lists what is kept, newest first.
func (s *Store) Pictures() []Picture {
	return s.album.list(func(Picture) bool { return true })
}

// PicturesToSend lists what is to be sent, newest first: of the cameras of which
// Options.SendPictures says so. A restart changes nothing.
// A picture is in the list before its record is: it may be sent before.
func (s *Store) PicturesToSend() []Picture {
	return s.album.list(func(p Picture) bool { return p.Unsent && s.sends(p.Camera) })
}

// sends says whether the site wants the pictures of a camera sent.
func (s *Store) sends(camera string) bool {
	return s.opt.SendPictures != nil && s.opt.SendPictures(camera)
}

// PictureSent says that a picture need not be sent any more. After a power cut
// it may be sent again.
func (s *Store) PictureSent(incident, camera string) {
	if err := s.album.sent(incident, camera); err != nil {
		s.opt.Log.Warn("a picture may be sent again", "camera", camera, "incident", incident, "err", err)
	}
}
