package daemon_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"

	"sitepost/cmd/sitepost/daemon"
	"sitepost/cmd/sitepost/status"
	"sitepost/config"
	"sitepost/devices"
)

// TestRejected: the city hears once that the site file of a box was rejected, also over
// a restart, and that it is good again; a tool sees it meanwhile. A start keeps the file
// that is in force, and one that cannot be kept does not keep the site from running.
// Answers complaint 36.
func TestRejected(t *testing.T) {
	const why = `/etc/sitepost/site.toml:41:1: unknown key "settigns" (and 2 more)`
	s := newStand(t, "")
	var kept []string
	run := func(rejected string, failed error) (snapshot status.Snapshot) {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		take, ended := make(chan func() status.Snapshot, 1), make(chan error, 1)
		o := daemon.Options{
			Config: s.config, Rejected: rejected, Version: "test", Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
			Status: func(f func() status.Snapshot) { take <- f },
			Keep: func(c *config.Config, who string) (int, error) {
				kept = append(kept, c.Hash[:4]+" "+who)
				return len(kept), failed
			},
		}
		go func() { ended <- daemon.Run(ctx, o) }()
		defer func() {
			cancel()
			if err := <-ended; err != nil {
				t.Errorf("Run: got %v", err)
			}
		}()
		select {
		case f := <-take:
			snapshot = f()
		case err := <-ended:
			ended <- err
			t.Fatal("it did not start")
		}
		return snapshot
	}
	hears := func(want ...said) {
		t.Helper()
		of := func(b *book) []said {
			return slices.DeleteFunc(slices.Clone(b.lists()["box alarm"]), func(one said) bool { return one.Type != string(devices.ConfigRejected) })
		}
		s.should("of the site file", func(b *book) bool { return len(of(b)) >= len(want) })
		if got := of(s.book); !slices.Equal(got, want) {
			t.Errorf("the city heard %+v, want %+v", got, want)
		}
	}
	isFound := func(f status.Finding) bool { return f.Code == "config.rejected" }
	raised, cleared := said{Device: "box", Type: "config.rejected", State: "raised"}, said{Device: "box", Type: "config.rejected", State: "cleared"}

	for range 2 {
		if seen := run(why, nil); seen.Refused == nil || seen.Refused.Why != why || seen.Config != s.config.Hash || !slices.ContainsFunc(seen.Findings, isFound) {
			t.Errorf("a tool sees %+v, %s, %+v", seen.Refused, seen.Config, seen.Findings)
		}
		hears(raised)
	}
	if seen := run("", errors.New("the disk is full")); seen.Refused != nil || slices.ContainsFunc(seen.Findings, isFound) {
		t.Errorf("a tool sees %+v, %+v", seen.Refused, seen.Findings)
	}
	hears(raised, cleared)
	if same := s.config.Hash[:4] + " start"; !slices.Equal(kept, []string{same, same, same}) {
		t.Errorf("kept %q", kept)
	}
}
