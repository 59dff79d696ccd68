package words

import (
	"strings"

	"golang.org/x/text/width"
)

// Width is how many cells of a terminal a text takes: a Chinese character takes two.
func Width(text string) (cells int) {
	for _, r := range text {
		switch width.LookupRune(r).Kind() {
		case width.EastAsianWide, width.EastAsianFullwidth:
			cells += 2
		default:
			cells++
		}
	}
	return cells
}

// Pad fills a text with spaces up to so many cells; a longer one stays as it is.
func Pad(text string, cells int) string {
	return text + strings.Repeat(" ", max(0, cells-Width(text)))
}

// Columns sets rows below each other, two spaces between columns. The last cell of a
// row may be as long as it likes. Rows may have different numbers of cells, and no row
// ends in spaces.
func Columns(rows [][]string) string {
	var widest []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widest) {
				widest = append(widest, 0)
			}
			if i < len(row)-1 {
				widest[i] = max(widest[i], Width(cell))
			}
		}
	}
	var out strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			if i == len(row)-1 {
				line.WriteString(cell)
				break
			}
			line.WriteString(Pad(cell, widest[i]) + "  ")
		}
		out.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return out.String()
}
