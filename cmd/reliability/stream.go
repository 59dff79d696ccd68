package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"sitepost/cmd/reliability/figure"
)

// An event is a line of "go test -json", as far as it is needed:
//
//	{"Action":"attr","Test":"TestReliableKilled","Key":"reliability","Value":"{\"fault\":…}"}
//	{"Action":"output","Test":"TestReliableKilled","Output":"    crash_test.go:7: …\n"}
//	{"Action":"pass","Test":"TestReliableKilled","Elapsed":41.2}
//	{"Action":"build-output","Output":"ingest/store/x.go:7:2: undefined: y\n"}
type event struct {
	Time    time.Time
	Action  string
	Test    string
	Output  string
	Elapsed float64
	Key     string
	Value   string
}

// An outcome is what became of one test, its subtests included.
type outcome struct {
	Status  string // pass, fail or skip; "" if the test did not end
	Seconds float64
	Rows    []told
	output  strings.Builder // of a test that does not pass, for a person
}

// A told is a row, and the test or subtest that told it.
type told struct {
	Test   string
	Failed bool // that test failed, whatever the row says
	figure.Row
}

// mostLine bounds a line of the stream: tests print differences.
const mostLine = 16 << 20

// read goes through the stream of one package. It prints a line for each row as it
// comes, and all that a test had to say that failed or was skipped. What belongs to
// no test, as the compiler's errors, it prints as it is.
func read(stream io.Reader, progress io.Writer) (map[string]*outcome, error) {
	outcomes := make(map[string]*outcome)
	lines := bufio.NewScanner(stream)
	lines.Buffer(nil, mostLine)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			fmt.Fprintln(progress, lines.Text()) // go itself says something
			continue
		}
		if e.Test == "" {
			if e.Action == "build-output" || e.Action == "output" && strings.HasPrefix(e.Output, "panic:") {
				fmt.Fprint(progress, e.Output)
			}
			continue
		}
		name, _, _ := strings.Cut(e.Test, "/")
		o := outcomes[name]
		if o == nil {
			o = new(outcome)
			outcomes[name] = o
		}
		if err := o.take(e, name, progress); err != nil {
			return outcomes, fmt.Errorf("%s: %w", e.Test, err)
		}
	}
	if err := lines.Err(); err != nil {
		// The rest is read, or the test would wait for us for ever.
		_, rest := io.Copy(io.Discard, stream)
		return outcomes, errors.Join(err, rest)
	}
	return outcomes, nil
}

// take takes one event in.
func (o *outcome) take(e event, name string, progress io.Writer) error {
	switch e.Action {
	case "output":
		o.output.WriteString(e.Output)
	case "attr":
		if e.Key != figure.Key {
			return nil
		}
		t := told{Test: e.Test}
		if err := json.Unmarshal([]byte(e.Value), &t.Row); err != nil {
			return fmt.Errorf("a row of %q: %w", e.Value, err)
		}
		o.Rows = append(o.Rows, t)
		fmt.Fprintf(progress, "%s  %s: %s  %s\n", e.Time.Format("15:04:05"), t.Fault, t.Measured, yes(t.Met))
	case "fail":
		for i := range o.Rows {
			o.Rows[i].Failed = o.Rows[i].Failed || o.Rows[i].Test == e.Test || e.Test == name && len(o.Rows) == 1
		}
		fallthrough
	case "pass", "skip":
		if e.Test != name {
			return nil
		}
		if o.Status, o.Seconds = e.Action, e.Elapsed; e.Action != "pass" {
			fmt.Fprint(progress, o.output.String())
		}
	}
	return nil
}

func yes(met bool) string {
	if met {
		return "ok"
	}
	return "NOT MET"
}
