// Sitepost listens to everything that guards a site and posts what it hears to
// the city: the daemon and the technician's tool in one binary.
//
// main is flags and wiring; each subcommand has a file of its own, and what
// they do is done by the rooms they call.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"sitepost/cmd/sitepost/control"
	"sitepost/cmd/sitepost/words"
)

// Exit codes. Whoever calls us from a script can rely on them.
const (
	exitGood     = 0
	exitFindings = 1 // anything wrong inside a readable file, or found on the line
	exitUsage    = 2 // bad command line, or a file that cannot be opened
)

// errFindings ends a command whose findings were printed already.
var errFindings = errors.New("findings")

const defaultConfig = "/etc/sitepost/site.toml"

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is main without the process around it. The first signal asks the daemon
// to leave in order; a second one ends it at once.
func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // from here on the second signal kills

	t := &tool{stdout: stdout, stderr: stderr}
	err := t.chooseLanguage(args)
	if err == nil {
		root := newRoot(t)
		t.speakHelp(root)
		root.SetArgs(args)
		err = root.ExecuteContext(ctx)
	}
	switch {
	case err == nil:
		return exitGood
	case errors.Is(err, errFindings):
		return exitFindings
	}
	fmt.Fprintln(stderr, "sitepost:", t.words.Translate(err.Error()))
	return exitUsage
}

// A tool is what every subcommand is given.
type tool struct {
	stdout, stderr io.Writer
	config         string // --config
	json           bool   // --json
	profiles       string // where the site's own profiles lie
	control        string // where the running daemon can be reached
	words          *words.Speaker
}

func newRoot(t *tool) *cobra.Command {
	root := &cobra.Command{
		Use:   "sitepost",
		Short: "edge gateway for the cameras, gates and detectors of a guarded site",
		Long: `sitepost listens to everything that guards a site and posts what it hears to the city.

A new site:
  sitepost init --write site.toml               write the commented reference file: make it yours
  sitepost check --config site.toml             list every mistake with its place
  sitepost discover --write --config site.toml  find the cameras and add them
  sitepost run --config site.toml               run the site`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       version(),
	}
	root.SetOut(t.stdout)
	root.SetErr(t.stderr)
	flags := root.PersistentFlags()
	flags.StringVar(&t.config, "config", defaultConfig, "the site file")
	flags.BoolVar(&t.json, "json", false, "print JSON instead of words")
	flags.StringVar(&t.profiles, "profiles", "/etc/sitepost/profiles", "folder of the site's own profiles")
	flags.String("lang", "", "language: en or zh, in UTF-8 (a terminal in GBK wants en); otherwise that of LC_ALL, LC_MESSAGES or LANG") // flagOf reads it
	flags.StringVar(&t.control, "control", control.DefaultPath, "socket between a running sitepost and its tools")
	root.AddCommand(
		initCommand(t), checkCommand(t), runCommand(t), reloadCommand(t), configCommand(t), importCommand(t), enrollCommand(t), retireCommand(t),
		statusCommand(t), eventsCommand(t), doctorCommand(t), testCommand(t), maintainCommand(t), explainCommand(t),
		discoverCommand(t), loginCommand(t), probeCommand(t),
		listenCommand(t), scanCommand(t), tryCommand(t), newCommand(t),
		storeCommand(t), manCommand(t),
	)
	return root
}
