package main

import (
	"errors"
	"os"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"sitepost/cmd/sitepost/daemon"
	"sitepost/config"
)

// garbage is how much of it may lie beside what is in use before it is collected, in
// percent: a small box is shorter of memory than of time. GOGC says otherwise.
const garbage = 20

// runCommand runs the site until it is told to stop.
func runCommand(t *tool) *cobra.Command {
	var level string
	run := &cobra.Command{
		Use:   "run",
		Short: "run the site",
		Long: `run reads the site file, and runs the site until it is told to stop (SIGTERM or
Ctrl-C): then the devices fall silent, what they said is on disk, and what is on
disk is sent for a bounded time. A second signal ends it at once; nothing that
was accepted is lost by that.

A site file with mistakes is listed as check lists it, and nothing runs. Nor does a box
that was given up with ` + "`sitepost retire`" + `: it says so, and ends with 1.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := t.load()
			if err != nil {
				return err
			}
			log, err := t.openLog(level)
			if err != nil {
				return err
			}
			defer log.Close()
			if os.Getenv("GOGC") == "" {
				debug.SetGCPercent(garbage)
			}
			return t.ended(daemon.Run(cmd.Context(), daemon.Options{Config: c, Profiles: t.profiles, Version: version(), Control: t.control, Page: c.Page.Listen, Log: log.Logger}))
		},
	}
	run.Flags().StringVar(&level, "log-level", "info", "what the log tells at least: debug, info, warn or error")
	return run
}

// ended says of a run that the site was given up, which is a finding: systemd does not
// start it again for that (RestartPreventExitStatus=1).
func (t *tool) ended(err error) error {
	if gone, is := errors.AsType[*daemon.Retired](err); is {
		return errors.Join(errFindings, t.say("this box was retired at %s by %s: to use it again run `sitepost retire --undo`\n", gone.At.Local().Format(time.DateTime), gone.By))
	}
	return err
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
