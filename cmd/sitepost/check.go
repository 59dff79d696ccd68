package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"sitepost/cmd/sitepost/daemon"
	"sitepost/config"
)

// checkCommand lists everything that is wrong with a site file, by the code
// that run reads it with.
func checkCommand(t *tool) *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "list every mistake of the site file, with its place and what to do",
		Long: `check reads the site file as run does and lists everything in it that is wrong, in
one go. It opens no line and dials nobody. What this machine lacks, such as a
certificate or a port, is listed as "on this machine".`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			found := config.Check(t.config, t.env())
			if unopened := found.Of(config.Unopened); len(unopened) > 0 {
				return errors.New(unopened[0].File + ": " + unopened[0].Text)
			}
			if err := t.printFindings(found); err != nil {
				return err
			}
			if n := len(found.Errors()); n > 0 {
				return errFindings
			}
			if !t.json {
				_, err := fmt.Fprintf(t.stdout, "%s: good\n", t.config)
				return err
			}
			return nil
		},
	}
}

// env is what the site file may refer to beside itself.
func (t *tool) env() config.Env { return config.Env{Profiles: daemon.Shelf(t.profiles)} }

func (t *tool) printFindings(found config.Findings) error {
	if !t.json {
		return found.Write(t.stdout)
	}
	text, err := found.JSON()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(t.stdout, "%s\n", text)
	return err
}
