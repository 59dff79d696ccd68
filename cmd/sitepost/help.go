package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"sitepost/cmd/sitepost/words"
)

// speakHelp puts the help of all commands into the language of the person who reads it.
// The tree is written in English; English help is cobra's own.
func (t *tool) speakHelp(root *cobra.Command) {
	root.InitDefaultHelpFlag() // else the word behind --help is taken for its value
	root.InitDefaultVersionFlag()
	if t.words.SpeaksEnglish() {
		return
	}
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	eachCommand(root, t.speakCommand)
	root.SetUsageFunc(t.usage)
	root.SetVersionTemplate(t.words.Sprintf("%s version %s\n", "{{.DisplayName}}", "{{.Version}}"))
}

// eachCommand does something with a command and all below it.
func eachCommand(c *cobra.Command, do func(*cobra.Command)) {
	do(c)
	for _, below := range c.Commands() {
		eachCommand(below, do)
	}
}

// speakCommand translates the texts of one command and its flags.
func (t *tool) speakCommand(c *cobra.Command) {
	c.InitDefaultHelpFlag()
	c.InitDefaultVersionFlag()
	name := c.Name()
	for _, text := range textsOfCommand(c) {
		*text = t.word(*text)
	}
	if c.Name() != name { // a name such as "new" may be a word too
		c.Use = name
	}
	c.LocalFlags().VisitAll(func(f *pflag.Flag) { f.Usage = t.flagUsage(f.Usage) })
}

// textsOfCommand are the texts of a command that a person reads in its help.
func textsOfCommand(c *cobra.Command) []*string {
	return []*string{&c.Use, &c.Short, &c.Long, &c.Example}
}

// flagUsage says what a flag does: those that cobra adds itself name their command.
func (t *tool) flagUsage(english string) string {
	if said, known := t.words.Text(english); known {
		return said
	}
	return t.words.Translate(english)
}

// usage prints what cobra prints below the text of a command, in words of the book.
func (t *tool) usage(c *cobra.Command) error {
	var out strings.Builder
	head := func(english string) { out.WriteString(t.word(english) + "\n") }
	head("Usage:")
	if c.Runnable() {
		fmt.Fprintf(&out, "  %s\n", strings.Replace(c.UseLine(), "[flags]", t.word("[flags]"), 1))
	}
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(&out, "  %s %s\n", c.CommandPath(), t.word("[command]"))
	}
	if len(c.Aliases) > 0 {
		out.WriteByte('\n')
		head("Aliases:")
		fmt.Fprintf(&out, "  %s\n", c.NameAndAliases())
	}
	if c.HasExample() {
		out.WriteByte('\n')
		head("Examples:")
		out.WriteString(c.Example + "\n")
	}
	if c.HasAvailableSubCommands() {
		out.WriteByte('\n')
		head("Available Commands:")
		out.WriteString(commandRows(c))
	}
	for _, part := range []struct {
		head  string
		flags *pflag.FlagSet
	}{{"Flags:", c.LocalFlags()}, {"Global Flags:", c.InheritedFlags()}} {
		if part.flags.HasAvailableFlags() {
			out.WriteByte('\n')
			head(part.head)
			out.WriteString(t.flagRows(part.flags))
		}
	}
	if c.HasAvailableSubCommands() {
		out.WriteString("\n" + t.words.Sprintf("Use \"%s [command] --help\" for more information about a command.\n", c.CommandPath()))
	}
	_, err := fmt.Fprint(c.OutOrStderr(), out.String())
	return err
}

// commandRows lists the commands below one.
func commandRows(c *cobra.Command) string {
	var rows [][]string
	for _, below := range c.Commands() {
		if below.IsAvailableCommand() || below.Name() == "help" {
			rows = append(rows, []string{"  " + below.Name(), below.Short})
		}
	}
	return words.Columns(rows)
}

// flagRows lists flags.
func (t *tool) flagRows(flags *pflag.FlagSet) string {
	var rows [][]string
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		name := "      --" + f.Name
		if f.Shorthand != "" {
			name = "  -" + f.Shorthand + ", --" + f.Name
		}
		kind, usage := pflag.UnquoteUsage(f)
		if kind != "" {
			name += " " + t.word(kind)
		}
		rows = append(rows, []string{name, usage + t.defaultOf(f)})
	})
	return words.Columns(rows)
}

// defaultOf says what a flag is that nobody gives, where it is anything.
func (t *tool) defaultOf(f *pflag.Flag) string {
	switch f.DefValue {
	case "", "false", "0", "0s", "[]":
		return ""
	}
	return t.words.Sprintf(" (default %s)", f.DefValue)
}
