package main

import (
	"bytes"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write what is golden")

// TestTable reads a recorded stream, in which one test meets its aim, one does not,
// one fails beside rows that do, and one was skipped.
func TestTable(t *testing.T) {
	stream, err := os.Open("testdata/stream.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	var got bytes.Buffer
	outcomes, err := read(stream, &got)
	if err != nil {
		t.Fatal(err)
	}
	r := report{Seconds: 44}
	r.add("ingest/store", only(outcomes))
	fmt.Fprintf(&got, "\n%s\n%v\n\n%s", r.text(), r.sum(), r.markdown())
	if r.met() {
		t.Error("the table says that all is well")
	}
	if *update {
		if err := os.WriteFile("testdata/table.txt", got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/table.txt")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// only adds outcomes that are well for the tests that the recording does not have.
func only(outcomes map[string]*outcome) map[string]*outcome {
	for _, f := range faultTests {
		if f.Package == "ingest/store" && outcomes[f.Test] == nil {
			outcomes[f.Test] = &outcome{Status: "quiet"}
		}
	}
	return outcomes
}

// TestMissing holds that a test which is not in the stream, or ends in the middle of
// it, has a line that is not ok.
func TestMissing(t *testing.T) {
	for name, stream := range map[string]string{
		"nothing":             "",
		"a build that failed": `{"Action":"build-output","Output":"x.go:7: undefined: y\n"}`,
		"no end":              `{"Action":"run","Test":"TestReliableKilled"}`,
		"no row":              `{"Action":"pass","Test":"TestReliableKilled"}`,
		"go's own words":      "go: no such package",
	} {
		var progress bytes.Buffer
		outcomes, err := read(strings.NewReader(stream), &progress)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var r report
		r.add("ingest/store", outcomes)
		if r.met() || len(r.Rows) == 0 || r.Rows[0].OK {
			t.Errorf("%s: got %v", name, r.Rows)
		}
	}
	if _, err := read(strings.NewReader(`{"Action":"attr","Test":"T","Key":"reliability","Value":"{"}`), new(bytes.Buffer)); err == nil {
		t.Error("a row that cannot be read is no error")
	}
}

// TestAllFaults holds that the list has all tests of faults there are in the source,
// and no other.
func TestAllFaults(t *testing.T) {
	test := regexp.MustCompile(`(?m)^func (TestReliable\w+)\(t \*testing\.T\)`)
	var found []faultTest
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, m := range test.FindAllSubmatch(source, -1) {
			pkg, _ := filepath.Rel("../..", filepath.Dir(path))
			found = append(found, faultTest{pkg, string(m[1])})
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	order := func(a, b faultTest) int { return strings.Compare(a.Package+a.Test, b.Package+b.Test) }
	listed := slices.Clone(faultTests)
	slices.SortFunc(found, order)
	slices.SortFunc(listed, order)
	if diff := cmp.Diff(found, listed); diff != "" {
		t.Errorf("rows.go (-in the source +listed)\n%s", diff)
	}
}
