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
		Use:   "explain NAME",
		Short: "print the firmware note of an instrument, or of the cameras (onvif, rtsp)",
		Long: `explain prints what is known of a family of devices and how it is known: wiring,
factory settings, what it says, quirks by firmware, and where that is from. NAME is
that of a profile, or

  onvif   cameras and recorders: login, events and what each topic means
  rtsp    their streams: how often they are looked at, what each condition means,
          what to set in the camera
  osdp    card readers on OSDP

A name that is not there lists all that are. No network is needed.`,
		Example: `  sitepost explain winsen-zp14
  sitepost explain rtsp`,
		Args: cobra.ExactArgs(1),
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
