package album

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

// MostBytes is how many bytes a picture may have: more the contract does not carry.
const MostBytes = 1 << 20

// JPEG is the type of every picture.
const JPEG = "image/jpeg"

// A Picture is one that is kept: a file that is named by who took it and of what.
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

// The shapes of a camera's name, which becomes part of a file's and of a topic, and of
// an incident, which is the id of a record.
var (
	cameraName   = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)
	incidentName = regexp.MustCompile(`^[0-9a-f]{16}-(alarm|event|reading)-[1-9][0-9]{0,19}$`)
)

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
	return cameraName.MatchString(p.Camera) && incidentName.MatchString(p.Incident)
}

// figuresOf looks at a picture. Nothing of it is decoded but its size.
func figuresOf(picture []byte) (devices.Picture, error) {
	var none devices.Picture
	switch {
	case len(picture) > MostBytes:
		return none, fmt.Errorf("%w: %d bytes are more than %d (choose a smaller picture at the camera)", ErrRefused, len(picture), MostBytes)
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
		SHA256: hex.EncodeToString(sum[:]), Bytes: len(picture), Type: JPEG, Width: size.Width, Height: size.Height,
	}, nil
}
