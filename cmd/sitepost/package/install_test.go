package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// made makes packages of a repository for amd64, under versions.
func made(t *testing.T, root string, versions ...string) (debs []string) {
	t.Helper()
	p, err := newPress(t.Context(), root, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	for _, version := range versions {
		p.version = version
		deb, err := p.press(targets[0])
		if err != nil {
			t.Fatal(err)
		}
		debs = append(debs, deb)
	}
	return debs
}

// site is a small site that needs nothing from outside.
const site = `version = 1
[site]
name = "demo"
`

// A stood is what the running sitepost says of itself, as far as it is looked at here.
type stood struct {
	Version, Cause string
	Store          struct{ Epoch string }
}

// stood asks the running one.
func (d *debian) stood() (s stood) {
	d.t.Helper()
	out, code := d.try("sitepost", "status", "--json")
	if code > 1 { // 1: it has no city
		d.t.Fatalf("sitepost status: exit code %d\n%s", code, out)
	}
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		d.t.Fatalf("%v\n%s", err, out)
	}
	return s
}

// TestInstall is the life of a package on a fresh Debian 12: installed, configured,
// run, upgraded, removed, installed again, purged. What waits for the city and what a
// person wrote outlives all but the last.
//
// Answers complaints 35 (an upgrade after which the box does not start) and 36 (the
// error stands in a log that nobody reads).
func TestInstall(t *testing.T) {
	if testing.Short() {
		t.Skip("makes packages and a Debian")
	}
	d := newDebian(t)
	debs := made(t, repository(t), "1.0.0", "1.0.1")
	one, two := debs[0], debs[1]
	before := d.all()
	step := func(name string, do func(t *testing.T)) {
		outer := d.t
		defer func() { d.t = outer }()
		if !t.Run(name, func(t *testing.T) { d.t = t; do(t) }) {
			t.FailNow() // what comes next stands on it
		}
	}
	var epoch string

	step("installed", func(t *testing.T) {
		said := d.install(one)
		for _, want := range []string{
			"installed, not configured yet; run: sudo sitepost init --write /etc/sitepost/site.toml",
			"已安装，尚未配置；请运行：sudo sitepost init --write /etc/sitepost/site.toml",
		} {
			if !strings.Contains(said, want) {
				t.Errorf("the installation does not say %q:\n%s", want, said)
			}
		}
		compareFolders(t, d)
		if got := d.do("sitepost", "--version"); got != "sitepost version 1.0.0\n" {
			t.Errorf("got version %q", got)
		}
		if !d.has(enabled) {
			t.Error("the unit is not enabled: after a power cut the site would stay deaf")
		}
	})

	step("configured", func(t *testing.T) {
		d.do("sitepost", "init", "--write", "/etc/sitepost/site.toml")
		if got := d.stands("/etc/sitepost/site.toml"); got != "-rw-r----- root:sitepost" {
			t.Errorf("site.toml is %s: the daemon cannot read it, or everybody can", got)
		}
		d.write("/etc/sitepost/site.toml", site)
		d.do("sitepost", "check")
	})

	step("enrolled", func(t *testing.T) {
		const key = "/etc/sitepost/secrets/box.key"
		d.do("sh", "-c", "umask 077; exec sitepost enroll --write --out /tmp/box.csr")
		for path, want := range map[string]string{key: "-rw-r----- root:sitepost", "/etc/sitepost/site.toml": "-rw-r----- root:sitepost"} {
			if got := d.stands(path); got != want {
				t.Errorf("%s is %s, want %s", path, got, want)
			}
		}
		d.do("runuser", "-u", "sitepost", "--", "cat", key)
		if out, code := d.try("runuser", "-u", "nobody", "--", "cat", key); code == 0 {
			t.Errorf("everybody reads the key: %s", out)
		}
		d.write("/etc/sitepost/site.toml", site)
	})

	step("run", func(t *testing.T) {
		g := d.start()
		is := d.stood()
		epoch = is.Store.Epoch
		g.stop()
		if got := d.stands("/var/lib/sitepost/store.db"); got != "-rw------- sitepost:sitepost" {
			t.Errorf("store.db is %s", got)
		}
	})

	step("upgraded", func(t *testing.T) {
		if err := os.Remove(filepath.Join(d.root, enabled)); err != nil { // as `systemctl disable` does
			t.Fatal(err)
		}
		d.install(two)
		if d.has(enabled) {
			t.Error("the upgrade enabled a unit that the administrator had disabled")
		}
		if got := read(t, filepath.Join(d.root, "etc/sitepost/site.toml")); got != site {
			t.Errorf("the site file is another one:\n%s", got)
		}
		g := d.start()
		is := d.stood()
		g.stop()
		want := stood{Version: "1.0.1", Cause: "upgrade"}
		want.Store.Epoch = epoch
		if diff := cmp.Diff(want, is); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})

	step("upgraded with a broken site file", func(t *testing.T) {
		d.write("/etc/sitepost/site.toml", "version = 1\n[site]\nnmae = \"demo\"\n")
		said := d.install(two)
		if !strings.Contains(said, "not started: /etc/sitepost/site.toml has mistakes; run: sudo sitepost check") {
			t.Errorf("the upgrade does not say that the site file is broken:\n%s", said)
		}
		d.write("/etc/sitepost/site.toml", site)
	})

	step("removed", func(t *testing.T) {
		d.do("dpkg", "--remove", "sitepost")
		if d.has("/usr/bin/sitepost") || d.has("/lib/systemd/system/sitepost.service") {
			t.Error("the program is still there")
		}
		for _, kept := range []string{"/etc/sitepost/site.toml", "/etc/sitepost/secrets", "/var/lib/sitepost/store.db"} {
			if !d.has(kept) {
				t.Errorf("%s went with the package", kept)
			}
		}
		if d.id("passwd", "sitepost") < 0 {
			t.Error("the user went, and its files are nobody's")
		}
	})

	step("installed again", func(t *testing.T) {
		said := d.install(two)
		if !strings.Contains(said, "installed; to start it run: sudo systemctl start sitepost") {
			t.Errorf("the installation does not say how to start it:\n%s", said)
		}
		g := d.start()
		if got := d.stood().Store.Epoch; got != epoch {
			t.Errorf("got a store with epoch %s, want that of before, %s", got, epoch)
		}
		g.stop()
	})

	step("purged", func(t *testing.T) {
		d.do("dpkg", "--purge", "sitepost")
		for _, book := range []string{"passwd", "group"} {
			if d.id(book, "sitepost") >= 0 {
				t.Errorf("sitepost is still in /etc/%s", book)
			}
		}
		var left []string
		for path := range d.all() {
			if !before[path] {
				left = append(left, path)
			}
		}
		if slices.Sort(left); len(left) > 0 {
			t.Errorf("left behind:\n%s", strings.Join(left, "\n"))
		}
	})
}

// enabled is the link that starts the unit at boot.
const enabled = "/etc/systemd/system/multi-user.target.wants/sitepost.service"

// compareFolders looks at what was installed, mode and owner included.
func compareFolders(t *testing.T, d *debian) {
	t.Helper()
	want := map[string]string{
		"/usr/bin/sitepost":                    "-rwxr-xr-x root:root",
		"/lib/systemd/system/sitepost.service": "-rw-r--r-- root:root",
		"/lib/udev/rules.d/60-sitepost.rules":  "-rw-r--r-- root:root",

		"/usr/lib/modules-load.d/sitepost.conf": "-rw-r--r-- root:root",

		"/etc/sitepost":           "drwxr-s--- root:sitepost",
		"/etc/sitepost/profiles":  "drwxr-s--- root:sitepost",
		"/etc/sitepost/secrets":   "drwxr-s--- root:sitepost",
		"/etc/sitepost/tls":       "drwxr-s--- root:sitepost",
		"/etc/sitepost/site.toml": "missing",
		"/var/lib/sitepost":       "drwxr-x--- sitepost:sitepost",

		"/usr/share/man/man1/sitepost.1.gz":                     "-rw-r--r-- root:root",
		"/usr/share/man/zh_CN/man1/sitepost.1.gz":               "-rw-r--r-- root:root",
		"/usr/share/man/man5/site.toml.5.gz":                    "-rw-r--r-- root:root",
		"/usr/share/bash-completion/completions/sitepost":       "-rw-r--r-- root:root",
		"/usr/share/zsh/vendor-completions/_sitepost":           "-rw-r--r-- root:root",
		"/usr/share/fish/vendor_completions.d/sitepost.fish":    "-rw-r--r-- root:root",
		"/usr/share/sitepost/asyncapi.yaml":                     "-rw-r--r-- root:root",
		"/usr/share/sitepost/schemas/alarm.json":                "-rw-r--r-- root:root",
		"/usr/share/doc/sitepost/README.md":                     "-rw-r--r-- root:root",
		"/usr/share/doc/sitepost/README.zh-CN.md":               "-rw-r--r-- root:root",
		"/usr/share/doc/sitepost/copyright":                     "-rw-r--r-- root:root",
		"/usr/share/doc/sitepost/changelog.gz":                  "-rw-r--r-- root:root",
		"/usr/share/doc/sitepost/firmware-notes/winsen-zp14.md": "-rw-r--r-- root:root",
	}
	got := map[string]string{}
	for path := range want {
		got[path] = d.stands(path)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +installed:\n%s", diff)
	}
}

// conffiles would make dpkg ask a technician, or a script, at an upgrade.
func TestNoConffiles(t *testing.T) {
	text := read(t, "nfpm.yaml")
	if found := regexp.MustCompile(`type: *config`).FindString(text); found != "" {
		t.Errorf("nfpm.yaml has a %s: the site file is the technician's, and upgrades must not ask", found)
	}
}
