package store

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sitepost/devices"
)

// A Damage tells of a store.db that was given up and replaced.
type Damage struct {
	Time  time.Time            `json:"time"`
	File  string               `json:"file"`            // where it lies now, whole
	Epoch Epoch                `json:"epoch,omitempty"` // its own; "" is not known any more
	Why   string               `json:"why"`
	Saved map[devices.Lane]int `json:"saved,omitempty"` // records that were not done
	Lost  []Gap                `json:"lost,omitempty"`  // those that were not saved; also among Gaps
	Doubt string               `json:"doubt,omitempty"` // what of it cannot be known
}

// String says what was saved and what was lost, for a person.
func (d Damage) String() string {
	var words []string
	for _, lane := range devices.Lanes() {
		if n := d.Saved[lane]; n > 0 {
			words = append(words, fmt.Sprintf("%d of lane %s were saved", n, lane))
		}
	}
	if words == nil {
		words = append(words, "no record had to be saved")
	}
	for i, lost := range d.Lost {
		if i == mostSpoken {
			words = append(words, fmt.Sprintf("and %d more ranges were lost", len(d.Lost)-i))
			break
		}
		words = append(words, fmt.Sprintf("lane %s lost %d-%d", lost.Lane, lost.First, lost.Last))
	}
	if d.Lost == nil {
		words = append(words, "none is lost")
	}
	if d.Doubt != "" {
		words = append(words, d.Doubt)
	}
	return strings.Join(words, "; ")
}

// mostSpoken is how many ranges that were lost are listed to a person.
const mostSpoken = 16

// Damages lists the files that were replaced and of which nobody has told yet, the
// oldest first. It asks no disk.
func (s *Store) Damages() []Damage {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Damage
	for _, d := range s.damages.kept {
		all = append(all, d)
	}
	slices.SortFunc(all, func(a, b Damage) int {
		return cmp.Or(a.Time.Compare(b.Time), strings.Compare(a.File, b.File))
	})
	return all
}

// DamageTold says that a damage was told. It returns when that is on disk.
func (s *Store) DamageTold(told Damage) error {
	return s.forgetOne(func(c *change) error { return c.s.damages.remove(c.tx, filepath.Base(told.File)) })
}

// forgetOne commits that something has been told.
func (s *Store) forgetOne(remove func(c *change) error) error {
	return s.wait(&entry{
		done:     make(chan error, 1),
		patience: eventPatience,
		apply: func(c *change) error {
			c.any = true
			return remove(c)
		},
	})
}
