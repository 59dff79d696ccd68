package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"sitepost/config"
	"sitepost/devices/instrument"
	"sitepost/devices/line"
	"sitepost/devices/modbus"
	"sitepost/devices/osdp"
	"sitepost/devices/survey"
)

// scanCommand finds the Modbus addresses on a line.
func scanCommand(t *tool) *cobra.Command {
	var settings, addresses string
	c := &cobra.Command{
		Use:   "scan LINE|PORT",
		Short: "ask which Modbus addresses on a line answer",
		Long: `scan reads one register from each Modbus address and lists who answers. It listens
for 3 s first and asks nothing where another master does. All addresses take a
minute and a half; 126 and 235 are left out, for a gate could take a question to
them for a command.

LINE is one of the site file, and all its instruments must be Modbus: a question
in Modbus may mean something else to another protocol. If sitepost is running it
lends the line meanwhile. PORT is any port on which nothing but Modbus hangs:

  sitepost scan bus-a
  sitepost scan /dev/ttyUSB0 --settings "9600 8N1"`,
		Args: oneWire,
		RunE: func(cmd *cobra.Command, args []string) error {
			w, err := t.findWire(args[0], settings, cmd.Flags().Changed("config"))
			if err != nil {
				return err
			}
			w.warn()
			if err := w.mayScan(); err != nil {
				return err
			}
			first, last, ok := unitsOf(addresses)
			if !ok {
				return fmt.Errorf("--addresses %q: write the first and the last, such as 1-32; the highest is %d", addresses, survey.LastUnit)
			}
			return w.scan(cmd.Context(), first, last)
		},
	}
	c.Flags().StringVar(&settings, "settings", "", `settings of the port, as on the label: "9600 8N1"`)
	c.Flags().StringVar(&addresses, "addresses", fmt.Sprintf("1-%d", survey.LastUnit), "which addresses to ask")
	return c
}

// unitsOf reads "1-32". What stands behind is no end that may be left out: somebody
// would take what was not asked for what does not answer.
func unitsOf(text string) (first, last byte, ok bool) {
	a, b, _ := strings.Cut(text, "-")
	from, err := strconv.ParseUint(strings.TrimSpace(a), 10, 8)
	to, lastErr := strconv.ParseUint(strings.TrimSpace(b), 10, 8)
	ok = err == nil && lastErr == nil && from >= 1 && from <= to && to <= survey.LastUnit
	return byte(from), byte(to), ok
}

// mayScan says why a line must not be asked in Modbus.
func (w *wire) mayScan() error {
	if w.line.Use == config.Listen {
		return fmt.Errorf("line %q is only listened to (use = \"listen\"): somebody else asks there", w.line.Name)
	}
	for _, i := range w.instruments() {
		if i.Protocol == config.OSDP {
			return fmt.Errorf("line %q is not all Modbus: instrument %q speaks OSDP", w.line.Name, i.Name)
		}
		p, err := instrument.Load(i.Profile, w.tool.profiles)
		if err != nil {
			return err
		}
		if !p.Modbus() {
			return fmt.Errorf("line %q is not all Modbus: instrument %q speaks as profile %q says", w.line.Name, i.Name, i.Profile)
		}
	}
	return w.mustKnowSettings()
}

// mustKnowSettings refuses a port that nobody has said the settings of.
func (w *wire) mustKnowSettings() error {
	if w.line.Settings.Baud == 0 && w.line.Port != "" {
		return errors.New(`a port needs settings: write --settings "9600 8N1", as on the label, or find them out with "sitepost listen PORT --guess"`)
	}
	return nil
}

// scan asks, and prints who answers as soon as it does.
func (w *wire) scan(ctx context.Context, first, last byte) error {
	asked := ctx
	ctx, giveBack, err := w.borrow(asked)
	if err != nil {
		return err
	}
	defer giveBack()
	next := int(first)
	overheard := func(heard []byte) bool { return modbus.Overheard(heard) || osdp.Overheard(heard) }
	var there []survey.Found
	o := line.Config{Pause: w.line.Pause, Private: w.line.ModbusTCP, Foreign: overheard}
	err = w.own(ctx, o, func(ctx context.Context, l *line.Line) error {
		if !w.line.ModbusTCP {
			w.tool.remark("listening to %s for 3 s before the first question", w)
		}
		return survey.Scan(ctx, first, last, l.Ask, func(f survey.Found) {
			next = int(f.Unit) + 1
			w.progress(f, len(there))
			if f.There {
				there = append(there, f)
			}
			w.print(f)
		})
	})
	if errors.Is(err, line.ErrSecondMaster) {
		return fmt.Errorf("%w: nothing more was asked; `sitepost listen %s` shows what it says", err, w)
	}
	if asked.Err() != nil {
		return errors.Join(w.sum(there, true), fmt.Errorf("stopped: from address %d on nobody was asked", next))
	}
	if err != nil {
		return err
	}
	return w.sum(there, false)
}

// print prints what came from an address, if anything did.
func (w *wire) print(f survey.Found) {
	if !w.tool.json && f.Answer != "" {
		fmt.Fprintf(w.tool.stdout, "%3d  %s\n", f.Unit, w.tool.words.Translate(f.Answer))
	}
}

// progress tells every twenty-five addresses how far the scan is.
func (w *wire) progress(f survey.Found, so int) {
	if f.Unit%25 == 0 {
		w.tool.remark("asked up to address %d, %d answered", f.Unit, so)
	}
}

// sum ends a scan, or one that was stopped on the way.
func (w *wire) sum(there []survey.Found, stopped bool) error {
	if w.tool.json {
		type found struct {
			Address int    `json:"address"`
			Answer  string `json:"answer"`
		}
		all := []found{}
		for _, f := range there {
			all = append(all, found{int(f.Unit), f.Answer})
		}
		return json.NewEncoder(w.tool.stdout).Encode(all)
	}
	err := w.tool.say("%d found\n", len(there))
	if len(there) == 0 && !stopped {
		w.tool.remark("nobody answered: are A and B swapped, is the baud right, has the instrument power?")
	}
	return err
}
