package config

import "fmt"

// Brief is the list in one line: the first mistake with its place, and how many more
// there are. "" where there is none.
func (fs Findings) Brief() string {
	mistakes := fs.Errors()
	if len(mistakes) == 0 {
		return ""
	}
	first := mistakes[0]
	text := first.File
	if first.Line > 0 {
		text += fmt.Sprintf(":%d:%d", first.Line, first.Column)
	}
	text += ": " + first.Text
	if more := len(mistakes) - 1; more > 0 {
		text += fmt.Sprintf(" (and %d more)", more)
	}
	return text
}
