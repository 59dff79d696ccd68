package line_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"sitepost/devices/line"
	"sitepost/devices/line/linetest"
)

// The invented protocol of the torture tests:
//
//	Q 01 00 2A c c c c         A 01 00 2A c c c c
//	| |  |     check           | |  |     check
//	| |  number of the question  |  number of the question that it answers
//	| unit                     | unit
//
// An answer is accepted for its unit and check alone, as in Modbus, and all
// questions go to one unit: a number that is not the question's is a wrong
// value.
const frameBytes = 8

func frame(kind, unit byte, n uint16) []byte {
	f := binary.BigEndian.AppendUint16([]byte{kind, unit}, n)
	return binary.BigEndian.AppendUint32(f, crc32.ChecksumIEEE(f))
}

// find returns the first frame of a kind, from any unit if unit is 0.
func find(kind, unit byte, heard []byte) []byte {
	for ; len(heard) >= frameBytes; heard = heard[1:] {
		f := heard[:frameBytes]
		if f[0] == kind && (unit == 0 || f[1] == unit) && bytes.Equal(f, frame(kind, f[1], binary.BigEndian.Uint16(f[2:]))) {
			return f
		}
	}
	return nil
}

// numbered is the n-th question.
func numbered(n uint16) line.Question {
	return line.Question{
		Send: frame('Q', 1, n), Within: tortureWithin,
		Accept: func(heard []byte) []byte { return find('A', 1, heard) },
	}
}

// foreign knows any question of the protocol.
func foreign(heard []byte) bool { return find('Q', 0, heard) != nil }

const tortureWithin = 100 * time.Millisecond

// tooLate is when the far end says nothing any more about a question: a line
// bears answers up to twice their time, and a busy machine must not make them
// later.
const tooLate = tortureWithin * 3 / 2

// late is the pause of an answer that comes too late, but not too late to bear.
const late = tortureWithin * 6 / 5

// A manner is how the far end answers a question.
type manner func(w io.Writer, question, answer []byte)

// A stand is the far end of a line, which answers in the manner that is set.
type stand struct {
	name   string
	open   line.Opener
	unplug func()
	plug   func()
	other  func(t *testing.T) error // why a second owner is refused

	mu     sync.Mutex // guards all below
	manner manner
	far    io.ReadWriteCloser
	put    map[string]time.Time // when a question was written
}

// opener remembers when questions are written.
func (s *stand) opener(open line.Opener) line.Opener {
	s.put = map[string]time.Time{}
	return func(ctx context.Context) (line.Port, error) {
		p, err := open(ctx)
		if err != nil {
			return nil, err
		}
		return timed{p, s}, nil
	}
}

type timed struct {
	line.Port
	stand *stand
}

func (p timed) Write(b []byte) (int, error) {
	p.stand.mu.Lock()
	p.stand.put[string(b)] = time.Now()
	p.stand.mu.Unlock()
	return p.Port.Write(b)
}

func (p timed) Interrupt() { p.Port.(line.Interrupter).Interrupt() }

// A punctual writer says nothing any more when its time is over.
type punctual struct {
	io.Writer
	until time.Time
}

func (p punctual) Write(b []byte) (int, error) {
	if time.Now().After(p.until) {
		return len(b), nil
	}
	return p.Writer.Write(b)
}

func (s *stand) behave(m manner) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.manner = m
}

// say says something unasked.
func (s *stand) say(text []byte) {
	s.mu.Lock()
	far := s.far
	s.mu.Unlock()
	_, _ = far.Write(text)
}

// serve answers until the far end is closed.
func (s *stand) serve(far io.ReadWriteCloser) {
	s.mu.Lock()
	s.far = far
	s.mu.Unlock()
	var heard []byte
	buf := make([]byte, 256)
	for {
		n, err := far.Read(buf)
		if err != nil {
			return
		}
		heard = append(heard, buf[:n]...)
		q := bytes.Clone(find('Q', 0, heard))
		if q == nil {
			continue
		}
		heard = heard[:0]
		s.mu.Lock()
		m, until := s.manner, s.put[string(q)].Add(tooLate)
		s.mu.Unlock()
		m(punctual{far, until}, q, frame('A', q[1], binary.BigEndian.Uint16(q[2:])))
	}
}

// ttyStand is a line on a pseudo terminal.
func ttyStand(t *testing.T) *stand {
	link := filepath.Join(t.TempDir(), "by-path")
	s := &stand{name: "tty"}
	s.open = s.opener(line.OpenTTY(link, fast))
	var far *linetest.Terminal
	s.plug = func() {
		far = linetest.PTY(t)
		_ = os.Remove(link)
		if err := os.Symlink(far.Path, link); err != nil {
			t.Fatal(err)
		}
		go s.serve(far) // ends when it is unplugged
	}
	s.unplug = func() { far.Unplug() }
	s.other = func(t *testing.T) error {
		_, err := s.open(t.Context())
		return err
	}
	s.plug()
	return s
}

// heartbeat is what the serial server mixes into the stream.
const heartbeat = "<alive>"

// tcpStand is a serial server that takes one client and closes the connection
// of any other at once.
func tcpStand(t *testing.T) *stand {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &stand{name: "tcp"}
	s.open = s.opener(line.OpenTCP(listener.Addr().String(), []byte(heartbeat)))
	var running sync.WaitGroup
	s.unplug = func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.far != nil {
			_ = s.far.(*net.TCPConn).SetLinger(0)
			_ = s.far.Close()
		}
	}
	s.plug = func() {} // it takes the next client by itself
	s.other = func(t *testing.T) error {
		p, err := s.open(t.Context())
		for err == nil {
			_, err = p.Read(make([]byte, 1))
		}
		return err
	}
	var busy sync.Mutex
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			if !busy.TryLock() {
				_ = conn.Close()
				continue
			}
			running.Go(func() { defer busy.Unlock(); s.serve(conn) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		s.unplug()
		running.Wait()
	})
	return s
}
