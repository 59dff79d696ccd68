// Package figure is how a test tells one line of the table of faults that "make
// reliability" prints: what was done to sitepost, what must hold then, and what was
// measured. A test reports through the attributes of package testing, so that it
// stays an ordinary test that can be run alone.
//
// It does not know any fault.
package figure

import (
	"encoding/json"
	"os"
	"testing"
)

// A Size says how much a test does.
type Size int

// The sizes. All short ones together take three minutes at most, all full ones
// fifteen.
const (
	Short Size = iota // in "make test"
	Full              // in "make reliability"
	Long              // in "make reliability-long"
)

// Env is the variable that asks for a size: "", "full" or "long".
const Env = "SITEPOST_RELIABILITY"

// Asked is the size that is asked for.
func Asked(t testing.TB) Size {
	t.Helper()
	switch asked := os.Getenv(Env); asked {
	case "":
		return Short
	case "full":
		return Full
	case "long":
		return Long
	default:
		t.Fatalf("%s is %q (full, long or nothing)", Env, asked)
		return Short
	}
}

// Key is the attribute under which a row stands in the test's output.
const Key = "reliability"

// A Row is one line of the table.
type Row struct {
	Fault    string             `json:"fault"`             // "kill -9, 200 times under load"
	Aim      string             `json:"aim"`               // "0 of ≥ 40,000 accepted lost"
	Measured string             `json:"measured"`          // "0 of 41,822 lost, 12 sent twice"
	Met      bool               `json:"met"`               // the aim
	Control  string             `json:"control,omitempty"` // what the same test said with the protection off: "fsync off: 2,112 of 2,112 lost"
	Values   map[string]float64 `json:"values,omitempty"`  // the figures, for machines: "lost": 0
}

// Report tells a row, and fails the test if its aim was not met.
func Report(t testing.TB, r Row) {
	t.Helper()
	line, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Attr(Key, string(line))
	if !r.Met {
		t.Errorf("%s: %s, want %s", r.Fault, r.Measured, r.Aim)
	}
}
