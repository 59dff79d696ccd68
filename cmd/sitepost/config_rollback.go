package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"sitepost/config"
)

// rollbackCommand brings a site file of the history back.
func (p *past) rollbackCommand() *cobra.Command {
	var yes, reload bool
	c := &cobra.Command{
		Use:   "rollback NUMBER",
		Short: "bring back a site file of the history",
		Long: `rollback puts a site file of the history into the place of the one on disk, byte for
byte, with the same mode and owner. It shows the difference first, and asks. One that
has mistakes by now is not brought back. What stood there before is kept: in the
history if it was accepted once, else beside the file. A running sitepost goes over to
it at once, as with sitepost reload; where none runs, that is said.`,
		Example: `  sitepost config history
  sitepost config rollback 12`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return p.rollback(cmd.Context(), args[0], yes, reload) },
	}
	c.Flags().BoolVar(&yes, "yes", false, "do it without a question")
	reloadFlag(c, &reload, atOnce)
	return c
}

func (p *past) rollback(ctx context.Context, number string, yes, reload bool) error {
	back, err := p.kept(number)
	if err != nil {
		return err
	}
	site, err := openSite(p.config)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no %s that could be replaced: `sitepost config show %d` prints what to write there", p.config, back.Number)
	}
	if err != nil {
		return err
	}
	if string(site.text) == back.Text {
		return p.say("%s is number %d already\n", p.config, back.Number)
	}
	lacks, err := p.fits([]byte(back.Text))
	if err != nil {
		return err
	}
	if err := errors.Join(p.compare(side{p.config, site.text}, p.sideOf(back)), lacks.Write(p.stdout)); err != nil {
		return err
	}
	if err := p.confirm(ctx, yes, "Replace the site file?"); err != nil {
		return err
	}
	before, err := p.replace(site, []byte(back.Text))
	if err != nil {
		return err
	}
	if err := p.say("%s is number %d of the history again; as it was before: %s\n", p.config, back.Number, before); err != nil {
		return err
	}
	return p.end(ctx, reload, []byte(back.Text))
}

// fits says what this machine lacks for a text. One that has mistakes ends the command.
func (t *tool) fits(text []byte) (lacks config.Findings, err error) {
	c, found := config.Parse(t.config, text, t.env())
	if found = found.Errors(); len(found) == 0 {
		return config.CheckMachine(c).Errors(), nil
	}
	fmt.Fprintln(t.stderr, "sitepost:", t.words.Sprintf("%s stays as it is, for with the other text it would have these mistakes:", t.config))
	return nil, errors.Join(errFindings, t.printFindings(found))
}

// replace puts a text into the place of the site file, and says where the old one is.
func (p *past) replace(site *siteFile, text []byte) (before string, err error) {
	if number, is := p.numberOf(site.text); is {
		return p.words.Sprintf("number %d", number), site.exchange(text)
	}
	return site.replace(text)
}

// numberOf finds a text in the history.
func (p *past) numberOf(text []byte) (number int, is bool) {
	book, err := p.open()
	if err != nil {
		return 0, false
	}
	all, _ := book.List() // what cannot be read is not there
	for _, e := range all {
		if same, err := book.Text(e.Number); err == nil && string(same) == string(text) {
			number, is = e.Number, true
		}
	}
	return number, is
}
