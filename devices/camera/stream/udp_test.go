package stream

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/google/go-cmp/cmp"
	"github.com/pion/rtp"
)

// A caster is a fake camera that sends its pictures beside the connection. These
// tests use sockets.
type caster struct {
	fake
	rtp, rtcp *net.UDPConn
	to        atomic.Pointer[net.UDPAddr] // where the client listens
	punched   atomic.Int32                // packets that came from there
	extra     string                      // said in the Transport header too
	wrap      func(net.Listener) net.Listener
	other     func(question) string // to anything but SETUP
}

// cast starts the camera; film sends its packets by say.
func cast(t *testing.T, c *caster, film func(say func(*rtp.Packet), gone <-chan struct{})) *caster {
	t.Helper()
	c.rtp, c.rtcp = bound(t), bound(t)
	for _, l := range []*net.UDPConn{c.rtp, c.rtcp} {
		c.served.Go(func() {
			for b := make([]byte, 2000); ; {
				if _, _, err := l.ReadFrom(b); err != nil {
					return
				}
				c.punched.Add(1)
			}
		})
	}
	c.answer = func(q question) string {
		if q.method != "SETUP" {
			return ""
		}
		asked := q.header.Get("Transport")
		var low, high int
		if _, ports, ok := strings.Cut(asked, "client_port="); ok {
			_, _ = fmt.Sscanf(ports, "%d-%d", &low, &high)
		}
		c.to.Store(&net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: low})
		return fmt.Sprintf("RTSP/1.0 200 OK\r\nSession: 1\r\nTransport: RTP/AVP;unicast;client_port=%d-%d;server_port=%d-%d%s\r\n\r\n",
			low, high, c.rtp.LocalAddr().(*net.UDPAddr).Port, c.rtcp.LocalAddr().(*net.UDPAddr).Port, c.extra)
	}
	c.play = func(_ net.Conn, gone <-chan struct{}) {
		if film == nil {
			return
		}
		film(func(p *rtp.Packet) {
			p.Version, p.PayloadType = 2, 96
			if b, err := p.Marshal(); err == nil {
				_, _ = c.rtp.WriteTo(b, c.to.Load())
			}
		}, gone)
	}
	c.listen(t, c.wrap)
	t.Cleanup(func() { c.rtp.Close(); c.rtcp.Close() })
	return c
}

func bound(t *testing.T) *net.UDPConn {
	t.Helper()
	l, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// lossy is a film of 25 frames a second of which every fifth loses a packet, and
// every fifth has one twice.
func lossy(say func(*rtp.Packet), gone <-chan struct{}) {
	f, tick := film{gop: 10}, time.NewTicker(40*time.Millisecond)
	defer tick.Stop()
	for i := 0; ; i++ {
		for n, p := range f.next() {
			if i%5 != 2 || n != 1 {
				say(p)
			}
			if i%5 == 3 && n == 1 {
				say(p)
			}
		}
		select {
		case <-tick.C:
		case <-gone:
			return
		}
	}
}

// TestUDP measures what comes beside the connection, losses and repetitions and
// all, opens the way
// for it, and listens to nobody but the camera, whoever is named as the source.
func TestUDP(t *testing.T) {
	for _, extra := range []string{"", ";source=198.51.100.9", `;mode="PLAY"source=198.51.100.9`} {
		t.Run("SETUP answers "+extra, func(t *testing.T) {
			cam := cast(t, &caster{extra: extra}, lossy)
			s, err := look(t, Target{URL: cam.url(), Transport: UDP}, time.Second)
			if err != nil || s.State != Live || s.Transport != "udp" || s.Frames < 15 || *s.GOPFrames != 10 || *s.Loss < 0.05 || *s.Loss > 0.08 || s.Duplicates < 2 || s.Seconds < 1 {
				t.Errorf("got %+v, %v", s, err)
			}
			if cam.punched.Load() < 2 {
				t.Errorf("got %d packets at the camera, want one for each port", cam.punched.Load())
			}
		})
	}
}

// TestUDPNothingComes says what may be in between.
func TestUDPNothingComes(t *testing.T) {
	cam := cast(t, &caster{}, nil)
	s, err := look(t, Target{URL: cam.url(), Transport: UDP, Early: true}, 5*time.Second)
	if diff := cmp.Diff(outcome{Stalled, NoData, nil}, outcomeOf(s, err)); diff != "" || s.Seconds > 2 || !strings.Contains(fmt.Sprint(err), "firewall") {
		t.Errorf("after %v s: %v (-want +got):\n%s", s.Seconds, err, diff)
	}
}

// TestF13PortsExhausted ends with a clear word when no port can be had; the
// library would look for ever.
func TestF13PortsExhausted(t *testing.T) {
	cam := cast(t, &caster{}, nil)
	target := Target{URL: cam.url(), Transport: UDP}
	target.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := (&net.Dialer{}).DialContext(ctx, network, address)
		return foreign{c}, err
	}
	s, err := look(t, target, time.Second)
	if diff := cmp.Diff(outcome{Offline, Play, nil}, outcomeOf(s, err)); diff != "" || !strings.Contains(fmt.Sprint(err), "UDP ports") {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// A foreign connection says that it comes from an address that is not ours, where
// no port can be opened.
type foreign struct{ net.Conn }

func (foreign) LocalAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1} }

// TestUnusedPorts are given back when a session ends before the library took them.
func TestUnusedPorts(t *testing.T) {
	g := newGuard(t.Context(), "127.0.0.1", Target{}, hasty)
	low, high, err := g.pair()
	if err != nil || low%2 != 0 || high != low+1 {
		t.Fatalf("got %d and %d, %v", low, high, err)
	}
	g.kill()
	for _, port := range []int{low, high} {
		c, err := net.ListenUDP("udp", &net.UDPAddr{Port: port})
		if err != nil {
			t.Error(err)
			continue
		}
		c.Close()
	}
	if _, _, err := g.pair(); err == nil {
		t.Error("got ports after the end")
	}
}

// TestUDPFlood reads no more than the guard allows beside the connection either.
func TestUDPFlood(t *testing.T) {
	const flood = 1400
	cam := cast(t, &caster{}, func(say func(*rtp.Packet), gone <-chan struct{}) {
		tick, began := time.NewTicker(time.Millisecond), time.Now()
		defer tick.Stop()
		for i := 0; ; i++ {
			for i >= int(10*time.Since(began)/time.Millisecond) { // 112 Mbit/s, also where we come late
				select {
				case <-gone:
					return
				case <-tick.C:
				}
			}
			p := &rtp.Packet{Header: rtp.Header{SequenceNumber: uint16(i), Timestamp: uint32(i / 100 * 3600)}, Payload: make([]byte, flood)}
			p.Payload[0] = 0x65
			say(p)
		}
	})
	s, err := look(t, Target{URL: cam.url(), Transport: UDP}, 2500*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	came := *s.BitrateBPS / 8 * s.Seconds
	if most := burstBytes + s.Seconds*1.05*maxBytes; s.State != Degraded || len(s.Why) != 1 || came > most || came < most/4 {
		t.Errorf("got %.0f bytes in %v s, want at most %.0f; %q", came, s.Seconds, most, s.Why)
	}
}

// TestUDPRefused says what to set when a camera cannot do it.
func TestUDPRefused(t *testing.T) {
	certificate := selfSigned(t)
	encrypted := (&fake{}).listen(t, func(l net.Listener) net.Listener {
		return tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{certificate}})
	})
	setup := func(answer string) string {
		return (&fake{answer: func(q question) string {
			if q.method != "SETUP" {
				return ""
			}
			return "RTSP/1.0 " + answer + "\r\n\r\n"
		}}).listen(t, nil).url()
	}
	for _, c := range []struct {
		name, url string
		transport Transport
	}{
		{"encrypted without SRTP", strings.Replace(encrypted.url(), "rtsp:", "rtsps:", 1), UDP},
		{"461", setup("461 Unsupported Transport"), UDP},
		{"TCP all the same", setup("200 OK\r\nSession: 1\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1"), UDP},
		{"without ports", setup("200 OK\r\nSession: 1\r\nTransport: RTP/AVP;unicast"), UDP},
		{"multicast asked, unicast given", setup("200 OK\r\nSession: 1\r\nTransport: RTP/AVP;unicast;server_port=6000-6001"), Multicast},
		{"a group that is none", setup("200 OK\r\nSession: 1\r\nTransport: RTP/AVP;multicast;destination=198.51.100.9;port=6000-6001"), Multicast},
		{"no group", setup("200 OK\r\nSession: 1\r\nTransport: RTP/AVP;multicast;port=6000-6001"), Multicast},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := look(t, Target{URL: c.url, Transport: c.transport}, time.Second)
			if diff := cmp.Diff(outcome{Unsupported, Play, nil}, outcomeOf(s, err)); diff != "" || !strings.Contains(fmt.Sprint(err), `transport = "tcp"`) {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

// TestRouted leaves nothing in the answer to SETUP that leads to strangers.
func TestRouted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		transport Transport
		said      string
		want      string
		refused   bool
	}{
		{UDP, "RTP/AVP;unicast;client_port=1-2;server_port=3-4", "RTP/AVP;unicast;client_port=1-2;server_port=3-4", false},
		{UDP, "RTP/AVP;unicast; source=192.0.2.10;server_port=3-4", "RTP/AVP;unicast; source=192.0.2.10;server_port=3-4", false},
		{UDP, "RTP/AVP;source=192.0.2.11; SOURCE =192.0.2.12;destination=192.0.2.13", "RTP/AVP", false},
		{UDP, `RTP/AVP;mode="PLAY"source=192.0.2.11`, "RTP/AVP;PLAY", false},
		{Multicast, "RTP/AVP;multicast;destination=239.1.2.3;port=4-5;source=192.0.2.10", "RTP/AVP;multicast;destination=239.1.2.3;port=4-5;source=192.0.2.10", false},
		{Multicast, "RTP/AVP;multicast;destination=192.0.2.9;port=4-5", "RTP/AVP;multicast;port=4-5", true},
	} {
		v := &visit{target: Target{Transport: c.transport}, guard: newGuard(t.Context(), "192.0.2.10", Target{}, hasty)}
		v.answers.visit = v
		r := &base.Response{Header: base.Header{"Transport": base.HeaderValue{c.said}}}
		v.answers.routed(r)
		if got := r.Header["Transport"][0]; got != c.want || (v.answers.refusal != nil) != c.refused {
			t.Errorf("%s: got %s, %v, want %s", c.said, got, v.answers.refusal, c.want)
		}
	}
}

// TestTCPRefused names UDP where the camera knows nothing else.
func TestTCPRefused(t *testing.T) {
	for _, answer := range []string{
		"461 Unsupported Transport\r\n\r\n",
		"200 OK\r\nSession: 1\r\nTransport: RTP/AVP;unicast;server_port=6000-6001\r\n\r\n",
	} {
		cam := (&fake{answer: func(q question) string {
			if q.method != "SETUP" {
				return ""
			}
			return "RTSP/1.0 " + answer
		}}).listen(t, nil)
		s, err := look(t, Target{URL: cam.url()}, time.Second)
		if diff := cmp.Diff(outcome{Unsupported, Play, nil}, outcomeOf(s, err)); diff != "" || !strings.Contains(fmt.Sprint(err), `transport = "udp"`) {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	}
}
