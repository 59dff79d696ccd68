package page

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sitepost/cmd/sitepost/status"
	"sitepost/uplink"
)

// patience is how long a test waits for what happens at once on a healthy box.
const patience = 20 * time.Second

// A stand is a page that is served.
type stand struct {
	t       *testing.T
	address string
	stop    func()
}

// newStand serves a page, on which all is well unless it says otherwise.
func newStand(t *testing.T, p *Page) *stand {
	t.Helper()
	l, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &stand{t: t, address: l.Addr().String()}
	if p.Take == nil {
		p.Take = func() status.Snapshot {
			return status.Snapshot{Site: "demo", Version: "1.2.0", Config: "ab12", Uplink: &status.Uplink{Status: uplink.Status{Up: true, Broker: "city-a"}}}
		}
	}
	if p.Turning == nil {
		p.Turning = func() error { return nil }
	}
	if p.Address == "" {
		p.Address = s.address
	}
	p.Log = slog.New(slog.DiscardHandler)
	ctx, cancel := context.WithCancel(context.Background())
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := p.Serve(ctx, l); err != nil {
			t.Error(err)
		}
	})
	s.stop = sync.OnceFunc(func() { cancel(); serving.Wait() })
	t.Cleanup(s.stop)
	return s
}

// dial opens a connection.
func (s *stand) dial() net.Conn {
	s.t.Helper()
	c, err := s.knock()
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// knock is dial where one may be hung up on as soon as one has come.
func (s *stand) knock() (net.Conn, error) {
	c, err := net.DialTimeout("tcp", s.address, patience)
	if err != nil {
		return nil, err
	}
	s.t.Cleanup(func() { _ = c.Close() })
	return c, c.SetDeadline(time.Now().Add(patience))
}

// ask sends the bytes of a request and returns the answer and its body.
func (s *stand) ask(text string) (*http.Response, string) {
	s.t.Helper()
	c := s.dial()
	if _, err := io.WriteString(c, text); err != nil {
		s.t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: strings.SplitN(text, " ", 2)[0]})
	if err != nil {
		s.t.Fatalf("%.200q: %v", text, err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil && !errors.Is(err, syscall.ECONNRESET) { // what was not read any more ends it so
		s.t.Fatal(err)
	}
	return answer, string(body)
}

// get asks for a path as a program of this machine does.
func (s *stand) get(path string) (int, string) {
	s.t.Helper()
	answer, body := s.ask("GET " + path + " HTTP/1.1\r\nHost: " + s.address + "\r\n\r\n")
	return answer.StatusCode, body
}

// TestStop: a page that ends hangs up on who is slow, and waits for who is answered.
func TestStop(t *testing.T) {
	asked, answered := make(chan struct{}), make(chan struct{})
	s := newStand(t, &Page{Turning: func() error { close(asked); <-answered; return nil }})
	slow := s.dial()
	_, _ = io.WriteString(slow, "GET ")
	busy := s.dial()
	_, _ = io.WriteString(busy, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
	<-asked
	stopped := make(chan struct{})
	go func() { s.stop(); close(stopped) }()
	if _, err := io.ReadAll(slow); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("who is slow was not hung up on")
	}
	select {
	case <-stopped:
		t.Error("the page has ended, and somebody works in it")
	case <-time.After(50 * time.Millisecond):
	}
	close(answered)
	select {
	case <-stopped:
	case <-time.After(patience):
		t.Error("the page does not end")
	}
}

// TestListen: an address that leads off this machine is not opened, and one that is
// taken says so.
func TestListen(t *testing.T) {
	if l, err := Listen("0.0.0.0:0"); err == nil {
		t.Errorf("got %v, want an error", l.Addr())
	}
	l, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if second, err := Listen(l.Addr().String()); err == nil {
		t.Errorf("got %v twice", second.Addr())
	}
}
