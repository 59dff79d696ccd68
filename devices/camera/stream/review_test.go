package stream

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/google/go-cmp/cmp"
	"github.com/pion/rtp"
)

// TestDigestForTheCameraOnly names no other host in what is asked, and with it in
// what the login is reckoned from: a camera could pass on the challenge of another
// one, and the answer back.
func TestDigestForTheCameraOnly(t *testing.T) {
	elsewhere := "rtsp://198.51.100.9:554/other/"
	for name, c := range map[string]struct{ base, control string }{
		"Content-Base":    {base: "Content-Base: " + elsewhere + "\r\n"},
		"session control": {control: "a=control:" + elsewhere + "\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			cam := &fake{play: filming(5, nil)}
			cam.answer = func(q question) string {
				body := sdpHead + c.control + strings.Replace(sdpVideo, "control:track1", "control:"+elsewhere+"track1", 1)
				switch {
				case q.header.Get("Authorization") == "":
					return "RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"c\", nonce=\"n\"\r\n\r\n"
				case q.method == "DESCRIBE":
					return fmt.Sprintf("RTSP/1.0 200 OK\r\n%sContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", c.base, len(body), body)
				}
				return ""
			}
			cam.listen(t, nil)
			s, err := look(t, Target{URL: cam.url(), User: "onvif", Password: password}, time.Second)
			if err != nil || s.State != Live {
				t.Errorf("got %+v, %v", s, err)
			}
			asked, _ := cam.heard()
			for _, q := range asked {
				u, err := url.Parse(q.url)
				if err != nil || u.Host != cam.listener.Addr().String() || strings.Contains(q.header.Get("Authorization"), "198.51") {
					t.Errorf("asked %s %s with %q, %v", q.method, q.url, q.header.Get("Authorization"), err)
				}
			}
		})
	}
}

// TestRepeatedURL does not pass on a password that stands in the path of a URL when
// the camera repeats it.
func TestRepeatedURL(t *testing.T) {
	cam := &fake{}
	cam.answer = func(q question) string {
		if q.method != "DESCRIBE" {
			return ""
		}
		return "RTSP/1.0 404 no " + q.url + "\r\n\r\n"
	}
	cam.listen(t, nil)
	s, err := look(t, Target{URL: cam.url() + "/user=admin_password=Kennwort_channel=1"}, time.Second)
	if err == nil || s.State != Offline || !strings.Contains(err.Error(), "user=***") {
		t.Errorf("got %+v, %v", s, err)
	}
}

// TestTalkingWithoutEnd ends a session with a camera that answers or asks without
// being asked: 25 Mbit/s of that costs a third of a processor.
func TestTalkingWithoutEnd(t *testing.T) {
	for _, says := range []string{"RTSP/1.0 200 OK\r\n\r\n", "OPTIONS rtsp://x/ RTSP/1.0\r\nCSeq: 7\r\n\r\n"} {
		t.Run(says[:4], func(t *testing.T) {
			cam := (&fake{play: func(c net.Conn, _ <-chan struct{}) {
				for {
					if _, err := io.WriteString(c, says); err != nil {
						return
					}
				}
			}}).listen(t, nil)
			began := time.Now()
			s, err := look(t, Target{URL: cam.url()}, 20*time.Second)
			if diff := cmp.Diff(outcome{Unsupported, Play, nil}, outcomeOf(s, err)); diff != "" || time.Since(began) > 5*time.Second {
				t.Errorf("%v after %v (-want +got):\n%s", err, time.Since(began), diff)
			}
		})
	}
}

// TestOneStrayPacket goes on when a single packet of another sender is among those of
// the camera.
func TestOneStrayPacket(t *testing.T) {
	cam := (&fake{play: filming(10, func(i int, k []*rtp.Packet) []*rtp.Packet {
		if i%4 != 3 {
			return k
		}
		stray := *k[0]
		stray.SSRC = uint32(1 + i%8)
		return append(k, &stray)
	})}).listen(t, nil)
	s, err := look(t, Target{URL: cam.url()}, time.Second)
	if err != nil || s.State != Live || s.Seconds < 0.9 || s.Resets != 0 || s.Duplicates != 0 {
		t.Errorf("got %+v, %v", s, err)
	}
}

// TestSourceIsNoName leaves nothing of a source that the library would have to ask a
// name server about.
func TestSourceIsNoName(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]string{
		"source=192.0.2.10 ":           "source=192.0.2.10",
		"source=192.0.2.10\u00a0":      "source=192.0.2.10",
		" source=\t192.0.2.10":         "",
		"source=camera.example":        "",
		"source=::ffff:192.0.2.10":     "source=::ffff:192.0.2.10",
		"source=0.0.0.0":               "",
		"source=192.0.2.010":           "",
		"source=192.0.2.10, 192.0.2.9": "",
	} {
		v := &visit{target: Target{Transport: UDP}, guard: newGuard(t.Context(), "192.0.2.10", Target{}, hasty)}
		v.guard.home = netip.MustParseAddr("192.0.2.10")
		v.answers.visit = v
		r := &base.Response{Header: base.Header{"Transport": base.HeaderValue{"RTP/AVP;" + said + ";server_port=3-4"}}}
		v.answers.routed(r)
		_, got, _ := strings.Cut(strings.TrimSuffix(r.Header["Transport"][0], "server_port=3-4"), ";")
		if got = strings.TrimSuffix(got, ";"); got != want {
			t.Errorf("%q: got %q, want %q", said, got, want)
		}
	}
}
