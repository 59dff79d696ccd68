package config

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"sitepost/config/near"
)

// A Kind says what a finding is about.
type Kind string

const (
	Language Kind = "language" // how it is written: encoding, syntax, unknown keys, types, units
	Meaning  Kind = "meaning"  // what it says: names that do not exist, a line that is overloaded
	Machine  Kind = "machine"  // what this machine lacks: secrets, certificates, ports, interfaces
	Note     Kind = "note"     // worth knowing, and no mistake
	Unopened Kind = "unopened" // the file cannot be opened
)

// A Finding is one thing to say about the file. Line and Column count from 1,
// columns in characters; both are 0 for a file that cannot be opened.
type Finding struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Kind    Kind   `json:"kind"`
	Text    string `json:"text"`              // what, and what to do
	Hint    string `json:"hint,omitempty"`    // what was probably meant
	Drawing string `json:"drawing,omitempty"` // the line and carets below it
}

// IsError says whether the finding is a mistake, and not only a note.
func (f Finding) IsError() bool { return f.Kind != Note }

// String returns FILE:LINE:COLUMN: text and, below it, the drawn line.
func (f Finding) String() string { return f.In(asWritten) }

// In is String with its words as say says them. The place, the line of the file and the
// carets stay.
func (f Finding) In(say func(english string) string) string {
	head := f.File
	if f.Line > 0 {
		head += fmt.Sprintf(":%d:%d", f.Line, f.Column)
	}
	head += ": "
	switch f.Kind {
	case Note:
		head += "note: "
	case Machine:
		head += "on this machine: "
	}
	drawing := f.Drawing
	if at := strings.LastIndex(drawing, didYouMean); at >= 0 && f.Hint != "" {
		drawing = drawing[:at] + say(strings.TrimSuffix(drawing[at:], "\n")) + "\n"
	}
	return say(head+f.Text) + "\n" + drawing
}

// didYouMean stands behind the carets, before the word in quotes.
const didYouMean = " did you mean "

func asWritten(english string) string { return english }

// Findings is a list in the order of the file.
type Findings []Finding

// Errors returns the findings that are mistakes.
func (fs Findings) Errors() Findings { return fs.Of(Language, Meaning, Machine, Unopened) }

// Of returns the findings of some kinds.
func (fs Findings) Of(kinds ...Kind) Findings {
	var some Findings
	for _, f := range fs {
		if slices.Contains(kinds, f.Kind) {
			some = append(some, f)
		}
	}
	return some
}

// String returns all findings, drawn.
func (fs Findings) String() string { return fs.In(asWritten) }

// In is String with the words as say says them.
func (fs Findings) In(say func(english string) string) string {
	var b strings.Builder
	for _, f := range fs {
		b.WriteString(f.In(say))
	}
	return b.String()
}

// Write writes what String returns.
func (fs Findings) Write(w io.Writer) error {
	_, err := io.WriteString(w, fs.String())
	return err
}

// JSON returns the findings as an indented array, "[]" if there are none.
func (fs Findings) JSON() ([]byte, error) {
	return json.MarshalIndent(append(Findings{}, fs...), "", "  ")
}

// maxFindings bounds the list of a hostile file.
const maxFindings = 1000

// A collector is the list while it grows. needs is what the machine must have
// for the values that were read well.
type collector struct {
	src     *source
	list    Findings
	needs   []need
	errors  int // findings that are no notes, also those beyond maxFindings
	dropped int
	shows   map[string]bool // keys whose values may be drawn; nil: all that hold no secret
}

// add makes a finding at a place. The text is "what, and what to do".
func (c *collector) add(kind Kind, at span, format string, args ...any) {
	c.hint(kind, at, "", format, args...)
}

// hint is add with what was probably meant, "" for no idea.
func (c *collector) hint(kind Kind, at span, meant, format string, args ...any) {
	if c.full() {
		c.count(kind)
		return
	}
	c.mark(kind, []span{at}, meant, fmt.Sprintf(format, args...))
}

// count counts a finding that the list has no room for.
func (c *collector) count(kind Kind) {
	c.dropped++
	if kind != Note {
		c.errors++
	}
}

// mark makes a finding with carets under several places of one line.
func (c *collector) mark(kind Kind, at []span, meant, text string) {
	if c.full() {
		c.count(kind)
		return
	}
	if kind != Note {
		c.errors++
	}
	line, column := c.src.position(at[0].off)
	c.list = append(c.list, Finding{
		File: c.src.name, Line: line, Column: column, Kind: kind, Text: strings.Map(visible, withoutLogin(text)), Hint: meant,
		Drawing: c.src.draw(line, at, meant),
	})
}

// full says that further findings are only counted, so that nobody spends time
// on looking for what was meant.
func (c *collector) full() bool { return len(c.list) >= maxFindings }

// near returns the word that was probably meant.
func (c *collector) near(word string, words []string) string {
	if c.full() {
		return ""
	}
	return near.Word(word, words)
}

// sorted returns the list in file order.
func (c *collector) sorted() Findings {
	slices.SortStableFunc(c.list, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	if c.dropped > 0 {
		last := c.list[len(c.list)-1]
		last.Kind, last.Hint, last.Drawing = Language, "", ""
		last.Text = fmt.Sprintf("and %d more: correct these first", c.dropped)
		c.list, c.dropped = append(c.list, last), 0
	}
	return c.list
}

// A need is something the machine must have for a value of the file.
type need struct {
	at    span
	look  func(now time.Time) error
	apart bool // that cameras and city are in two networks
}

// lookAround looks for everything the file needs on this machine.
func (c *collector) lookAround(now time.Time) {
	for _, n := range c.needs {
		var soon *expiring
		var known *remark
		switch err := n.look(now); {
		case err == nil:
		case errors.As(err, &soon), errors.As(err, &known):
			c.add(Note, n.at, "%v", err)
		default:
			c.add(Machine, n.at, "%v", err)
		}
	}
}

// cause returns the reason of a file error without the operation and the path,
// which the text around it says already.
func cause(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}
