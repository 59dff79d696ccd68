package page

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/cmd/sitepost/status"
	"sitepost/uplink"
)

var update = flag.Bool("update", false, "write testdata anew: read the difference")

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

// TestHeaders keeps what stands above an answer, good or bad (security row 11). A header
// that goes is a door that opens; one that comes is to be thought about.
func TestHeaders(t *testing.T) {
	s := newStand(t, &Page{})
	var out strings.Builder
	for _, r := range []string{"GET /healthz", "HEAD /healthz", "GET /readyz", "GET /metrics", "GET /", "POST /healthz"} {
		answer, _ := s.ask(r + " HTTP/1.1\r\nHost: localhost\r\n\r\n")
		fmt.Fprintf(&out, "%s: %s\n", r, answer.Status)
		for _, name := range slices.Sorted(maps.Keys(answer.Header)) {
			if name != "Date" && name != "Content-Length" {
				fmt.Fprintf(&out, "  %s: %s\n", name, strings.Join(answer.Header[name], " | "))
			}
		}
	}
	const golden = "testdata/headers.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if diff := cmp.Diff(string(want), out.String()); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
}

// TestBadRequests: what may not be asked is not answered, and says nothing of the site
// (security row 11).
func TestBadRequests(t *testing.T) {
	s := newStand(t, &Page{Address: "box.example:8480"})
	const ok = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n"
	for name, c := range map[string]struct {
		request string
		want    int
	}{
		"a name of this machine":          {ok, 200},
		"through a tunnel":                {"GET /metrics HTTP/1.1\r\nHost: localhost:9000\r\n", 200},
		"by address":                      {"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:8480\r\n", 200},
		"by address of the other kind":    {"GET /metrics HTTP/1.1\r\nHost: [::1]:8480\r\n", 200},
		"the same without a port":         {"GET /metrics HTTP/1.1\r\nHost: [::1]\r\n", 200},
		"the name of the site file":       {"GET /metrics HTTP/1.1\r\nHost: box.example\r\n", 200},
		"a page of our own":               {ok + "Origin: http://localhost\r\nSec-Fetch-Site: same-origin\r\n", 200},
		"typed by a person":               {ok + "Sec-Fetch-Site: none\r\n", 200},
		"DNS rebinding":                   {"GET /metrics HTTP/1.1\r\nHost: evil.example:8480\r\n", 421},
		"a name that begins as ours":      {"GET /metrics HTTP/1.1\r\nHost: localhost.evil.example\r\n", 421},
		"a name that ends as ours":        {"GET /metrics HTTP/1.1\r\nHost: evil.localhost\r\n", 421},
		"a user in the name":              {"GET /metrics HTTP/1.1\r\nHost: localhost@evil.example\r\n", 400},
		"another address":                 {"GET /metrics HTTP/1.1\r\nHost: 10.37.20.2:8480\r\n", 421},
		"zero":                            {"GET /metrics HTTP/1.1\r\nHost: 0.0.0.0:8480\r\n", 421},
		"a whole address as a proxy gets": {"GET http://evil.example/metrics HTTP/1.1\r\nHost: localhost\r\n", 421},
		"no name":                         {"GET /metrics HTTP/1.0\r\n", 421},
		"an empty name":                   {"GET /metrics HTTP/1.1\r\nHost: \r\n", 421},
		"two names":                       {ok + "Host: evil.example\r\n", 400},
		"POST":                            {"POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n", 405},
		"PUT":                             {"PUT /metrics HTTP/1.1\r\nHost: localhost\r\n", 405},
		"DELETE":                          {"DELETE /metrics HTTP/1.1\r\nHost: localhost\r\n", 405},
		"OPTIONS":                         {"OPTIONS /metrics HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\nAccess-Control-Request-Method: GET\r\n", 405},
		"OPTIONS of all":                  {"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n", 405},
		"TRACE":                           {"TRACE /metrics HTTP/1.1\r\nHost: localhost\r\n", 405},
		"CONNECT":                         {"CONNECT localhost:22 HTTP/1.1\r\nHost: localhost\r\n", 405},
		"a method of its own":             {"BREW /metrics HTTP/1.1\r\nHost: localhost\r\n", 405},
		"lower case":                      {"get /metrics HTTP/1.1\r\nHost: localhost\r\n", 405},
		"a foreign origin":                {ok + "Origin: http://evil.example\r\n", 403},
		"an origin of another port":       {ok + "Origin: http://localhost:3000\r\n", 403},
		"an origin of nobody":             {ok + "Origin: null\r\n", 403},
		"ours and a foreign origin":       {ok + "Origin: http://localhost\r\nOrigin: http://evil.example\r\n", 403},
		"cross-site":                      {ok + "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n", 403},
		"same-site":                       {ok + "Sec-Fetch-Site: same-site\r\n", 403},
		"a body":                          {ok + "Content-Length: 5\r\n", 400},
		"a body without an end":           {ok + "Transfer-Encoding: chunked\r\n", 400},
		"a body that asks first":          {ok + "Expect: 100-continue\r\nContent-Length: 5\r\n", 400},
		"two lengths":                     {ok + "Content-Length: 0\r\nContent-Length: 5\r\n", 400},
		"length and chunks":               {ok + "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", 400},
		"nothing":                         {"GET / HTTP/1.1\r\nHost: localhost\r\n", 404},
		"a file of the box":               {"GET /etc/passwd HTTP/1.1\r\nHost: localhost\r\n", 404},
		"traversal":                       {"GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n", 404},
		"traversal, encoded":              {"GET /metrics/..%2f..%2fetc/passwd HTTP/1.1\r\nHost: localhost\r\n", 404},
		"traversal to what there is":      {"GET /x/../metrics HTTP/1.1\r\nHost: localhost\r\n", 404},
		"two slashes":                     {"GET //metrics HTTP/1.1\r\nHost: localhost\r\n", 404},
		"a slash behind":                  {"GET /metrics/ HTTP/1.1\r\nHost: localhost\r\n", 404},
		"encoded":                         {"GET /%6detrics HTTP/1.1\r\nHost: localhost\r\n", 404},
		"NUL behind":                      {"GET /metrics%00 HTTP/1.1\r\nHost: localhost\r\n", 404},
		"backslashes":                     {"GET /..\\..\\metrics HTTP/1.1\r\nHost: localhost\r\n", 404},
		"the profiler":                    {"GET /debug/pprof/ HTTP/1.1\r\nHost: localhost\r\n", 404},
		"the tools' door":                 {"GET /status HTTP/1.1\r\nHost: localhost\r\n", 404},
		"a long name":                     {"GET /" + strings.Repeat("x", 9000) + " HTTP/1.1\r\nHost: localhost\r\n", 404},
		"a longer one":                    {"GET /" + strings.Repeat("x", 64<<10) + " HTTP/1.1\r\nHost: localhost\r\n", 431},
		"long headers":                    {ok + "X: " + strings.Repeat("x", 64<<10) + "\r\n", 431},
		"no version":                      {"GET /metrics\r\n", 400},
		"another version":                 {"GET /metrics HTTP/3.0\r\nHost: localhost\r\n", 505},
		"HTTP/2 without asking":           {"PRI * HTTP/2.0\r\n", 421},
		"TLS":                             {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n", 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &stand{t: t, address: s.address}
			answer, body := s.ask(c.request + "\r\n")
			if answer.StatusCode != c.want {
				t.Errorf("got %s, want %d: %.200q", answer.Status, c.want, body)
			}
			if tells := strings.Contains(body, "sitepost_") || strings.Contains(body, "demo"); tells != (c.want == 200) {
				t.Errorf("the answer with %d tells of the site: %.200q", answer.StatusCode, body)
			}
			for name := range answer.Header {
				if strings.HasPrefix(name, "Access-Control-") || name == "Location" {
					t.Errorf("got header %s: %s", name, answer.Header.Get(name))
				}
			}
			if !answer.Close && answer.StatusCode != 400 {
				t.Errorf("the connection is kept")
			}
		})
	}
}

// TestHealth: alive is not well, and says which loop does not turn.
func TestHealth(t *testing.T) {
	var hangs error
	s := newStand(t, &Page{Turning: func() error { return hangs }})
	code, body := s.get("/healthz")
	if want := "alive\n"; code != 200 || body != want {
		t.Errorf("got %d %q, want %q", code, body, want)
	}
	hangs = errors.New("the store has not turned for 25s")
	for path, want := range map[string]string{"/healthz": "hangs: " + hangs.Error() + "\n", "/readyz": "not ready: hangs: " + hangs.Error() + "\n"} {
		if code, body := s.get(path); code != 503 || body != want {
			t.Errorf("%s: got %d %q, want 503 %q", path, code, body, want)
		}
	}
}

// TestReady: where an alarm would go now; devices that are gone make no difference.
func TestReady(t *testing.T) {
	up, away := &status.Uplink{Status: uplink.Status{Up: true, Broker: "city-a"}}, &status.Uplink{Status: uplink.Status{Broker: "city-a"}}
	for _, c := range []struct {
		name    string
		failing bool
		city    *status.Uplink
		code    int
		want    string
	}{
		{"all is well", false, up, 200, "ready\nconfig: ab12\nstore: writable\ncity: broker city-a\n"},
		{"no city", false, away, 200, "ready\nconfig: ab12\nstore: writable\ncity: buffering, no broker is up\n"},
		{"no city yet", false, nil, 200, "ready\nconfig: ab12\nstore: writable\ncity: buffering, no broker is configured\n"},
		{"no disk", true, up, 200, "ready\nconfig: ab12\nstore: buffering in memory, the disk refuses\ncity: broker city-a\n"},
		{"neither", true, away, 503, "not ready\nconfig: ab12\nstore: buffering in memory, the disk refuses\ncity: buffering, no broker is up\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStand(t, &Page{Take: func() status.Snapshot {
				snap := status.Snapshot{Config: "ab12", Uplink: c.city, Devices: []status.Device{{Name: "cam-1", State: "offline"}, {Name: "gas-1", State: "silent"}}}
				snap.Store.Failing = c.failing
				snap.Judge()
				return snap
			}})
			if code, body := s.get("/readyz"); code != c.code || body != c.want {
				t.Errorf("got %d %q, want %d %q", code, body, c.code, c.want)
			}
		})
	}
}

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
