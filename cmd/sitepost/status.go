package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"sitepost/cmd/sitepost/control"
	"sitepost/cmd/sitepost/status"
	"sitepost/config/near"
)

// statusCommand shows how the site of the running daemon stands.
func statusCommand(t *tool) *cobra.Command {
	var watch bool
	c := &cobra.Command{
		Use:   "status [DEVICE]",
		Short: "show how the running site stands, what is wrong first",
		Long: `status asks the running sitepost how its site stands: the city, the disk, the clock,
every device. What is wrong comes first, with what to do about it. That the city is
gone is seen within 20 seconds. With the name of a device or line it shows that one
in full.

--watch shows it again each second at a terminal; elsewhere it prints anew when
something has changed. Ctrl-C ends it.

It ends with 0 if all is well, 1 if something is wrong, and 2 if no sitepost runs;
--watch ends with 0.`,
		Example: `  sitepost status
  sitepost status gas-1
  sitepost status --watch`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			look := glance{tool: t}
			if len(args) > 0 {
				look.device = args[0]
			}
			if watch {
				return look.watch(cmd.Context(), time.Second)
			}
			return look.once(cmd.Context())
		},
	}
	c.Flags().BoolVar(&watch, "watch", false, "show it again whenever it has changed, until Ctrl-C")
	return c
}

// A glance is one way to look at the running site.
type glance struct {
	*tool
	device string // "": all of it
}

func (g glance) once(ctx context.Context) error {
	s, err := g.ask(ctx)
	if err != nil {
		return err
	}
	text, wrong, err := g.show(&s)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprint(g.stdout, text); err != nil {
		return err
	}
	if wrong {
		return errFindings
	}
	return nil
}

func (g glance) ask(ctx context.Context) (status.Snapshot, error) {
	s, err := control.Client{Path: g.control}.Status(ctx)
	if errors.Is(err, control.ErrNobody) {
		err = fmt.Errorf("%w: start it with `sitepost run`, or give the socket of another one with --control", err)
	}
	return s, err
}

// show says a snapshot, or one device of it, and whether something is wrong there.
func (g glance) show(s *status.Snapshot) (text string, wrong bool, err error) {
	if g.device == "" {
		if g.json {
			text, err = indented(s)
			return text, len(s.Findings) > 0, err
		}
		return s.Words(g.words), len(s.Findings) > 0, nil
	}
	v, known := s.View(g.device)
	if !known {
		return "", false, noSuch("device or line", g.device, s.Names())
	}
	if g.json {
		text, err = indented(v)
	} else {
		text = v.Words(g.words)
	}
	return text, len(v.Findings) > 0, err
}

// watch shows it until ctx ends. A terminal is redrawn at each look, with as much as it
// has room for; elsewhere only what is new is printed. A sitepost that has gone may come back.
func (g glance) watch(ctx context.Context, every time.Duration) error {
	const clear = "\x1b[H\x1b[2J"
	if _, err := g.ask(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	redraw, last := atTerminal(g.stdout) && !g.json, ""
	for ctx.Err() == nil {
		text, gist, err := g.look(ctx)
		if err != nil {
			return err
		}
		switch {
		case ctx.Err() != nil:
		case redraw:
			columns, rows := sizeOf(g.stdout) // it may have another one since the last look
			rest := g.words.Sprintf("… the rest wants a larger window, or `sitepost status`\n")
			_, err = fmt.Fprint(g.stdout, clear, fit(text, rest, columns, rows))
		case gist != last:
			_, err = fmt.Fprint(g.stdout, text)
		}
		if err != nil {
			return err
		}
		last = gist
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	return nil
}

// look is one look of who watches: what is shown, and by what a change is known.
func (g glance) look(ctx context.Context) (text, gist string, err error) {
	s, err := g.ask(ctx)
	if err != nil { // it is being started again, or stopped for good: who watches sees which
		return g.words.Translate(err.Error()) + "\n", err.Error(), nil
	}
	text, _, err = g.show(&s)
	gist = s.Gist()
	if v, one := s.View(g.device); one {
		gist = fmt.Sprint(v.Device.State, v.Device.Since, v.Device.Why, v.Open)
	}
	return text, gist, err
}

// indented is JSON as a person can read it.
func indented(doc any) (string, error) {
	text, err := json.MarshalIndent(doc, "", "  ")
	return string(text) + "\n", err
}

// noSuch says that there is nothing of a name, and what was probably meant.
func noSuch(what, name string, names []string) error {
	if meant := near.Word(name, names); meant != "" {
		return fmt.Errorf("there is no %s %.100q: did you mean %q?", what, name, meant)
	}
	return fmt.Errorf("there is no %s %.100q", what, name)
}
