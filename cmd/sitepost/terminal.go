package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"sitepost/cmd/sitepost/words"
)

// atTerminal says whether a person reads what is written to w.
func atTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	return isTTY(f)
}

// sizeOf is how many columns and rows a terminal has; 0 where nobody knows.
func sizeOf(w io.Writer) (columns, rows int) {
	f, ok := w.(*os.File)
	if !ok {
		return 0, 0
	}
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0, 0
	}
	return int(size.Col), int(size.Row)
}

// fit cuts a text to the lines that a terminal of this size shows at once, with the
// cursor below them, and ends it with another one if it has to: what stands first must
// not be pushed out at the top by what stands last.
func fit(text, rest string, columns, rows int) string {
	if columns <= 0 || rows <= 0 || rowsOf(text, columns) < rows {
		return text
	}
	var out strings.Builder
	left := rows - 1 - rowsOf(rest, columns)
	for line := range strings.Lines(text) {
		if left -= rowsOf(line, columns); left < 0 && out.Len() > 0 {
			break
		}
		out.WriteString(line)
	}
	return out.String() + rest
}

// rowsOf is how many rows of a terminal a text of whole lines takes. A Chinese character
// that has only one cell left begins the next row.
func rowsOf(text string, columns int) (rows int) {
	for line := range strings.Lines(text) {
		rows++
		at := 0
		for _, r := range strings.TrimSuffix(line, "\n") {
			cells := words.Width(string(r))
			if at += cells; at > columns {
				rows, at = rows+1, cells
			}
		}
	}
	return rows
}

// countDown tells in one line of a terminal how long something still takes, until
// ctx ends; then it wipes the line away.
func (t *tool) countDown(ctx context.Context, w io.Writer, d time.Duration) {
	const wipe = "\r\x1b[K"
	began := time.Now()
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		left := (d - time.Since(began)).Round(time.Second)
		if left > 0 {
			fmt.Fprint(w, wipe+t.words.Sprintf("looking, %v left", left))
		} else {
			fmt.Fprint(w, wipe+t.word("looking, done as soon as it answers"))
		}
		select {
		case <-second.C:
		case <-ctx.Done():
			fmt.Fprint(w, wipe)
			return
		}
	}
}
