package meter

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSequence follows runs of sequence numbers.
func TestSequence(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		take []uint16
		want sequence
	}{
		{"in order, over the wrap", []uint16{65534, 65535, 0, 1}, sequence{expected: 4, came: 4}},
		{"three are missing", []uint16{10, 14}, sequence{expected: 5, came: 2}},
		{"one of them comes late, then twice", []uint16{10, 14, 12, 12}, sequence{expected: 5, came: 3, duplicates: 1}},
		{"twice over the wrap", []uint16{65535, 0, 65535}, sequence{expected: 2, came: 2, duplicates: 1}},
		{"999 missing are a loss", []uint16{0, 1000}, sequence{expected: 1001, came: 2}},
		{"some of a long gap come late, one twice", []uint16{65500, 963, 63, 64, 0, 400, 64, 962}, sequence{expected: 1000, came: 7, duplicates: 1}},
		{"more is a new start", []uint16{0, 1001}, sequence{expected: 2, came: 2, resets: 1}},
		{"so is going back", []uint16{5000, 1, 2}, sequence{expected: 3, came: 3, resets: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var s sequence
			for _, n := range c.take {
				s.take(n)
			}
			got := sequence{expected: s.expected, came: s.came, duplicates: s.duplicates, resets: s.resets}
			if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(sequence{})); diff != "" {
				t.Errorf("%v (-want +got):\n%s", c.take, diff)
			}
		})
	}
}

// TestSequenceRenewed counts in the new window what belongs there, and never
// more that came than that should have.
func TestSequenceRenewed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name          string
		before, after []uint16
		want          sequence
	}{
		{"one is late over the border", []uint16{10, 12}, []uint16{11, 13}, sequence{expected: 1, came: 1}},
		{"only that one", []uint16{10, 12}, []uint16{11}, sequence{}},
		{"one is lost at the border", []uint16{10, 11}, []uint16{13}, sequence{expected: 2, came: 1}},
		{"one comes twice over the border", []uint16{10, 11}, []uint16{11, 12}, sequence{expected: 1, came: 1, duplicates: 1}},
		{"a new run, and one late of the old", []uint16{10, 12}, []uint16{5000, 5002, 5001, 4999}, sequence{expected: 3, came: 3, duplicates: 1, resets: 1}},
		{"over the wrap", []uint16{65533, 65535}, []uint16{0, 65534, 2, 1}, sequence{expected: 3, came: 3}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var s sequence
			for _, n := range c.before {
				s.take(n)
			}
			s.renew()
			for _, n := range c.after {
				s.take(n)
			}
			got := sequence{expected: s.expected, came: s.came, duplicates: s.duplicates, resets: s.resets}
			if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(sequence{})); diff != "" {
				t.Errorf("%v, %v (-want +got):\n%s", c.before, c.after, diff)
			}
		})
	}
}
