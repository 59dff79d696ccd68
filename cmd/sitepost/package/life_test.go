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

// file is where the site file lies, and mistaken what is wrong with one.
const (
	file     = "/etc/sitepost/site.toml"
	mistaken = "version = 1\n[site]\nnmae = \"demo\"\n"
)

// A life is that of the unit on one box.
type life struct {
	*booted
	debs []string // of two versions
	site string   // its site file
	port *os.File // the end of the device
}

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
	d := &life{booted: newBooted(t)}
	d.debs = made(t, repository(t), "1.0.0", "1.0.1")
	var name string
	d.port, name = d.newPort()
	d.site = strings.ReplaceAll(guarded, "PORT", name)
	for _, step := range []struct {
		name string
		do   func(*testing.T)
	}{
		{"started before there is a site file", d.tooEarly},
		{"started with mistakes", d.startedWithMistakes},
		{"started", d.started},
		{"reloaded", d.reloaded},
		{"upgraded", d.upgraded},
		{"killed", d.killed},
		{"frozen", d.frozen},
		{"stopped", d.stopped},
		{"site file that is gone, or that the daemon cannot read", d.unread},
		{"removed after all not", d.notRemoved},
		{"removed", d.removed},
	} {
		if !t.Run(step.name, func(t *testing.T) { d.t = t; step.do(t) }) {
			d.t = t
			t.Fatal(d.journal()) // what comes next stands on it
		}
		d.t = t
	}
}

// tooEarly: nothing starts before somebody has written a site file, and who tries is told.
func (d *life) tooEarly(t *testing.T) {
	d.install(d.debs[0])
	said, code := d.try("systemctl", "start", "sitepost")
	if code == 0 || !strings.Contains(said, "Assertion failed") {
		t.Errorf("got exit code %d and %q, want a failed assertion", code, said)
	}
	if got := d.shows("ActiveState"); got != "inactive" {
		t.Errorf("got %s, want inactive", got)
	}
}

// startedWithMistakes: a first site file with mistakes is told with its line, and not tried again and again.
func (d *life) startedWithMistakes(t *testing.T) {
	d.do("sitepost", "init", "--write", file) // with the owner and mode that it has on a box
	d.write(file, mistaken)
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
}

// started: active is what answers, asks its devices, and is heard by the journal.
func (d *life) started(t *testing.T) {
	d.write(file, d.site)
	d.do("systemctl", "start", "sitepost")
	d.stood() // it answers at once: READY=1 is the word that systemd has waited for
	if got := d.shows("StatusText"); !strings.HasPrefix(got, "demo: ") {
		t.Errorf("systemctl status shows %q, want how the site stands", got)
	}
	question := make([]byte, 1)
	if err := d.port.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := d.port.Read(question); err != nil {
		t.Errorf("nobody asks on the serial line: %v", err)
	}
	entry := d.do("journalctl", "--unit=sitepost", "--no-pager", "--output=json", "SITEPOST_SITE=demo")
	for _, want := range []string{`"PRIORITY":"6"`, `"SYSLOG_IDENTIFIER":"sitepost"`, `"_SYSTEMD_UNIT":"sitepost.service"`} {
		if !strings.Contains(entry, want) {
			t.Errorf("the journal has no %s in\n%s", want, entry)
		}
	}
}

// reloaded: systemctl reload comes back when the new file is in force, or was refused, which
// ends nothing and stands in systemctl status.
func (d *life) reloaded(t *testing.T) {
	pid := d.shows("MainPID")
	d.write(file, strings.Replace(d.site, "[site]", "[site]\ntitle = \"Quay 3\"", 1))
	d.do("systemctl", "reload", "sitepost")
	if status, _ := d.try("sitepost", "status", "--json"); !strings.Contains(status, `"title": "Quay 3"`) {
		t.Errorf("reload came back before the new site file was in force:\n%s", status)
	}
	d.write(file, mistaken)
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
	d.write(file, d.site)
	d.do("systemctl", "reload", "sitepost")
}

// upgraded: it begins once with the new version, and has the store of the old one.
func (d *life) upgraded(t *testing.T) {
	before, pid := d.stood(), d.shows("MainPID")
	d.install(d.debs[1])
	want := stood{Version: "1.0.1", Cause: "upgrade"}
	want.Store.Epoch = before.Store.Epoch
	if got := d.stood(); got != want || d.shows("MainPID") == pid {
		t.Errorf("got %+v, want %+v in another process", got, want)
	}
	if got := strings.Count(d.journal("--grep=^Started sitepost"), "Started sitepost"); got != 2 {
		t.Errorf("it was started %d times, want once before and once by the upgrade", got)
	}
}

// killed: it comes back by itself.
func (d *life) killed(t *testing.T) {
	pid := d.shows("MainPID")
	d.do("systemctl", "kill", "--kill-whom=main", "--signal=KILL", "sitepost")
	if got := d.again(pid); got != "crash" {
		t.Errorf("got cause %q, want crash", got)
	}
}

// frozen: the watchdog ends it, and where it stood is in the journal.
func (d *life) frozen(t *testing.T) {
	d.do("mkdir", "/etc/systemd/system/sitepost.service.d")
	d.write("/etc/systemd/system/sitepost.service.d/soon.conf", "[Service]\nWatchdogSec=5\n")
	d.do("systemctl", "daemon-reload")
	d.do("systemctl", "restart", "sitepost")
	pid := d.shows("MainPID")
	d.do("systemctl", "kill", "--kill-whom=main", "--signal=STOP", "sitepost")
	if got := d.again(pid); got != "watchdog" {
		t.Errorf("got cause %q, want watchdog", got)
	}
	if said := d.journal(); !regexp.MustCompile(`goroutine \d+ .*\[`).MatchString(said) {
		t.Error("the journal does not have the stacks of its goroutines")
	}
}

// stopped: in order, within its time, with a store that is sound.
func (d *life) stopped(t *testing.T) {
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
}

// unread: where the site file is gone, or is not for the daemon's eyes, the last accepted one
// runs; else the box would be deaf after the next power cut.
func (d *life) unread(t *testing.T) {
	d.do("mv", file, file+".away")
	d.do("systemctl", "restart", "sitepost") // else it is deaf after the next power cut
	d.stood()
	d.do("mv", file+".away", file)
	d.do("chmod", "0600", file)
	d.do("systemctl", "restart", "sitepost")
	if said, _ := d.try("sitepost", "status"); !strings.Contains(said, "is in force: "+file+": permission denied: ") {
		t.Errorf("status does not say which site file runs, and why:\n%s", said)
	}
	const want = "not restarted, the version before goes on: the user sitepost cannot read " + file
	if said := d.install(d.debs[1]); !strings.Contains(said, want) {
		t.Errorf("the installation does not say %q:\n%s", want, said)
	}
	d.do("chmod", "0640", file)
	d.do("systemctl", "reload", "sitepost")
}

// notRemoved: a removal that dpkg gives up leaves a site that is guarded.
func (d *life) notRemoved(t *testing.T) {
	d.do("/var/lib/dpkg/info/sitepost.prerm", "remove")
	d.do("/var/lib/dpkg/info/sitepost.postinst", "abort-remove") // as dpkg does
	if got := d.shows("ActiveState"); got != "active" {
		t.Errorf("got %s, want active: the site is deaf because something else could not be installed", got)
	}
}

// removed: nothing runs on; and purged, nothing stays, not even on a disk of its own.
func (d *life) removed(t *testing.T) {
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
}

// again waits for another process, and returns why it began.
func (d *life) again(pid string) string {
	d.until("another sitepost is active", func() bool {
		now := d.shows("MainPID")
		return now != pid && now != "0" && d.shows("ActiveState") == "active"
	})
	return d.stood().Cause
}
