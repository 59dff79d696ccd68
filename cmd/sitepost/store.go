package main

import (
	"encoding/json"
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
	var directory string
	verify := &cobra.Command{
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
	verify.Flags().StringVar(&directory, "directory", "", "the folder that holds store.db; that of the site file if not given")
	c.AddCommand(verify)
	return c
}

// verifyStore prints what is wrong in a folder, or in that of the site file.
func (t *tool) verifyStore(directory string) error {
	if directory == "" {
		site, err := t.load()
		if err != nil {
			return err
		}
		directory = site.Store.Directory
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
