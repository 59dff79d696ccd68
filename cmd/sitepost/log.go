package main

import (
	"fmt"
	"log/slog"
	"os"

	"sitepost/cmd/sitepost/journal"
)

// openLog opens the daemon's log at a level: text for a person at a terminal, entries
// of the journal for a unit of systemd, JSON for everybody else.
func (t *tool) openLog(level string) (*journal.Log, error) {
	o := journal.Options{Writer: t.stderr, Terminal: atTerminal(t.stderr)}
	switch level {
	case "debug":
		o.Level = slog.LevelDebug
	case "info":
	case "warn":
		o.Level = slog.LevelWarn
	case "error":
		o.Level = slog.LevelError
	default:
		return nil, fmt.Errorf("--log-level: %q is no level: write debug, info, warn or error", level)
	}
	if f, is := t.stderr.(*os.File); is {
		o.Journal = journal.Streams(f, os.Getenv("JOURNAL_STREAM"))
	}
	return journal.Open(o), nil
}
