package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"sitepost/cmd/sitepost/control"
	"sitepost/devices/line"
)

// A listening is what `sitepost listen` was asked for.
type listening struct {
	settings, profile, record string
	address                   int
	look                      time.Duration
	guess                     bool
}

// listenCommand shows what is said on a line, and writes nothing to it.
func listenCommand(t *tool) *cobra.Command {
	var o listening
	c := &cobra.Command{
		Use:   "listen LINE|PORT",
		Short: "show what is said on a line: bytes, text and what they mean",
		Long: `listen shows what is said on a line, and writes nothing to it. LINE is one of the
site file; if sitepost is running, it goes on asking and you hear its questions
too (>) and the answers (<). PORT is any port, with or without a site file:

  sitepost listen bus-a
  sitepost listen /dev/ttyUSB0 --settings "9600 8N1" --profile winsen-zp14
  sitepost listen tcp://10.37.20.60:4001 --record door.capture
  sitepost listen /dev/ttyUSB0 --guess

--record writes what was heard in the form that "sitepost try PROFILE CAPTURE"
replays. --guess tries the usual settings one after the other and says which
profile or protocol fits what it hears, and how sure that is; a line of a running
sitepost is lent for that and comes back by itself.`,
		Args: oneWire,
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.guess && (o.record != "" || o.profile != "") {
				return errors.New("--guess finds out what is spoken: use --record and --profile without it, with the settings that it has found")
			}
			w, err := t.findWire(args[0], o.settings, cmd.Flags().Changed("config"))
			if err != nil {
				return err
			}
			w.warn()
			if o.guess {
				return w.guess(cmd.Context(), o.look)
			}
			return w.listen(cmd.Context(), o)
		},
	}
	flags := c.Flags()
	flags.StringVar(&o.settings, "settings", "", `settings of the port, as on the label: "9600 8N1"`)
	flags.StringVar(&o.profile, "profile", "", "also decode with this profile")
	flags.IntVar(&o.address, "address", 1, "of the instrument, for --profile")
	flags.DurationVar(&o.look, "for", 0, "how long to listen; with --guess, per setting (default: until Ctrl-C; 6s)")
	flags.StringVar(&o.record, "record", "", "file to write the capture to; it must not exist")
	flags.BoolVar(&o.guess, "guess", false, "find out the settings and what is spoken")
	return c
}

// listen shows what is said until ctx ends: through the running daemon where it
// has the line, else from the port itself.
func (w *wire) listen(ctx context.Context, o listening) error {
	show, err := w.newShow(o)
	if err != nil {
		return err
	}
	ctx, cancel := lasting(ctx, o.look)
	defer cancel()
	err = w.hear(ctx, show)
	return errors.Join(err, show.close())
}

func (w *wire) hear(ctx context.Context, show *show) error {
	if w.line.Name != "" {
		w.tool.remark("listening to line %q (Ctrl-C ends)", w.line.Name)
		err := w.door().Listen(ctx, w.line.Name, show.hear)
		if !errors.Is(err, control.ErrNobody) {
			return err
		}
		w.tool.remark("no running sitepost at %s: the port is opened from here", w.tool.control)
	}
	if err := w.mustKnowSettings(); err != nil {
		return err
	}
	return w.own(ctx, line.Config{ListenOnly: true}, func(ctx context.Context, l *line.Line) error {
		ear := l.Listen()
		defer ear.Close()
		w.tool.remark("listening to %s (Ctrl-C ends)", w)
		for {
			chunk, err := ear.Next(ctx)
			if ctx.Err() != nil {
				return nil
			}
			if err != nil {
				return err
			}
			if err := show.hear(chunk); err != nil {
				return err
			}
		}
	})
}
