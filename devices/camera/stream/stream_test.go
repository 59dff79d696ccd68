package stream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pion/rtp"

	"sitepost/devices"
)

// The tests of this file and of guard_test.go speak over sockets and do not run
// side by side.

// hasty is the patience of tests.
var hasty = patience{start: 3 * time.Second, read: 800 * time.Millisecond, write: 500 * time.Millisecond, close: time.Second, quiet: 700 * time.Millisecond, picture: 2 * time.Second, least: time.Second, idle: 900 * time.Millisecond, knock: time.Second}

// password has every sign that a URL would stumble over. Its mark, "Kennwort", is
// looked for in what is printed; no port and no pin can contain it.
const password = `gehe/im@Kennwort:%40?#"ö`

// look is one visit to a fake camera, which also promises that it ends in time,
// that its result fits into JSON, that the password is nowhere in it, and that
// no goroutine is left.
func look(t *testing.T, target Target, howLong time.Duration) (devices.Stream, error) {
	t.Helper()
	before := runtime.NumGoroutine()
	started := time.Now()
	s, err := measure(t.Context(), target, howLong, hasty)
	if took := time.Since(started); took > hasty.start+howLong+2*hasty.close {
		t.Errorf("took %v", took)
	}
	printed, jsonErr := json.Marshal(s)
	if jsonErr != nil {
		t.Errorf("%+v: %v", s, jsonErr)
	}
	for _, text := range []string{string(printed), fmt.Sprint(err)} {
		if strings.Contains(text, "Kennwort") {
			t.Errorf("got %q, which tells the password", text)
		}
	}
	// The fake's own goroutine for the connection may take a moment to notice.
	for end := time.Now().Add(2 * time.Second); runtime.NumGoroutine() > before && time.Now().Before(end); {
		runtime.Gosched()
	}
	if after := runtime.NumGoroutine(); after > before {
		stacks := make([]byte, 1<<16)
		t.Errorf("got %d goroutines, want %d\n%s", after, before, stacks[:runtime.Stack(stacks, true)])
	}
	return s, err
}

// outcome is what a failed visit says.
type outcome struct {
	State string
	Layer Layer
	Err   error
}

func outcomeOf(s devices.Stream, err error) outcome {
	o := failed(err)
	o.State = s.State
	return o
}

// failed is what an error alone says.
func failed(err error) outcome {
	var o outcome
	if f, ok := errors.AsType[*Failure](err); ok {
		o.State, o.Layer = f.State, f.Layer
	}
	for _, known := range []error{ErrBasic, ErrLogin, ErrRedirect, ErrCertificate} {
		if errors.Is(err, known) {
			o.Err = known
		}
	}
	return o
}

// TestHealthyCamera measures a film of 25 frames a second and ends early, when
// one GOP was seen.
func TestHealthyCamera(t *testing.T) {
	cam := (&fake{play: filming(30, nil), description: sdpHead + sdpVideo + "m=audio 0 RTP/AVP 0\r\na=control:track2\r\n"}).listen(t, nil)
	s, err := look(t, Target{URL: cam.url(), User: "onvif", Password: password, Early: true, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}, 4*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if s.State != Live || s.Codec != "H264" || *s.GOPFrames != 30 || *s.FPS < 23 || *s.FPS > 27 || !*s.Audio || *s.Loss != 0 || s.Seconds > 2 {
		t.Errorf("got %+v", s)
	}
	asked, dials := cam.heard()
	var methods []string
	for _, q := range asked {
		methods = append(methods, q.method)
		if q.header.Get("User-Agent") != "sitepost" || q.header.Get("Authorization") != "" || strings.Contains(q.url, "@") {
			t.Errorf("got %v", q)
		}
	}
	if diff := cmp.Diff([]string{"OPTIONS", "DESCRIBE", "SETUP", "PLAY", "TEARDOWN"}, methods); diff != "" || dials != 1 {
		t.Errorf("%d dials (-want +got):\n%s", dials, diff)
	}
}

// TestCamerasThatFail says for each way to fail how far it came, what the state
// is, and never tries a login twice.
func TestCamerasThatFail(t *testing.T) {
	status := func(method, line string) func(question) string {
		return func(q question) string {
			if q.method != method {
				return ""
			}
			return "RTSP/1.0 " + line + "\r\n\r\n"
		}
	}
	challenge := func(offers ...string) func(question) string {
		text := "RTSP/1.0 401 Unauthorized\r\n"
		for _, o := range offers {
			text += "WWW-Authenticate: " + o + "\r\n"
		}
		return func(question) string { return text + "\r\n" }
	}
	const digest = `Digest realm="cam", nonce="0123"`
	for _, c := range []struct {
		name   string
		cam    *fake
		logins int // requests that carried a login
		want   outcome
	}{
		{name: "wrong password", cam: &fake{answer: challenge(digest)}, logins: 1, want: outcome{AuthFailed, Login, ErrLogin}},
		{name: "Digest beside Basic is taken", cam: &fake{answer: challenge(`Basic realm="cam"`, digest)}, logins: 1, want: outcome{AuthFailed, Login, ErrLogin}},
		{name: "only Basic", cam: &fake{answer: challenge(`Basic realm="cam"`)}, want: outcome{AuthFailed, Login, ErrBasic}},
		{name: "Basic beside an unknown Digest", cam: &fake{answer: challenge(`Digest realm="c", nonce="1", algorithm=SHA-512`, `Basic realm="c"`)}, want: outcome{AuthFailed, Login, ErrBasic}},
		{name: "no offer at all", cam: &fake{answer: challenge()}, want: outcome{AuthFailed, Login, ErrLogin}},
		{name: "a challenge that is always stale", cam: &fake{answer: challenge(digest + `, stale=TRUE`)}, logins: 1, want: outcome{Offline, Login, nil}},
		{name: "forbidden", cam: &fake{answer: status("DESCRIBE", "403 Forbidden")}, want: outcome{AuthFailed, Login, ErrLogin}},
		{name: "no such path", cam: &fake{answer: status("DESCRIBE", "404 Not Found")}, want: outcome{Offline, Describe, nil}},
		{name: "no session left at SETUP", cam: &fake{answer: status("SETUP", "453 Not Enough Bandwidth")}, want: outcome{Conflict, Play, nil}},
		{name: "no session left at PLAY", cam: &fake{answer: status("PLAY", "503 Service Unavailable")}, want: outcome{Conflict, Play, nil}},
		{name: "no TCP", cam: &fake{answer: status("SETUP", "461 Unsupported Transport")}, want: outcome{Unsupported, Play, nil}},
		{name: "only sound", cam: &fake{description: sdpHead + "m=audio 0 RTP/AVP 0\r\n"}, want: outcome{Unsupported, Describe, nil}},
		{name: "no description", cam: &fake{description: "<html>"}, want: outcome{Unsupported, Describe, nil}},
		{name: "a track address that is none", cam: &fake{description: sdpHead + strings.Replace(sdpVideo, "track1", "%zz", 1)}, want: outcome{Unsupported, Describe, nil}},
		{name: "plays nothing", cam: &fake{}, want: outcome{Stalled, NoData, nil}},
		{
			name: "stops in the middle",
			cam:  &fake{play: filming(5, func(i int, k []*rtp.Packet) []*rtp.Packet { return stopAfter(i, k, 3) })},
			want: outcome{Stalled, NoData, nil},
		},
		{
			name: "hangs up in the middle",
			cam:  &fake{play: func(c net.Conn, _ <-chan struct{}) { c.Close() }},
			want: outcome{Offline, Play, nil},
		},
		{name: "redirects to nothing", cam: &fake{answer: redirect("DESCRIBE", func() string { return "http://x/" })}, want: outcome{Unsupported, Describe, ErrRedirect}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cam := c.cam.listen(t, nil)
			s, err := look(t, Target{URL: cam.url(), User: "onvif", Password: password}, 1200*time.Millisecond)
			if diff := cmp.Diff(c.want, outcomeOf(s, err), compareErrors()); diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
			asked, _ := cam.heard()
			logins := 0
			for _, q := range asked {
				if a := q.header.Get("Authorization"); a != "" {
					logins++
					if !strings.HasPrefix(a, "Digest ") {
						t.Errorf("got the login %q", a)
					}
				}
			}
			if logins != c.logins || len(s.Why) != 1 {
				t.Errorf("got %d logins, want %d; why %q", logins, c.logins, s.Why)
			}
		})
	}
}

// stopAfter turns the frames from the n-th on into repetitions of its packets,
// so that the camera sends and no picture comes.
func stopAfter(i int, k []*rtp.Packet, n int) []*rtp.Packet {
	for _, p := range k {
		if i > n {
			p.Timestamp = uint32(n * 3600)
		}
	}
	return k
}

func redirect(method string, to func() string) func(question) string {
	return func(q question) string {
		if q.method != method {
			return ""
		}
		return "RTSP/1.0 302 Moved\r\nLocation: " + to() + "\r\n\r\n"
	}
}

func compareErrors() cmp.Option {
	return cmp.Comparer(func(a, b error) bool { return errors.Is(a, b) || a == b })
}

// TestNoLoginConfigured says so, and does not use a login out of the URL.
func TestNoLoginConfigured(t *testing.T) {
	cam := (&fake{answer: func(question) string {
		return "RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"c\", nonce=\"1\"\r\n\r\n"
	}}).listen(t, nil)
	s, err := look(t, Target{URL: strings.Replace(cam.url(), "//", "//onvif:geheimKennwort@", 1)}, time.Second)
	if diff := cmp.Diff(outcome{AuthFailed, Login, ErrLogin}, outcomeOf(s, err), compareErrors()); diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if asked, _ := cam.heard(); len(asked) != 1 {
		t.Errorf("got %d requests, want 1: %v", len(asked), asked)
	}
}

// TestPlain keeps a camera's words short and free of anything that moves a
// cursor.
func TestPlain(t *testing.T) {
	t.Parallel()
	if got := plain("no\x1b[2J \r\n\u202ecamera\xff 摄像机"); got != "no [2J camera 摄像机" {
		t.Errorf("got %q", got)
	}
	if got := []rune(plain(strings.Repeat("长", 1000))); len(got) != maxWords+1 {
		t.Errorf("got %d runes, want %d", len(got), maxWords+1)
	}
}

// TestCancelled gives the context's own error and no state: nothing was found
// out about the camera.
func TestCancelled(t *testing.T) {
	cam := (&fake{}).listen(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	s, err := measure(ctx, Target{URL: cam.url()}, time.Minute, hasty)
	if !errors.Is(err, context.Canceled) || s.State != "" || s.Why != nil {
		t.Errorf("got %+v, %v", s, err)
	}
}

// TestShown leaves logins out of an address in every place where makes put them.
func TestShown(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"rtsp://a:b@10.0.0.1:554/x?channel=1":                                 "rtsp://10.0.0.1:554/x?channel=1",
		"rtsp://10.0.0.1/user=admin_password=tlJwpbo6_channel=1_stream=0.sdp": "rtsp://10.0.0.1/user=***",
		"rtsp://10.0.0.1/cam?user=admin&passwd=secret&subtype=0":              "rtsp://10.0.0.1/cam?user=***&passwd=***&subtype=0",
	} {
		u, err := parse(Target{URL: url, User: "u", Password: "p"})
		if err != nil {
			t.Fatal(err)
		}
		if got := shown(u); got != want {
			t.Errorf("%s: got %q, want %q", url, got, want)
		}
	}
}
