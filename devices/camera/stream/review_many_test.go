package stream

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"
)

// drip says a text slowly.
func drip(text string) func(net.Conn, <-chan struct{}) {
	return func(c net.Conn, gone <-chan struct{}) {
		for _, b := range []byte(text) {
			select {
			case <-time.After(20 * time.Millisecond):
			case <-gone:
				return
			}
			if _, err := c.Write([]byte{b}); err != nil {
				return
			}
		}
	}
}

// saying says the same without end.
func saying(b []byte) func(net.Conn, <-chan struct{}) {
	return func(c net.Conn, _ <-chan struct{}) {
		for {
			if _, err := c.Write(b); err != nil {
				return
			}
		}
	}
}

// on answers one kind of question.
func on(method, text string) func(question) string {
	return func(q question) string {
		if q.method == method {
			return text
		}
		return ""
	}
}

// hostile are cameras that nobody should meet.
func hostile() map[string]*fake {
	described := func(body string) string {
		return fmt.Sprintf("RTSP/1.0 200 OK\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	}
	session := func(header string) func(question) string {
		return func(q question) string {
			if q.method != "SETUP" {
				return ""
			}
			return "RTSP/1.0 200 OK\r\nSession: " + header + "\r\nTransport: " + q.header.Get("Transport") + "\r\n\r\n"
		}
	}
	broken := sdpHead + "o=x\r\n" + strings.Repeat("m=video 0 RTP/AVP "+strings.Repeat("96 97 98 99 ", 4)+"\r\n"+strings.Repeat("a=fmtp:96 sprop-parameter-sets=%%\r\na=rtpmap:96 H264/90000\r\n", 20), 90)
	const digest = "WWW-Authenticate: Digest realm=\"c\", nonce=\"n\"\r\n"
	return map[string]*fake{
		"SSRC flips":          {play: saying(bytes.Join([][]byte{packetOf(&rtp.Packet{Header: rtp.Header{SSRC: 1}, Payload: []byte{0x65}}), packetOf(&rtp.Packet{Header: rtp.Header{SSRC: 2}, Payload: []byte{0x65}})}, nil))},
		"401 at once":         {play: saying([]byte("RTSP/1.0 401 No\r\n\r\n"))},
		"ANNOUNCE":            {play: saying([]byte("ANNOUNCE rtsp://x/ RTSP/1.0\r\nCSeq: 1\r\n\r\n"))},
		"REDIRECT":            {play: saying([]byte("REDIRECT rtsp://x/ RTSP/1.0\r\nLocation: rtsp://198.51.100.1/\r\nCSeq: 1\r\n\r\n"))},
		"questions":           {play: saying([]byte("OPTIONS rtsp://x/ RTSP/1.0\r\nCSeq: 1\r\n\r\n"))},
		"answers":             {play: saying([]byte("RTSP/1.0 200 OK\r\n\r\n"))},
		"garbage":             {play: saying([]byte("garbage"))},
		"64 KiB":              {play: saying(frameOf(0, make([]byte, 65535)))},
		"strange channel":     {play: saying(frameOf(77, make([]byte, 65535)))},
		"reports":             {play: saying(frameOf(1, bytes.Repeat([]byte{0x80, 201, 0, 1, 0, 0, 0, 1}, 180)))},
		"half a frame":        {play: func(c net.Conn, _ <-chan struct{}) { _, _ = c.Write([]byte{'$', 0, 255, 255, 1}) }},
		"drip":                {play: drip(strings.Repeat("$\x00\x00\x00", 1000))},
		"10,000 medias":       {answer: on("DESCRIBE", described(sdpHead+strings.Repeat("m=video 0 RTP/AVP 26\r\n", 5800)))},
		"broken medias":       {answer: on("DESCRIBE", described(broken))},
		"too large":           {answer: on("DESCRIBE", "RTSP/1.0 200 OK\r\nContent-Length: 999999999\r\n\r\n")},
		"length below zero":   {answer: on("DESCRIBE", "RTSP/1.0 200 OK\r\nContent-Length: -5\r\n\r\n")},
		"DESCRIBE again":      {answer: on("DESCRIBE", strings.Repeat(strings.Replace(described(broken), "\r\n", "\r\nCSeq: 999\r\n", 1), 20))},
		"401 for ever":        {answer: func(question) string { return "RTSP/1.0 401 No\r\n" + digest + "\r\n" }},
		"401 storm":           {answer: on("DESCRIBE", strings.Repeat("RTSP/1.0 401 No\r\nCSeq: 999\r\n"+digest+"\r\n", 1000))},
		"timeout 0":           {answer: session("1;timeout=0"), play: filming(5, nil)},
		"timeout below zero":  {answer: session("1;timeout=-1")},
		"timeout huge":        {answer: session("1;timeout=99999999999999999999")},
		"timeout 4294967295":  {answer: session("1;timeout=4294967295"), play: filming(5, nil)},
		"session of 2 KiB":    {answer: session(strings.Repeat("x", 2000)), play: filming(5, nil)},
		"no session":          {answer: on("SETUP", "RTSP/1.0 200 OK\r\n\r\n")},
		"channels 255-256":    {answer: on("SETUP", "RTSP/1.0 200 OK\r\nSession: 1\r\nTransport: RTP/AVP/TCP;interleaved=255-256\r\n\r\n")},
		"channels below zero": {answer: on("SETUP", "RTSP/1.0 200 OK\r\nSession: 1\r\nTransport: RTP/AVP/TCP;interleaved=-2--1\r\n\r\n")},
		"hangs up at once":    {answer: func(question) string { return "\r\n" }},
	}
}

// TestNothingIsLeftOfHostility has no goroutine and no descriptor more after sessions
// with cameras that do what they like.
func TestNothingIsLeftOfHostility(t *testing.T) {
	quick := patience{start: 500 * time.Millisecond, dial: time.Second, read: 200 * time.Millisecond, write: 200 * time.Millisecond, close: 200 * time.Millisecond,
		quiet: 150 * time.Millisecond, picture: 200 * time.Millisecond, least: 100 * time.Millisecond, idle: 200 * time.Millisecond, knock: 200 * time.Millisecond}
	for name, cam := range hostile() {
		t.Run(name, func(t *testing.T) {
			target := Target{URL: cam.listen(t, nil).url(), User: "onvif", Password: password}
			before, open := runtime.NumGoroutine(), descriptors(t)
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() {
					s, err := measure(t.Context(), target, 100*time.Millisecond, quick)
					if _, jsonErr := json.Marshal(s); jsonErr != nil || strings.Contains(fmt.Sprint(s, err), "Kennwort") {
						t.Errorf("got %+v, %v", s, err)
					}
				})
			}
			all.Wait()
			for end := time.Now().Add(3 * time.Second); (runtime.NumGoroutine() > before || descriptors(t) > open) && time.Now().Before(end); {
				runtime.Gosched() // the camera notices in its own time
			}
			if goroutines, now := runtime.NumGoroutine(), descriptors(t); goroutines > before || now > open {
				t.Errorf("got %d goroutines and %d descriptors, want %d and %d", goroutines, now, before, open)
			}
		})
	}
}

// frameOf is an interleaved frame, as interleave writes it.
func frameOf(channel byte, b []byte) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{'$', channel}, uint16(len(b))), b...)
}

// packetOf is one with a packet of the video track.
func packetOf(p *rtp.Packet) []byte {
	p.Version, p.PayloadType = 2, 96
	b, _ := p.Marshal()
	return frameOf(0, b)
}
