package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"sitepost/cmd/sitepost/points"
	"sitepost/config"
)

// An importing is one run of import.
type importing struct {
	*tool
	login, zone string // of the cameras that are written
	prefix      string // of their names
	system      string // of the positions: --coordinates
	write       bool
	reload      bool

	site *config.Config
}

// importCommand takes a table of points into the site file.
func importCommand(t *tool) *cobra.Command {
	i := &importing{tool: t}
	c := &cobra.Command{
		Use:   "import POINTS.CSV",
		Short: "take a table of points (点位表) into the site file",
		Long: `import reads a table of points as the police hand it out, shows what it would change
in the site file, and changes it with --write.

The table is CSV: UTF-8, or GBK as Excel writes it in China; commas, semicolons or
tabs. The row that names the columns may be in Chinese or English and in any order:
  name 点位名称   code 国标编码   address 安装地址   ip IP地址   mac MAC地址
  serial 序列号   zone 所属区域   recorder 录像机    channel 通道号
  longitude 经度  latitude 纬度
Other columns are named and not read. What is wrong with a row is told as
FILE:ROW:COLUMN, all in one run; while anything is wrong nothing is written.

A point that the site file knows (by code, MAC address or serial number, address, or
recorder and channel) gets the code and the title it lacks there. What the site file
says otherwise stays, and is told. Each other point becomes a [[camera]], and each
unknown area a [[zone]] whose class a person must choose. Names such as cam-001 are
permanent: look at them before the site runs.

Addresses, MAC addresses and positions become comments. Positions are taken as they
are, never converted: say with --coordinates in which system the table has them, for
maps in China show GCJ-02, hundreds of metres away from WGS-84.

With --write the file as it was is kept beside it, as site.toml.bak. The running sitepost
goes over to the new one when you say sitepost reload, or at once with --reload.`,
		Example: `  sitepost import 点位表.csv
  sitepost import 点位表.csv --login cameras --zone entrance --write
  sitepost reload`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return i.run(cmd, args[0]) },
	}
	flags := c.Flags()
	flags.BoolVar(&i.write, "write", false, "write what is shown into the site file")
	flags.StringVar(&i.login, "login", "", "[[login]] of the new cameras; needed if there are several")
	flags.StringVar(&i.zone, "zone", "", "[[zone]] of the new cameras for which the table names none; needed if there are several")
	flags.StringVar(&i.prefix, "prefix", "cam", "how the names of new cameras begin")
	flags.StringVar(&i.system, "coordinates", "", "system of the positions: wgs84, gcj02, cgcs2000 or bd09")
	reloadFlag(c, &i.reload, onWord)
	return c
}

func (i *importing) run(cmd *cobra.Command, path string) error {
	if err := i.checkFlags(); err != nil {
		return err
	}
	site, err := i.load()
	if err != nil {
		return err
	}
	i.site = site
	file, err := openSite(i.config)
	if err != nil {
		return err
	}
	table, err := readTable(path)
	if err != nil {
		return err
	}
	p := i.newPlan(cmd.Context(), table, file.text)
	if err := p.make(); err != nil {
		return err
	}
	return i.finish(cmd.Context(), table, p, file)
}

// systems are what --coordinates takes, and how a person writes it.
var systems = map[string]string{"wgs84": "WGS-84", "gcj02": "GCJ-02", "cgcs2000": "CGCS2000", "bd09": "BD-09"}

func (i *importing) checkFlags() error {
	if i.reload && !i.write {
		return errReloadOfNothing
	}
	if _, ok := systems[i.system]; i.system != "" && !ok {
		return fmt.Errorf("--coordinates %q is not known: write wgs84, gcj02, cgcs2000 or bd09", i.system)
	}
	if !profileName.MatchString(i.prefix) || len(i.prefix) > 26 {
		return fmt.Errorf("--prefix %q: names are in a-z, 0-9 and -, and a prefix has at most 26 characters", i.prefix)
	}
	return nil
}

// readTable reads a file of bounded size. O_NONBLOCK keeps a named pipe from holding
// us up.
func readTable(path string) (*points.Table, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, points.MaxFile+1))
	if err != nil {
		return nil, err
	}
	return points.Read(path, raw), nil
}

// finish prints what was found and what changes, and writes it if that was asked for.
func (i *importing) finish(ctx context.Context, table *points.Table, p *plan, file *siteFile) error {
	found := table.Sorted()
	if i.json {
		return i.finishJSON(ctx, table, p, file)
	}
	if table.Separator != "" {
		if err := i.say("%s: encoding %s, separator %q, points: %d\n", table.Name(), table.Encoding, table.Separator, len(table.Points)); err != nil {
			return err
		}
	}
	if err := i.printPoints(found); err != nil {
		return err
	}
	switch {
	case found.Wrong():
		return errors.Join(errFindings, i.say("%s stays as it is: correct the table first\n", i.config))
	case len(p.changes) == 0:
		return i.say("nothing new: %s stays as it is\n", i.config)
	}
	if err := i.compare(p.patch.change(i.config)); err != nil {
		return err
	}
	if !i.write {
		return i.say("%s\nnothing is written yet: look it over, above all the names, and say it again with --write\n", i.counted(p))
	}
	text := p.patch.applied()
	backup, err := i.amend(file, text)
	if err != nil {
		return err
	}
	if err := i.say("%s\nwrote %s; as it was before: %s\n", i.counted(p), i.config, backup); err != nil {
		return err
	}
	if i.reload {
		return i.force(ctx, text)
	}
	return i.say("next: look over zones and names, then `sitepost check --config %s`, then `sitepost reload`\n", i.config)
}

// counted says how much changes.
func (i *importing) counted(p *plan) string {
	fresh := 0
	for _, c := range p.changes {
		if c.New {
			fresh++
		}
	}
	return i.words.Sprintf("new cameras: %d, filled in: %d, new zones: %d", fresh, len(p.changes)-fresh, len(p.zones))
}

// printPoints lists findings as check lists those of the site file.
func (t *tool) printPoints(found points.Findings) error {
	var out strings.Builder
	for _, f := range found {
		text := t.words.Translate(f.Text)
		if f.Note {
			text = t.words.Sprintf("note: %s", text)
		}
		fmt.Fprintf(&out, "%s:%d:%d: %s\n", f.File, f.Row, f.Column, text)
	}
	_, err := fmt.Fprint(t.stdout, out.String())
	return err
}

// An imported is the answer of import to programs.
type imported struct {
	Encoding  string          `json:"encoding"`
	Separator string          `json:"separator"`
	Points    int             `json:"points"`
	Cameras   []change        `json:"cameras"`
	Zones     []newZone       `json:"zones"`
	Findings  points.Findings `json:"findings"`
	Written   bool            `json:"written"`
	Backup    string          `json:"backup,omitempty"`
}

func (i *importing) finishJSON(ctx context.Context, table *points.Table, p *plan, file *siteFile) error {
	found, text := table.Sorted(), p.patch.applied()
	a := imported{
		Encoding: table.Encoding, Separator: table.Separator, Points: len(table.Points),
		Cameras: append([]change{}, p.changes...), Zones: append([]newZone{}, p.zones...), Findings: append(points.Findings{}, found...),
	}
	var err error
	if i.write && !found.Wrong() && len(p.changes) > 0 {
		if a.Backup, err = i.amend(file, text); err != nil {
			return err
		}
		a.Written = true
	}
	if found.Wrong() {
		err = errFindings
	}
	if err = errors.Join(json.NewEncoder(i.stdout).Encode(a), err); err == nil && a.Written && i.reload {
		err = i.force(ctx, text)
	}
	return err
}

// takenNames are the names that share the topics of devices.
func takenNames(site *config.Config) map[string]bool {
	taken := map[string]bool{"box": true}
	for _, name := range slices.Concat(
		names(site.Cameras, func(c config.Camera) string { return c.Name }),
		names(site.Recorders, func(r config.Recorder) string { return r.Name }),
		names(site.Instruments, func(i config.Instrument) string { return i.Name }),
		names(site.Lines, func(l config.Line) string { return l.Name })) {
		taken[name] = true
	}
	return taken
}
