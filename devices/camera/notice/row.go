package notice

import (
	"slices"
	"time"

	"sitepost/devices"
)

// A Row says what one topic means. Its code decides, by its form in the dictionary,
// how it is told:
//
//	condition           raised by yes, cleared by no and by Deleted; Initialized counts
//	state               each word; Initialized counts
//	alarm, occurrence   by yes alone; Initialized and Deleted say nothing
//	silent              never
type Row struct {
	Topic string       // the end of a canonical topic; "*" is any letters of a segment, "**" at the end any further segments
	Code  devices.Code // "" is silent: known, and deliberately not told
	Truth []string     // the items of Data that carry the truth; where none is there: State, Value, LogicalState, Active, else all Is…
	Yes   []string     // the words for yes where they are not true, 1, active, on, yes; with them No and Neither.
	No    []string     // A row that turns the truth around writes "false" among them.
	// Neither are words that are no news for this row, and of a state all its words.
	Neither []string
	Bare    bool          // the message itself is the news: it is a yes where no item carries the truth
	Point   []string      // what says which of several: the first item that is there; "**" is what "**" of Topic stood for. nil: Rule, RuleName
	Kind    string        // leads the point, so that two kinds are two conditions, and is the detail
	Detail  []string      // items with the device's word for the reason
	Card    []string      // items with a card
	Lasts   time.Duration // see [Saying.Lasts]
	From    string        // how we know: standard and clause, or tracker and number
}

// Table returns all rows in their order: the first that matches is meant, and with
// it the rows beside it that have the same topic.
func Table() []Row { return slices.Clone(table) }

// Silent says that a row is known and deliberately not told.
func (r *Row) Silent() bool { return r.Code == "" }

// find returns the rows of a topic, and what "**" stood for.
func find(topic string) (rows []Row, rest string) {
	for _, r := range table {
		if len(rows) > 0 && r.Topic != rows[0].Topic {
			break
		}
		if further, ok := matches(r.Topic, topic); ok {
			rows, rest = append(rows, r), further
		}
	}
	return rows, rest
}

// point is which of several a message is about.
func (r *Row) point(n Notification, rest string) string {
	names := r.Point
	if names == nil {
		names = []string{"Rule", "RuleName"}
	}
	which := ""
	for _, name := range names {
		if name == anything {
			which = rest
		} else if found := n.about(name); found != "" {
			which = found
		}
		if which != "" {
			break
		}
	}
	if r.Kind == "" || which == "" {
		return short(r.Kind + which)
	}
	return short(r.Kind + "/" + which)
}
