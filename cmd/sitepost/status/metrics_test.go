package status

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
)

// TestMetricNames: the figures are named as Prometheus wants it: unit and _total behind,
// a HELP for each, nothing shortened.
func TestMetricNames(t *testing.T) {
	s := ill()
	s.Judge()
	w := httptest.NewRecorder()
	Metrics(func() Snapshot { return s }).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	found, err := promlint.New(w.Body).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		t.Errorf("%s: %s", f.Metric, f.Text)
	}
	for _, f := range table {
		if isCounter := f.kind == counter; isCounter != strings.HasSuffix(f.name, "_total") || f.help == "" {
			t.Errorf("%s: a counter and nothing else ends in _total, and all have a HELP", f.name)
		}
	}
}

// TestFiguresStay: a figure that falls to nothing is 0, and does not go away: who is
// alarmed by it would not hear that it is over.
func TestFiguresStay(t *testing.T) {
	names := func(s Snapshot) (all string) {
		for row := range strings.Lines(ours(t, s)) {
			if name := row[:strings.LastIndexByte(row, ' ')]; !strings.HasPrefix(name, "sitepost_clock_offset") {
				all += name + "\n"
			}
		}
		return all
	}
	w, i := well(), ill()
	w.Judge()
	i.Judge()
	if a, b := names(w), names(i); a != b {
		t.Errorf("well:\n%s\nill:\n%s", a, b)
	}
}
