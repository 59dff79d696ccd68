package daemon_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"sitepost/cmd/sitepost/control"
)

// lentFor is longer than a contact module may be silent.
const lentFor = 5 * time.Second

// TestLentLine: while a line is lent to a tool, it and all that hangs on it are
// in maintenance, and nobody is called silent however long that lasts; after it
// everything is as before, and what happened meanwhile is told.
func TestLentLine(t *testing.T) {
	s := newStand(t, "")
	stop := s.run()
	s.settle("gas-1", "panic-1")
	tool := control.Client{Path: s.control}
	giveBack, _, err := tool.Borrow(t.Context(), "bus-a")
	if err != nil {
		t.Fatal(err)
	}
	inHand := []string{"bus-a", "gas-1", "panic-1", "xray-1"}
	s.must("of the maintenance", func(b *book) bool { return b.all("maintenance", inHand) })
	if err := contact("panic-1", "4", true)(s); err != nil {
		t.Fatal(err)
	}
	i, err := s.site.Instrument("gas-1")
	if err != nil {
		t.Fatal(err)
	}
	asked := i.Asked()
	time.Sleep(lentFor) // the tool works
	if more := i.Asked() - asked; more > 0 {
		t.Errorf("a lent line was asked %d times", more)
	}
	if !s.book.all("maintenance", inHand) {
		t.Errorf("at the end of the loan: got %v, want all in maintenance", s.book.states(inHand))
	}
	giveBack()
	s.must("that all is back", func(b *book) bool { return b.all("online", inHand) })
	s.must("of the button", func(b *book) bool { return len(b.lists()["panic-1 alarm"]) == 1 })
	stop()
	s.should("the box stop", stopped)

	lent := inMode("bus-a", "maintenance")
	lent.Detail = "lent"
	want := lists(append(aLife("cards", "gates-1", "gates-2", "quay"),
		inMode("bus-a", "normal"), lent, inMode("bus-a", "normal"),
		inMode("gas-1", "normal"), on("panic-1", raised("panic.pressed")),
		said{Device: "gate-1", Type: "access.leaf", Is: "closed"}, said{Device: "gate-2", Type: "access.leaf", Is: "closed"},
	)...)
	if diff := gocmp.Diff(want, s.book.lists()); diff != "" {
		t.Errorf("-happened +told:\n%s", diff)
	}
	s.book.audit(t)
}

// states returns how devices stand.
func (b *book) states(names []string) map[string]string {
	states := map[string]string{}
	for _, name := range names {
		states[name] = b.state("device/" + name)
	}
	return states
}

// all says whether all devices stand in one state, and each with a reason and a
// next step if that is not online.
func (b *book) all(state string, names []string) bool {
	for _, name := range names {
		if b.state("device/"+name) != state {
			return false
		}
		var doc struct {
			Why  string
			Next string `json:"next_step"`
		}
		b.mu.Lock()
		err := json.Unmarshal(b.retained[topicOf("device/"+name)], &doc)
		b.mu.Unlock()
		if told := doc.Why != "" && doc.Next != ""; err != nil || told != (state != "online") {
			b.t.Errorf("%s is %s: got why %q and next step %q", name, state, doc.Why, doc.Next)
			return false
		}
	}
	return true
}

// TestReloadOfLentLine promises that a tool which has a line is told when a reload begins
// that line anew, and that the line is nobody's but the site's then.
func TestReloadOfLentLine(t *testing.T) {
	r := newReloader(t, newStand(t, ""))
	stop := r.run()
	r.settle("gas-1", "gate-1")
	giveBack, lost, err := r.tool.Borrow(t.Context(), "bus-a")
	if err != nil {
		t.Fatal(err)
	}
	r.must("of the maintenance", func(b *book) bool { return b.all("maintenance", []string{"bus-a", "gas-1"}) })
	changed := r.force(r.with("name = \"bus-a\"\n", "name = \"bus-a\"\npause = \"40ms\"\n"))
	if !slices.Contains(changed, `line "bus-a" begins anew`) {
		t.Errorf("got %v, want the line begun anew", changed)
	}
	select {
	case why := <-lost:
		if want := `line "bus-a": the running sitepost has taken it back: a reload has taken the line out of the site file, or changed it: see the file, then do this again`; why.Error() != want {
			t.Errorf("got  %v\nwant %s", why, want)
		}
	case <-time.After(patience):
		t.Error("the tool still has the line, as far as it knows")
	}
	giveBack()
	r.must("that all is back", func(b *book) bool { return b.all("online", []string{"bus-a", "gas-1", "panic-1"}) })
	again, _, err := r.tool.Borrow(t.Context(), "bus-a")
	if err != nil {
		t.Fatalf("the new line cannot be lent: %v", err)
	}
	again()
	stop()
	r.should("the box stop", stopped)
	r.book.audit(t)
}
