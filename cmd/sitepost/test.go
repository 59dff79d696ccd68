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
	"sitepost/devices"
)

// testCommand sends test alarms and follows them to the city.
func testCommand(t *tool) *cobra.Command {
	var all bool
	var within time.Duration
	c := &cobra.Command{
		Use:   "test DEVICE",
		Short: "send a test alarm and follow it to the city",
		Long: `test has the running sitepost send an alarm of a device that is marked as a test, and
follows it: onto the disk, to the broker and, where the site has receipts, to the
platform. It tests the way to the city, not the device: that one may be silent, disabled
or in maintenance.

With --all it sends one for each device that is not disabled, one after the other. They
all go the same way: the first that does not arrive ends it.

It ends with 0 if all arrived in time, 1 if not, and 2 if no sitepost runs.`,
		Example: `  sitepost test gate-1
  sitepost test --all`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if (len(args) == 1) == all {
				return errors.New("name one device, or write --all")
			}
			if within < time.Second || within > 10*time.Minute {
				return fmt.Errorf("--within %v: write 1s to 10m", within)
			}
			r := &trials{tool: t, door: control.Client{Path: t.control}, within: within}
			if !all {
				return r.one(cmd.Context(), args[0])
			}
			return r.all(cmd.Context())
		},
	}
	c.Flags().BoolVar(&all, "all", false, "of every device that is not disabled")
	c.Flags().DurationVar(&within, "within", 30*time.Second, "how long it may take to arrive: 1s to 10m")
	return c
}

// trials are test alarms, one after the other:
//
//	gate-1   on disk 3 ms   broker 41 ms   platform 412 ms
//	gas-1    on disk 2 ms   broker 39 ms   platform 398 ms   (silent: nothing heard for 11s)
type trials struct {
	tool   *tool
	door   control.Client
	within time.Duration
	width  int // of a name

	sent, receipts int
	worst          int64 // ms, of those that arrived
	byPlatform     bool  // the receipts are the platform's
}

// one tests one device.
func (r *trials) one(ctx context.Context, device string) error {
	if err := r.try(ctx, device); err != nil {
		return err
	}
	if r.receipts == 0 {
		return errFindings
	}
	if !r.byPlatform && !r.tool.json {
		return r.tool.say("the broker's word is all there is: the site has no receipts of the platform (uplink.receipt)\n")
	}
	return nil
}

// all tests every device that is in use, until one does not arrive.
func (r *trials) all(ctx context.Context) error {
	s, err := r.door.Status(ctx)
	if err != nil {
		return askedNobody(err)
	}
	var names []string
	for _, d := range s.Devices {
		if d.Kind != devices.Box && d.State != "disabled" {
			names = append(names, d.Name)
			r.width = max(r.width, words.Width(d.Name))
		}
	}
	for _, name := range names {
		if err := r.try(ctx, name); err != nil {
			return err
		}
		if r.receipts < r.sent {
			break
		}
	}
	if err := r.summary(len(names)); err != nil {
		return err
	}
	if r.receipts < max(1, len(names)) { // of no device nothing is proved
		return errFindings
	}
	return nil
}

// summary is the last line of all.
func (r *trials) summary(of int) error {
	if r.tool.json {
		return json.NewEncoder(r.tool.stdout).Encode(struct {
			Devices  int   `json:"devices"`
			Sent     int   `json:"sent"`
			Receipts int   `json:"receipts"`
			WorstMS  int64 `json:"worst_ms"`
		}{of, r.sent, r.receipts, r.worst})
	}
	text := r.tool.words.Sprintf("%d devices, %d receipts", of, r.receipts)
	if r.receipts > 0 {
		text += r.worstIn()
	}
	if left := of - r.sent; left > 0 {
		text += r.tool.words.Sprintf("; %d not tested: they go the same way", left)
	}
	if r.receipts > 0 && !r.byPlatform {
		text += r.tool.words.Sprintf("; the broker's word is all there is")
	}
	_, err := fmt.Fprintln(r.tool.stdout, text)
	return err
}

// worstIn is the longest that one took to arrive.
func (r *trials) worstIn() string {
	if r.worst < 100 {
		return r.tool.words.Sprintf(", worst %d ms", r.worst)
	}
	return r.tool.words.Sprintf(", worst %.1f s", float64(r.worst)/1000)
}

// try sends one and prints its line as it gets on.
func (r *trials) try(ctx context.Context, device string) error {
	beside, ended := "", false
	r.sent++
	err := r.door.Try(ctx, device, r.within, func(s control.Stage) error {
		ended = ended || s.Step.Last()
		switch s.Step {
		case control.StepDone:
			r.receipts++
			r.worst = max(r.worst, s.MS)
		case control.StepPlatform:
			r.byPlatform = true
		}
		if r.tool.json {
			return json.NewEncoder(r.tool.stdout).Encode(s)
		}
		return r.print(s, &beside)
	})
	if err != nil {
		return askedNobody(err)
	}
	if !ended {
		return fmt.Errorf("%q: the running sitepost has hung up", device)
	}
	return nil
}

// print prints one stage. What is to stand beside the line waits for its end.
func (r *trials) print(s control.Stage, beside *string) error {
	say := r.tool.say
	switch s.Step {
	case control.StepStands:
		*beside = r.tool.words.Sprintf("   (%s: %s)", r.tool.words.Translate(s.State), r.tool.words.Translate(s.Text))
		if s.Text == "" {
			*beside = r.tool.words.Sprintf("   (%s)", r.tool.words.Translate(s.State))
		}
		return nil
	case control.StepDisk:
		return say("%s   on disk %d ms", words.Pad(s.Device, r.width), s.MS)
	case control.StepBroker:
		return say("   broker %d ms", s.MS)
	case control.StepPlatform:
		return say("   platform %d ms", s.MS)
	case control.StepLate:
		return say("   not arrived after %.1f s: %s; it is on disk and will follow%s\n", float64(s.MS)/1000, r.tool.words.Translate(s.Text), *beside)
	case control.StepReplaced:
		return say("   %s: test again%s\n", r.tool.words.Translate(s.Text), *beside)
	case control.StepMemory:
		return say("%s   %s%s\n", words.Pad(s.Device, r.width), r.tool.words.Translate(s.Text), *beside)
	}
	_, err := fmt.Fprintln(r.tool.stdout, *beside) // done
	return err
}
