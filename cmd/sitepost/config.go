package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"sitepost/cmd/sitepost/history"
	"sitepost/cmd/sitepost/words"
)

// configCommand looks at the site files that were accepted, and goes back to one.
func configCommand(t *tool) *cobra.Command {
	p := &past{tool: t}
	c := &cobra.Command{
		Use:   "config",
		Short: "show, compare and bring back site files that were accepted",
		Long: `config works on the history of site files: the text of each one that sitepost run
accepted, with number, hash, who and when. It lies in config-history in the folder of
the store, and holds the last 50. The last one runs when the site file has mistakes at
a start. No running sitepost is needed.`,
		Args: cobra.NoArgs,
	}
	c.PersistentFlags().StringVar(&p.directory, "directory", "", "the folder that holds store.db; that of the site file if not given")
	c.AddCommand(p.showCommand(), p.historyCommand(), p.diffCommand(), p.rollbackCommand(), migrateCommand(t))
	return c
}

// A past is the history of the site file as the commands see it.
type past struct {
	*tool
	directory string // --directory
}

func (p *past) open() (*history.Book, error) {
	return history.Open(cmp.Or(p.directory, p.storeDirectory()))
}

// A kept is a site file of the history.
type kept struct {
	history.Entry
	Text string `json:"text"`
}

// kept returns the site file of a number, or the last one for "".
func (p *past) kept(number string) (kept, error) {
	book, err := p.open()
	if err != nil {
		return kept{}, err
	}
	all, err := book.List()
	switch {
	case err != nil:
		return kept{}, err
	case len(all) == 0:
		return kept{}, fmt.Errorf("no site file was accepted yet: %s is empty (sitepost run keeps each one that it accepts)", book.Path())
	}
	e := all[len(all)-1]
	if number != "" {
		n, err := strconv.Atoi(number)
		i := slices.IndexFunc(all, func(e history.Entry) bool { return e.Number == n })
		if err != nil || i < 0 {
			return kept{}, fmt.Errorf("the history has no number %q: `sitepost config history` lists them", number)
		}
		e = all[i]
	}
	text, err := book.Text(e.Number)
	return kept{e, string(text)}, err
}

// showCommand prints one site file.
func (p *past) showCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show [NUMBER]",
		Short: "print the site file in force, or one of the history",
		Long: `show prints the site file that was accepted last, byte for byte, or the one of a
number of the history.`,
		Example: `  sitepost config show
  sitepost config show 12 > before.toml`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			k, err := p.kept(first(args))
			if err != nil {
				return err
			}
			if p.json {
				return p.printJSON(k)
			}
			_, err = p.stdout.Write([]byte(k.Text))
			return err
		},
	}
}

// first returns the first argument, "" if there is none.
func first(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

// historyCommand lists all.
func (p *past) historyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "history",
		Short: "list the site files that were accepted, the last one at the end",
		Long: `history lists the site files that were accepted: number, when, hash and who. The one
that is in force stands at the end. What is damaged there is listed too, and is no
harm to the others.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return p.list() },
	}
}

// A past file as tools get it.
type listed struct {
	history.Entry
	InForce bool `json:"in_force"` // it was accepted last
}

// list prints the history, and ends with findings if some of it is damaged.
func (p *past) list() error {
	book, err := p.open()
	if err != nil {
		return err
	}
	entries, err := book.List()
	damages, damagesErr := book.Damages()
	if err := errors.Join(err, damagesErr); err != nil {
		return err
	}
	all := []listed{}
	for i, e := range entries {
		all = append(all, listed{e, i == len(entries)-1})
	}
	if p.json {
		err = p.printJSON(struct {
			Directory string           `json:"directory"`
			Entries   []listed         `json:"entries"` // the oldest first
			Damaged   []history.Damage `json:"damaged"`
		}{book.Path(), all, append([]history.Damage{}, damages...)})
	} else {
		err = p.printHistory(book.Path(), all, damages)
	}
	if err == nil && len(damages) > 0 {
		return errFindings
	}
	return err
}

func (p *past) printHistory(path string, all []listed, damages []history.Damage) error {
	if len(all) == 0 {
		if err := p.say("no site file was accepted yet: %s is empty (sitepost run keeps each one that it accepts)\n", path); err != nil {
			return err
		}
	}
	var rows [][]string
	for _, e := range all {
		row := []string{strconv.Itoa(e.Number), p.told(e.Entry), shortHash(e.Hash), p.by(e.Who)}
		if e.InForce {
			row = append(row, p.words.Sprintf("in force"))
		}
		rows = append(rows, row)
	}
	if _, err := fmt.Fprint(p.stdout, words.Columns(rows)); err != nil {
		return err
	}
	for _, d := range damages {
		if err := p.say("%s: damaged, and left out: %s\n", d.File, p.words.Translate(d.What)); err != nil {
			return err
		}
	}
	return nil
}

// told is when an entry was made, and what is to be thought of it.
func (p *past) told(e history.Entry) string {
	if e.Unsynced {
		return p.words.Sprintf("%s (the clock was not synchronised)", when(e.At))
	}
	return when(e.At)
}

// by is who had a site file accepted. An account stays as it is, for it may be called as
// anything; only what sitepost calls itself is said.
func (p *past) by(who string) string {
	switch who {
	case "start":
		return p.words.Sprintf("start of sitepost")
	case "signal SIGHUP":
		return p.words.Sprintf("signal SIGHUP")
	}
	return who
}

// when is a time as a person reads it.
func when(at time.Time) string { return at.Local().Format("2006-01-02 15:04:05 -07:00") }

// shortHash is as much of a hash as a person compares.
func shortHash(hash string) string { return hash[:min(len(hash), 12)] }

// printJSON prints one document.
func (t *tool) printJSON(document any) error {
	rows := json.NewEncoder(t.stdout)
	rows.SetIndent("", "  ")
	return rows.Encode(document)
}
