package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"sitepost/cmd/sitepost/control"
	"sitepost/config"
	"sitepost/devices/camera/find"
)

// A discovery is one run of discover.
type discovery struct {
	*tool
	iface  string        // asked on instead of the config's
	look   time.Duration // how long answers are waited for
	sweep  bool
	write  bool
	reload bool

	login, zone string         // of the cameras that are written
	site        *config.Config // nil: only an interface was named
}

// discoverCommand looks for cameras on the interfaces the config names, or on
// one that a person named for this one time.
func discoverCommand(t *tool) *cobra.Command {
	d := &discovery{tool: t}
	c := &cobra.Command{
		Use:   "discover [--write [ADDRESS…]]",
		Short: "find the ONVIF cameras of the device network",
		Long: `discover calls for cameras on the device interfaces of the config, and only there,
and asks each that answers who it is. No password is sent to any of them. With
--interface it asks on that interface instead, for this one time.

Each camera is one of these:
  new        the site file does not know it: --write adds it
  known      it is in the site file, and where the file says
  moved      it is in the site file, and now at another address: correct host there
  refused    it is in the site file, and the running sitepost says that it refuses its
             login: correct user or password
  suspected  something there looks like a camera and could not be asked, or is not
             what it claims to be: it answered and cannot be reached, its address is
             outside of the device networks, two addresses claim to be the same
             camera, or another camera stands where one of the site should be

A camera is recognised by its endpoint, which never changes; where the site file
has none, by its serial number, unless others have the same; else by its address.

--sweep also asks every address of network.device_networks, 200 a second (a /24
takes three seconds). It finds cameras behind routers, and behind switches that
lose multicast.

--write adds a [[camera]] for each new camera, or for those at the addresses given,
to the end of the site file. What stands there stays as it is, and is kept beside it
as site.toml.bak. If the file would then have mistakes, they are listed and nothing
is written. Look the new tables over: zone, title and code only a person knows. The
running sitepost goes over to the new file when you say sitepost reload, or at once with
--reload.`,
		Example: `  sitepost discover
  sitepost discover --sweep
  sitepost discover --write --login cameras --zone entrance
  sitepost discover --write 10.37.20.11 10.37.20.12`,
		RunE: func(cmd *cobra.Command, args []string) error { return d.run(cmd, args) },
	}
	flags := c.Flags()
	flags.StringVar(&d.iface, "interface", "", "interface to ask on, instead of the config's")
	flags.DurationVar(&d.look, "for", 3*time.Second, "how long to wait for answers at most")
	flags.BoolVar(&d.sweep, "sweep", false, "also ask every address of the device networks")
	flags.BoolVar(&d.write, "write", false, "add the new cameras to the site file, or those at the addresses given")
	flags.StringVar(&d.login, "login", "", "[[login]] of the cameras that are written; needed if there are several")
	flags.StringVar(&d.zone, "zone", "", "[[zone]] of the cameras that are written; needed if there are several")
	reloadFlag(c, &d.reload, onWord)
	return c
}

func (d *discovery) run(cmd *cobra.Command, addresses []string) error {
	if len(addresses) > 0 && !d.write {
		return fmt.Errorf("%q: addresses belong to --write", addresses[0])
	}
	if d.reload && !d.write {
		return errReloadOfNothing
	}
	o, err := d.options(cmd)
	if err != nil {
		return err
	}
	found, err := d.search(cmd.Context(), o)
	if err != nil {
		d.remark("%v", err)
	}
	findings := find.Match(found, d.known(cmd.Context()))
	if printed := d.print(findings); printed != nil {
		return printed
	}
	if d.write {
		if written := d.adopt(cmd.Context(), findings, addresses); written != nil {
			return written
		}
	}
	if err != nil {
		return errFindings
	}
	return nil
}

// options takes the interfaces from the config, or the one that was typed; the
// latter is warned about when the config would not allow it.
func (d *discovery) options(cmd *cobra.Command) (find.DiscoverOptions, error) {
	o := find.DiscoverOptions{Interfaces: []string{d.iface}, For: d.look}
	if d.iface != "" && !cmd.Flags().Changed("config") && !d.sweep && !d.write {
		return o, nil
	}
	site, err := d.load()
	switch {
	case errors.Is(err, errFindings):
		return o, err
	case err != nil:
		return o, fmt.Errorf("%w; or name an interface with --interface to search without a site file", err)
	}
	d.site = site
	fmt.Fprint(d.stderr, config.Apart(site).In(d.words.Translate))
	if d.iface == "" {
		o.Interfaces, o.Networks = site.Network.DeviceInterfaces, site.Network.DeviceNetworks
	} else if !slices.Contains(site.Network.DeviceInterfaces, d.iface) {
		d.remark("%s is no device interface of %s; asked there this one time because you said so", d.iface, d.config)
	}
	return o, nil
}

// search calls, and sweeps where that was asked for.
func (d *discovery) search(ctx context.Context, o find.DiscoverOptions) ([]find.Found, error) {
	found, err := find.Discover(ctx, o)
	if !d.sweep {
		return found, err
	}
	var told time.Time
	swept, sweepErr := find.Sweep(ctx, find.SweepOptions{
		Interfaces: o.Interfaces, Networks: d.site.Network.DeviceNetworks,
		Progress: func(asked, of, found int) {
			if now := time.Now(); now.Sub(told) >= time.Second || asked == of {
				told = now
				fmt.Fprint(d.stderr, d.words.Sprintf("asked %d of %d, %d answered\n", asked, of, found))
			}
		},
	})
	if _, nothing := errors.AsType[*find.NothingFound](err); nothing && len(swept) > 0 {
		err = nil // the sweep heard what the call did not
	}
	return find.Merge(found, swept), errors.Join(err, sweepErr)
}

// known are the cameras and recorders of the site that have an address, with what
// the running daemon, if there is one, has learnt of them.
func (d *discovery) known(ctx context.Context) (all []find.Known) {
	if d.site == nil {
		return nil
	}
	for _, k := range d.site.Cameras {
		if k.Host != "" {
			all = append(all, find.Known{Name: k.Name, Host: k.Host, Endpoint: k.Endpoint, Serial: k.Serial})
		}
	}
	for _, r := range d.site.Recorders {
		all = append(all, find.Known{Name: r.Name, Host: r.Host, Endpoint: r.Endpoint, Serial: r.Serial})
	}
	learnt, err := control.Client{Path: d.control}.Cameras(ctx)
	if err != nil && !errors.Is(err, control.ErrNobody) {
		d.remark("which cameras refuse their login is not known: %v", err)
	}
	for _, l := range learnt {
		i := slices.IndexFunc(all, func(k find.Known) bool { return k.Name == l.Name })
		if i < 0 {
			continue
		}
		all[i].Endpoint, all[i].Serial = cmp.Or(all[i].Endpoint, l.Endpoint), cmp.Or(all[i].Serial, l.Serial)
		all[i].MACs, all[i].Refused = l.MACs, l.Refused
	}
	return all
}
