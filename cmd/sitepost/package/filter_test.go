package main

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
)

// TestFilterAllowsTheWork runs a small site under strace and holds every system call
// that was made against the unit's filter: a call that is not allowed fails on a real
// box and nowhere else. The site has a serial line, a broker, a time server, a
// discovery that listens, and tools that ask.
func TestFilterAllowsTheWork(t *testing.T) {
	if testing.Short() {
		t.Skip("builds sitepost and traces it")
	}
	needs(t, "strace")
	needs(t, "systemd-analyze")
	p, err := newPress(t.Context(), repository(t), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	if err := p.build(p.host); err != nil {
		t.Fatal(err)
	}
	allowed := allowedCalls(t)
	forbidden := slices.DeleteFunc(traced(t, p.host), func(name string) bool { return allowed[name] })
	if len(forbidden) > 0 {
		t.Errorf("the unit forbids calls that sitepost makes: %s", strings.Join(forbidden, ", "))
	}
}

// traced lists the system calls that a life of sitepost makes, with the shell that the
// unit runs at its end.
func traced(t *testing.T, sitepost string) []string {
	t.Helper()
	dir := t.TempDir()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = master.Close(); _ = slave.Close() })
	hook := filepath.Join(dir, "hook")
	site := fmt.Sprintf(`version = 1
[site]
name = "demo"
[network]
device_interfaces = ["lo"]
device_networks = ["127.0.0.0/8"]
discover = "listen"
[clock]
compare_with = ["127.0.0.1"]
[store]
directory = %q
[uplink]
client_id = "demo"
hook = %q
[[uplink.broker]]
name = "city"
url = "mqtt://127.0.0.1:1"
[[zone]]
name = "hall"
class = "screened"
[[zone]]
name = "quay"
class = "quay"
[[line]]
name = "bus"
port = %q
settings = "19200 8N1"
use = "ask"
[[instrument]]
name = "gate-1"
kind = "gate"
profile = "gate-7e7f"
line = "bus"
address = 1
from = "hall"
to = "quay"
forward = "left"
`, filepath.Join(dir, "store"), hook, slave.Name())
	for name, file := range map[string]struct {
		text string
		mode os.FileMode
	}{"site.toml": {site, 0o640}, "hook": {"#!/bin/sh\n: $1\n", 0o755}} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(file.text), file.mode); err != nil {
			t.Fatal(err)
		}
	}
	calls, control := filepath.Join(dir, "calls"), filepath.Join(dir, "control.sock")
	c := exec.CommandContext(t.Context(), "strace", "-f", "-qq", "-o", calls, sitepost, "run", "--config", filepath.Join(dir, "site.toml"), "--control", control)
	c.Stderr, c.Stdout = t.Output(), t.Output()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		ask := exec.Command(sitepost, "status", "--control", control)
		if _ = ask.Run(); ask.ProcessState.ExitCode() < 2 { // 1: it has no city
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the traced sitepost does not answer")
		}
	}
	time.Sleep(8 * time.Second) // until the hook was run: a loss is told after 5 s
	stop(t, calls)
	if err := c.Wait(); err != nil {
		t.Errorf("sitepost run: got %v after SIGTERM, want exit code 0", err)
	}
	return callsIn(t, calls)
}

// stop asks the traced process to leave: strace itself hands nothing on.
func stop(t *testing.T, calls string) {
	t.Helper()
	first, _, _ := strings.Cut(read(t, calls), " ")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
}

// callsIn lists the names in the output of strace, each once.
func callsIn(t *testing.T, path string) []string {
	t.Helper()
	names := map[string]bool{}
	for _, found := range regexp.MustCompile(`(?m)^\d+ +([a-z_0-9]+)\(`).FindAllStringSubmatch(read(t, path), -1) {
		names[found[1]] = true
	}
	if len(names) < 20 {
		t.Fatalf("strace saw only %d calls", len(names))
	}
	return slices.Sorted(maps.Keys(names))
}

// allowedCalls works out SystemCallFilter= of the unit as systemd does: line by line, the
// first one says what is allowed at all, "~" takes away.
func allowedCalls(t *testing.T) map[string]bool {
	t.Helper()
	sets := callSets(t)
	allowed := map[string]bool{}
	expand(sets, "@default", true, allowed)
	for _, found := range regexp.MustCompile(`(?m)^SystemCallFilter=(~?)(.*)$`).FindAllStringSubmatch(read(t, "sitepost.service"), -1) {
		for name := range strings.FieldsSeq(found[2]) {
			expand(sets, name, found[1] == "", allowed)
		}
	}
	return allowed
}

func expand(sets map[string][]string, name string, allow bool, into map[string]bool) {
	if !strings.HasPrefix(name, "@") {
		into[name] = allow
		return
	}
	for _, member := range sets[name] {
		expand(sets, member, allow, into)
	}
}

// callSets are the sets of calls that systemd knows.
func callSets(t *testing.T) map[string][]string {
	t.Helper()
	out, err := exec.Command("systemd-analyze", "syscall-filter", "--no-pager").Output()
	if err != nil {
		t.Fatal(err)
	}
	sets, name := map[string][]string{}, ""
	for line := range strings.SplitSeq(string(out), "\n") {
		switch word := strings.TrimSpace(line); {
		case word == "" || strings.HasPrefix(word, "#"):
		case word != line: // indented: a member
			sets[name] = append(sets[name], word)
		default:
			name = word
		}
	}
	if len(sets["@system-service"]) == 0 {
		t.Fatal("systemd-analyze does not list @system-service")
	}
	return sets
}
