package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"sitepost/cmd/sitepost/control"
	"sitepost/cmd/sitepost/words"
)

// A maintaining is what the command line says.
type maintaining struct {
	long time.Duration
	why  string
	end  bool
}

// maintainCommand puts a device into maintenance, ends that, and lists what is in it.
func maintainCommand(t *tool) *cobra.Command {
	var o maintaining
	c := &cobra.Command{
		Use:   "maintain [DEVICE]",
		Short: "put a device into maintenance, so that work at it wakes nobody",
		Long: `maintain puts a device of the running site into maintenance: while it lasts all that
the device says is marked so, and wakes nobody at the city. With a line, or a recorder,
goes all that hangs on it. It ends by itself.

What was raised meanwhile and still stands when it ends becomes an alarm like any other;
what stood before and is over by then is cleared.

Without a device it lists what is in maintenance.`,
		Example: `  sitepost maintain gas-1 --for 30m --why "calibration"
  sitepost maintain gas-1 --end
  sitepost maintain`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd.Context(), t, args)
		},
	}
	c.Flags().DurationVar(&o.long, "for", 0, "how long: 1m to 24h")
	c.Flags().StringVar(&o.why, "why", "", "what is done there: the city and the next technician read it")
	c.Flags().BoolVar(&o.end, "end", false, "end it now")
	return c
}

func (o *maintaining) run(ctx context.Context, t *tool, args []string) error {
	door := control.Client{Path: t.control}
	begins := o.long != 0 || o.why != ""
	switch {
	case len(args) == 0 && (o.end || begins):
		return errors.New("name the device: sitepost maintain DEVICE --for 30m --why …")
	case o.end && begins:
		return errors.New("--end goes with neither --for nor --why")
	case len(args) == 1 && !o.end && (o.long == 0 || o.why == ""):
		return errors.New("say how long and why: --for 30m --why …, or --end")
	case len(args) == 0:
		all, err := door.Maintenances(ctx)
		if err != nil {
			return askedNobody(err)
		}
		return t.printMaintenances(all)
	case o.end:
		m, err := door.EndMaintenance(ctx, args[0])
		if err != nil {
			return askedNobody(err)
		}
		return t.printMaintenance(m, "%s is not in maintenance any more\n", m.Device)
	}
	m, err := door.Maintain(ctx, args[0], o.long, o.why)
	if err != nil {
		return askedNobody(err)
	}
	return t.printMaintenance(m, "%s is in maintenance until %s\n", m.Device, onTheWall(m.Until, time.Now()))
}

// askedNobody adds to an error of the door what a person can do where no daemon runs.
func askedNobody(err error) error {
	if errors.Is(err, control.ErrNobody) {
		return fmt.Errorf("%w: start it with `sitepost run`, or give the socket of another one with --control", err)
	}
	return err
}

func (t *tool) printMaintenance(m control.Maintenance, format string, args ...any) error {
	if t.json {
		return json.NewEncoder(t.stdout).Encode(m)
	}
	return t.say(format, args...)
}

// onTheWall is a moment on the clock of the site's wall, with the day where that is not
// today's: a maintenance of 24 hours ends at the time of day when it began.
func onTheWall(at, now time.Time) string {
	site := time.FixedZone("", 8*60*60)
	if at, now := at.In(site), now.In(site); at.Format(time.DateOnly) != now.Format(time.DateOnly) {
		return at.Format("01-02 15:04")
	}
	return at.In(site).Format("15:04")
}

func (t *tool) printMaintenances(all []control.Maintenance) error {
	if t.json {
		return json.NewEncoder(t.stdout).Encode(all)
	}
	if len(all) == 0 {
		return t.say("nothing is in maintenance\n")
	}
	var rows [][]string
	for _, m := range all {
		left := time.Until(m.Until).Round(time.Minute)
		rows = append(rows, []string{m.Device, t.words.Sprintf("until %s, %d min left", onTheWall(m.Until, time.Now()), max(0, int(left/time.Minute))), m.Who, m.Why})
	}
	_, err := fmt.Fprint(t.stdout, words.Columns(rows))
	return err
}
