package mqtt_test

import (
	"crypto/tls"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"sitepost/uplink"
	"sitepost/uplink/mqtt"
)

// mute answers CONNECT and SUBSCRIBE, and nothing ever after. It reads on, or
// leaves the socket to fill.
func mute(t *testing.T, reads bool) func(net.Conn) {
	return func(c net.Conn) {
		for _, answer := range []string{honest.connect, honest.subscribe} {
			if _, err := packets.ReadPacket(c); err != nil {
				return
			}
			if _, err := io.WriteString(c, answer); err != nil {
				return
			}
		}
		if reads {
			_, _ = io.Copy(io.Discard, c)
		}
		<-t.Context().Done()
	}
}

// polite answers pings too, and has nothing else to say.
func polite(c net.Conn) {
	for {
		p, err := packets.ReadPacket(c)
		if err != nil {
			return
		}
		answer := map[byte]string{packets.Connect: honest.connect, packets.Subscribe: honest.subscribe, packets.Pingreq: "\xd0\x00"}
		if _, err := io.WriteString(c, answer[typeOf(p)]); err != nil {
			return
		}
	}
}

// TestSilentPeer: a peer that falls silent is noticed in time for the site to know
// within 20 s, whatever keep_alive says: idle, with messages in flight, and with
// a socket so full that nothing can be written, below TLS as well. One that has
// nothing to say but answers pings is kept.
func TestSilentPeer(t *testing.T) {
	t.Parallel()
	certificate, pool := certify(t, "127.0.0.1")
	secure := func(serve func(net.Conn)) func(net.Conn) {
		return func(c net.Conn) {
			serve(tls.Server(c, &tls.Config{Certificates: []tls.Certificate{certificate}}))
		}
	}
	var all sync.WaitGroup // all at once: each takes 12 s
	for _, test := range []struct {
		name      string
		serve     func(net.Conn)
		scheme    string
		messages  int
		keepAlive time.Duration
		stays     bool
	}{
		{"idle", mute(t, true), "mqtt", 0, 15 * time.Second, false},
		{"idle for an hour", mute(t, true), "mqtt", 0, time.Hour, false},
		{"in flight", mute(t, true), "mqtt", 10, 15 * time.Second, false},
		{"full socket", mute(t, false), "mqtt", 1000, time.Hour, false},
		{"full socket below TLS", secure(mute(t, false)), "mqtts", 1000, time.Hour, false},
		{"polite", polite, "mqtt", 0, time.Hour, true},
	} {
		url := strings.Replace(listen(t, test.serve), "mqtt:", test.scheme+":", 1)
		o := mqtt.Options{
			URL: url, ClientID: "box1", KeepAlive: test.keepAlive,
			TLS: func() (*tls.Config, error) { return &tls.Config{RootCAs: pool}, nil },
		}
		all.Go(func() {
			s, err := mqtt.Dial(o, []string{"a", "b"})(t.Context(), uplink.Will{}, func(uplink.Message) {})
			if err != nil {
				t.Errorf("%s: %v", test.name, err)
				return
			}
			defer s.Drop()
			began := time.Now()
			go func() { // ends with the session
				for range test.messages {
					s.Publish(uplink.Message{Topic: "x", Payload: make([]byte, 64<<10)})
				}
			}()
			select {
			case <-s.Lost():
				if took := time.Since(began); test.stays || took > 15*time.Second {
					t.Errorf("%s: lost after %v (%v), want 15 s at most, so that 20 s are enough to tell it, and never: %t", test.name, took, s.Cause(), test.stays)
				}
			case <-time.After(14 * time.Second): // longer than a silence may last
				if !test.stays {
					t.Errorf("%s: not noticed in 14 s", test.name)
				}
			}
		})
	}
	all.Wait()
}

func typeOf(p packets.ControlPacket) byte {
	switch p.(type) {
	case *packets.ConnectPacket:
		return packets.Connect
	case *packets.SubscribePacket:
		return packets.Subscribe
	case *packets.PingreqPacket:
		return packets.Pingreq
	}
	return 0
}
