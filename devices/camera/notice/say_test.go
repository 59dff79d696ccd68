package notice

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
)

var update = flag.Bool("update", false, "write testdata/table.txt anew; a person reads the difference")

// write says a saying in one line, as the golden file has it.
func (s Saying) write() string {
	e := s.Event
	line := strings.TrimSpace(fmt.Sprintf("%-22s %s%s", e.Code, e.State, e.Is))
	for _, part := range []struct{ name, value string }{
		{"point", e.Point}, {"detail", e.Detail}, {"text", e.Text}, {"source", s.Source}, {"object", s.Object},
	} {
		if part.value != "" {
			line += fmt.Sprintf("  %s %q", part.name, part.value)
		}
	}
	if e.Card != nil {
		line += "  card"
	}
	if s.Lasts > 0 {
		line += fmt.Sprintf("  lasts %s", s.Lasts)
	}
	return line
}

// examples are notifications that try one row: each of its words as a change, how
// it stands, and its end.
func examples(r *Row) []Notification {
	topic := strings.NewReplacer("**", "X", "*", "1").Replace(r.Topic)
	about := []Item{{"Rule", "R1"}}
	for _, name := range r.Point {
		if name != anything {
			about = append(about, Item{name, "7"})
			break
		}
	}
	carrier := "State"
	if len(r.Truth) > 0 {
		carrier = r.Truth[0]
	}
	words := slices.Concat(r.Yes, r.No, r.Neither, r.Words)
	if len(words) == 0 {
		words = []string{"true", "false"}
	}
	example := func(o Operation, data ...Item) Notification {
		return Notification{Topic: topic, Raw: "tns1:" + topic, Operation: o, Source: about, Data: data}
	}
	var all []Notification
	for _, o := range []Operation{Changed, Initialized} {
		for _, word := range words {
			all = append(all, example(o, Item{carrier, word}))
		}
	}
	return append(all, example(Changed), example(Changed, Item{carrier, "perhaps"}), example(Deleted, Item{carrier, words[0]}))
}

// head says a message in a few words: "Changed State=true".
func head(n Notification) string {
	words := []string{string(n.Operation)}
	for _, item := range n.Data {
		words = append(words, item.String())
	}
	return strings.Join(words, " ")
}

// meaning says what a message says, as the golden file has it.
func meaning(r *Row, n Notification) string {
	said := n.Say()
	if len(said) == 0 {
		return "-"
	}
	if e := said[0].Event; r.Code != devices.CameraEvent && e.Code == devices.CameraEvent {
		return "as it came"
	}
	var lines []string
	for _, s := range said {
		lines = append(lines, s.write())
	}
	return strings.Join(lines, "\n    and ")
}

// writeRow says what a row makes of its examples, those with the same meaning
// together.
func writeRow(b *strings.Builder, r *Row) {
	fmt.Fprintf(b, "%s\n    # %s\n", r.Topic, r.From)
	var order []string
	from := map[string][]string{}
	for _, n := range examples(r) {
		m := meaning(r, n)
		if from[m] == nil {
			order = append(order, m)
		}
		from[m] = append(from[m], head(n))
	}
	for _, m := range order {
		fmt.Fprintf(b, "    %s\n        <- %s\n", m, strings.Join(from[m], " | "))
	}
}

// TestTable promises that testdata/table.txt shows what is said by every row, of a
// raising, a clearing, how it stands, an end, and what cannot be read.
func TestTable(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, r := range Table() {
		if r.Silent() {
			fmt.Fprintf(&b, "%s\n    # %s\n    silent\n", r.Topic, r.From)
			for _, n := range examples(&r) {
				if said := n.Say(); said != nil {
					t.Errorf("%s is silent and says %v", r.Topic, said)
				}
			}
			continue
		}
		writeRow(&b, &r)
	}
	const golden = "testdata/table.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Error(diff)
	}
}

// TestEveryRowIsSound promises that each row speaks the dictionary in a form it can
// speak, can be reached, says how it is known, and shares no condition with another.
func TestEveryRowIsSound(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, r := range Table() {
		form := r.Code.Form()
		switch {
		case r.From == "":
			t.Errorf("%s: how it is known is not said", r.Topic)
		case !r.Silent() && (form == "" || form == devices.Reading):
			t.Errorf("%s: %q has the form %q, which no notification has", r.Topic, r.Code, form)
		case form == devices.StateForm && (len(r.Yes) > 0 || len(r.No) > 0 || r.Bare):
			t.Errorf("%s: a state has neither a yes nor a no, and is never bare", r.Topic)
		case form != devices.StateForm && len(r.Words) > 0:
			t.Errorf("%s: only a state has words", r.Topic)
		case form != devices.Condition && r.Lasts != 0:
			t.Errorf("%s: only a condition lasts", r.Topic)
		}
		found, _ := find(examples(&r)[0].Topic)
		if len(found) == 0 || found[0].Topic != r.Topic {
			t.Errorf("%s: an earlier row takes its topics", r.Topic)
		}
		if form != devices.Condition && form != devices.StateForm {
			continue
		}
		key := string(r.Code) + " " + r.Kind
		if other, taken := seen[key]; taken {
			t.Errorf("%s and %s could end each other: both are %q of the kind %q", r.Topic, other, r.Code, r.Kind)
		}
		seen[key] = r.Topic
	}
}
