package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/renameio/v2"

	"sitepost/cmd/reliability/figure"
)

// A report is the whole table.
type report struct {
	Machine machine   `json:"machine"`
	Size    string    `json:"size"` // full or long
	Began   time.Time `json:"began"`
	Seconds float64   `json:"seconds"`
	Rows    []line    `json:"rows"`
}

// A line is one row of it. A test that told no row has one all the same, which says
// why and is not ok.
type line struct {
	Package string  `json:"package"`
	Test    string  `json:"test"`
	OK      bool    `json:"ok"`
	Seconds float64 `json:"seconds"` // of the whole test
	figure.Row
}

// add takes in what became of the tests of a package.
func (r *report) add(pkg string, outcomes map[string]*outcome) {
	for _, f := range faultTests {
		if f.Package != pkg {
			continue
		}
		o := outcomes[f.Test]
		if o == nil {
			o = new(outcome)
		}
		for _, t := range o.Rows {
			r.Rows = append(r.Rows, line{pkg, t.Test, t.Met && !t.Failed, o.Seconds, t.Row})
		}
		if why := o.missing(); why != "" {
			r.Rows = append(r.Rows, line{pkg, f.Test, false, o.Seconds, figure.Row{Fault: f.Test, Measured: why}})
		}
	}
}

// missing says why there is no row, or one too few, "" if all is well or a row
// says it.
func (o *outcome) missing() string {
	bad := false
	for _, t := range o.Rows {
		bad = bad || t.Failed || !t.Met
	}
	switch {
	case o.Status == "pass" && len(o.Rows) == 0:
		return "passed, and told no row"
	case o.Status == "skip":
		return "skipped (why stands above)"
	case o.Status == "fail" && !bad:
		return "failed (why stands above)"
	case o.Status == "":
		return "did not run to its end"
	}
	return ""
}

// met says whether every row is there and ok.
func (r *report) met() bool {
	for _, l := range r.Rows {
		if !l.OK {
			return false
		}
	}
	return len(r.Rows) > 0
}

// sum is the last line.
func (r *report) sum() string {
	good := 0
	for _, l := range r.Rows {
		if l.OK {
			good++
		}
	}
	return fmt.Sprintf("%d of %d rows ok, in %v", good, len(r.Rows), time.Duration(r.Seconds*float64(time.Second)))
}

// widths are those of the columns; what is longer is broken between words.
var widths = [...]int{28, 34, 40, 30, 7}

// text is the table for a person.
func (r *report) text() string {
	var b strings.Builder
	rows := [][]string{{"fault", "aim", "measured", "control", "ok"}}
	for _, l := range r.Rows {
		rows = append(rows, []string{l.Fault, l.Aim, l.Measured, l.Control, yes(l.OK)})
	}
	for _, row := range rows {
		layRow(&b, row)
		for i, w := range widths {
			b.WriteString(strings.Repeat("-", w))
			if i < len(widths)-1 {
				b.WriteString("-+-")
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// layRow writes a row, which may take several lines.
func layRow(b *strings.Builder, row []string) {
	cells := make([][]string, len(row))
	lines := 1
	for i, cell := range row {
		cells[i] = wrap(cell, widths[i])
		lines = max(lines, len(cells[i]))
	}
	for n := range lines {
		var parts []string
		for i, cell := range cells {
			part := ""
			if n < len(cell) {
				part = cell[n]
			}
			parts = append(parts, part+strings.Repeat(" ", max(0, widths[i]-utf8.RuneCountInString(part))))
		}
		b.WriteString(strings.TrimRight(strings.Join(parts, " | "), " ") + "\n")
	}
}

// wrap breaks a text between words. A word that is too long stands out.
func wrap(text string, width int) (lines []string) {
	for _, word := range strings.Fields(text) {
		last := len(lines) - 1
		if last >= 0 && utf8.RuneCountInString(lines[last])+1+utf8.RuneCountInString(word) <= width {
			lines[last] += " " + word
			continue
		}
		lines = append(lines, word)
	}
	return lines
}

// write writes the report as JSON to a file, or to out if it is called -.
func (r *report) write(out io.Writer, path string) error {
	if path == "" {
		return nil
	}
	doc, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	doc = append(doc, '\n')
	if path == "-" {
		_, err = out.Write(doc)
		return err
	}
	return renameio.WriteFile(path, doc, os.FileMode(0o644))
}

// show writes the table to a file as a document shows it, if one is wanted.
func (r *report) show(path string) error {
	if path == "" {
		return nil
	}
	return renameio.WriteFile(path, []byte(r.markdown()), os.FileMode(0o644))
}

// markdown is the table for a document: what was done, what came of it, and what its
// control came to.
func (r *report) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v: %s.\n\n| fault | measured | control |\n|---|---|---|\n", r.Machine, r.sum())
	cell := strings.NewReplacer("|", `\|`, "\n", " ")
	for _, l := range r.Rows {
		mark := ""
		if !l.OK {
			mark = "**not met** "
		}
		fmt.Fprintf(&b, "| %s | %s%s | %s |\n", cell.Replace(l.Fault), mark, cell.Replace(l.Measured), cell.Replace(l.Control))
	}
	return b.String()
}
