package stream

import (
	"bufio"
	"bytes"
	"net"
	"strconv"

	"sitepost/devices/camera/stream/meter"
)

// A siphon stands between the camera's connection and the library and takes out the
// packets of the picture, which the library would copy twice and hand over one by
// one: half of what watching costs, and most of the memory. The library gets all
// else: the first packets of the track, from which is learnt which ones it means,
// those with another source or payload type, reports, other tracks, and answers.
//
//	camera ─► wire ─► siphon ─► library ─► hear
//	                     └─ packets of the picture ─► hear
//
// It reads the frames of RTSP (RFC 2326 10.12), and passes over messages by their
// length. What it cannot follow, as TLS, it leaves to the library for good. It is
// used by the library's reader alone, which also calls hear: it needs no lock.
type siphon struct {
	net.Conn
	r      *bufio.Reader
	left   int   // bytes of the current frame or message that are the library's
	blind  bool  // everything is the library's
	broken error // after what is buffered
	key    [5]byte
	take   func(packet []byte) // nil until the picture is known
}

// Read gives the library what is its own.
func (t *siphon) Read(p []byte) (int, error) {
	for !t.blind && t.left == 0 {
		t.next()
	}
	if t.blind && t.broken != nil && t.r.Buffered() == 0 {
		return 0, t.broken
	}
	if t.blind {
		return t.r.Read(p)
	}
	n, err := t.r.Read(p[:min(len(p), t.left)])
	t.left -= n
	return n, err
}

// next looks at the next frame or message.
func (t *siphon) next() {
	h, err := t.r.Peek(4)
	switch {
	case err != nil:
		t.broke(err)
	case h[0] == '$':
		t.frame(h)
	case h[0] < 'A' || h[0] > 'Z':
		t.blind = true
	default:
		t.message()
	}
}

// broke notes that no more comes. The library gets what came before.
func (t *siphon) broke(err error) { t.blind, t.broken = true, err }

// frame takes out a packet of the picture.
func (t *siphon) frame(h []byte) {
	size := 4 + int(h[2])<<8 + int(h[3])
	if t.take == nil || size > readBuffer {
		t.left = size
		return
	}
	frame, err := t.r.Peek(size)
	switch {
	case err != nil:
		t.broke(err)
	case size < 4+meter.HeaderSize || keyOf(frame) != t.key:
		t.left = size
	default:
		t.take(frame[4:])
		_, _ = t.r.Discard(size) // it is all there
	}
}

// keyOf is what tells the packets of one track from all others: payload type and
// source (RFC 3550 5.1). A report has another type: 72 to 76 (RFC 5761 4).
func keyOf(frame []byte) [5]byte {
	return [5]byte{frame[5] & 0x7f, frame[12], frame[13], frame[14], frame[15]}
}

// message finds the end of an RTSP message.
func (t *siphon) message() {
	for want := 4; ; want = t.r.Buffered() + 1 {
		if want > maxHead {
			t.blind = true // the library says what is wrong with it
			return
		}
		if _, err := t.r.Peek(want); err != nil {
			t.broke(err)
			return
		}
		seen, _ := t.r.Peek(t.r.Buffered())
		if end := bytes.Index(seen, []byte("\r\n\r\n")); end >= 0 {
			t.left, t.blind = messageLength(seen[:end+4])
			return
		}
	}
}

// Limits of a message that is followed. Of a body the library takes 128 KiB.
const (
	maxHead = 16 << 10
	maxBody = 128 << 10
)

// messageLength is that of a message with its body.
func messageLength(head []byte) (n int, blind bool) {
	n = len(head)
	for line := range bytes.Lines(head) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		if !bytes.EqualFold(bytes.TrimSpace(name), []byte("content-length")) {
			continue
		}
		body, err := strconv.Atoi(string(bytes.TrimSpace(value)))
		if err != nil || body < 0 || body > maxBody {
			return 0, true
		}
		n += body
	}
	return n, false
}

// follow takes out the packets that are like this one from now on.
func (t *siphon) follow(payloadType uint8, source uint32, take func(packet []byte)) {
	t.key = [5]byte{payloadType, byte(source >> 24), byte(source >> 16), byte(source >> 8), byte(source)}
	t.take = take
}
