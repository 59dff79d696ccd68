package page

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// TestPlaces: who comes when all places are taken is hung up on at once, and a place
// that is given back is good again.
func TestPlaces(t *testing.T) {
	s := newStand(t, &Page{})
	var slow []net.Conn
	for range mostConnections {
		c := s.dial()
		if _, err := io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: "); err != nil {
			t.Fatal(err)
		}
		slow = append(slow, c)
	}
	began := time.Now()
	late, err := s.knock()
	if err == nil {
		_, err = late.Read(make([]byte, 1))
	}
	if err == nil || time.Since(began) > headerWithin/2 {
		t.Errorf("got %v after %v, want to be hung up on at once", err, time.Since(began))
	}
	if err := slow[0].Close(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		line := ""
		c, err := s.knock()
		if err == nil {
			_, _ = io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
			line, err = bufio.NewReader(c).ReadString('\n')
		}
		if line == "HTTP/1.1 200 OK\r\n" {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("a place was given back, and nobody gets it: %q, %v", line, err)
		}
	}
}

// TestSlow: who sends its request too slowly loses its place.
func TestSlow(t *testing.T) {
	s := newStand(t, &Page{})
	c := s.dial()
	began := time.Now()
	go func() {
		for _, b := range []byte("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A-Header-That-Takes-Its-Time: 1\r\n\r\n") {
			if _, err := c.Write([]byte{b}); err != nil {
				return
			}
			time.Sleep(200 * time.Millisecond)
		}
	}()
	answer, _ := io.ReadAll(c)
	if took := time.Since(began); took > headerWithin+3*time.Second || strings.Contains(string(answer), "200 OK") {
		t.Errorf("got %q after %v, want nothing after %v", answer, took, headerWithin)
	}
}
