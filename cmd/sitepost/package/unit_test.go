package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sitepost/cmd/sitepost/package/debiantest"
)

func needs(t *testing.T, program string) { t.Helper(); debiantest.Needs(t, program) }

func missing(t *testing.T, why string) { t.Helper(); debiantest.Missing(t, why) }

// TestUnitExposure: what a sitepost that was taken over could do to the box stays small:
// at most 2.0 of 10. (security.md, rows 14 and 16)
func TestUnitExposure(t *testing.T) {
	needs(t, "systemd-analyze")
	out, err := exec.Command("systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", "sitepost.service").CombinedOutput()
	if err != nil {
		t.Errorf("%v, want an exposure of at most 2.0:\n%s", err, out)
	}
}

// TestUnitIsUnderstood: systemd knows every key of the unit and takes every value. It
// ignores what it does not, a hardening as well as a watchdog.
func TestUnitIsUnderstood(t *testing.T) {
	needs(t, "systemd-analyze")
	unit := read(t, "sitepost.service")
	here := strings.ReplaceAll(unit, "/usr/bin/sitepost", "/bin/true") // which is not installed
	here = regexp.MustCompile(`(?m)^Documentation=.*\n`).ReplaceAllString(here, "")
	path := filepath.Join(t.TempDir(), "sitepost.service")
	if err := os.WriteFile(path, []byte(here), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("systemd-analyze", "verify", path).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("%v:\n%s", err, out)
	}
}

// TestUnitHasNoCommentsInValues: a comment at the end of a line is a value for systemd,
// and "60 # seconds" switches a watchdog off without a word.
func TestUnitHasNoCommentsInValues(t *testing.T) {
	lines := bufio.NewScanner(strings.NewReader(read(t, "sitepost.service")))
	for n := 1; lines.Scan(); n++ {
		if line := lines.Text(); !strings.HasPrefix(line, "#") && strings.ContainsAny(line, "#;") {
			t.Errorf("sitepost.service:%d: a comment behind a value: %s", n, line)
		}
	}
}

// TestUnitPromises keeps what other parts of the house rely on: the watchdog, the word
// that package box reads at the next start, and that a box never stays dead.
func TestUnitPromises(t *testing.T) {
	unit := "\n" + read(t, "sitepost.service")
	for _, want := range []string{
		"Type=notify", "NotifyAccess=main", "WatchdogSec=60", "Restart=always", "RestartSec=3", "StartLimitIntervalSec=0", "RestartPreventExitStatus=1",
		"ExecReload=/usr/bin/sitepost reload", "RuntimeDirectory=sitepost", "RuntimeDirectoryPreserve=yes", "StateDirectory=sitepost",
		"SupplementaryGroups=dialout", "User=sitepost",
	} {
		if !strings.Contains(unit, "\n"+want+"\n") {
			t.Errorf("sitepost.service does not say %s", want)
		}
	}
	for _, never := range []string{"time-sync.target", "PrivateDevices=yes", "ProtectClock=yes", "ProcSubset=pid", "PrivateUsers=yes"} {
		if regexp.MustCompile(`(?m)^[^#\n]*` + regexp.QuoteMeta(never)).MatchString(unit) {
			t.Errorf("sitepost.service says %s, with which sitepost cannot do its work: see the comments there", never)
		}
	}
}

// TestUnitLeavesItsEnd runs what the unit runs at every stop.
func TestUnitLeavesItsEnd(t *testing.T) {
	found := regexp.MustCompile(`(?m)^ExecStopPost=-/bin/sh -c '(.*)'$`).FindStringSubmatch(read(t, "sitepost.service"))
	if found == nil {
		t.Fatal("sitepost.service has no ExecStopPost of the known shape")
	}
	dir := t.TempDir()
	script := strings.NewReplacer("%%", "%", "$$", "$", "/run/sitepost", dir).Replace(found[1]) // as systemd does
	c := exec.Command("/bin/sh", "-c", script)
	c.Env = []string{"SERVICE_RESULT=watchdog"}
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if got := read(t, filepath.Join(dir, "last-result")); got != "watchdog" {
		t.Errorf("last-result: got %q, want watchdog", got)
	}
}

// rule is one condition or assignment of a file of udev rules.
var rule = regexp.MustCompile(`^(ACTION|SUBSYSTEM|KERNEL|DRIVERS|ENV\{\w+\}|ATTRS?\{[\w./]+\}|TAG|GOTO|LABEL|SYMLINK)(==|\+=|=)"[^"]*"$`)

// TestRulesAreUnderstood: udev drops a line that it does not understand, and says so in
// a log that nobody reads.
func TestRulesAreUnderstood(t *testing.T) {
	lines := bufio.NewScanner(strings.NewReader(read(t, "60-sitepost.rules")))
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		for part := range strings.SplitSeq(line, ", ") {
			if !rule.MatchString(part) {
				t.Errorf("60-sitepost.rules:%d: not understood: %s", n, part)
			}
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
