package metadata

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// see sends a document with one frame of a source, its objects written as
// "id:class".
func (k *track) see(source string, objects ...string) {
	k.tb.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, `<MetadataStream><VideoAnalytics><Frame Source=%q>`, source)
	for _, o := range objects {
		id, class, _ := strings.Cut(o, ":")
		fmt.Fprintf(&b, `<Object ObjectId=%q><Appearance><Class><Type>%s</Type></Class></Appearance></Object>`, id, class)
	}
	b.WriteString(`</Frame></VideoAnalytics></MetadataStream>`)
	k.say(b.String(), true)
}

// counted writes the figures with the time of each after the track began.
func (k *track) counted() []string {
	var all []string
	for _, c := range k.found.Counts {
		all = append(all, fmt.Sprintf("%v %s %d", c.At.Sub(began), c.Class, c.Objects))
	}
	return all
}

// TestCounts promises that a figure is the most of its second and stands at the
// frame that had so many, that a class which has gone is 0 once, and that what no
// frame says is no figure.
func TestCounts(t *testing.T) {
	t.Parallel()
	const step = 200 * time.Millisecond
	for _, c := range []struct {
		name   string
		frames []string // one a step: objects with blanks between; "-" is no document
		want   []string
	}{
		{"one who stays", strings.Split("1:Human 1:Human 1:Human 1:Human 1:Human 1:Human", " "), []string{"0s person 1", "1s person 1"}},
		{"the most of a second", []string{"1:Human", "1:Human 2:Human", "1:Human", "-", "-", "1:Human"}, []string{"200ms person 2", "1s person 1"}},
		{"who has gone within the second", []string{"1:Human", "1:Human", ""}, []string{"0s person 1", "400ms person 0"}},
		{"who has gone in the next", []string{"1:Human", "-", "-", "-", "-", "-", ""}, []string{"0s person 1", "1.2s person 0"}},
		{"gone for long", append([]string{"1:Human"}, make([]string, 20)...), []string{"0s person 1", "200ms person 0"}},
		{"gone and back", []string{"1:Human", "", "1:Human", "-", "-", "-", "-"}, []string{"0s person 1"}},
		{"gone, and back in the next second", []string{"1:Human", "", "-", "-", "-", "2:Human"}, []string{"0s person 1", "1s person 1"}},
		{"another class", []string{"1:Human", "-", "-", "-", "-", "2:Car"}, []string{"0s person 1", "1s car 1", "1s person 0"}},
		{"nobody at all", []string{"", "", "", "-", "-", "-", ""}, nil},
		{"nothing comes any more", []string{"1:Human", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-", "-"}, []string{"0s person 1"}},
		{"the same object twice", []string{"1:Human 1:Human"}, []string{"0s person 1"}},
		{"objects without a name", []string{":Human :Human"}, []string{"0s person 2"}},
		{"too many", []string{strings.TrimSpace(strings.Repeat(":Human ", 100))}, []string{"0s person 64"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := newTrack(t)
			for _, f := range c.frames {
				if f != "-" {
					k.see("", strings.Fields(f)...)
				}
				k.pass(step)
			}
			k.pass(time.Second)
			k.pass(time.Second)
			if diff := cmp.Diff(c.want, k.counted()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestSources promises that several analytics of one camera add up, that one that is
// not heard of any more does not count for ever, and that too many cost no more.
func TestSources(t *testing.T) {
	t.Parallel()
	k := newTrack(t)
	k.see("gate", "1:Human")
	k.see("hall", "1:Human", "2:Human")
	k.see("gate", "1:Human")
	k.pass(time.Second)
	k.pass(believed)
	k.see("gate", "1:Human")
	k.pass(time.Second)
	if diff := cmp.Diff([]string{"0s person 3", "11s person 1"}, k.counted()); diff != "" {
		t.Error(diff)
	}
	for n := range 100 {
		k.see(fmt.Sprint(n), "1:Human")
		k.pass(100 * time.Millisecond)
	}
	if n := len(k.reader.scene.sources); n > mostSources+1 {
		t.Errorf("got %d sources, want at most %d and one for the rest", n, mostSources)
	}
}

// TestWords promises that few words are ours, that a camera which invents words gets
// so many and no more, and that the standard's own are never crowded out.
func TestWords(t *testing.T) {
	t.Parallel()
	var v vocabulary
	for n := range 2 * mostOwn {
		want := fmt.Sprint("thing ", n)
		if n >= mostOwn {
			want = "other"
		}
		if got := v.word(fmt.Sprint("thing ", n)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for word, want := range map[string]string{"human": "person", "vehical": "vehicle", "licenseplate": "plate", "animal": "animal", "thing 3": "thing 3", "": "unclassified"} {
		if got := v.word(word); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
}

// TestLikeliest promises that an object is what the camera holds for the likeliest,
// in whatever form it says so, in small letters, clean and short.
func TestLikeliest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		class class
		want  string
	}{
		{class{}, ""},
		{class{Type: []word{{"0.4", "Car"}, {"0.45", "Truck"}}}, "truck"}, // onvif/specs#4
		{class{Type: []word{{"0.4", "Car"}}, ClassCandidate: []candidate{{"Human", "0.5"}}}, "human"},
		{class{Type: []word{{"0.5", "Car"}}, ClassCandidate: []candidate{{"Human", "0.5"}}}, "car"},
		{class{Type: []word{{"", "Car"}}, ClassCandidate: []candidate{{"Human", "0.9"}}}, "car"},
		{class{Type: []word{{"0.9", " "}, {"0.1", "Car"}}}, "car"},
		{class{Type: []word{{"NaN", "Car"}, {"0.1", "Bus"}, {"-1", "Truck"}, {"1e9", "Bike"}, {"Inf", "Face"}, {"x", "Animal"}}}, "bus"},
		{class{Type: []word{{"60", "Car"}, {"0.7", "Bus"}}}, "bus"}, // in percent
		{class{Type: []word{{"0,8", "Car"}, {"0.7", "Bus"}}}, "car"},
		{class{ClassCandidate: []candidate{{"Other", "1"}}, Extension: struct{ OtherTypes []candidate }{[]candidate{{"Forklift", "1"}}}}, "forklift"},
		{class{Type: []word{{"1", "FORK\x00LIFT\n" + strings.Repeat("x", 100)}}}, "fork lift " + strings.Repeat("x", 22)},
	} {
		if got := c.class.likeliest(); got != c.want {
			t.Errorf("%+v: got %q, want %q", c.class, got, c.want)
		}
	}
}

// TestClockSetBack promises that a box whose clock is set back goes on counting.
func TestClockSetBack(t *testing.T) {
	t.Parallel()
	k := newTrack(t)
	k.see("", "1:Human")
	k.pass(-time.Hour)
	k.pass(time.Second)
	for range 20 {
		k.see("", "1:Human", "2:Human")
	}
	k.pass(time.Second)
	if diff := cmp.Diff([]string{"0s person 1", "-59m59s person 2"}, k.counted()); diff != "" {
		t.Error(diff)
	}
}
