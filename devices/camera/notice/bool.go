package notice

import (
	"slices"
	"strings"
)

// A truth is what a message says about what its topic asks.
type truth string

const (
	yes     truth = "yes"
	no      truth = "no"
	neither truth = "neither" // a word of the row that is no news for it
	unread  truth = "unread"  // a word nobody knows
	absent  truth = "absent"  // no item says it
)

// readBool reads the words that cameras have for yes and no (quirk 38: gonvif#1).
func readBool(word string) truth {
	switch strings.ToLower(word) {
	case "true", "1", "active", "on", "yes":
		return yes
	case "false", "0", "inactive", "off", "no":
		return no
	}
	return unread
}

// usual are the items that carry the truth where the row's own are not there.
var usual = []string{"State", "Value", "LogicalState", "Active"}

// truthOf looks for what a message says. Where several items say it, one yes is
// enough: a detector of people and vehicles has one item for each.
func (r *Row) truthOf(data []Item) (said truth, carriers []Item) {
	carriers = r.carriers(data)
	said = absent
	for _, item := range carriers {
		said = stronger(said, r.readWord(item.Value))
	}
	return said, carriers
}

// carriers are the items that carry the truth: those the row names, else those that
// usually do, else all that are called Is….
func (r *Row) carriers(data []Item) []Item {
	if found := named(data, r.Truth...); len(found) > 0 {
		return found
	}
	if found := named(data, usual...); len(found) > 0 {
		return found
	}
	var found []Item
	for _, item := range data {
		if len(item.Name) > 2 && strings.EqualFold(item.Name[:2], "is") {
			found = append(found, item)
		}
	}
	return found
}

func named(items []Item, names ...string) []Item {
	var found []Item
	for _, name := range names {
		for _, item := range items {
			if strings.EqualFold(item.Name, name) {
				found = append(found, item)
			}
		}
	}
	return found
}

func (r *Row) readWord(word string) truth {
	has := func(words []string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(w, word) })
	}
	switch {
	case has(r.Yes):
		return yes
	case has(r.No):
		return no
	case has(r.Neither):
		return neither
	case len(r.Yes) > 0:
		return unread
	}
	return readBool(word)
}

// stronger is what two items say together.
func stronger(a, b truth) truth {
	for _, t := range []truth{yes, no, neither, unread} {
		if a == t || b == t {
			return t
		}
	}
	return absent
}
