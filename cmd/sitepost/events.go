package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"sitepost/cmd/sitepost/control"
	"sitepost/cmd/sitepost/words"
	"sitepost/devices"
)

// eventsCommand shows the records of the running site.
func eventsCommand(t *tool) *cobra.Command {
	var ask control.EventsAsked
	var lane string
	c := &cobra.Command{
		Use:   "events",
		Short: "show what happened on the site, the newest last, and whether the city has it",
		Long: `events asks the running sitepost for the records on its disk: when, whether the city has
it, which device, what, with which value. Alarms are kept for as long as the site file
says, also when the city has them; events and readings go when the city has them.

  waiting    no broker has it
  sent       a broker has it, and the site waits for the platform's receipt
  delivered  it is done: the platform, or where the site asks for no receipt the broker, has it
  memory     the disk refuses it: it goes to the city from memory

Readings are shown with --lane reading only. Looking for one device it looks through the
last 50,000 records of a lane. Card numbers are not shown.

The records belong to the running sitepost, and can be asked for through it alone: it
renews their file under whoever else would read it. What is in the file of a box that is
switched off is sent when it runs again, and ` + "`sitepost store verify`" + ` says whether it is sound.`,
		Example: `  sitepost events --follow
  sitepost events --device gas-1 --lane alarm -n 200
  sitepost events --undelivered --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ask.Lane = devices.Lane(lane)
			err := control.Client{Path: t.control}.Events(cmd.Context(), ask, t.printEvent)
			if errors.Is(err, control.ErrNobody) {
				return fmt.Errorf("%w: the records are asked for through it; start it with `sitepost run`, or give the socket of another one with --control", err)
			}
			return err
		},
	}
	flags := c.Flags()
	flags.BoolVar(&ask.Follow, "follow", false, "go on with what comes, until Ctrl-C")
	flags.StringVar(&ask.Device, "device", "", "of this device only")
	flags.StringVar(&lane, "lane", "", "of this lane only: alarm, event or reading; otherwise alarms and events")
	flags.BoolVar(&ask.Undelivered, "undelivered", false, "only what the city does not have")
	flags.IntVarP(&ask.Most, "number", "n", 50, "the newest so many, 2000 at most")
	return c
}

// printEvent prints one record: as JSON, or as a line for a person.
func (t *tool) printEvent(e control.Event) error {
	if t.json {
		return json.NewEncoder(t.stdout).Encode(e)
	}
	_, err := fmt.Fprintf(t.stdout, "%s  %s  %s  %s\n", e.Time.Local().Format("01-02 15:04:05"),
		words.Pad(t.word(markOf(e)), 9), words.Pad(words.Plain(e.Device, 40), 12), words.Plain(t.wordsOf(e), 1<<10))
	return err
}

// markOf says whether the city has a record.
func markOf(e control.Event) string {
	switch {
	case e.Delivered:
		return "delivered"
	case e.Volatile:
		return "memory"
	case e.Sent:
		return "sent"
	}
	return "waiting"
}

// wordsOf is what happened, as a person says it: "gas above the high limit: raised, 52 %LEL
// (limit 50), at 3, in mode test".
func (t *tool) wordsOf(e control.Event) string {
	what := string(e.Type)
	if m, known := e.Type.Meaning(); known {
		what = m.English
		if t.words.Language() == words.Chinese {
			what = m.Chinese
		}
	}
	var more []string
	say := func(format string, args ...any) { more = append(more, t.words.Sprintf(format, args...)) }
	switch {
	case e.Reminder > 0:
		say("still so")
	case e.State == devices.Raised:
		say("raised")
	case e.State == devices.Cleared && e.ClearedBy != "" && e.ClearedBy != "device":
		more = append(more, t.word("cleared by "+e.ClearedBy))
	case e.State == devices.Cleared:
		say("cleared")
	}
	if e.Is != "" {
		more = append(more, t.word(e.Is))
	}
	if v := e.Value; v != nil {
		more = append(more, strings.TrimSpace(fmt.Sprintf("%s %g %s", v.Quantity, v.Number, v.Unit)))
		if v.Limit != nil {
			say("limit %g", *v.Limit)
		}
	}
	if e.Direction != "" {
		more = append(more, t.word(string(e.Direction)))
	}
	if e.Count != nil && e.Count.Step > 1 {
		say("%d times", e.Count.Step)
	}
	if e.Subject != "" {
		say("at %s", e.Subject)
	}
	if e.Mode != devices.Normal.String() {
		more = append(more, t.word("in mode "+e.Mode))
	}
	for _, text := range []string{e.Detail, e.Text} {
		if text != "" {
			more = append(more, t.words.Translate(text))
		}
	}
	if len(more) == 0 {
		return what
	}
	return t.words.Sprintf("%s: %s", what, strings.Join(more, t.words.Sprintf(", ")))
}
