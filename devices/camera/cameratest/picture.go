package cameratest

import (
	"bytes"
	"image"
	"image/jpeg"
	"io"
	"net/http"
	"strconv"
)

// PicturePath is where the camera's picture is, as GetSnapshotUri tells.
const PicturePath = "/onvif/picture"

// Picture is what the camera shows: a JPEG of 64 by 36.
func Picture() []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 64, 36)), nil); err != nil {
		panic(err) // of a picture that is always the same
	}
	return b.Bytes()
}

// servePicture answers a request for the picture: to the login where there is one,
// by HTTP Digest whatever the SOAP side wants, as cameras do.
func (v *Camera) servePicture(w http.ResponseWriter, r *http.Request) {
	if v.options.Auth != "open" {
		ok, stale := v.pictures.admits(r, nil)
		if !ok && v.options.Trouble == Forbids && r.Header.Get("Authorization") != "" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		if !ok {
			w.Header().Set("WWW-Authenticate", v.pictures.challenge(r.URL.RequestURI(), stale))
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
	}
	v.shot.Add(1)
	switch v.options.Trouble {
	case NoPicture:
		http.NotFound(w, r)
	case HugePicture:
		w.Header().Set("Content-Type", "image/jpeg")
		_, _ = io.CopyN(w, zeros{}, 8<<20)
	case PictureIsPage:
		w.Header().Set("Content-Type", "image/jpeg")
		_, _ = io.WriteString(w, "<html>log in</html>")
	default:
		picture := Picture()
		w.Header().Set("Content-Type", "image/jpeg")
		w.Header().Set("Content-Length", strconv.Itoa(len(picture)))
		_, _ = w.Write(picture)
	}
}

// snapshotURI is what it tells of its picture.
func (v *Camera) snapshotURI() string {
	if v.options.SnapshotURI == "" && v.options.Pictures {
		return "http://" + v.address + PicturePath
	}
	return v.options.SnapshotURI
}

// Pictures returns how many pictures were asked for with a good login.
func (v *Camera) Pictures() int { return int(v.shot.Load()) }

// PictureLogins returns what the picture's own door counted.
func (v *Camera) PictureLogins() LoginCount { return v.pictures.count() }

// zeros is an endless file.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }
