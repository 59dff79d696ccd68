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

	// Yes and No are the words of a truth that is not written true or false, 1 or 0 …
	// A row that turns it around has "false" in Yes. Neither are known words that are
	// no news for this row.
	Yes, No, Neither []string

	Words  []string      // of a state: all its words, where they are not on and off
	Bare   bool          // the message itself is the news: it is a yes where no item carries the truth
	Point  []string      // what says which of several: the first item that is there; "**" is what "**" of Topic stood for. nil: Rule, RuleName
	Kind   string        // leads the point, so that two kinds are two conditions, and is the detail
	Detail []string      // items with the reason, where it is a word of the standard
	Card   []string      // items with a card
	Lasts  time.Duration // see [Saying.Lasts]
	From   string        // how we know: standard and clause, or tracker and number
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
