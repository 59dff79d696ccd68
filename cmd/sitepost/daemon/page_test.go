package daemon_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sitepost/cmd/sitepost/control"
	"sitepost/cmd/sitepost/daemon"
	"sitepost/cmd/sitepost/status"
)

// freePort is an address that was free a moment ago.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func pageAt(address string) func(*daemon.Options) {
	return func(o *daemon.Options) { o.Page = address }
}

// look asks a page for a path.
func look(address, path string) (int, string, error) {
	answer, err := (&http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}).Get("http://" + address + path)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(body), err
}

// descriptors counts those of this process.
func descriptors(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// A crowd is slow clients: each sends a byte now and then, and comes again when it is
// hung up on.
type crowd struct {
	going sync.WaitGroup
	tries atomic.Int64
	leave context.CancelFunc
}

func newCrowd(clients int, address string) *crowd {
	ctx, leave := context.WithCancel(context.Background())
	c := &crowd{leave: leave}
	for range clients {
		c.going.Go(func() {
			for ctx.Err() == nil {
				c.tries.Add(1)
				dawdle(ctx, address)
				select {
				case <-ctx.Done():
				case <-time.After(250 * time.Millisecond):
				}
			}
		})
	}
	return c
}

func (c *crowd) end() { c.leave(); c.going.Wait() }

// dawdle is one slow request.
func dawdle(ctx context.Context, address string) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	_, _ = io.WriteString(conn, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n")
	for { // it is hung up on when it has taken too long
		if err := conn.SetReadDeadline(time.Now().Add(500 * time.Millisecond)); err != nil {
			return
		}
		if _, err := conn.Read(make([]byte, 64)); err == nil || !os.IsTimeout(err) {
			return
		}
		if _, err := io.WriteString(conn, "X: x\r\n"); err != nil {
			return
		}
	}
}

// TestSlowClients: a thousand slow clients at the loopback port take 32 places and
// nothing else. Alarms go to the city as ever, and when the crowd has gone nothing of it
// is left (security row 11).
func TestSlowClients(t *testing.T) {
	const clients, bound = 1000, 2 * time.Second
	s := newStand(t, "")
	address := freePort(t)
	stop := s.run(pageAt(address))
	s.settle("panic-1", "gas-1")
	s.must("of the box", func(b *book) bool { return b.state("state") == "up" })
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	goroutines, files := runtime.NumGoroutine(), descriptors(t)

	c := newCrowd(clients, address)
	ended := sync.OnceFunc(c.end)
	defer ended()
	if err := poll("the crowd to be there", func() bool { return c.tries.Load() > 3*clients }); err != nil {
		t.Fatal(err)
	}
	most, worst := 0, time.Duration(0)
	for n := range 6 {
		most = max(most, descriptors(t)-files)
		began := time.Now()
		if err := contact("panic-1", "4", n%2 == 0)(s); err != nil {
			t.Fatal(err)
		}
		s.must("of the button", func(b *book) bool { return len(b.lists()["panic-1 alarm"]) == n+1 })
		worst = max(worst, time.Since(began))
		time.Sleep(500 * time.Millisecond) // so that the crowd goes on over more than one round
	}
	t.Logf("%d tries of %d clients, %d descriptors more (both ends), the slowest alarm took %v", c.tries.Load(), clients, most, worst)
	if worst > bound {
		t.Errorf("an alarm took %v, want less than %v", worst, bound)
	}
	if most > clients { // with a place for everybody it is twice as many
		t.Errorf("%d descriptors more: places are not bounded", most)
	}
	ended()
	if err := poll("the page to be there for others", func() bool { code, _, err := look(address, "/healthz"); return code == 200 && err == nil }); err != nil {
		t.Error(err)
	}
	err := poll("all of the crowd to be gone", func() bool { return runtime.NumGoroutine() <= goroutines && descriptors(t) <= files })
	if err != nil {
		t.Errorf("%v: %d goroutines and %d descriptors, before %d and %d", err, runtime.NumGoroutine(), descriptors(t), goroutines, files)
	}
	stop()
}

// TestPageOfDaemon: the three answers of a site that runs; a camera or an instrument
// that is off makes none of them a bad one, and the port is closed with the site.
func TestPageOfDaemon(t *testing.T) {
	s := newStand(t, "")
	address := freePort(t)
	stop := s.run(pageAt(address))
	if err := cable("gates-2", true)(s); err != nil {
		t.Fatal(err)
	}
	s.must("that the line is lost", func(b *book) bool { return b.state("device/gates-2") == "offline" })
	for path, want := range map[string]string{
		"/healthz": "alive\n",
		"/readyz":  "ready\nconfig: " + s.config.Hash + "\nstore: writable\ncity: broker city\n",
	} {
		if code, body, err := look(address, path); code != 200 || body != want || err != nil {
			t.Errorf("%s: got %d, %q, %v, want %q", path, code, body, err, want)
		}
	}
	if code, body, err := look(address, "/metrics"); code != 200 || !strings.Contains(body, "\nsitepost_link_up{broker=\"city\"} 1\n") || err != nil {
		t.Errorf("/metrics: got %d, %v, %.300q", code, err, body)
	}
	s.broker.Kill()
	want := fmt.Sprintf("ready\nconfig: %s\nstore: writable\ncity: buffering, no broker is up\n", s.config.Hash)
	if err := poll("readyz to say that the city is away", func() bool { _, body, _ := look(address, "/readyz"); return body == want }); err != nil {
		t.Error(err)
	}
	s.broker.Restart()
	stop()
	if _, _, err := look(address, "/healthz"); err == nil {
		t.Error("the port is open, and no site runs")
	}
}

// TestPageWithoutPort: a port that another program has is told, and the site is guarded
// all the same; when the other one has gone it is taken.
func TestPageWithoutPort(t *testing.T) {
	s := newStand(t, "")
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	address := other.Addr().String()
	stop := s.run(pageAt(address))
	s.settle("panic-1")
	found := func(what string) (all []status.Finding) {
		snap, err := control.Client{Path: s.control}.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range snap.Findings {
			if f.What == what {
				all = append(all, f)
			}
		}
		return all
	}
	if got := found("page"); len(got) != 1 || got[0].Name != address || !strings.HasSuffix(got[0].Text, "address already in use") {
		t.Errorf("got %+v, want that %s is in use", got, address)
	}
	if err := contact("panic-1", "4", true)(s); err != nil {
		t.Fatal(err)
	}
	s.must("of the button", func(b *book) bool { return len(b.lists()["panic-1 alarm"]) == 1 })
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if err := poll("the port to be taken", func() bool { code, _, _ := look(address, "/healthz"); return code == 200 }); err != nil {
		t.Error(err)
	}
	if got := found("page"); len(got) != 0 {
		t.Errorf("got %+v, want nothing wrong", got)
	}
	stop()
}
