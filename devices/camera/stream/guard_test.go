package stream

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pion/rtp"
)

// TestF2RedirectCircle dials a camera that redirects to itself three times and no
// more.
func TestF2RedirectCircle(t *testing.T) {
	cam := &fake{}
	cam.answer = redirect("DESCRIBE", func() string { return cam.url() })
	cam.listen(t, nil)
	s, err := look(t, Target{URL: cam.url(), User: "onvif", Password: password}, time.Second)
	if diff := cmp.Diff(outcome{Unsupported, Describe, ErrRedirect}, outcomeOf(s, err), compareErrors()); diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if _, dials := cam.heard(); dials != maxDials {
		t.Errorf("got %d dials, want %d", dials, maxDials)
	}
}

// TestF3RedirectToAStranger neither dials another host that a camera names nor
// gives it the login.
func TestF3RedirectToAStranger(t *testing.T) {
	stranger := (&fake{}).listen(t, nil)
	cam := (&fake{answer: redirect("DESCRIBE", func() string {
		return strings.Replace(stranger.url(), "127.0.0.1", "localhost", 1)
	})}).listen(t, nil)
	s, err := look(t, Target{URL: cam.url(), User: "onvif", Password: password}, time.Second)
	if diff := cmp.Diff(outcome{Unsupported, Describe, ErrRedirect}, outcomeOf(s, err), compareErrors()); diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if asked, dials := stranger.heard(); dials != 0 || asked != nil {
		t.Errorf("the stranger was dialled %d times and asked %v", dials, asked)
	}
	guard := newGuard(t.Context(), "127.0.0.1", Target{}, hasty)
	if _, err := guard.dial(t.Context(), "tcp", "localhost:554"); !errors.Is(err, ErrRedirect) {
		t.Errorf("the guard alone: got %v", err)
	}
}

// TestF1SilentTLS does not wait for ever for a peer that takes the connection and
// never answers the beginning of TLS, neither in asking nor in leaving. It waits
// on a lock within the library, so there is no fake time for it.
func TestF1SilentTLS(t *testing.T) {
	at := peer(t, func(net.Conn) {})
	started := time.Now()
	s, err := look(t, Target{URL: "rtsps://" + at + "/cam"}, time.Second)
	if took := time.Since(started); took >= hasty.start {
		t.Errorf("waited %v, want a deadline for each read", took)
	}
	if diff := cmp.Diff(outcome{Offline, TLS, nil}, outcomeOf(s, err)); diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// TestSilentPeers does not wait for a peer that takes the connection and says
// nothing, nor for one that answers a byte at a time.
func TestSilentPeers(t *testing.T) {
	t.Parallel()
	drip := func(c net.Conn, gone <-chan struct{}) {
		for {
			select {
			case <-time.After(time.Second):
			case <-gone:
				return
			}
			if _, err := c.Write([]byte("R")); err != nil {
				return
			}
		}
	}
	for _, c := range []struct {
		name string
		says func(net.Conn, <-chan struct{})
		took time.Duration
	}{
		{"silent", func(net.Conn, <-chan struct{}) {}, patient.read},
		{"a byte a second", drip, patient.start},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				target := Target{URL: "rtsp://192.0.2.10/cam", dial: someone(c.says)}
				began := time.Now()
				s, err := Measure(t.Context(), target, time.Minute)
				if diff := cmp.Diff(outcome{Offline, Describe, nil}, outcomeOf(s, err)); diff != "" || time.Since(began) != c.took {
					t.Errorf("%v after %v (-want +got):\n%s", err, time.Since(began), diff)
				}
				began = time.Now()
				err = Knock(t.Context(), target)
				if diff := cmp.Diff(outcome{Offline, Describe, nil}, failed(err)); diff != "" || time.Since(began) != patient.knock {
					t.Errorf("knocking: %v after %v (-want +got):\n%s", err, time.Since(began), diff)
				}
			})
		})
	}
}

// someone dials a peer who listens to all that is said, and answers as he likes.
func someone(says func(net.Conn, <-chan struct{})) dialer {
	return func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		gone := make(chan struct{})
		go says(theirs, gone)
		go func() {
			defer close(gone)
			for b := make([]byte, 1000); ; {
				if _, err := theirs.Read(b); err != nil {
					return
				}
			}
		}()
		return ours, nil
	}
}

// peer listens, does something with who comes, and holds on until he goes.
func peer(t *testing.T, does func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			does(conn)
			_ = conn.SetReadDeadline(time.Time{})
			for err == nil {
				_, err = conn.Read(make([]byte, 1<<16))
			}
			conn.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().String()
}

// TestF14Flood reads from a camera that sends what the line takes no faster than
// the guard's rate, and says so.
func TestF14Flood(t *testing.T) {
	const flood = 14000 // bytes of a packet: large ones cost a busy machine little
	cam := (&fake{play: func(c net.Conn, _ <-chan struct{}) {
		for i := 0; ; i++ {
			p := &rtp.Packet{Header: rtp.Header{SequenceNumber: uint16(i), Timestamp: uint32(i / 10 * 3600)}, Payload: make([]byte, flood)}
			p.Payload[0] = 0x65
			if send(c, p) != nil {
				return
			}
		}
	}}).listen(t, nil)
	s, err := look(t, Target{URL: cam.url()}, 2500*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	read, most := s.Packets*flood, burstBytes+int(s.Seconds*1.05*maxBytes)+readBuffer
	if s.State != Degraded || len(s.Why) != 1 || read > most || read < most/2 {
		t.Errorf("got %d bytes in %v s, want at most %d; %q", read, s.Seconds, most, s.Why)
	}
}

// TestPinnedCertificate takes an encrypted camera whose certificate is pinned,
// tells the pin of one that is not, refuses a changed one, and sends a password
// in clear text only through a pinned one.
func TestPinnedCertificate(t *testing.T) {
	certificate := selfSigned(t)
	encrypted := func(l net.Listener) net.Listener {
		return tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{certificate}})
	}
	cam := (&fake{play: filming(5, nil), answer: func(q question) string {
		if q.method != "DESCRIBE" || strings.HasPrefix(q.header.Get("Authorization"), "Basic ") {
			return ""
		}
		return "RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"c\"\r\n\r\n"
	}}).listen(t, encrypted)
	target := Target{URL: strings.Replace(cam.url(), "rtsp:", "rtsps:", 1), User: "onvif", Password: password}
	seen := ""
	target.Seen = func(pin string) { seen = pin }
	s, err := look(t, target, 200*time.Millisecond)
	if diff := cmp.Diff(outcome{AuthFailed, Login, ErrBasic}, outcomeOf(s, err), compareErrors()); diff != "" {
		t.Errorf("not pinned: %v (-want +got):\n%s", err, diff)
	}
	target.Pin, target.Unproved = seen, true
	s, err = look(t, target, 200*time.Millisecond)
	if diff := cmp.Diff(outcome{AuthFailed, Login, ErrBasic}, outcomeOf(s, err), compareErrors()); diff != "" {
		t.Errorf("pinned by itself: %v (-want +got):\n%s", err, diff)
	}
	target.Unproved = false
	if s, err = look(t, target, 300*time.Millisecond); err != nil || s.State != Live {
		t.Errorf("pinned: got %+v, %v", s, err)
	}
	target.Pin = "sha256:" + strings.Repeat("0", 64)
	s, err = look(t, target, 200*time.Millisecond)
	if diff := cmp.Diff(outcome{Unsupported, TLS, ErrCertificate}, outcomeOf(s, err), compareErrors()); diff != "" {
		t.Errorf("changed: %v (-want +got):\n%s", err, diff)
	}
}

func selfSigned(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// TestNobodyThere tells a closed port, a forbidden address, a name without an
// address and an address that is none.
func TestNobodyThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	for _, c := range []struct {
		name, url string
		want      outcome
	}{
		{"closed port", "rtsp://" + l.Addr().String() + "/", outcome{Offline, Port, nil}},
		{"outside the networks", "rtsp://192.0.2.1/", outcome{Offline, Route, nil}},
		{"no such name", "rtsp://camera.invalid/", outcome{Offline, Name, nil}},
		{"web address", "http://onvif:geheimKennwort@127.0.0.1/", outcome{Unsupported, Address, nil}},
		{"no address", "rtsp:///cam", outcome{Unsupported, Address, nil}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := look(t, Target{URL: c.url, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}, time.Second)
			if diff := cmp.Diff(c.want, outcomeOf(s, err)); diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}
