package points

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// nothing are the words of people who were told to leave no cell empty.
var nothing = map[string]bool{
	"": true, "-": true, "--": true, "—": true, "——": true, "/": true, "\\": true, "无": true, "暂无": true, "空": true, "待定": true,
	"n/a": true, "#n/a": true, "na": true, "none": true, "null": true, "nil": true,
}

// visible is a cell without what Excel puts around it and what cannot be seen: ="…", a '
// in front, line ends, zero-width marks.
func visible(cell string) string {
	cell = strings.TrimSpace(cell)
	if inner, formula := strings.CutPrefix(cell, `="`); formula {
		cell = strings.TrimSuffix(inner, `"`)
	}
	cell = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, cell)
	cell = strings.TrimPrefix(strings.TrimSpace(cell), "'")
	return strings.Join(strings.Fields(cell), " ")
}

// plain is a visible cell with full-width letters and digits made half-width, "" for a
// word that says there is nothing.
func plain(cell string) string {
	text := strings.TrimSpace(width.Fold.String(visible(cell)))
	if nothing[strings.ToLower(text)] {
		return ""
	}
	return text
}

// shortened is a text as it may stand in a finding.
func shortened(text string) string {
	const most = 40
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}
