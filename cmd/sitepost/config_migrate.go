package main

import (
	"context"

	"github.com/spf13/cobra"

	"sitepost/config"
)

// migrateCommand raises the site file to the version that this sitepost reads.
func migrateCommand(t *tool) *cobra.Command {
	var yes, reload bool
	c := &cobra.Command{
		Use:   "migrate",
		Short: "raise the site file to the version that this sitepost reads",
		Long: `migrate changes a site file that was written for an older sitepost into one for this
one: what was renamed is renamed, comments and order stay. It shows the difference
first, and asks. The old file is kept beside the new one. A running sitepost goes over
to the new one at once, as with sitepost reload; where none runs, that is said. Version
1 is the first and the newest one so far.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return t.migrate(cmd.Context(), yes, reload, config.Migrate)
		},
	}
	c.Flags().BoolVar(&yes, "yes", false, "do it without a question")
	reloadFlag(c, &reload, atOnce)
	return c
}

// migrate raises the site file by what does it for a text.
func (t *tool) migrate(ctx context.Context, yes, reload bool, raise func(name string, text []byte) (config.Migration, config.Findings)) error {
	site, err := openSite(t.config)
	if err != nil {
		return err
	}
	m, found := raise(t.config, site.text)
	if len(found) > 0 {
		if err := t.printFindings(found); err != nil {
			return err
		}
		return errFindings
	}
	if m.From == m.To {
		return t.say("%s is of version %d, the newest: nothing to do\n", t.config, m.To)
	}
	if _, err := t.fits(m.Text); err != nil {
		return err
	}
	if err := t.compare(side{t.config, site.text}, side{t.config, m.Text}); err != nil {
		return err
	}
	if err := t.confirm(ctx, yes, "Replace the site file?"); err != nil {
		return err
	}
	before, err := site.replace(m.Text)
	if err != nil {
		return err
	}
	if err := t.say("%s is of version %d now; as it was before: %s\n", t.config, m.To, before); err != nil {
		return err
	}
	return t.end(ctx, reload, m.Text)
}
