package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"sitepost/cmd/sitepost/control"
)

// statusCommand shows how the site of the running daemon stands.
func statusCommand(t *tool) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "show how the running site stands, what is wrong first",
		Long: `status asks the running sitepost how its site stands: the city, the disk, the clock,
every device. What is wrong comes first, with what to do about it. That the city is
gone is seen within 20 seconds.

It ends with 0 if all is well, 1 if something is wrong, and 2 if no sitepost runs.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := control.Client{Path: t.control}.Status(cmd.Context())
			if errors.Is(err, control.ErrNobody) {
				return fmt.Errorf("%w: start it with `sitepost run`, or give the socket of another one with --control", err)
			}
			if err != nil {
				return err
			}
			if t.json {
				rows := json.NewEncoder(t.stdout)
				rows.SetIndent("", "  ")
				err = rows.Encode(s)
			} else {
				_, err = fmt.Fprint(t.stdout, s.Words())
			}
			if err == nil && len(s.Findings) > 0 {
				return errFindings
			}
			return err
		},
	}
}
