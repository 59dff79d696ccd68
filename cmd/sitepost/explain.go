package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	notes "sitepost/firmware-notes"
)

// explainCommand prints what is known of an instrument family. It needs
// neither a network nor the daemon.
func explainCommand(t *tool) *cobra.Command {
	return &cobra.Command{
		Use:   "explain PROFILE",
		Short: "print the firmware note of an instrument",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			text, ok := notes.Read(args[0])
			if !ok {
				return fmt.Errorf("no note %q; there are: %s", args[0], strings.Join(notes.Names(), ", "))
			}
			_, err := fmt.Fprint(t.stdout, text)
			return err
		},
	}
}
