package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"sitepost/cmd/sitepost/bundle"
	"sitepost/cmd/sitepost/control"
	"sitepost/devices/line"
)

// A ledger is records that are there, with a text each, and why there are no more.
type ledger struct {
	records int
	text    string
	err     error
}

func (l ledger) Events(_ context.Context, ask control.EventsAsked, each func(control.Event) error) error {
	for n := max(0, l.records-ask.Most); n < l.records; n++ {
		if err := each(control.Event{ID: fmt.Sprintf("e-event-%d", n+1), Type: "box.started", Mode: "normal", Text: l.text}); err != nil {
			return err
		}
	}
	return l.err
}

// doorOf serves the tools with records until the test is over.
func doorOf(t *testing.T, events control.Events) control.Client {
	t.Helper()
	path := filepath.Join(t.TempDir(), "control.sock")
	l, err := control.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	door := control.Door{Lines: func() map[string]*line.Line { return nil }, Events: events, Log: slog.New(slog.DiscardHandler)}
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := door.Serve(ctx, l); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); serving.Wait() })
	return control.Client{Path: path}
}

// TestEventsOfBundle: a bundle has as many of the newest records as there is room for,
// each whole, and says what is left out.
func TestEventsOfBundle(t *testing.T) {
	for what, test := range map[string]struct {
		ledger
		least, most int
		why         string
	}{
		"few":               {ledger{records: 3}, 3, 3, ""},
		"none":              {ledger{}, 0, 0, ""},
		"many":              {ledger{records: 3000}, control.MostEvents, control.MostEvents, ""},
		"long ones":         {ledger{records: 1000, text: strings.Repeat("x", 10<<10)}, 300, 420, "cut: the oldest "},
		"none for a reason": {ledger{err: errors.New("store is closed")}, 0, 0, "not there: store is closed"},
		"broken off":        {ledger{records: 100, err: errors.New("store is closed")}, 100, 100, "cut: the running sitepost has hung up"},
	} {
		p := eventsPart(t.Context(), doorOf(t, test.ledger))
		if !strings.HasPrefix(p.Why, test.why) || (p.Why == "") != (test.why == "") {
			t.Errorf("%s: got %q, want %q", what, p.Why, test.why)
		}
		var last control.Event
		n := 0
		for row := range bytes.Lines(p.Text) {
			last = control.Event{}
			if err := json.Unmarshal(row, &last); err != nil {
				t.Fatalf("%s: row %d: %v", what, n, err)
			}
			n++
		}
		if n < test.least || n > test.most || len(p.Text) > bundle.MostOfPart {
			t.Errorf("%s: got %d records in %d bytes, want %d to %d", what, n, len(p.Text), test.least, test.most)
		}
		if n > 0 && last.ID != fmt.Sprintf("e-event-%d", test.records) {
			t.Errorf("%s: the last one is %s, want the newest", what, last.ID)
		}
	}
	if p := eventsPart(t.Context(), control.Client{Path: filepath.Join(t.TempDir(), "none")}); p.Text != nil || !strings.Contains(p.Why, "no running sitepost") {
		t.Errorf("nobody runs: got %d bytes, %q", len(p.Text), p.Why)
	}
}

// TestPartThatHangs: a part that never comes, as from a dead disk, is told as missing, and
// the others are there.
func TestPartThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dead := make(chan struct{})
		p := part("store-files.txt", func() ([]byte, error) { <-dead; return nil, nil })
		if p.Text != nil || p.Why != "not there: it did not come in time" {
			t.Errorf("got %d bytes, %q", len(p.Text), p.Why)
		}
		close(dead)
		synctest.Wait()
	})
}
