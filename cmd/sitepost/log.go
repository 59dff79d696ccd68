package main

import (
	"log/slog"
	"time"
)

// log is the daemon's log: text for a person at a terminal, JSON for journald.
func (t *tool) log() *slog.Logger {
	if atTerminal(t.stderr) {
		return slog.New(slog.NewTextHandler(t.stderr, nil))
	}
	return slog.New(slog.NewJSONHandler(t.stderr, &slog.HandlerOptions{ReplaceAttr: readable}))
}

// readable writes durations as a person reads them, "1.5s" and not nanoseconds.
func readable(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.StringValue(a.Value.Duration().Round(time.Millisecond).String())
	}
	return a
}
