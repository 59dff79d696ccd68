package stream

import (
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestMetadataBeside hands the metadata track on in the session of the pictures,
// in each way in which it may be packed, and only if somebody wants it.
func TestMetadataBeside(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		said    string
		offered bool
		packed  string
	}{
		{sdpMetadata, true, ""},
		{strings.Replace(sdpMetadata, "vnd.onvif.metadata", "VND.ONVIF.METADATA", 1), true, ""},
		{strings.Replace(sdpMetadata, "metadata/", "metadata.gzip/", 1), true, "gzip"},
		{strings.Replace(sdpMetadata, "metadata/", "metadata.exi.onvif/", 1), true, "exi"},
		{strings.Replace(sdpMetadata, "metadata/", "metadata.exi.ext/", 1), true, "exi"},
		{strings.Replace(sdpMetadata, "m=application", "m=meta", 1), true, ""},
		{strings.Replace(sdpMetadata, "metadata/", "metadata.zstd/", 1), false, ""},
		{strings.Replace(sdpMetadata, "vnd.onvif.metadata", "SMPTE336M", 1), false, ""},
	} {
		t.Run(c.said, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cam := &fake{description: sdpHead + sdpVideo + c.said, play: alongside(filming(25, nil), talking(2, time.Second))}
				target := near(cam)
				if s, err := Measure(t.Context(), target, time.Second); err != nil || *s.Metadata != c.offered {
					t.Errorf("unwanted: got %+v, %v", s, err)
				}
				var packed []string
				target.Metadata = func(c Chunk) { packed = append(packed, c.Encoding) }
				s, err := Measure(t.Context(), target, 2500*time.Millisecond)
				want := []string{c.packed, c.packed}
				if !c.offered {
					want = nil
				}
				if diff := cmp.Diff(want, packed); diff != "" || err != nil || *s.Metadata != c.offered || s.Frames != 63 {
					t.Errorf("got %+v, %v (-want +got):\n%s", s, err, diff)
				}
			})
		})
	}
}

// TestMetadataRefused looks at the pictures all the same.
func TestMetadataRefused(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{"454 Session Not Found\r\n\r\n", "200 OK\r\nSession: 1\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n"} {
		synctest.Test(t, func(t *testing.T) {
			cam := &fake{description: sdpHead + sdpVideo + sdpMetadata, play: filming(25, nil)}
			cam.answer = func(q question) string {
				if q.method != "SETUP" || strings.HasSuffix(q.url, "track1") {
					return ""
				}
				return "RTSP/1.0 " + answer
			}
			target := near(cam)
			target.Metadata = func(Chunk) {}
			if s, err := Measure(t.Context(), target, 990*time.Millisecond); err != nil || s.State != Live || s.Frames != 25 {
				t.Errorf("got %+v, %v", s, err)
			}
		})
	}
}

// TestListenEnds says what is wrong where there is no track to listen to, and
// where the camera does not even answer a keep-alive.
func TestListenEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		target := near(&fake{})
		target.Metadata = func(Chunk) {}
		err := Listen(t.Context(), target)
		if diff := cmp.Diff(outcome{Unsupported, Describe, nil}, failed(err)); diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		dead := &fake{description: sdpHead + sdpVideo + sdpMetadata}
		var playing atomic.Bool
		dead.spoil = func(said []byte) []byte {
			if playing.Load() {
				return nil
			}
			return said
		}
		dead.play = func(net.Conn, <-chan struct{}) { playing.Store(true) }
		began := time.Now()
		target.dial = dead.dial
		err = Listen(t.Context(), target)
		if diff := cmp.Diff(outcome{Offline, Play, nil}, failed(err)); diff != "" || time.Since(began) != patient.idle {
			t.Errorf("%v after %v (-want +got):\n%s", err, time.Since(began), diff)
		}
	})
}
