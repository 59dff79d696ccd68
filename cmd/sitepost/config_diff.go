package main

import (
	"bytes"
	"io"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"sitepost/config"
)

// diffCommand compares two site files.
func (p *past) diffCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "diff [NUMBER [NUMBER]]",
		Short: "compare the site file in force with the one on disk, or two of the history",
		Long: `diff compares the site file that was accepted last with the one on disk: what would
change. With one number it compares that one with the file on disk, with two the first
with the second. A secret that was written into the file is not shown.`,
		Example: `  sitepost config diff
  sitepost config diff 11 12`,
		Args: cobra.MaximumNArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			old, err := p.kept(first(args))
			if err != nil {
				return err
			}
			if len(args) == 2 {
				other, err := p.kept(args[1])
				if err != nil {
					return err
				}
				return p.compare(p.sideOf(old), p.sideOf(other))
			}
			site, err := openSite(p.config)
			if err != nil {
				return err
			}
			return p.compare(p.sideOf(old), side{p.config, site.text})
		},
	}
}

// A side is one of two texts that are compared.
type side struct {
	name string
	text []byte
}

func (t *tool) sideOf(k kept) side {
	return side{t.words.Sprintf("number %d, %s", k.Number, when(k.At)), []byte(k.Text)}
}

// compare prints what is different.
func (t *tool) compare(a, b side) error {
	_, err := io.WriteString(t.stdout, t.difference(a, b))
	return err
}

// difference is what is different, as a unified diff without secrets.
func (t *tool) difference(a, b side) string {
	if bytes.Equal(a.text, b.text) {
		return t.words.Sprintf("%s and %s are the same\n", a.name, b.name)
	}
	text := diff.Diff(a.name, config.Masked(a.text), b.name, config.Masked(b.text))
	if len(text) == 0 {
		return t.words.Sprintf("%s and %s differ only in what is not shown: where a secret may stand, or in signs that are not printed\n", a.name, b.name)
	}
	_, text, _ = bytes.Cut(text, []byte("\n")) // a line that repeats the two names
	return string(text)
}
