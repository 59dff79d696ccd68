package main

import (
	"errors"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"

	"sitepost/cmd/sitepost/daemon"
	"sitepost/config"
)

// garbage is how much of it may lie beside what is in use before it is collected, in
// percent: a small box is shorter of memory than of time. GOGC says otherwise.
const garbage = 20

// runCommand runs the site until it is told to stop.
func runCommand(t *tool) *cobra.Command {
	return &cobra.Command{
		Use:   "run",
		Short: "run the site",
		Long: `run reads the site file, and runs the site until it is told to stop (SIGTERM or
Ctrl-C): then the devices fall silent, what they said is on disk, and what is on
disk is sent for a bounded time. A second signal ends it at once; nothing that
was accepted is lost by that.

A site file with mistakes is listed as check lists it, and nothing runs.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := t.load()
			if err != nil {
				return err
			}
			if os.Getenv("GOGC") == "" {
				debug.SetGCPercent(garbage)
			}
			return daemon.Run(cmd.Context(), watched(daemon.Options{Config: c, Profiles: t.profiles, Version: version(), Control: t.control, Log: t.log()}))
		},
	}
}

// load reads the site file. Its mistakes are printed, and end the command.
func (t *tool) load() (*config.Config, error) {
	c, found := config.Load(t.config, t.env())
	if unopened := found.Of(config.Unopened); len(unopened) > 0 {
		return nil, errors.New(unopened[0].File + ": " + unopened[0].Text)
	}
	if len(found.Errors()) > 0 {
		return nil, errors.Join(errFindings, t.printFindings(found))
	}
	return c, nil
}
