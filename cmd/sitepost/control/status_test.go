package control_test

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/cmd/sitepost/box"
	"sitepost/cmd/sitepost/control"
	"sitepost/cmd/sitepost/status"
)

// TestStatus: the snapshot of the daemon is what a tool gets, and the figures are
// made of the same.
func TestStatus(t *testing.T) {
	taken := status.Snapshot{
		Schema: status.Schema, Time: time.Date(2026, 11, 21, 14, 40, 0, 0, time.UTC), Site: "demo", Version: "1.2.0",
		State: box.State{Cause: box.Crash},
	}
	taken.Judge()
	s := newStandOf(t, control.Door{Status: func() status.Snapshot { return taken }})
	got, err := s.client.Status(t.Context())
	if diff := cmp.Diff(taken, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	answer, err := http.ReadResponse(bufio.NewReader(s.request(t, "GET /metrics HTTP/1.1\r\nHost: sitepost\r\nConnection: close\r\n\r\n")), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK || !strings.Contains(string(body), "\nsitepost_build_info{version=\"1.2.0\"} 1\n") {
		t.Errorf("metrics: got %d, %v, %s", answer.StatusCode, err, body)
	}
}

// TestNoStatus: a daemon that offers none says so.
func TestNoStatus(t *testing.T) {
	if _, err := newStand(t).client.Status(t.Context()); err == nil {
		t.Error("got no error")
	}
}
