package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"sitepost/cmd/sitepost/control"
	"sitepost/cmd/sitepost/daemon"
	"sitepost/config"
	"sitepost/devices"
	"sitepost/devices/line"
)

// A wire is the line that a tool was pointed at: by its name in the site file,
// or as a port, with or without a site.
type wire struct {
	line config.Line
	site *config.Config // nil: the port stands in no site file
	tool *tool
}

// findWire finds the line of a name, or the port that was typed. A port may be
// a path, tcp://HOST:PORT or modbus-tcp://HOST:PORT. settings, if given, win.
func (t *tool) findWire(arg, settings string, named bool) (*wire, error) {
	isPort := strings.Contains(arg, "/")
	site, err := t.load()
	switch {
	case err != nil && (!isPort || named):
		return nil, err
	case err != nil:
		site = nil // a port needs no site
	}
	w := &wire{site: site, tool: t}
	if isPort {
		w.line, err = portOf(arg, site)
	} else {
		w.line, err = lineOf(arg, site)
	}
	if err != nil {
		return nil, err
	}
	if settings != "" {
		if err := w.line.Settings.UnmarshalText([]byte(settings)); err != nil {
			return nil, fmt.Errorf("--settings: %w", err)
		}
	}
	return w, nil
}

// lineOf returns a line of the site.
func lineOf(name string, site *config.Config) (config.Line, error) {
	var names []string
	for _, l := range site.Lines {
		if l.Name == name {
			return l, nil
		}
		names = append(names, l.Name)
	}
	return config.Line{}, fmt.Errorf("%s has no line %q: write one of %s, or a port such as /dev/ttyUSB0 or tcp://10.37.20.60:4001",
		site.Path, name, strings.Join(names, ", "))
}

// portOf returns the line of the site that has this port, or a line of its own.
func portOf(port string, site *config.Config) (config.Line, error) {
	l, err := config.ParsePort(port)
	if err != nil || site == nil {
		return l, err
	}
	for _, known := range site.Lines {
		if known.Address == l.Address && samePort(known.Port, l.Port) {
			return known, nil
		}
	}
	return l, nil
}

// samePort says whether two paths lead to one port: the site file names it by its
// place, a person by what ls shows.
func samePort(a, b string) bool {
	if a == b {
		return true
	}
	there, err := filepath.EvalSymlinks(a)
	if err != nil {
		return false
	}
	here, err := filepath.EvalSymlinks(b)
	return err == nil && here == there
}

// oneWire wants exactly one line or port.
func oneWire(c *cobra.Command, args []string) error {
	if len(args) == 1 {
		return nil
	}
	return fmt.Errorf("%s wants one line of the site file or one port, got %d: `%[1]s --help` shows how", c.CommandPath(), len(args))
}

// instruments returns those of the site that hang on the wire.
func (w *wire) instruments() []config.Instrument {
	var on []config.Instrument
	if w.site == nil || w.line.Name == "" {
		return nil
	}
	for _, i := range w.site.Instruments {
		if i.Line == w.line.Name && i.Disabled == nil {
			on = append(on, i)
		}
	}
	return on
}

// opener opens the wire with the settings given, or its own.
func (w *wire) opener(s config.Settings) line.Opener {
	l := w.line
	l.Settings = s
	return daemon.OpenLine(l)
}

// borrow takes the wire from the running daemon, if one has it, until giveBack
// is called. The context returned ends when the daemon took it back.
func (w *wire) borrow(ctx context.Context) (held context.Context, giveBack func(), err error) {
	nothing := func() {}
	if w.line.Name == "" {
		return ctx, nothing, nil
	}
	returned, lost, err := w.door().Borrow(ctx, w.line.Name)
	switch {
	case errors.Is(err, control.ErrNobody):
		return ctx, nothing, nil
	case err != nil:
		return nil, nil, err
	}
	w.tool.remark("line %q is lent by the running sitepost; its instruments are in maintenance until this ends", w.line.Name)
	held, cancel := context.WithCancelCause(ctx)
	var watching sync.WaitGroup
	watching.Go(func() {
		select {
		case why := <-lost:
			cancel(why)
		case <-held.Done():
		}
	})
	return held, func() { returned(); cancel(nil); watching.Wait() }, nil
}

func (w *wire) door() control.Client { return control.Client{Path: w.tool.control} }

// own opens the wire as a line of this process, runs it while do is at work,
// and says at once if it cannot be opened.
func (w *wire) own(ctx context.Context, o line.Config, do func(context.Context, *line.Line) error) error {
	o.Name, o.Open, o.Settings = w.String(), w.opener(w.line.Settings), line.Settings(w.line.Settings)
	l := line.New(o)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	lineCtx, stop := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() {
		if err := l.Run(lineCtx); err != nil {
			cancel(err)
		}
	})
	running.Go(func() { _ = l.Watch().Run(lineCtx, func(e devices.Event) error { return w.lost(e, cancel) }) })
	defer running.Wait()
	defer stop()
	if err := do(ctx, l); err != nil {
		return err
	}
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) && !errors.Is(cause, context.DeadlineExceeded) {
		return cause
	}
	return nil
}

// lost ends a tool's work when its line is: a person is there who can do
// something about it.
func (w *wire) lost(e devices.Event, cancel context.CancelCauseFunc) error {
	if e.Code != devices.LineLost || e.State != devices.Raised {
		return nil
	}
	cancel(fmt.Errorf("%s: %s", w, e.Text))
	return nil
}

// String names the wire for a person.
func (w *wire) String() string {
	switch {
	case w.line.Name != "":
		return w.line.Name
	case w.line.Address != "":
		return w.line.Address
	}
	return w.line.Port
}

// warn says what the site file would not allow; what a person typed is done
// this one time all the same.
func (w *wire) warn() {
	if w.line.Address == "" || w.line.Name != "" || w.site == nil {
		return
	}
	if !w.site.Allows(w.line.Address) {
		w.tool.remark("%s lies outside network.device_networks of %s; dialled this one time because you said so", w.line.Address, w.site.Path)
	}
}

// lasting returns a context that ends after a time, if one is given.
func lasting(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if d <= 0 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, d)
}
