package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"sitepost": main})
}

// TestScripts runs the tool as a technician does: commands, what they print,
// and their exit codes, one file per subject in testdata/script.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			profiles, err := os.Getwd()
			e.Setenv("PROFILES", profiles+"/../../devices/instrument/profiles")
			return err
		},
	})
}

// TestExitCodes keeps the three words a script can rely on: 0 good, 1 findings,
// 2 a bad command line or a file that cannot be opened.
func TestExitCodes(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := write("good.toml", "version = 1\n[site]\nname = \"demo\"\n")
	bad := write("bad.toml", "version = 1\n[site]\nnmae = \"demo\"\n")
	gone := filepath.Join(dir, "gone.toml")
	for _, c := range []struct {
		args []string
		want int
	}{
		{[]string{"check", "--config", good}, exitGood},
		{[]string{"check", "--config", bad}, exitFindings},
		{[]string{"check", "--config", gone}, exitUsage},
		{[]string{"run", "--config", bad}, exitFindings},
		{[]string{"run", "--config", gone}, exitUsage},
		{[]string{"try", "gate-7e7f"}, exitGood},
		{[]string{"try", bad}, exitFindings},
		{[]string{"try", gone}, exitUsage},
		{[]string{"explain", "no-such"}, exitUsage},
		{[]string{"frobnicate"}, exitUsage},
		{[]string{"check", "--frobnicate"}, exitUsage},
		{[]string{"init", "--write", good}, exitUsage},
	} {
		if got := run(c.args, io.Discard, io.Discard); got != c.want {
			t.Errorf("sitepost %s: got exit code %d, want %d", strings.Join(c.args, " "), got, c.want)
		}
	}
}
