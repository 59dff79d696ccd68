package stream

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// A question is an RTSP request as the fake camera got it.
type question struct {
	method, url string
	header      textproto.MIMEHeader
}

// A fake is a camera written by hand, because a real server would not
// misbehave: it answers one line at a time over TCP, and every answer can be
// replaced.
type fake struct {
	description string                                 // answered to DESCRIBE; default: one H.264 track
	answer      func(q question) string                // status line and headers instead of the usual, "" for the usual
	play        func(c net.Conn, gone <-chan struct{}) // what it sends after PLAY
	spoil       func(said []byte) []byte               // what becomes of all it sends

	listener net.Listener
	served   sync.WaitGroup
	mu       sync.Mutex
	open     map[net.Conn]bool
	dials    int
	asked    []question
}

// listen starts the camera; everything of it has ended when the test ends. wrap
// may put TLS around its listener.
func (f *fake) listen(t *testing.T, wrap func(net.Listener) net.Listener) *fake {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if wrap != nil {
		l = wrap(l)
	}
	f.listener, f.open = l, map[net.Conn]bool{}
	f.served.Go(f.accept)
	t.Cleanup(func() {
		l.Close()
		f.mu.Lock()
		for c := range f.open {
			c.Close()
		}
		f.mu.Unlock()
		f.served.Wait()
	})
	return f
}

// dial reaches the camera without a network, for a test in fake time.
func (f *fake) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	f.mu.Lock()
	f.dials++
	f.mu.Unlock()
	f.served.Go(func() { f.serve(theirs) })
	return ours, nil
}

func (f *fake) url() string { return "rtsp://" + f.listener.Addr().String() + "/cam" }

func (f *fake) accept() {
	for {
		c, err := f.listener.Accept()
		if err != nil {
			return
		}
		f.mu.Lock()
		f.dials++
		f.open[c] = true
		f.mu.Unlock()
		f.served.Go(func() { f.serve(c) })
	}
}

// heard is what the camera was asked so far, and how often it was dialled.
func (f *fake) heard() ([]question, int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]question(nil), f.asked...), f.dials
}

// A mouth lets one speak after the other, and lets them wait so that the time of a
// bubble goes on.
type mouth struct {
	net.Conn
	turn  chan struct{}
	spoil func(said []byte) []byte
}

func (m mouth) Write(p []byte) (int, error) {
	m.turn <- struct{}{}
	defer func() { <-m.turn }()
	if m.spoil != nil {
		p = m.spoil(p)
	}
	if len(p) == 0 { // which a pipe, other than TCP, would deliver
		return 0, nil
	}
	return m.Conn.Write(p)
}

func (f *fake) serve(conn net.Conn) {
	c := mouth{conn, make(chan struct{}, 1), f.spoil}
	gone := make(chan struct{})
	var playing sync.WaitGroup
	defer playing.Wait()
	defer close(gone)
	defer c.Close()
	in := bufio.NewReader(c)
	for {
		q, err := readQuestion(in)
		if err != nil {
			return
		}
		f.mu.Lock()
		f.asked = append(f.asked, q)
		f.mu.Unlock()
		text := f.reply(q)
		cseq := "\r\nCSeq: " + q.header.Get("Cseq") + "\r\n"
		if _, err := io.WriteString(c, strings.Replace(text, "\r\n", cseq, 1)); err != nil {
			return
		}
		if q.method == "PLAY" && f.play != nil {
			playing.Go(func() { f.play(c, gone) })
		}
	}
}

func (f *fake) reply(q question) string {
	if f.answer != nil {
		if text := f.answer(q); text != "" {
			return text
		}
	}
	switch q.method {
	case "OPTIONS":
		return "RTSP/1.0 200 OK\r\nPublic: DESCRIBE, SETUP, PLAY\r\n\r\n"
	case "DESCRIBE":
		body := f.description
		if body == "" {
			body = sdpHead + sdpVideo
		}
		return fmt.Sprintf("RTSP/1.0 200 OK\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	case "SETUP":
		return "RTSP/1.0 200 OK\r\nSession: 1\r\nTransport: " + q.header.Get("Transport") + "\r\n\r\n"
	}
	return "RTSP/1.0 200 OK\r\nSession: 1\r\n\r\n"
}

func readQuestion(in *bufio.Reader) (question, error) {
	text := textproto.NewReader(in)
	line, err := text.ReadLine()
	if err != nil {
		return question{}, err
	}
	words := strings.Fields(line)
	if len(words) != 3 {
		return question{}, errors.New("no request")
	}
	header, err := text.ReadMIMEHeader()
	return question{words[0], words[1], header}, err
}

// send writes a packet as an interleaved frame (RFC 2326 10.12), here on channel 0:
//
//	24 00 LL LL packet
//	|  |  size
//	|  channel
//	$
func send(c net.Conn, p *rtp.Packet) error {
	p.Version, p.PayloadType = 2, 96
	b, err := p.Marshal()
	if err != nil {
		return err
	}
	return interleave(c, 0, b)
}

func interleave(c net.Conn, channel byte, b []byte) error {
	head := binary.BigEndian.AppendUint16([]byte{'$', channel}, uint16(len(b)))
	_, err := c.Write(append(head, b...))
	return err
}

// report writes a sender report with the given time on channel 1.
func report(c net.Conn, at time.Time) error {
	r := rtcp.SenderReport{NTPTime: uint64(uint32(at.Unix()+ntpEpoch))<<32 | uint64(at.Nanosecond())<<32/1e9}
	b, err := r.Marshal()
	if err != nil {
		return err
	}
	return interleave(c, 1, b)
}

// A reel is a film of 25 frames a second, with a sender report every two seconds.
type reel struct {
	gop    int
	change func(i int, k []*rtp.Packet) []*rtp.Packet // what becomes of a frame; nil: nothing
	late   func(i int) time.Duration                  // how late a frame is sent
	ahead  time.Duration                              // of the camera's clock
	until  int                                        // frames; 0: without end
}

// filming plays a film until the client is gone.
func filming(gop int, change func(i int, k []*rtp.Packet) []*rtp.Packet) func(net.Conn, <-chan struct{}) {
	return reel{gop: gop, change: change}.play
}

func (r reel) play(c net.Conn, gone <-chan struct{}) {
	f, start := film{gop: r.gop}, time.Now()
	tick := time.NewTimer(0)
	defer tick.Stop()
	for i := 0; r.until == 0 || i < r.until; i++ {
		at := start.Add(time.Duration(i) * 40 * time.Millisecond)
		if r.late != nil {
			at = at.Add(r.late(i))
		}
		tick.Reset(time.Until(at))
		select {
		case <-tick.C:
		case <-gone:
			return
		}
		if r.show(c, i, f.next()) != nil {
			return
		}
	}
	<-gone
}

func (r reel) show(c net.Conn, i int, k []*rtp.Packet) error {
	if r.change != nil {
		k = r.change(i, k)
	}
	for _, p := range k {
		if err := send(c, p); err != nil {
			return err
		}
	}
	if i%50 == 0 {
		return report(c, time.Now().Add(r.ahead))
	}
	return nil
}

// sdpMetadata is the description of a metadata track.
const sdpMetadata = "m=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\na=control:track3\r\n"

// talking says a document on the metadata track each time that every has passed.
func talking(channel byte, every time.Duration) func(net.Conn, <-chan struct{}) {
	return func(c net.Conn, gone <-chan struct{}) {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for n := uint16(1); ; n++ {
			select {
			case <-tick.C:
			case <-gone:
				return
			}
			p := rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 107, SequenceNumber: n, Timestamp: 7, Marker: true}, Payload: []byte("<a/>")}
			b, err := p.Marshal()
			if err != nil || interleave(c, channel, b) != nil {
				return
			}
		}
	}
}

// alongside plays several things at once.
func alongside(plays ...func(net.Conn, <-chan struct{})) func(net.Conn, <-chan struct{}) {
	return func(c net.Conn, gone <-chan struct{}) {
		var all sync.WaitGroup
		for _, p := range plays {
			all.Go(func() { p(c, gone) })
		}
		all.Wait()
	}
}
