package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"sitepost/ingest/store"
)

// storeCommand looks at what a site keeps on disk.
func storeCommand(t *tool) *cobra.Command {
	c := &cobra.Command{
		Use:   "store",
		Short: "look at what the site keeps on disk",
		Args:  cobra.NoArgs,
	}
	c.AddCommand(verifyCommand(t), asideCommand(t))
	return c
}

// verifyCommand lists what is damaged.
func verifyCommand(t *tool) *cobra.Command {
	var directory string
	c := &cobra.Command{
		Use:   "verify",
		Short: "read all of it and list what is damaged",
		Long: `verify reads every page of store.db and of the files beside it, looks at the checksum
of every value and at the numbers of every record, and lists what is wrong. It changes
nothing. The daemon must not run meanwhile; it needs no such check itself: what it
finds damaged while it runs it replaces.`,
		Example: `  systemctl stop sitepost && sitepost store verify; systemctl start sitepost`,
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return t.verifyStore(directory) },
	}
	inFolder(c, &directory)
	return c
}

// asideCommand lists what could not be sent.
func asideCommand(t *tool) *cobra.Command {
	var directory string
	c := &cobra.Command{
		Use:   "aside",
		Short: "list the records that were set aside because every connection died on them",
		Long: `aside lists the records that could not be sent: each connection to the broker ended
on them, so that they were taken out of the way of all that came behind. The city was
told their numbers (store.gap), and not what they said. With --json it prints them whole,
to be handed over by other means. It changes nothing. The daemon must not run meanwhile.`,
		Example: `  systemctl stop sitepost && sitepost store aside; systemctl start sitepost`,
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return t.listDead(directory) },
	}
	inFolder(c, &directory)
	return c
}

// inFolder gives a command the flag that names the folder.
func inFolder(c *cobra.Command, directory *string) {
	c.Flags().StringVar(directory, "directory", "", "the folder that holds store.db; that of the site file if not given")
}

// storeIn is the folder of the store: the one given, or that of the site file.
func (t *tool) storeIn(directory string) (string, error) {
	if directory != "" {
		return directory, nil
	}
	site, err := t.load()
	if err != nil {
		return "", err
	}
	return site.Store.Directory, nil
}

// verifyStore prints what is wrong in a folder.
func (t *tool) verifyStore(directory string) error {
	directory, err := t.storeIn(directory)
	if err != nil {
		return err
	}
	report, err := store.Verify(directory, t.progress())
	if err != nil {
		return err
	}
	if err := t.printReport(report); err != nil {
		return err
	}
	if len(report.Findings) > 0 {
		return errFindings
	}
	return nil
}

// progress tells a person at a terminal how far something is, once a second.
func (t *tool) progress() func(string) {
	if !atTerminal(t.stderr) {
		return nil
	}
	var last time.Time
	return func(what string) {
		if time.Since(last) > time.Second {
			last = time.Now()
			fmt.Fprint(t.stderr, t.words.Sprintf("looking at %s\n", what))
		}
	}
}

func (t *tool) printReport(r store.Report) error {
	if t.json {
		text, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(t.stdout, "%s\n", text)
		return err
	}
	for _, f := range r.Findings {
		if _, err := fmt.Fprintf(t.stdout, "%s: %s\n", f.File, t.words.Translate(f.What)); err != nil {
			return err
		}
	}
	for _, name := range r.SetAside {
		if err := t.say("%s: was damaged and has been replaced (copy it away; it goes when others follow)\n", name); err != nil {
			return err
		}
	}
	if len(r.Findings) == 0 {
		return t.say("%s: %d files, %d records, %d values: good\n", r.Directory, r.Files, r.Records, r.Values)
	}
	return t.say("%s: %d files, %d records, %d values: damaged: start the daemon, which sets it aside, saves what can be saved and tells the city what was lost\n",
		r.Directory, r.Files, r.Records, r.Values)
}

// listDead prints the records of a folder that were set aside.
func (t *tool) listDead(directory string) error {
	directory, err := t.storeIn(directory)
	if err != nil {
		return err
	}
	all, err := store.ReadDead(directory)
	if err != nil && len(all) == 0 {
		return err
	}
	return errors.Join(t.printDead(directory, all), err)
}

func (t *tool) printDead(directory string, all []store.Dead) error {
	if t.json {
		text, err := json.MarshalIndent(map[string]any{"directory": directory, "set_aside": append([]store.Dead{}, all...)}, "", "  ")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(t.stdout, "%s\n", text)
		return err
	}
	for _, d := range all {
		r := d.Record
		_, err := fmt.Fprintf(t.stdout, "%s  %s  %s  %s  %s\n",
			d.Time.Local().Format(time.DateTime), r.ID(), r.Place.Device.Name, r.Event.Code, t.words.Translate(d.Why))
		if err != nil {
			return err
		}
	}
	if len(all) == 0 {
		return t.say("%s: no record was set aside\n", directory)
	}
	return t.say("%s: %d records were set aside (--json prints them whole)\n", directory, len(all))
}
