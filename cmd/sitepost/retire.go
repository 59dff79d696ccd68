package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sitepost/cmd/sitepost/control"
	"sitepost/cmd/sitepost/daemon"
	"sitepost/cmd/sitepost/status"
	"sitepost/devices"
)

// retireCommand gives the site up, or takes that back.
func retireCommand(t *tool) *cobra.Command {
	var ask control.RetireAsked
	var yes, undo bool
	c := &cobra.Command{
		Use:   "retire",
		Short: "give the site up: empty all that it retains at the city, and do not run again",
		Long: `retire asks the running sitepost to give its site up for good. It waits until the city is
there and has all alarms, for --within at most; until then nothing has happened. Then its
devices fall silent, what is on disk is sent for a bounded time, every retained topic of
the site is emptied at every broker that can be reached, up/state says "retired", and it
ends. A run that is killed in between goes on with that when it is started again.

From then on ` + "`sitepost run`" + ` ends at once, with 1, until ` + "`sitepost retire --undo`" + `, which is
run while no sitepost runs, and as its user (sudo -u sitepost). What is on disk stays there.

It ends with 0 when the site is given up, 1 when nothing has happened because the city
is not there, and 2 if no sitepost runs or nobody has said yes.`,
		Example: `  sitepost retire
  sitepost retire --yes --within 10m
  sudo -u sitepost sitepost retire --undo`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if undo {
				return t.unretire()
			}
			client := control.Client{Path: t.control}
			s, err := client.Status(cmd.Context())
			if errors.Is(err, control.ErrNobody) {
				return fmt.Errorf("%w: it must run to give the site up, for it has the connection to the city", err)
			}
			if err != nil {
				return err
			}
			if err := t.confirmRetire(s, yes, os.Stdin); err != nil {
				return err
			}
			var last control.Retiring
			err = client.Retire(cmd.Context(), ask, func(step control.Retiring) error { last = step; return t.printRetiring(step) })
			if err == nil && last.Step == control.RetireRefused {
				return errFindings
			}
			return err
		},
	}
	flags := c.Flags()
	flags.BoolVar(&yes, "yes", false, "do not ask")
	flags.BoolVar(&ask.Now, "now", false, "do not wait for alarms that the city does not have")
	flags.DurationVar(&ask.Within, "within", time.Minute, "how long the city may be away before nothing is done, an hour at most")
	flags.BoolVar(&undo, "undo", false, "take it back: the box may run again")
	return c
}

// confirmRetire shows what will happen, and has a person type the name of the site.
func (t *tool) confirmRetire(s status.Snapshot, yes bool, from *os.File) error {
	if !t.json {
		lanes := s.Store.Lanes
		err := t.say("site %s is given up: its %d devices fall silent, its topics at the city are emptied, and this box does not run again\n", s.Site, len(s.Devices)-1) // without the box
		if err == nil {
			err = t.say("not delivered yet: %d alarms, %d events, %d readings\n",
				lanes[devices.AlarmLane].Waiting, lanes[devices.EventLane].Waiting, lanes[devices.ReadingLane].Waiting)
		}
		if err != nil {
			return err
		}
	}
	if yes {
		return nil
	}
	if !atTerminal(from) || t.json {
		return errors.New("nobody has said yes: give --yes, or type the name of the site at a terminal")
	}
	if err := t.say("type the name of the site to give it up: "); err != nil {
		return err
	}
	name, err := bufio.NewReader(io.LimitReader(from, 256)).ReadString('\n')
	if err != nil || strings.TrimSpace(name) != s.Site {
		return fmt.Errorf("that is not %q: nothing has happened", s.Site)
	}
	return nil
}

// printRetiring prints a step.
func (t *tool) printRetiring(r control.Retiring) error {
	if t.json {
		return json.NewEncoder(t.stdout).Encode(r)
	}
	switch r.Step {
	case control.RetireWaits:
		return t.say("waiting: %s; %d alarms are not delivered\n", t.words.Translate(r.Why), r.Alarms)
	case control.RetireRefused:
		return t.say("nothing has happened: %s; %d alarms are not delivered\n", t.words.Translate(r.Why), r.Alarms)
	case control.RetireBegun:
		return t.say("it has begun: the devices fall silent, and what is on disk is sent\n")
	}
	var err error
	for _, b := range r.Brokers {
		if b.Failed != "" {
			err = errors.Join(err, t.say("broker %s was not reached, and what it retains of this site stays there: %s\n", b.Name, t.words.Translate(b.Failed)))
			continue
		}
		err = errors.Join(err, t.say("broker %s: %d topics emptied, up/state says retired\n", b.Name, b.Emptied))
	}
	return errors.Join(err, t.say("retired at %s; %d records stay on disk\n", r.At.Local().Format(time.DateTime), r.Records))
}

// unretire takes the mark away.
func (t *tool) unretire() error {
	c, err := t.load()
	if err != nil {
		return err
	}
	if err := leavesTo(c.Store.Directory); err != nil {
		return err
	}
	was, err := daemon.Unretire(daemon.Options{Config: c})
	switch {
	case err != nil:
		return err
	case was == nil:
		return t.say("this box is not retired: there is nothing to undo\n")
	}
	return t.say("undone: this box, retired at %s by %s, may run again\n", was.At.Local().Format(time.DateTime), was.By)
}
