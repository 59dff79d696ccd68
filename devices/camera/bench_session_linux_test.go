package camera_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strings"
	"sync"
	"time"
)

const (
	benchFrameTime = time.Second / benchFPS
	benchPatience  = 5 * time.Second // for a client that does not read
	benchTooLate   = time.Second     // then frames are left out
	benchReports   = 5 * benchFPS    // frames between two sender reports: RFC 3550 6.2 wants no more
)

// A benchSession is one client of one camera of a [benchSender].
type benchSession struct {
	net.Conn
	sender *benchSender
	began  time.Time // when the camera's first frame was due
	writes sync.Mutex
	film   sync.WaitGroup
}

// serve answers until the client goes or the line is cut.
func (s *benchSession) serve() {
	over := make(chan struct{})
	defer s.film.Wait()
	defer s.Close() // what is being written ends too
	defer close(over)
	for r := textproto.NewReader(bufio.NewReaderSize(s, 4096)); ; {
		first, err := r.ReadLine()
		if err != nil {
			return
		}
		header, err := r.ReadMIMEHeader()
		if err != nil {
			return
		}
		method, _, _ := strings.Cut(first, " ")
		if s.reply(method, header) != nil || method == "TEARDOWN" {
			return
		}
		if method == "PLAY" {
			s.sender.playing.Add(1)
			s.film.Go(func() { s.play(over) })
		}
	}
}

// reply answers a question. Whoever wants to see is asked for a login first.
func (s *benchSession) reply(method string, header textproto.MIMEHeader) error {
	status, more, body := "200 OK", "Session: 1;timeout=60\r\n", ""
	switch {
	case method == "OPTIONS":
		more = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER\r\n"
	case method == "DESCRIBE" && header.Get("Authorization") == "":
		status, more = "401 Unauthorized", "WWW-Authenticate: Digest realm=\"bench\", nonce=\"0123456789abcdef\"\r\n"
	case method == "DESCRIBE":
		s.sender.started()
		body = s.sender.film.description()
		more = fmt.Sprintf("Content-Type: application/sdp\r\nContent-Length: %d\r\n", len(body))
	case method == "SETUP":
		more += "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"
	}
	s.writes.Lock()
	defer s.writes.Unlock()
	_, err := fmt.Fprintf(s, "RTSP/1.0 %s\r\nCSeq: %s\r\n%s\r\n%s", status, header.Get("Cseq"), more, body)
	return err
}

// play sends the film as it runs, whether somebody looks or not: one comes in
// between two key frames. A frame goes out at once, as it comes from an encoder.
func (s *benchSession) play(over <-chan struct{}) {
	defer s.sender.playing.Add(-1)
	n := int(time.Since(s.began)/benchFrameTime) + 1
	var sequence uint16
	var wire []byte
	wait := time.NewTimer(time.Until(s.due(n)))
	defer wait.Stop()
	for {
		select {
		case <-over:
			return
		case <-wait.C:
		}
		f, ticks := &s.sender.film.frames[n%len(s.sender.film.frames)], uint32(n)*benchTicks
		wire = f.stamp(wire, sequence, ticks)
		sequence += uint16(len(f.headers))
		if n%benchReports == 0 {
			wire = append(wire, benchReport(time.Now(), s.due(n), ticks)...)
		}
		if s.send(wire) != nil {
			return
		}
		n++
		if late := time.Since(s.due(n)); late > benchTooLate {
			n += int(late / benchFrameTime)
		}
		wait.Reset(time.Until(s.due(n)))
	}
}

// due is when a frame is.
func (s *benchSession) due(n int) time.Time { return s.began.Add(time.Duration(n) * benchFrameTime) }

func (s *benchSession) send(wire []byte) error {
	s.writes.Lock()
	defer s.writes.Unlock()
	_ = s.SetWriteDeadline(time.Now().Add(benchPatience))
	n, err := s.Write(wire)
	s.sender.sent.Add(int64(n))
	return err
}

// benchPlay shakes hands by hand, with no more than it takes, up to the first
// bytes of the film.
func benchPlay(address string) (net.Conn, error) {
	c, err := net.Dial("tcp4", address)
	if err != nil {
		return nil, err
	}
	r := bufio.NewReader(c)
	for n, q := range []string{
		"DESCRIBE %s RTSP/1.0\r\nAuthorization: Digest\r\n",
		"SETUP %s/track1 RTSP/1.0\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n",
		"PLAY %s RTSP/1.0\r\nSession: 1\r\n",
	} {
		if _, err := fmt.Fprintf(c, q+"CSeq: %d\r\n\r\n", "rtsp://"+address+"/main", n+1); err != nil {
			return nil, err
		}
		length, line := 0, ""
		for line != "\r\n" {
			if line, err = r.ReadString('\n'); err != nil {
				return nil, err
			}
			_, _ = fmt.Sscanf(line, "Content-Length: %d", &length)
		}
		if _, err := io.CopyN(io.Discard, r, int64(length)); err != nil {
			return nil, err
		}
	}
	return c, nil
}
