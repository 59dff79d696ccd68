// Package notes holds what is known of each instrument family, one Markdown
// page per profile, embedded so that `sitepost explain winsen-zp14` works on a
// box without a network.
//
// Every page has the same headings, in the order of [Headings], and bears the
// name of its profile. This package does not know what a profile is.
package notes

import (
	"embed"
	"slices"
	"strings"
)

//go:embed *.md
var pages embed.FS

// Headings lists the sections of a note, in their order.
func Headings() []string {
	return []string{
		"Identity", "Wiring", "Factory settings", "What it says",
		"Quirks by firmware", "Recordings", "Where this knowledge comes from",
	}
}

// Names lists the notes, sorted.
func Names() []string {
	entries, err := pages.ReadDir(".")
	if err != nil {
		return nil // an embedded folder is always there
	}
	var names []string
	for _, e := range entries {
		if name := strings.TrimSuffix(e.Name(), ".md"); name != "README" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Read returns the note of a profile as Markdown, and false where there is none.
func Read(name string) (string, bool) {
	if !slices.Contains(Names(), name) {
		return "", false
	}
	text, err := pages.ReadFile(name + ".md")
	return string(text), err == nil
}
