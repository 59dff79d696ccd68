package control_test

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"sitepost/cmd/sitepost/control"
	"sitepost/cmd/sitepost/status"
)

// large is more than a socket holds of what nobody reads.
func large() status.Snapshot {
	s := status.Snapshot{Site: "demo"}
	for i := range 2 {
		s.Devices = append(s.Devices, status.Device{Name: fmt.Sprintf("cam-%d", i), Why: strings.Repeat("x", 256<<10)})
	}
	return s
}

// TestAnswersNotRead: tools that ask how the site stands and do not read it lose their
// places, and do not keep the daemon from stopping.
func TestAnswersNotRead(t *testing.T) {
	s := newStandOf(t, control.Door{Status: large})
	for n := range 16 {
		c := s.request(t, "GET /status HTTP/1.1\r\nHost: x\r\n\r\n")
		if got, err := bufio.NewReaderSize(c, 16).ReadString('\n'); err != nil || got != "HTTP/1.1 200 OK\r\n" { // it reads no more than that
			t.Fatalf("tool %d: got %q, %v, want to be served", n, got, err)
		}
	}
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		_, err := s.client.Status(t.Context())
		if err == nil {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("sixteen tools do not read, and another one hears: %v", err)
		}
	}
	s.request(t, "GET /status HTTP/1.1\r\nHost: x\r\n\r\n")
	stopped := make(chan struct{})
	go func() { s.stop(); close(stopped) }()
	select {
	case <-stopped:
	case <-time.After(patience):
		t.Error("the daemon waits for a tool that does not read")
	}
}

// TestFollowersTakeNoPlace: however many follow, a person can still ask how the site
// stands.
func TestFollowersTakeNoPlace(t *testing.T) {
	s := newStandOf(t, control.Door{Status: func() status.Snapshot { return status.Snapshot{Site: "demo"} }})
	s.opened(t, 1)
	for n := range 17 {
		c := s.request(t, "GET /lines/bus-a/bytes HTTP/1.1\r\nHost: x\r\n\r\n")
		want := "HTTP/1.1 200 OK\r\n"
		if n == 16 {
			want = "HTTP/1.1 503 Service Unavailable\r\n"
		}
		if got, err := bufio.NewReader(c).ReadString('\n'); err != nil || got != want {
			t.Errorf("tool %d: got %q, %v, want %q", n, got, err, want)
		}
	}
	if got, err := s.client.Status(t.Context()); err != nil || got.Site != "demo" {
		t.Errorf("got %+v, %v", got.Site, err)
	}
}

// TestCrowd: however many come and ask nothing, they are bounded, and a place that is given
// back is good again.
func TestCrowd(t *testing.T) {
	s := newStandOf(t, control.Door{Status: func() status.Snapshot { return status.Snapshot{Site: "demo"} }})
	var idle []*net.UnixConn
	for range 64 {
		idle = append(idle, s.request(t, "G"))
	}
	if _, err := s.client.Status(t.Context()); err == nil || !strings.HasSuffix(err.Error(), ": the running sitepost has hung up") {
		t.Errorf("got %v, want to be hung up on", err)
	}
	if err := idle[0].Close(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		_, err := s.client.Status(t.Context())
		if err == nil {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("a place was given back, and nobody gets it: %v", err)
		}
	}
}
