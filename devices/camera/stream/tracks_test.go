package stream

import (
	"testing"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
)

// TestMetadataTrackNames promises that a metadata track is known by each of the names
// that editions of the standard have for it, and nothing else is.
func TestMetadataTrackNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"vnd.onvif.metadata":           "",
		"VND.ONVIF.METADATA":           "",
		"vnd.onvif.metadata+gzip":      "gzip",
		"vnd.onvif.metadata.gzip":      "gzip",
		"vnd.onvif.metadata.exi.onvif": "exi",
		"vnd.onvif.metadata.exi.ext":   "exi",
		"vnd.onvif.metadata.zip":       "no track",
		"smpte336m":                    "no track",
	} {
		d := &description.Session{Medias: []*description.Media{{
			Type: description.MediaTypeApplication, Formats: []format.Format{&format.Generic{PayloadTyp: 107, RTPMa: name + "/90000"}},
		}}}
		got := "no track"
		if track, ok := metadataTrack(d); ok {
			got = track.encoding
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}
