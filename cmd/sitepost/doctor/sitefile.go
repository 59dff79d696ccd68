package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"sitepost/config"
)

// unread stands for what only a good site file could tell.
var unread = Row{State: Unseen, Code: "unseen", Text: "the site file cannot be used", Next: "correct it: sitepost check"}

// mostMistakes is how many are listed here; check lists all.
const mostMistakes = 5

// config compares the site file with the one in force, and says what this machine lacks.
func (e *examination) config(context.Context) []Row {
	var rows []Row
	mistakes := e.Found.Of(config.Language, config.Meaning, config.Unopened)
	for i, f := range mistakes {
		if i == mostMistakes {
			break
		}
		rows = append(rows, Row{State: Wrong, Code: "config.mistake", Place: place(f), Text: f.Text, Next: "sitepost check lists all, with the line drawn"})
	}
	for _, f := range e.Found.Of(config.Machine) {
		if !e.shownElsewhere(f) {
			rows = append(rows, Row{State: Wrong, Code: "config.machine", Place: place(f), Text: f.Text, Next: "do what the line says, then sitepost check"})
		}
	}
	for _, f := range e.Found.Of(config.Note) {
		if strings.HasPrefix(f.Text, "certificate ") {
			rows = append(rows, Row{State: Look, Code: "certificate.expiring", Place: place(f), Text: f.Text, Next: "sitepost enroll makes a request for a new one"})
		}
	}
	if e.Site == nil {
		return rows
	}
	switch {
	case e.Snapshot == nil:
		return goodUnless(rows, fmt.Sprintf("%s is good", e.Path))
	case e.Snapshot.Config != e.Site.Hash:
		rows = append(rows, Row{State: Look, Code: "config.differs", Place: e.Path, Text: fmt.Sprintf("the file is %.12s, and %.12s is in force", e.Site.Hash, e.Snapshot.Config), Next: "sitepost check, then sitepost reload"})
	}
	return goodUnless(rows, fmt.Sprintf("%s is good, and in force", e.Path))
}

func place(f config.Finding) string {
	if f.Line == 0 {
		return f.File
	}
	return fmt.Sprintf("%s:%d:%d", f.File, f.Line, f.Column)
}

// shownElsewhere says whether a finding is about a port or an interface, of which other
// looks tell more.
func (e *examination) shownElsewhere(f config.Finding) bool {
	if e.Site == nil {
		return false
	}
	about := func(name string) bool { return name != "" && strings.Contains(f.Text, name) }
	for _, l := range e.Site.Lines {
		if about(l.Port) {
			return true
		}
	}
	return slices.ContainsFunc(e.Site.Network.DeviceInterfaces, about)
}
