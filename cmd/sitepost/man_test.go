package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"sitepost/cmd/sitepost/words"
)

// TestManualHasAll: the manual has every command that help lists, and of each all that
// its help has: every flag, with the kind of its value and what it is if nobody gives
// it, and the examples; in Chinese in the Chinese one.
func TestManualHasAll(t *testing.T) {
	for _, language := range []words.Language{words.English, words.Chinese} {
		var page bytes.Buffer
		if code := run([]string{"man", "--lang", string(language)}, &page, &page); code != exitGood {
			t.Fatalf("man: exit code %d: %s", code, &page)
		}
		tl := &tool{words: words.In(language), stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}}
		root := newRoot(tl)
		tl.speakHelp(root)
		eachCommand(root, func(c *cobra.Command) {
			if c == root || !c.IsAvailableCommand() {
				return
			}
			_, rest, there := strings.Cut(page.String(), ".SS "+escaped(strings.TrimPrefix(strings.Replace(c.UseLine(), "[flags]", tl.word("[flags]"), 1), "sitepost "))+"\n")
			if !there {
				t.Errorf("%s: the manual does not have %s", language, c.CommandPath())
				return
			}
			part, _, _ := strings.Cut(rest, "\n.S")
			for line := range strings.Lines(c.Example) {
				if !strings.Contains(part, escaped(strings.TrimSuffix(line, "\n"))) {
					t.Errorf("%s: the manual does not have the example of %s: %s", language, c.CommandPath(), line)
				}
			}
			c.LocalFlags().VisitAll(func(f *pflag.Flag) {
				value, usage := pflag.UnquoteUsage(f)
				if f.Name == "help" {
					return
				}
				for _, want := range []string{`\-\-` + escaped(f.Name) + `\fR`, escaped(usage + tl.defaultOf(f)), escaped(tl.word(value))} {
					if !strings.Contains(part, want) {
						t.Errorf("%s: the manual does not have %q of %s --%s", language, want, c.CommandPath(), f.Name)
					}
				}
			})
		})
	}
}
