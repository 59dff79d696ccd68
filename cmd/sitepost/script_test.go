package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"sitepost/cmd/sitepost/control"
	"sitepost/devices/camera/cameratest"
	"sitepost/devices/virtual"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"sitepost": main})
}

// TestScripts runs the tool as a technician does: commands, what they print,
// and their exit codes, one file per subject in testdata/script.
func TestScripts(t *testing.T) {
	commands := map[string]func(ts *testscript.TestScript, neg bool, args []string){"camera": startCamera, "stream": startStream, "running": waitRunning, "written": waitWritten, "broker": startBroker}
	maps.Copy(commands, storeVerbs())
	maps.Copy(commands, historyVerbs())
	maps.Copy(commands, enrolVerbs())
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			profiles, err := os.Getwd()
			e.Setenv("PROFILES", profiles+"/../../devices/instrument/profiles")
			return errors.Join(err, makeCRLF(e), nameWork(e))
		},
		Cmds: commands,
	})
}

// makeCRLF gives each file named crlf.* of a script the line ends of Windows, and
// takes the last one away: an archive of a script cannot hold such.
func makeCRLF(e *testscript.Env) error {
	files, err := filepath.Glob(filepath.Join(e.WorkDir, "crlf.*"))
	for _, file := range files {
		text, readErr := os.ReadFile(file)
		text = bytes.ReplaceAll(bytes.TrimRight(text, "\n"), []byte("\n"), []byte("\r\n"))
		err = errors.Join(err, readErr, os.WriteFile(file, text, 0o640))
	}
	return err
}

// nameWork writes the whole path of the script's folder where a site file says $WORK: a
// site file wants whole paths.
func nameWork(e *testscript.Env) error {
	files, err := filepath.Glob(filepath.Join(e.WorkDir, "*.toml"))
	for _, file := range files {
		text, readErr := os.ReadFile(file)
		if !bytes.Contains(text, []byte("$WORK")) {
			continue
		}
		text = bytes.ReplaceAll(text, []byte("$WORK"), []byte(e.WorkDir))
		err = errors.Join(err, readErr, os.WriteFile(file, text, 0o640))
	}
	return err
}

// startCamera is the command `camera NAME HOST [VENDOR MODEL]` of scripts: an open
// camera that can be found on lo until the script ends. Its address and endpoint
// are then in $NAME and $NAME_ENDPOINT.
func startCamera(ts *testscript.TestScript, _ bool, args []string) {
	o := cameratest.Options{Interface: "lo", HTTP: args[1] + ":0", Endpoint: cameratest.Endpoint(), Auth: "open", Serial: "S-" + args[0]}
	if len(args) > 3 {
		o.Vendor, o.Model = args[2], args[3]
	}
	c, err := cameratest.Serve(o)
	ts.Check(err)
	ts.Defer(func() { ts.Check(c.Close()) })
	ts.Setenv(args[0], c.Address())
	ts.Setenv(args[0]+"_ENDPOINT", o.Endpoint)
}

// startStream is the command `stream NAME HOST [DROP]` of scripts: a stream that plays
// until the script ends, without that share of its packets. Its address is then in
// $NAME.
func startStream(ts *testscript.TestScript, _ bool, args []string) {
	var o virtual.RTSPOptions
	if len(args) > 2 {
		drop, err := strconv.ParseFloat(args[2], 64)
		ts.Check(err)
		o.Drop = drop
	}
	c, err := virtual.ServeRTSP(args[1]+":0", o)
	ts.Check(err)
	ts.Defer(c.Close)
	ts.Setenv(args[0], c.URL())
}

// waitRunning is the command `running SOCKET` of scripts: it returns when a sitepost that
// was started in the background (`exec sitepost run --control SOCKET … &`) answers there.
func waitRunning(ts *testscript.TestScript, _ bool, args []string) {
	const patience = 20 * time.Second
	door, until := control.Client{Path: ts.MkAbs(args[0])}, time.Now().Add(patience)
	for {
		_, err := door.Status(context.Background())
		if err == nil {
			return
		}
		if time.Now().After(until) {
			ts.Fatalf("no sitepost runs: %v", err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// waitWritten is the command `written FILE` of scripts: it returns when what was started
// in the background has written something into the file.
func waitWritten(ts *testscript.TestScript, _ bool, args []string) {
	const patience = 20 * time.Second
	for until := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		text, err := os.ReadFile(ts.MkAbs(args[0]))
		if err == nil && len(text) > 0 {
			return
		}
		if time.Now().After(until) {
			ts.Fatalf("nothing is written into %s: %v", args[0], err)
		}
	}
}

// TestExitCodes keeps the three words a script can rely on: 0 good, 1 findings,
// 2 a bad command line or a file that cannot be opened.
func TestExitCodes(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("STATE_DIRECTORY", dir) // no site of this machine runs in place of a bad file
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
		{[]string{"status", "--control", gone}, exitUsage},
		{[]string{"status", "hall"}, exitUsage},
		{[]string{"config", "diff", "--config", gone}, exitUsage},
		{[]string{"config", "show", "1", "2", "--config", good}, exitUsage},
		{[]string{"config", "migrate", "--config", good}, exitGood},
		{[]string{"config", "migrate", "--config", gone}, exitUsage},
		{[]string{"frobnicate"}, exitUsage},
		{[]string{"check", "--frobnicate"}, exitUsage},
		{[]string{"init", "--write", good}, exitUsage},
	} {
		if got := run(c.args, io.Discard, io.Discard); got != c.want {
			t.Errorf("sitepost %s: got exit code %d, want %d", strings.Join(c.args, " "), got, c.want)
		}
	}
}
