package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"sitepost/devices/camera/find"
)

// discoverCommand looks for cameras on the interfaces the config names, or on
// one that a person named for this one time.
func discoverCommand(t *tool) *cobra.Command {
	var iface string
	var look time.Duration
	c := &cobra.Command{
		Use:   "discover",
		Short: "find the ONVIF cameras of the device network",
		Long: `discover asks on the device interfaces of the config, and only there. With
--interface it asks on that interface instead, for this one time.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o, err := t.discoverOptions(cmd, iface)
			if err != nil {
				return err
			}
			o.For = look
			found, err := find.Discover(cmd.Context(), o)
			if err != nil {
				fmt.Fprintf(t.stderr, "sitepost: %v\n", err)
			}
			if printed := t.printFound(found); printed != nil {
				return printed
			}
			if err != nil {
				return errFindings
			}
			return nil
		},
	}
	c.Flags().StringVar(&iface, "interface", "", "interface to ask on, instead of the config's")
	c.Flags().DurationVar(&look, "for", 3*time.Second, "how long to wait for answers at most")
	return c
}

// discoverOptions takes the interfaces from the config, or the one that was
// typed; the latter is warned about when the config would not allow it.
func (t *tool) discoverOptions(cmd *cobra.Command, iface string) (find.DiscoverOptions, error) {
	if iface != "" && !cmd.Flags().Changed("config") {
		return find.DiscoverOptions{Interfaces: []string{iface}}, nil
	}
	cfg, err := t.load()
	switch {
	case errors.Is(err, errFindings):
		return find.DiscoverOptions{}, err
	case err != nil:
		return find.DiscoverOptions{}, fmt.Errorf("%w; or name an interface with --interface to search without a site file", err)
	}
	o := find.DiscoverOptions{Interfaces: cfg.Network.DeviceInterfaces, Networks: cfg.Network.DeviceNetworks}
	if iface == "" {
		return o, nil
	}
	if !slices.Contains(o.Interfaces, iface) {
		fmt.Fprintf(t.stderr, "sitepost: %s is no device interface of %s; asked there this one time because you said so\n", iface, t.config)
	}
	return find.DiscoverOptions{Interfaces: []string{iface}}, nil
}

func (t *tool) printFound(found []find.Found) error {
	if t.json {
		if found == nil {
			found = []find.Found{}
		}
		return json.NewEncoder(t.stdout).Encode(found)
	}
	w := tabwriter.NewWriter(t.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "state\taddress\tvendor\tmodel\tserial\tendpoint")
	for _, f := range found {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", f.State, f.Address, f.Vendor, f.Model, f.Serial, f.Endpoint)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(t.stdout, "%d found\n", len(found))
	return err
}
