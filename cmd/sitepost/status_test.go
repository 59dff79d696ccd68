package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sitepost/cmd/sitepost/box"
	"sitepost/cmd/sitepost/daemon"
	"sitepost/cmd/sitepost/status"
	"sitepost/ingest/store"
	"sitepost/uplink"
	"sitepost/uplink/uplinktest"
)

// TestStatus asks a running daemon how its site stands: all is well, then the city
// is away, and then nobody is there to ask.
func TestStatus(t *testing.T) {
	dir := t.TempDir()
	socket, site := filepath.Join(dir, "control.sock"), filepath.Join(dir, "site.toml")
	text := "version = 1\n[site]\nname = \"demo\"\n[store]\ndirectory = \"" + dir + "/store\"\n"
	if err := os.WriteFile(site, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ask := func(more ...string) (int, string, string) {
		var out, errs bytes.Buffer
		code := run(append([]string{"status", "--control", socket}, more...), &out, &errs)
		return code, out.String(), errs.String()
	}
	broker := uplinktest.New()
	stop := runSite(t, site, socket, broker)
	await(t, "all is well", func() bool { code, out, _ := ask(); return code == exitGood && strings.Contains(out, "all is well\n") })
	broker.Away(uplinktest.ErrAway)
	await(t, "the city is away", func() bool {
		code, out, _ := ask()
		return code == exitFindings && strings.Contains(out, "\nwrong     broker-1: the city is away: dial: connection refused, since ")
	})
	code, out, _ := ask("--json")
	var s status.Snapshot
	rows := json.NewDecoder(strings.NewReader(out))
	rows.DisallowUnknownFields()
	if err := rows.Decode(&s); err != nil || code != exitFindings || s.Site != "demo" || s.Uplink.Up || len(s.Findings) != 1 {
		t.Errorf("--json: got exit code %d, %v, %s", code, err, out)
	}
	stop()
	code, out, errs := ask()
	want := "sitepost: " + socket + ": no running sitepost is there: start it with `sitepost run`, or give the socket of another one with --control\n"
	if code != exitUsage || out != "" || errs != want {
		t.Errorf("nobody is there: got exit code %d, %q, %q, want %d, %q", code, out, errs, exitUsage, want)
	}
}

// runSite runs a site file on a machine on which all is well, with a broker in
// memory, until stop is called.
func runSite(t *testing.T, file, socket string, broker *uplinktest.Broker) (stop func()) {
	t.Helper()
	c, err := (&tool{config: file, stdout: t.Output(), stderr: t.Output()}).load()
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	host := box.Host{Wall: time.Now, Clock: func() store.Clock {
		return store.Clock{Source: "ntp", Synced: true, Boot: "boot-1", UptimeMS: time.Since(began).Milliseconds()}
	}}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- daemon.Run(ctx, daemon.Options{Config: c, Version: "test", Control: socket, Host: &host,
			Dials: []uplink.Dial{broker.Dial("demo", uplink.Subscriptions("demo"))}})
	}()
	return func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: got %v, want nil", err)
		}
	}
}

// await waits for what happens at once on a healthy machine.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(20 * time.Second); !done(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("not within 20 s: %s", what)
		}
	}
}
