package stream

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestMulticast joins the group that the camera names, on the network from which
// it was dialled.
func TestMulticast(t *testing.T) {
	s, err := look(t, Target{URL: multicast(t, &caster{}, 11).url(), Transport: Multicast}, time.Second)
	if errors.Is(err, os.ErrPermission) {
		t.Skip(err) // older kernels bind to a network only for root
	}
	if err != nil || s.State != Live || s.Transport != "multicast" || s.Frames < 15 || *s.Loss == 0 {
		t.Errorf("got %+v, %v", s, err)
	}
}

// multicast starts a camera that sends to a group, on the loopback.
func multicast(t *testing.T, cam *caster, group byte) *caster {
	t.Helper()
	to, profile := net.IPv4(239, 255, 47, group), "RTP/AVP"
	if cam.wrap != nil {
		profile = "RTP/SAVP"
	}
	cast(t, cam, lossy)
	port := cam.rtp.LocalAddr().(*net.UDPAddr).Port
	cam.to.Store(&net.UDPAddr{IP: to, Port: port})
	other := cam.other
	cam.answer = func(q question) string {
		if q.method != "SETUP" {
			if other != nil {
				return other(q)
			}
			return ""
		}
		return fmt.Sprintf("RTSP/1.0 200 OK\r\nSession: 1\r\nTransport: %s;multicast;destination=%v;port=%d-%d;ttl=1\r\n\r\n", profile, to, port, port+1)
	}
	raw, err := cam.rtp.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Control(func(fd uintptr) {
		_ = syscall.SetsockoptInet4Addr(int(fd), syscall.IPPROTO_IP, syscall.IP_MULTICAST_IF, [4]byte{127, 0, 0, 1})
	}); err != nil {
		t.Fatal(err)
	}
	return cam
}

// TestMulticastWithoutItsKey joins no group for packets that nobody can read: the
// library would not leave it again.
func TestMulticastWithoutItsKey(t *testing.T) {
	certificate := selfSigned(t)
	cam := multicast(t, &caster{
		fake: fake{description: sdpHead + strings.Replace(sdpVideo, "AVP", "SAVP", 1)},
		wrap: func(l net.Listener) net.Listener {
			return tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{certificate}})
		},
	}, 14)
	open := descriptors(t)
	s, err := look(t, Target{URL: "rtsps" + cam.url()[4:], Transport: Multicast}, time.Second)
	if diff := cmp.Diff(outcome{Unsupported, Play, nil}, outcomeOf(s, err)); diff != "" || !strings.Contains(fmt.Sprint(err), "SRTP") {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for end := time.Now().Add(3 * time.Second); descriptors(t) > open && time.Now().Before(end); { // the camera may take a moment to notice
		runtime.Gosched()
	}
	if now := descriptors(t); now > open {
		t.Errorf("got %d descriptors, want %d", now, open)
	}
}
