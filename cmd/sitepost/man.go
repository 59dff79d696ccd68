package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"sitepost/cmd/sitepost/words"
)

// manCommand writes the manual in the form of man(1). The package has what it writes;
// where no package was installed `sitepost man | man -l -` shows it.
func manCommand(t *tool) *cobra.Command {
	return &cobra.Command{
		Use:       "man [site.toml]",
		Short:     "write the manual of the commands, or of the site file, for man(1)",
		Hidden:    true,
		Args:      cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs),
		ValidArgs: []string{"site.toml"},
		RunE: func(cmd *cobra.Command, args []string) error {
			m := &manual{tool: t}
			if len(args) == 0 {
				m.commands(cmd.Root())
			} else {
				m.siteFile()
			}
			_, err := io.WriteString(t.stdout, m.text.String())
			return err
		},
	}
}

// A manual is a page in the language of man(7).
type manual struct {
	*tool
	text strings.Builder
}

// commands writes sitepost(1).
func (m *manual) commands(root *cobra.Command) {
	m.head("SITEPOST", 1, "sitepost", root.Short)
	m.section("SYNOPSIS")
	m.line(`.B sitepost`)
	m.line(`.I command`)
	m.line(`[\fIoptions\fR]`)
	m.section("DESCRIPTION")
	m.prose(root.Long)
	m.section("COMMANDS")
	for _, c := range root.Commands() {
		m.command(c)
	}
	m.section("OPTIONS")
	m.flags(root.PersistentFlags())
	m.section("EXIT STATUS")
	m.prose(m.words.Sprintf("0: all is well. 1: something is wrong, and stands there. 2: a bad command line, or something that cannot be opened."))
	m.files()
	m.section("SEE ALSO")
	m.line(`.BR site.toml (5),`)
	m.line(`.BR systemctl (1),`)
	m.line(`.BR journalctl (1)`)
}

// siteFile writes site.toml(5): the reference file, in the language of the person, is the
// manual of the site file.
func (m *manual) siteFile() {
	m.head("SITE.TOML", 5, "site.toml", m.words.Sprintf("the site file of sitepost"))
	m.section("SYNOPSIS")
	m.line(escaped(defaultConfig))
	m.section("DESCRIPTION")
	m.prose(m.words.Sprintf("The site file says what stands on a site, how it is wired, and where the city is. Every key stands once in the file below, with what it is for; `sitepost init` writes it, and `sitepost check` lists every mistake with its place."))
	m.section("EXAMPLE")
	m.verbatim(string(m.reference()))
	m.files()
	m.section("SEE ALSO")
	m.line(`.BR sitepost (1)`)
}

func (m *manual) files() {
	m.section("FILES")
	for _, f := range [][2]string{
		{defaultConfig, "the site file"},
		{"/etc/sitepost/profiles/", "profiles of the site's own"},
		{"/etc/sitepost/secrets/", "secrets, one in a file: 0640, group sitepost"},
		{"/etc/sitepost/tls/", "certificates and keys of brokers and of the box: 0640, group sitepost"},
		{"/var/lib/sitepost/", "what is on its way to the city"},
		{"/run/sitepost/control.sock", "where the tools reach the running sitepost: root and group sitepost"},
	} {
		m.line(".TP", ".I "+escaped(f[0]), escaped(m.words.Translate(f[1])))
	}
}

// head begins the page.
func (m *manual) head(title string, section int, name, short string) {
	m.line(fmt.Sprintf(`.TH %s %d "" "sitepost %s"`, title, section, version()))
	m.line(".ad l") // to the left: Chinese has no spaces to widen
	m.section("NAME")
	m.line(escaped(name) + ` \- ` + escaped(short))
}

func (m *manual) section(name string) { m.line(`.SH "` + m.words.Translate(name) + `"`) }

// command writes one command, and those below it.
func (m *manual) command(c *cobra.Command) {
	if c.Hidden || !c.IsAvailableCommand() {
		return
	}
	use := strings.Replace(c.UseLine(), "[flags]", m.word("[flags]"), 1)
	m.line(".SS " + escaped(strings.TrimPrefix(use, "sitepost ")))
	long := c.Long
	if long == "" {
		long = c.Short
	}
	m.prose(long)
	if c.HasExample() {
		m.prose(c.Example)
	}
	m.flags(c.LocalFlags())
	for _, below := range c.Commands() {
		m.command(below)
	}
}

func (m *manual) flags(all *pflag.FlagSet) {
	all.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		value, usage := pflag.UnquoteUsage(f)
		name := `\fB\-\-` + escaped(f.Name) + `\fR`
		if value != "" {
			name += ` \fI` + escaped(m.word(value)) + `\fR`
		}
		m.line(".TP", name, escaped(usage+m.defaultOf(f)))
	})
}

// prose writes paragraphs; what is indented stays as it is.
func (m *manual) prose(text string) {
	for paragraph := range strings.SplitSeq(strings.Trim(text, "\n"), "\n\n") {
		m.line(".PP")
		var asIs bool
		for l := range strings.SplitSeq(paragraph, "\n") {
			if indented := strings.HasPrefix(l, "  ") || strings.HasPrefix(l, "\t"); indented != asIs {
				asIs = indented
				m.line(map[bool]string{true: ".nf", false: ".fi"}[asIs])
			}
			m.line(escaped(l))
		}
		if asIs {
			m.line(".fi")
		}
	}
}

func (m *manual) verbatim(text string) {
	m.line(".nf")
	for l := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		m.line(escaped(l))
	}
	m.line(".fi")
}

func (m *manual) line(lines ...string) {
	for _, l := range lines {
		m.text.WriteString(l + "\n")
	}
}

// escaped is a text that man(7) takes for itself: no backslash begins an escape, no dot
// at its begin a request, and a hyphen can be copied to a command line.
func escaped(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "`", `\(ga`, "'", `\(aq`, "^", `\(ha`, "~", `\(ti`).Replace(text)
	if strings.HasPrefix(text, ".") {
		return `\&` + text
	}
	return breakable(text)
}

// breakable lets a line end between Chinese characters, as it may: groff knows only
// spaces. No line begins with what closes, nor ends with what opens.
func breakable(text string) string {
	var out strings.Builder
	all := []rune(text)
	for i, r := range all {
		out.WriteRune(r)
		if i+1 < len(all) && words.Width(string(r)) > 1 && !strings.ContainsRune("（《【", r) && !strings.ContainsRune("，。；：？！、）》】”…", all[i+1]) {
			out.WriteString(`\:`)
		}
	}
	return out.String()
}
