package mqtt_test

import (
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"sitepost/uplink"
	"sitepost/uplink/mqtt"
)

// listen starts a broker that treats each connection in its own way.
func listen(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	var conns []net.Conn
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, c)
			mu.Unlock()
			wg.Go(func() { defer c.Close(); serve(c) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for _, c := range conns {
			c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	return "mqtt://" + l.Addr().String()
}

// script answers each kind of packet with fixed bytes; "" is silence, and "bye"
// ends the connection.
type script struct{ connect, subscribe, publish string }

// honest is what a good broker says to two filters and to the first publish.
var honest = script{"\x20\x02\x00\x00", "\x90\x04\x00\x01\x01\x01", "\x40\x02\x00\x02"}

func (s script) serve(c net.Conn) {
	for {
		p, err := packets.ReadPacket(c)
		if err != nil {
			return
		}
		var say string
		switch p.(type) {
		case *packets.ConnectPacket:
			say = s.connect
		case *packets.SubscribePacket:
			say = s.subscribe
		case *packets.PublishPacket:
			say = s.publish
		}
		if say == "bye" {
			return
		}
		if _, err := io.WriteString(c, say); err != nil {
			return
		}
	}
}

// quiet waits until no more goroutines run than before.
func quiet(t *testing.T, before int) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; {
		if time.Now().After(end) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("goroutines: got %d, want %d\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
		time.Sleep(time.Millisecond) // decides nothing: the end of a goroutine cannot be waited for
	}
}

func dial(ctx context.Context, url string) (uplink.Session, error) {
	d := mqtt.Dial(mqtt.Options{URL: url, ClientID: "box1"}, []string{"a", "b"})
	return d(ctx, uplink.Will{}, func(uplink.Message) {})
}

// TestHostileDial: a broker that is silent, lies or refuses costs little time
// and memory, leaves nothing behind, and the error says what it was.
func TestHostileDial(t *testing.T) {
	for _, test := range []struct {
		name string
		script
		want    string
		refused bool
	}{
		{name: "never answers", want: "no answer"},
		{name: "hangs up", script: script{connect: "bye"}, want: "EOF"},
		{name: "256 MiB first", script: script{connect: "\x30\xff\xff\xff\x7f"}, want: "kind 3 as its packet 1"},
		{name: "256 MiB then", script: script{honest.connect, "\x30\xff\xff\xff\x7f", ""}, want: "more than 262144 bytes"},
		{name: "wrong password", script: script{connect: "\x20\x02\x00\x04"}, want: "bad user name or password (check user and password of this broker)", refused: true},
		{name: "not registered", script: script{connect: "\x20\x02\x00\x05"}, want: "ask the city whether this box is registered", refused: true},
		{name: "client id", script: script{connect: "\x20\x02\x00\x02"}, want: "client_id", refused: true},
		{name: "unavailable", script: script{connect: "\x20\x02\x00\x03"}, want: "server Unavailable"},
		{name: "a code of its own", script: script{connect: "\x20\x02\x00\x09"}, want: "unknown code 9"},
		{name: "no SUBACK", script: script{connect: honest.connect}, want: "subscribe: no answer"},
		{name: "a SUBACK of ten codes", script: script{honest.connect, "\x90\x0c\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", ""}, want: "12 bytes, not 4"},
		{name: "UNSUBACK for SUBACK", script: script{honest.connect, "\xb0\x02\x00\x01", ""}, want: "kind 11"},
	} {
		t.Run(test.name, func(t *testing.T) {
			url := listen(t, test.serve)
			before := runtime.NumGoroutine()
			var memory runtime.MemStats
			runtime.ReadMemStats(&memory)
			taken := memory.TotalAlloc
			ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
			defer cancel()
			began := time.Now()
			_, err := dial(ctx, url)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want it to say %q", err, test.want)
			}
			if _, refused := errors.AsType[*uplink.Refused](err); refused != test.refused {
				t.Errorf("got %T, want refused %t", err, test.refused)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("took %v, want the time that was given", took)
			}
			runtime.ReadMemStats(&memory)
			if got := memory.TotalAlloc - taken; got > 8<<20 {
				t.Errorf("allocated %d bytes, want a few", got)
			}
			quiet(t, before+1) // the broker's own goroutine may still be there
		})
	}
}

// TestHostileReceipt: only the PUBACK of this message is a receipt without an
// error; anything else, and the end of the connection, is an error or none.
func TestHostileReceipt(t *testing.T) {
	for _, test := range []struct {
		name, publish string
		done, ok      bool
	}{
		{"PUBACK", honest.publish, true, true},
		{"PUBACK of another", "\x40\x02\x00\x09", false, false},
		{"nothing", "", false, false},
		{"PUBREC", "\x50\x02\x00\x02", true, false},
		{"PUBCOMP", "\x70\x02\x00\x02", true, false},
		{"SUBACK", "\x90\x03\x00\x02\x80", true, false},
		{"UNSUBACK", "\xb0\x02\x00\x02", true, false},
		{"the end", "bye", true, false},
		{"256 MiB", "\x30\xff\xff\xff\x7f", true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			url := listen(t, script{honest.connect, honest.subscribe, test.publish}.serve)
			before := runtime.NumGoroutine()
			s, err := dial(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			receipt := s.Publish(uplink.Message{Topic: "x", Payload: []byte("y")})
			if !test.done {
				s.Drop()
			}
			select {
			case <-receipt.Done():
			case <-time.After(10 * time.Second):
				t.Fatal("the receipt never came")
			}
			if err := receipt.Error(); (err == nil) != test.ok {
				t.Errorf("receipt: got %v, want ok %t", err, test.ok)
			}
			if !test.ok {
				<-s.Lost()
				late := s.Publish(uplink.Message{Topic: "x"})
				if <-late.Done(); late.Error() == nil {
					t.Error("a message to a lost session was acknowledged")
				}
			}
			s.Drop()
			quiet(t, before+1)
		})
	}
}

// TestURL: what is no broker's URL is refused before anything is dialled, and a
// password in it is not repeated.
func TestURL(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"mqtts://box:geheim@city:8883": `broker "city:8883": the URL carries a user (use user and password instead)`,
		"http://city":                  `broker "city": scheme "http" (use mqtts, or mqtt to this machine)`,
		"mqtts://":                     "the broker's URL names no host (mqtts://HOST:PORT)",
		"mqtts://box:ge%heim@city":     "the broker's URL cannot be read (mqtts://HOST:PORT)",
	} {
		if _, err := dial(t.Context(), url); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", url, err, want)
		}
	}
}
