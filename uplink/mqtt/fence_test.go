package mqtt

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// wire is a connection whose other end has said all it will say.
type wire struct {
	net.Conn
	io.Reader
	closed bool
}

func (w *wire) Read(p []byte) (int, error) { return w.Reader.Read(p) }
func (w *wire) Close() error               { w.closed = true; return nil }

const welcome = "\x20\x02\x00\x00"

// lies are what a broker must not get through, each behind a CONNACK or as the
// first words.
var lies = map[string]string{
	"a packet of 256 MiB":              welcome + "\x30\xff\xff\xff\x7f",
	"… before the CONNACK":             "\x30\xff\xff\xff\x7f",
	"a length of five bytes":           welcome + "\x30\x80\x80\x80\x80\x01",
	"PUBREC":                           welcome + "\x50\x02\x00\x01",
	"PUBREL":                           welcome + "\x62\x02\x00\x01",
	"PUBCOMP":                          welcome + "\x70\x02\x00\x01",
	"SUBACK unasked":                   welcome + "\x90\x03\x00\x01\x01",
	"UNSUBACK":                         welcome + "\xb0\x02\x00\x01",
	"CONNECT":                          welcome + "\x10\x00",
	"DISCONNECT":                       welcome + "\xe0\x00",
	"kind 0":                           welcome + "\x00\x00",
	"kind 15":                          welcome + "\xf0\x00",
	"a second CONNACK":                 welcome + welcome,
	"a CONNACK of three bytes":         "\x20\x03\x00\x00\x00",
	"a CONNACK with a code of its own": "\x20\x02\x00\x06",
	"PUBACK first":                     "\x40\x02\x00\x01",
	"a PUBACK of three bytes":          welcome + "\x40\x03\x00\x01\x00",
}

// read reads packets as paho does, and returns how many came and why it ended.
func read(r io.Reader) (int, error) {
	for n := 0; ; n++ {
		if _, err := packets.ReadPacket(r); err != nil {
			return n, err
		}
	}
}

// TestFenceCuts: each lie ends the connection before paho has read it.
func TestFenceCuts(t *testing.T) {
	t.Parallel()
	for name, bytes := range lies {
		for way, reader := range map[string]io.Reader{
			"whole":        strings.NewReader(bytes),
			"byte by byte": iotest.OneByteReader(strings.NewReader(bytes)),
		} {
			w := &wire{Reader: reader}
			n, err := read(newFence(w, w))
			if want := min(1, strings.Count(bytes[:min(4, len(bytes))], welcome)); n != want || !w.closed {
				t.Errorf("%s, %s: got %d packets, closed %t; want %d and closed", name, way, n, w.closed, want)
			}
			if err == nil || !strings.HasPrefix(err.Error(), "the broker ") {
				t.Errorf("%s, %s: got error %v, want the fence's", name, way, err)
			}
		}
	}
}

// TestFencePasses: what an honest broker says comes through unchanged.
func TestFencePasses(t *testing.T) {
	t.Parallel()
	var said bytes.Buffer
	said.WriteString(welcome + "\x90\x05\x00\x01\x01\x01\x80" + "\x40\x02\x00\x07" + "\xd0\x00")
	publish := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
	publish.TopicName, publish.Qos, publish.MessageID = "a/b", 1, 9
	publish.Payload = bytes.Repeat([]byte("x"), 200<<10)
	if err := publish.Write(&said); err != nil {
		t.Fatal(err)
	}
	want := said.String()
	for _, reader := range []io.Reader{strings.NewReader(want), iotest.OneByteReader(strings.NewReader(want))} {
		peer := &wire{Reader: reader}
		f := newFence(peer, peer)
		f.filters.Store(3)
		got, err := io.ReadAll(f)
		if string(got) != want || err != nil {
			t.Errorf("got %d bytes and %v, want %d and nil", len(got), err, len(want))
		}
	}
}

// TestFenceWrites: a broker that reads nothing is given up, and the reason is
// still known afterwards.
func TestFenceWrites(t *testing.T) {
	t.Parallel()
	ours, theirs := net.Pipe()
	defer theirs.Close()
	f := newFence(ours, ours)
	f.patience = 20 * time.Millisecond
	if _, err := f.Write([]byte("hello")); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("write: got %v, want a deadline", err)
	}
	if _, err := f.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read after it: got %v, want the same reason", err)
	}
}

// FuzzFence: whatever a broker sends, paho's reader does not panic behind the
// fence and never holds more than one packet of the allowed size.
func FuzzFence(f *testing.F) {
	for _, lie := range lies {
		f.Add([]byte(lie), 3)
	}
	f.Add([]byte(welcome+"\x90\x05\x00\x01\x01\x01\x80\x30\x05\x00\x01ahi"), 3)
	f.Fuzz(func(t *testing.T, said []byte, filters int) {
		peer := &wire{Reader: bytes.NewReader(said)}
		fenced := newFence(peer, peer)
		fenced.filters.Store(int32(filters & 0xff))
		for {
			p, err := packets.ReadPacket(fenced)
			if err != nil {
				return
			}
			if ack, ok := p.(*packets.SubackPacket); ok && len(ack.ReturnCodes) != filters&0xff {
				t.Fatalf("a SUBACK with %d codes came through, want %d", len(ack.ReturnCodes), filters&0xff)
			}
		}
	})
}
