package mqtt

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// A fence is the connection as paho sees it. It reads the fixed header of every
// packet of the broker (MQTT 3.1.1, 2.2) and cuts the connection before paho
// reads what it must not:
//
//		30 ff ff ff 7f
//		── ───────────
//		│  remaining length: 7 bits a byte, lowest first, at most 4 bytes
//		kind in the high four bits, flags in the low four
//
//	  - a packet longer than maxPacket, which paho would allocate whole;
//	  - any kind that a client which publishes and subscribes with QoS 1 has no
//	    question for: paho takes PUBCOMP, SUBACK and UNSUBACK for the success of
//	    a publish with the same id;
//	  - a SUBACK that was not asked for, or has another number of codes than
//	    there are filters, at which paho panics (net.go 188 in v1.5.1);
//	  - a CONNACK that is not two bytes long, not the first, or has a code
//	    that does not exist, which paho takes for success.
//
// The body of a CONNACK is read by the fence itself, so its code is known here.
type fence struct {
	net.Conn
	raw      net.Conn      // below TLS: closing this one cannot be held up
	filters  atomic.Int32  // how many the SUBACK that is due has; 0: none is due
	patience time.Duration // for one write

	began   time.Time
	heard   atomic.Int64 // the broker's last byte, in ns since began
	writing sync.Mutex   // one packet at a time

	// Only the reading goroutine touches these.
	ahead  *bufio.Reader
	at     position
	kind   byte
	length int // read so far of the remaining length
	shift  int
	left   int // bytes of the body
	packet int // packets begun

	once sync.Once
	mu   sync.Mutex
	why  error // why the connection was cut; nil: it was not
}

// A position is where the next byte of the broker stands.
type position int

const (
	atKind position = iota
	atLength
	atBody
)

// The kinds of packets a broker sends (MQTT 3.1.1, 2.2.1).
const (
	kindConnack  = 2
	kindPublish  = 3
	kindPuback   = 4
	kindSuback   = 9
	kindPingresp = 13
)

var errDropped = errors.New("connection dropped by us")

// newFence fences a connection in; raw is what it runs over, or itself.
func newFence(c, raw net.Conn) *fence {
	return &fence{Conn: c, raw: raw, patience: writePatience, began: time.Now(), ahead: bufio.NewReader(c)}
}

// cut ends the connection for a reason, which every later read returns: paho
// would overlook the error of a closed connection.
func (f *fence) cut(why error) {
	f.once.Do(func() {
		f.mu.Lock()
		f.why = why
		f.mu.Unlock()
		_ = f.raw.Close() // a close of TLS would wait 5 s in a full socket
	})
}

// cause returns why the connection was cut, or err if it was not.
func (f *fence) cause(err error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.why != nil {
		return f.why
	}
	return err
}

// Write writes one packet and gives it as much time as the fence has patience.
func (f *fence) Write(p []byte) (int, error) {
	f.writing.Lock()
	defer f.writing.Unlock()
	return f.write(p)
}

// write is for whoever holds writing.
func (f *fence) write(p []byte) (int, error) {
	if err := f.Conn.SetWriteDeadline(time.Now().Add(f.patience)); err != nil {
		return 0, f.cause(err)
	}
	n, err := f.Conn.Write(p)
	if err != nil {
		err = f.cause(err)
		f.cut(err)
	}
	return n, err
}

// Read hands headers out byte by byte and bodies as they come.
func (f *fence) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if f.at == atBody {
		p = p[:min(len(p), f.left)]
	} else {
		p = p[:1]
	}
	n, err := f.ahead.Read(p)
	if n > 0 {
		f.heard.Store(int64(time.Since(f.began)))
		if broken := f.pass(p[:n]); broken != nil {
			f.cut(broken)
			return 0, broken
		}
	}
	if err != nil {
		err = f.cause(err)
		f.cut(err)
	}
	return n, err
}

// pass walks over bytes of one part of a packet, and returns why the connection
// must end.
func (f *fence) pass(p []byte) error {
	switch f.at {
	case atKind:
		f.kind, f.length, f.shift = p[0]>>4, 0, 0
		f.packet++
		f.at = atLength
		return f.expected()
	case atLength:
		f.length |= int(p[0]&0x7f) << f.shift
		f.shift += 7
		if f.length > maxPacket || (f.shift == 28 && p[0]&0x80 != 0) {
			return fmt.Errorf("the broker sent a packet of more than %d bytes", maxPacket)
		}
		if p[0]&0x80 == 0 {
			f.at, f.left = atBody, f.length
			return f.measured()
		}
	case atBody:
		f.left -= len(p)
		if f.left == 0 {
			f.at = atKind
		}
		if f.kind == kindConnack && f.left == 0 && p[len(p)-1] > 5 {
			return fmt.Errorf("the broker answered with the unknown code %d", p[len(p)-1])
		}
	}
	return nil
}

// expected says whether a packet of this kind may come now.
func (f *fence) expected() error {
	switch {
	case (f.kind == kindConnack) != (f.packet == 1):
		return fmt.Errorf("the broker sent a packet of kind %d as its packet %d", f.kind, f.packet)
	case f.kind == kindSuback && f.filters.Load() == 0:
		return errors.New("the broker acknowledged a subscription that was not asked for")
	}
	switch f.kind {
	case kindConnack, kindPublish, kindPuback, kindSuback, kindPingresp:
		return nil
	}
	return fmt.Errorf("the broker sent a packet of kind %d, which answers nothing of ours", f.kind)
}

// measured says whether a packet of this kind may be so long.
func (f *fence) measured() error {
	if f.length == 0 {
		f.at = atKind
	}
	want := f.length
	switch f.kind {
	case kindConnack, kindPuback:
		want = 2
	case kindPingresp:
		want = 0
	case kindSuback:
		want = 2 + int(f.filters.Swap(0))
	}
	if f.length != want {
		return fmt.Errorf("the broker sent a packet of kind %d with %d bytes, not %d", f.kind, f.length, want)
	}
	return nil
}
