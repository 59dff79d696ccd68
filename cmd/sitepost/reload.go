package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"sitepost/cmd/sitepost/control"
)

// reloadCommand makes the running daemon go over to the site file as it is now.
func reloadCommand(t *tool) *cobra.Command {
	return &cobra.Command{
		Use:   "reload",
		Short: "make the running sitepost read its site file again",
		Long: `reload makes the running sitepost read its site file again, and go over to it: what
did not change keeps its conversation, and what changed begins anew. It returns when
that is done, and lists what began anew.

A file with mistakes changes nothing: they are listed as check lists them, and the
site runs on as before. So does SIGHUP, whose answer stands in the log.

It ends with 0 if the file is in force, 1 if it was refused, and 2 if no sitepost runs.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			done, err := control.Client{Path: t.control}.Reload(cmd.Context())
			if errors.Is(err, control.ErrNobody) {
				return fmt.Errorf("%w: start it with `sitepost run`, or give the socket of another one with --control", err)
			}
			if err != nil {
				return err
			}
			if t.json {
				rows := json.NewEncoder(t.stdout)
				rows.SetIndent("", "  ")
				err = rows.Encode(done)
			} else {
				err = t.tellReloaded(done)
			}
			if err == nil && !done.Accepted {
				return errFindings
			}
			return err
		},
	}
}

// tellReloaded says what became of a reload.
func (t *tool) tellReloaded(done control.Reloaded) error {
	var out strings.Builder
	for row := range strings.Lines(done.Findings) {
		out.WriteString(t.words.Translate(strings.TrimRight(row, "\n")) + "\n")
	}
	say := func(format string, args ...any) { out.WriteString(t.words.Sprintf(format, args...)) }
	if done.Accepted {
		say("the site file is in force (hash %.12s)\n", done.Hash)
		for _, what := range done.Changed {
			say("  %s\n", t.words.Translate(what))
		}
		say("what else runs went on\n")
	} else {
		say("refused: the site file before stays in force (hash %.12s)\n", done.Hash)
	}
	if len(done.AtRestart) > 0 {
		say("from the next restart on: %s\n", strings.Join(done.AtRestart, ", "))
	}
	to := t.stdout
	if t.json { // which has something else to say there
		to = t.stderr
	}
	_, err := fmt.Fprint(to, out.String())
	return err
}
