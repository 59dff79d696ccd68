package points

import (
	"strings"
	"unicode/utf8"
)

// A row is the cells of one row, as written.
type row []string

// An ending is why split stopped, and where.
type ending struct {
	why         reason
	row, column int
}

type reason int

const (
	whole    reason = iota // the file ended
	tooMany                // rows
	tooWide                // the last row has too many columns
	unclosed               // a quotation mark
)

// split takes a text apart into rows of cells, at most so many rows. A cell in quotation
// marks may hold separators, line ends and doubled quotation marks. Line ends are those
// of Windows, Unix or an old Mac.
func split(text string, sep rune, most int) (rows []row, end ending) {
	for text != "" {
		if len(rows) == most {
			if strings.TrimSpace(text) == "" {
				return rows, end
			}
			return rows, ending{tooMany, most, 1}
		}
		cells, rest, why := splitRow(text, sep)
		rows = append(rows, cells)
		if why != whole {
			return rows, ending{why, len(rows), len(cells)}
		}
		text = rest
	}
	return rows, end
}

// splitRow takes the first row off.
func splitRow(text string, sep rune) (cells row, rest string, why reason) {
	for {
		cell, after, closed := splitCell(text, sep)
		cells = append(cells, cell)
		switch {
		case !closed:
			return cells, "", unclosed
		case after == "":
			return cells, "", whole
		case after[0] == '\r' || after[0] == '\n':
			return cells, pastLineEnd(after), whole
		case len(cells) == maxColumns:
			return cells, "", tooWide
		}
		text = after[utf8.RuneLen(sep):]
	}
}

// splitCell takes the first cell off. What follows begins with a separator or a line
// end, or is empty. closed is false for a quotation mark that never ends.
func splitCell(text string, sep rune) (cell, rest string, closed bool) {
	var quoted strings.Builder
	if after, is := strings.CutPrefix(text, `"`); is {
		for {
			inside, next, found := strings.Cut(after, `"`)
			quoted.WriteString(inside)
			if !found {
				return quoted.String(), "", false
			}
			if after, is = strings.CutPrefix(next, `"`); !is {
				text = next
				break
			}
			quoted.WriteByte('"')
		}
	}
	end := strings.IndexFunc(text, func(r rune) bool { return r == sep || r == '\r' || r == '\n' })
	if end < 0 {
		end = len(text)
	}
	return quoted.String() + text[:end], text[end:], true
}

func pastLineEnd(text string) string {
	if after, windows := strings.CutPrefix(text, "\r\n"); windows {
		return after
	}
	return text[1:]
}
