package stream

import (
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/sdp"
)

// FuzzTracks promises that what is left of any description can be read, stays as it is
// when it is mended again, is soon made, and has tracks that can be looked at.
func FuzzTracks(f *testing.F) {
	for _, text := range brokenDescriptions() {
		f.Add([]byte(text))
	}
	f.Add([]byte(sdpHead + sdpVideo + sdpMetadata))
	f.Add([]byte(sdpHead + "a=control:rtsp://198.51.100.9/x\r\n" + sdpVideo))
	at, err := base.ParseURL("rtsp://onvif:secret@192.0.2.10/cam?x")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) > 128<<10 { // more the library does not read
			return
		}
		began := time.Now()
		clean := mend(body)
		offersAudio(body)
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("took %v", took)
		}
		if clean == nil {
			return
		}
		if again := mend(clean); string(again) != string(clean) {
			t.Errorf("got %q, and then %q", clean, again)
		}
		var text sdp.SessionDescription
		var d description.Session
		if text.Unmarshal(clean) != nil || d.Unmarshal(&text) != nil {
			t.Fatalf("%q cannot be read", clean)
		}
		m, _ := metadataTrack(&d)
		for _, k := range []track{videoTrack(&d), m} {
			if k.media == nil {
				continue
			}
			if k.format == nil {
				t.Errorf("no format in %q", clean)
			}
			if u, err := k.media.URL(at); err == nil && u != nil && u.Host != at.Host {
				t.Errorf("got the host %q", u.Host)
			}
			word(k.format)
		}
	})
}
