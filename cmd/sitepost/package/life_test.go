package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// guarded is a site with a serial line and a gate that is asked on it.
const guarded = `version = 1
[site]
name = "demo"
[[zone]]
name = "hall"
class = "screened"
[[zone]]
name = "quay"
class = "quay"
[[line]]
name = "bus"
port = "PORT"
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
`

// TestLifeOfTheUnit is what systemd does with the unit, and what it says of it, from a
// first start that somebody was too early with, to a box without sitepost. A hardening
// that forbids what the work needs shows here and nowhere else: what runs has opened its
// store, a serial port, its socket, and the journal.
//
// Answers complaint 36 (the error stands in a log that nobody reads), and the rows of
// reliability.md about the watchdog and of security.md 14 and 16.
func TestLifeOfTheUnit(t *testing.T) {
	if testing.Short() {
		t.Skip("makes packages and boots a Debian")
	}
	d := newBooted(t)
	debs := made(t, repository(t), "1.0.0", "1.0.1")
	step := func(name string, do func(t *testing.T)) {
		outer := d.t
		defer func() { d.t = outer }()
		if !t.Run(name, func(t *testing.T) { d.t = t; do(t) }) {
			d.t = outer
			t.Log(d.journal())
			t.FailNow() // what comes next stands on it
		}
	}
	port, name := d.newPort()
	site := strings.ReplaceAll(guarded, "PORT", name)
	const broken = "version = 1\n[site]\nnmae = \"demo\"\n"
	const file = "/etc/sitepost/site.toml"

	step("started before there is a site file", func(t *testing.T) {
		d.install(debs[0])
		said, code := d.try("systemctl", "start", "sitepost")
		if code == 0 || !strings.Contains(said, "Assertion failed") {
			t.Errorf("got exit code %d and %q, want a failed assertion", code, said)
		}
		if got := d.shows("ActiveState"); got != "inactive" {
			t.Errorf("got %s, want inactive", got)
		}
	})

	step("started with mistakes", func(t *testing.T) {
		d.do("sitepost", "init", "--write", file) // with the owner and mode that it has on a box
		d.write(file, broken)
		if said, code := d.try("systemctl", "start", "sitepost"); code == 0 {
			t.Errorf("got exit code 0, want another: %s", said)
		}
		time.Sleep(4 * time.Second) // RestartSec, and one more
		if got := d.shows("ActiveState") + " " + d.shows("NRestarts"); got != "failed 0" {
			t.Errorf("got %s restarts, want failed 0: to start it again heals no file", got)
		}
		if said, _ := d.try("systemctl", "status", "--no-pager", "sitepost"); !strings.Contains(said, file+":3:1: unknown key") {
			t.Errorf("systemctl status does not show the mistake:\n%s", said)
		}
	})

	step("started", func(t *testing.T) {
		d.write(file, site)
		d.do("systemctl", "start", "sitepost")
		d.stood() // it answers at once: READY=1 is the word that systemd has waited for
		if got := d.shows("StatusText"); !strings.HasPrefix(got, "demo: ") {
			t.Errorf("systemctl status shows %q, want how the site stands", got)
		}
		question := make([]byte, 1)
		if err := port.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		if _, err := port.Read(question); err != nil {
			t.Errorf("nobody asks on the serial line: %v", err)
		}
		entry := d.do("journalctl", "--unit=sitepost", "--no-pager", "--output=json", "SITEPOST_SITE=demo")
		for _, want := range []string{`"PRIORITY":"6"`, `"SYSLOG_IDENTIFIER":"sitepost"`, `"_SYSTEMD_UNIT":"sitepost.service"`} {
			if !strings.Contains(entry, want) {
				t.Errorf("the journal has no %s in\n%s", want, entry)
			}
		}
	})

	step("reloaded", func(t *testing.T) {
		pid := d.shows("MainPID")
		d.write(file, strings.Replace(site, "[site]", "[site]\ntitle = \"Quay 3\"", 1))
		d.do("systemctl", "reload", "sitepost")
		if status, _ := d.try("sitepost", "status", "--json"); !strings.Contains(status, `"title": "Quay 3"`) {
			t.Errorf("reload came back before the new site file was in force:\n%s", status)
		}
		d.write(file, broken)
		if said, code := d.try("systemctl", "reload", "sitepost"); code == 0 {
			t.Errorf("got exit code 0 for a site file with mistakes: %s", said)
		}
		if got := d.shows("ActiveState") + " " + d.shows("MainPID"); got != "active "+pid {
			t.Errorf("got %s, want active %s as before", got, pid)
		}
		said, _ := d.try("systemctl", "status", "--no-pager", "sitepost")
		for _, want := range []string{"first config: the site file is not accepted", file + ":3:1: unknown key"} {
			if !strings.Contains(said, want) {
				t.Errorf("systemctl status does not say %q:\n%s", want, said)
			}
		}
		d.write(file, site)
		d.do("systemctl", "reload", "sitepost")
	})

	step("upgraded", func(t *testing.T) {
		before, pid := d.stood(), d.shows("MainPID")
		d.install(debs[1])
		want := stood{Version: "1.0.1", Cause: "upgrade"}
		want.Store.Epoch = before.Store.Epoch
		if got := d.stood(); got != want || d.shows("MainPID") == pid {
			t.Errorf("got %+v, want %+v in another process", got, want)
		}
		if got := strings.Count(d.journal("--grep=^Started sitepost"), "Started sitepost"); got != 2 {
			t.Errorf("it was started %d times, want once before and once by the upgrade", got)
		}
	})

	// again waits for another process, and returns why it began.
	again := func(pid string) string {
		d.until("another sitepost is active", func() bool {
			now := d.shows("MainPID")
			return now != pid && now != "0" && d.shows("ActiveState") == "active"
		})
		return d.stood().Cause
	}

	step("killed", func(t *testing.T) {
		pid := d.shows("MainPID")
		d.do("systemctl", "kill", "--kill-whom=main", "--signal=KILL", "sitepost")
		if got := again(pid); got != "crash" {
			t.Errorf("got cause %q, want crash", got)
		}
	})

	step("frozen", func(t *testing.T) {
		d.do("mkdir", "/etc/systemd/system/sitepost.service.d")
		d.write("/etc/systemd/system/sitepost.service.d/soon.conf", "[Service]\nWatchdogSec=5\n")
		d.do("systemctl", "daemon-reload")
		d.do("systemctl", "restart", "sitepost")
		pid := d.shows("MainPID")
		d.do("systemctl", "kill", "--kill-whom=main", "--signal=STOP", "sitepost")
		if got := again(pid); got != "watchdog" {
			t.Errorf("got cause %q, want watchdog", got)
		}
		if said := d.journal(); !regexp.MustCompile(`goroutine \d+ .*\[`).MatchString(said) {
			t.Error("the journal does not have the stacks of its goroutines")
		}
	})

	step("stopped", func(t *testing.T) {
		began := time.Now()
		d.do("systemctl", "stop", "sitepost")
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("took %v", took)
		}
		if got := d.shows("ActiveState") + " " + d.shows("Result"); got != "inactive success" {
			t.Errorf("got %s, want inactive success", got)
		}
		if got := d.do("cat", "/run/sitepost/last-result"); got != "success" {
			t.Errorf("last-result: got %q, want success", got)
		}
		d.do("sitepost", "store", "verify")
		d.do("systemctl", "start", "sitepost")
		if got := d.stood().Cause; got != "restart" {
			t.Errorf("got cause %q, want restart", got)
		}
	})

	step("site file that the daemon cannot read", func(t *testing.T) {
		d.do("systemctl", "stop", "sitepost")
		d.do("chmod", "0600", file)
		d.do("systemctl", "start", "sitepost") // else it is deaf after the next power cut
		if said, _ := d.try("sitepost", "status"); !strings.Contains(said, "is in force: "+file+": permission denied: ") {
			t.Errorf("status does not say which site file runs, and why:\n%s", said)
		}
		const want = "not restarted, the version before goes on: the user sitepost cannot read " + file
		if said := d.install(debs[1]); !strings.Contains(said, want) {
			t.Errorf("the installation does not say %q:\n%s", want, said)
		}
		d.do("chmod", "0640", file)
		d.do("systemctl", "reload", "sitepost")
	})

	step("removed after all not", func(t *testing.T) {
		d.do("/var/lib/dpkg/info/sitepost.prerm", "remove")
		d.do("/var/lib/dpkg/info/sitepost.postinst", "abort-remove") // as dpkg does
		if got := d.shows("ActiveState"); got != "active" {
			t.Errorf("got %s, want active: the site is deaf because something else could not be installed", got)
		}
	})

	step("removed", func(t *testing.T) {
		d.do("dpkg", "--remove", "sitepost")
		if said, code := d.try("pidof", "sitepost"); code == 0 {
			t.Errorf("it runs on without its package: %s", said)
		}
		d.do("mount", "-t", "tmpfs", "disk", "/var/lib/sitepost") // a site with a disk of its own for the store
		d.do("touch", "/var/lib/sitepost/store.db")
		d.do("dpkg", "--purge", "sitepost")
		if left := d.do("ls", "-A", "/var/lib/sitepost"); left != "" {
			t.Errorf("left behind on the disk: %s", left)
		}
		for _, path := range []string{"/etc/sitepost", enabled} {
			if _, err := os.Lstat(filepath.Join(d.root, path)); err == nil {
				t.Errorf("%s was left behind", path)
			}
		}
	})
}
