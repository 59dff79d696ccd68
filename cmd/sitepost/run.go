package main

import (
	"errors"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
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
was accepted is lost by that. SIGHUP does as sitepost reload.

Each site file that is accepted is kept (see sitepost config history). If the site
file has mistakes the last accepted one runs in its place: the mistakes are listed as
check lists them, config.rejected is raised, and status shows which file is in force.
Started by systemd it runs also where the site file is gone or cannot be read. If none
was accepted before, nothing runs. Nor does a box that was given up with
` + "`sitepost retire`" + `: it says so, and ends with 1. Root does not run a site whose store
belongs to somebody else.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			hangup := make(chan os.Signal, 1) // before all: unheard it would end us
			signal.Notify(hangup, syscall.SIGHUP)
			defer signal.Stop(hangup)
			b, err := t.begin()
			if err != nil {
				return err
			}
			if err := leavesTo(b.config.Store.Directory); err != nil {
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
			return t.ended(daemon.Run(cmd.Context(), watched(daemon.Options{
				Config: b.config, Rejected: b.rejected,
				Reread:   func() (*config.Config, config.Findings) { return config.Load(t.config, t.env()) },
				Hangup:   hangup,
				Keep:     keeper(b.config.Store.Directory),
				Profiles: t.profiles, Version: version(), Control: t.control, Page: b.config.Page.Listen, Log: log.Logger,
			})))
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
	return t.good(config.Load(t.config, t.env()))
}

// good returns a site file that has no mistakes.
func (t *tool) good(c *config.Config, found config.Findings) (*config.Config, error) {
	if unopened := found.Of(config.Unopened); len(unopened) > 0 {
		return nil, errors.New(unopened[0].File + ": " + unopened[0].Text)
	}
	if len(found.Errors()) > 0 {
		return nil, errors.Join(errFindings, t.printFindings(found))
	}
	return c, nil
}
