package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"sitepost/cmd/sitepost/box"
	"sitepost/cmd/sitepost/control"
	"sitepost/cmd/sitepost/daemon"
	"sitepost/cmd/sitepost/doctor"
	"sitepost/cmd/sitepost/status"
	"sitepost/config"
)

// doctorCommand looks at everything from the power to the platform.
func doctorCommand(t *tool) *cobra.Command {
	d := &visit{tool: t}
	c := &cobra.Command{
		Use:   "doctor [DEVICE]",
		Short: "look at everything from the power to the platform, and say what to do",
		Long: `doctor looks at the machine, its disk and its clock, the site file, the network of the
devices, every line and device, and the way to each broker layer by layer, and says in
one line for each how it is. What is not good has a code, a place, a cause and a next
step; the layer at which a way fails is named.

It disturbs nobody: what a running sitepost knows it is asked for, no port is opened, no
camera is sent a password, and nobody logs in at a broker while sitepost runs.

--bundle writes all of it, and what else a person needs who cannot come, into a new file
for the manufacturer, without passwords, keys, users, or card numbers; its list is shown.

It ends with 0 if nothing is wrong, 1 if something is, and 2 if the site file cannot be
opened and no sitepost runs.`,
		Example: `  sitepost doctor
  sitepost doctor gas-1
  sitepost doctor --bundle site.tar.gz`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				d.device = args[0]
			}
			return d.run(cmd.Context())
		},
	}
	c.Flags().BoolVar(&d.ascii, "ascii", false, "draw with plain characters, for a terminal that knows no others")
	c.Flags().StringVar(&d.bundle, "bundle", "", "also write everything into this new file (tar.gz), without a secret")
	return c
}

// A visit is one run of doctor.
type visit struct {
	*tool
	device string
	ascii  bool
	bundle string

	site  *config.Config // nil: it has mistakes
	found config.Findings
	snap  *status.Snapshot // nil: no sitepost runs, or does not answer
}

func (v *visit) run(ctx context.Context) error {
	absent, err := v.read(ctx)
	if err != nil {
		return err
	}
	if err := v.known(); err != nil {
		return err
	}
	report := doctor.Examine(ctx, v.options(absent))
	if err := ctx.Err(); err != nil {
		return errors.New("interrupted")
	}
	if err := v.print(report); err != nil {
		return err
	}
	if v.bundle != "" {
		if err := v.writeBundle(ctx, report); err != nil {
			return err
		}
	}
	if report.Count(doctor.Wrong)+report.Count(doctor.Look) > 0 {
		return errFindings
	}
	return nil
}

// read reads the site file and asks the running sitepost. absent is why that does not
// answer, nil if there is none.
func (v *visit) read(ctx context.Context) (absent, err error) {
	snap, absent := control.Client{Path: v.control}.Status(ctx)
	switch {
	case absent == nil:
		v.snap = &snap
	case errors.Is(absent, control.ErrNobody):
		absent = nil
	}
	v.found = config.Check(v.config, v.env())
	v.site, _ = config.Load(v.config, v.env()) // nil: what is wrong is in found
	unopened := v.found.Of(config.Unopened)
	if len(unopened) > 0 && v.snap == nil {
		return nil, errors.New(unopened[0].File + ": " + unopened[0].Text)
	}
	return absent, nil
}

// known says that there is no device of the name that was given.
func (v *visit) known() error {
	if v.device == "" {
		return nil
	}
	var names []string
	if v.snap != nil {
		names = v.snap.Names()
	}
	if v.site != nil {
		names = append(names, namesOf(v.site)...)
	}
	if len(names) > 0 && !slices.Contains(names, v.device) {
		return noSuch("device or line", v.device, names)
	}
	return nil
}

// namesOf lists the devices and lines of a site file.
func namesOf(c *config.Config) (all []string) {
	for _, l := range c.Lines {
		all = append(all, l.Name)
	}
	for _, i := range c.Instruments {
		all = append(all, i.Name)
	}
	for _, r := range c.Recorders {
		all = append(all, r.Name)
	}
	for _, k := range c.Cameras {
		all = append(all, k.Name)
	}
	return all
}

func (v *visit) options(absent error) doctor.Options {
	synced := func() bool { return box.ReadClock().Synced }
	o := doctor.Options{
		Machine: doctor.Here(synced, box.AskTime), Version: version(), Path: v.config, Site: v.site, Found: v.found,
		Snapshot: v.snap, Absent: absent, Hangs: absent != nil && !errors.Is(absent, fs.ErrPermission), Device: v.device, Progress: v.progressOf(),
		TLS: func(b config.Broker) (*tls.Config, error) { return daemon.TLS(v.site, b) },
	}
	switch {
	case v.site == nil || v.snap != nil:
	case absent != nil:
		o.WhyNot = "a sitepost may be running that cannot be asked"
	default:
		if o.WhyNot = inUse(v.site.Store.Directory); o.WhyNot == "" {
			o.Knock = func(ctx context.Context, b config.Broker) (string, error) {
				return daemon.Knock(ctx, v.site, b, synced)
			}
		}
	}
	return o
}

// inUse says why a store may be in use, "" if it is not: a sitepost that runs with
// another socket must not be thrown out by a second login.
func inUse(directory string) string {
	f, err := os.Open(filepath.Join(directory, "lock"))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return ""
	case err != nil:
		return "whether a sitepost runs cannot be seen by this user"
	}
	defer f.Close()
	if err := unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB); err != nil {
		return "a sitepost runs that cannot be asked (give its socket with --control)"
	}
	return ""
}

// progressOf tells a person at a terminal how far the looks are.
func (v *visit) progressOf() func(done, of int) {
	if !atTerminal(v.stderr) {
		return nil
	}
	return func(done, of int) {
		if done == of-1 {
			fmt.Fprint(v.stderr, "\r\x1b[K")
			return
		}
		fmt.Fprint(v.stderr, "\r\x1b[K", v.words.Sprintf("looking: %d of %d", done, of))
	}
}

func (v *visit) print(r doctor.Report) error {
	if v.json {
		text, err := indented(r)
		if err == nil {
			_, err = fmt.Fprint(v.stdout, text)
		}
		return err
	}
	_, err := fmt.Fprint(v.stdout, r.Words(doctor.Style{Speaker: v.words, ASCII: v.ascii || !utf8Locale(os.Getenv)}))
	return err
}

// utf8Locale says whether the terminal is said to know more than ASCII.
func utf8Locale(getenv func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if value := getenv(name); value != "" {
			value = strings.ToLower(strings.ReplaceAll(value, "-", ""))
			return strings.Contains(value, "utf8")
		}
	}
	return false
}
