// Package points reads a table of points (点位表) as the police hand it out: a CSV
// file that has been through Excel, Notepad and several hands.
//
//	bytes ──► text ──► cells ──► heading ──► points
//	 GBK,     UTF-8    , ; tab   which        code, host, MAC …, each with
//	 BOM,              or ，     column is    its row and column
//	 UTF-16            quotes    what
//
// Rules:
//   - A row that is wrong never stops the list: everything is told in one run, as
//     FILE:ROW:COLUMN: what, and what to do. Rows and columns count from 1, as Excel
//     shows them.
//   - Nothing is invented. What Excel has destroyed (a code of 20 digits shown as
//     3.4E+19) is refused; what it only dressed up (a ' in front, full-width digits,
//     ="…") is taken off.
//   - Whatever the file says is bounded in size, rows, columns and length, and holds
//     no character that cannot be seen.
//
// It does not know the site file, which cameras exist, or what becomes of a point.
package points

import (
	"cmp"
	"fmt"
	"slices"
)

const (
	// MaxFile is the largest file that is read, in bytes.
	MaxFile = 4 << 20
	// MaxRows is how many rows of a table are read.
	MaxRows = 10_000

	maxColumns  = 100
	maxCell     = 200 // characters
	maxFindings = 200 // nobody corrects more in one go
)

// A Field is what a column can say of a point.
type Field int

// The fields of a point. Position is longitude and latitude in one column.
const (
	Name Field = iota
	Code
	Place
	Host
	MAC
	Serial
	Zone
	Recorder
	Channel
	Longitude
	Latitude
	Position
	fields
)

// A Point is one row of the table as meant; "" and 0 where it says nothing.
type Point struct {
	Row      int // as Excel counts, from 1
	Name     string
	Code     string // 20 digits
	Place    string // the postal address, or where it hangs
	Host     string // IP address, with a port where it is not 80
	MAC      string // 44:19:b6:01:02:03
	Serial   string
	Zone     string
	Recorder string
	Channel  int // from 1
	// Longitude and Latitude are in degrees, in the system of the table.
	Longitude, Latitude float64
}

// A Table is a file as read.
type Table struct {
	Encoding  string // "UTF-8", "GBK" or "UTF-16"
	Separator string // as written
	System    string // of the positions, as the headings name it: "WGS-84"; "" if they do not
	Points    []Point
	Findings  Findings

	name    string
	columns [fields]int // from 1; 0: the table has none
	heads   [fields]string
	dropped int
}

// A Finding is one thing to say about the file. Row and Column count from 1.
type Finding struct {
	File   string `json:"file"`
	Row    int    `json:"row"`
	Column int    `json:"column"`
	Text   string `json:"text"` // what, and what to do
	Note   bool   `json:"note"` // worth knowing, and no mistake
}

// Findings is a list in the order of the file.
type Findings []Finding

// Wrong says whether there is anything but notes.
func (fs Findings) Wrong() bool {
	return slices.ContainsFunc(fs, func(f Finding) bool { return !f.Note })
}

// Read takes a file apart; name is what findings call it.
func Read(name string, raw []byte) *Table {
	t := &Table{name: name}
	if text, ok := t.text(raw); ok {
		t.read(text)
	}
	return t
}

// read finds the heading and goes through the rows below it.
func (t *Table) read(text string) {
	sep, head, ok := t.heading(text)
	if !ok {
		return
	}
	t.Separator = string(sep)
	rows, end := split(text, sep, head+1+MaxRows)
	for i, row := range rows[head+1:] {
		if p, ok := t.point(head+2+i, row); ok {
			t.Points = append(t.Points, p)
		}
	}
	t.tellEnd(len(rows), end)
	t.tellTwins()
}

// tellEnd says why the table ended before the file did.
func (t *Table) tellEnd(row int, end ending) {
	switch end.why {
	case tooMany:
		t.Tell(row, 1, "the table has more than %d rows: take it apart", MaxRows)
	case tooWide:
		t.Tell(row, maxColumns, "the row has more than %d columns: this is not a table of points", maxColumns)
	case unclosed:
		t.Tell(end.row, end.column, "the quotation mark that begins this cell is never closed: take it out, or close it")
	}
}

// Name is what findings call the file.
func (t *Table) Name() string { return t.name }

// Has says whether the table has a column for a field.
func (t *Table) Has(f Field) bool { return t.columns[f] > 0 }

// Head is the heading of a field's column, as written.
func (t *Table) Head(f Field) string { return t.heads[f] }

// Wrong tells what is wrong with a field of a point.
func (t *Table) Wrong(row int, f Field, format string, args ...any) {
	t.Tell(row, max(1, t.columns[f]), format, args...)
}

// Note tells what is worth knowing of a field of a point.
func (t *Table) Note(row int, f Field, format string, args ...any) {
	t.add(Finding{Row: row, Column: max(1, t.columns[f]), Note: true, Text: fmt.Sprintf(format, args...)})
}

// Tell makes a finding at a place.
func (t *Table) Tell(row, column int, format string, args ...any) {
	t.add(Finding{Row: row, Column: column, Text: fmt.Sprintf(format, args...)})
}

func (t *Table) add(f Finding) {
	if len(t.Findings) >= maxFindings {
		t.dropped++
		if last := &t.Findings[maxFindings-1]; !f.Note {
			last.Note = false // it will stand for the dropped ones
		}
		return
	}
	f.File = t.name
	t.Findings = append(t.Findings, f)
}

// Sorted returns the findings in the order of the file. Of a list that was too long the
// last one says how many more there are.
func (t *Table) Sorted() Findings {
	all := slices.Clone(t.Findings)
	if t.dropped > 0 {
		all[len(all)-1].Text = fmt.Sprintf("and %d more: correct these first", t.dropped+1)
		return all
	}
	slices.SortStableFunc(all, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Row, b.Row), cmp.Compare(a.Column, b.Column))
	})
	return all
}
