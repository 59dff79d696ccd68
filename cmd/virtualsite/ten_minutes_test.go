package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// A visit is a technician with a fresh box at a site that is not there.
type visit struct {
	*box
	stage *stage
	city  *platform
	site  string // the site file as the technician writes it, without the cameras
}

// TestTenMinutes walks the first ten minutes of a technician at a new site, each command
// as it is typed and with the exit code that a script can rely on: from the package that
// `make deb` makes, on a fresh Debian, to a test alarm of each device of which the platform
// has said that it has it; then devices fail, are shown, and come back. It prints how
// long a person who only types has waited.
//
// What this Debian cannot have is systemd: the unit's user, groups and folders are
// played from its file, its hardening is looked at in cmd/sitepost/package.
func TestTenMinutes(t *testing.T) {
	if os.Getenv(boxRoot) == "" {
		apart(t)
		return
	}
	v := arrive(t)
	v.install()
	v.writeSite()
	v.findCameras()
	v.takePoints()
	v.enrol()
	v.lookAtLines()
	g := v.start()
	v.turnGreen()
	v.testAll()
	v.firstAlarm()
	v.lose()
	g.stop()
	v.asREADMEsSay()
	t.Logf("%6.1f s  waited in all, by a person who only types", v.waited.Seconds())
}

// arrive sets the stage. The cables of the site end in the box, below /srv/site/dev.
func arrive(t *testing.T) *visit {
	v := &visit{box: enter(t), city: newPlatform()}
	if err := os.MkdirAll(v.path("/srv/site"), 0o755); err != nil { // else it is for us alone
		t.Fatal(err)
	}
	s, err := setStage(v.path("/srv/site"), v.city.witness)
	if err != nil {
		t.Fatal(err)
	}
	end, ended := make(chan struct{}), make(chan struct{})
	go func() { defer close(ended); v.city.answer(s.city, end) }()
	t.Cleanup(func() {
		close(end)
		<-ended
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	v.stage = s
	return v
}

// install: the package says what comes next, and the daemon may read what that writes.
func (v *visit) install() {
	const next = "sitepost init --write /etc/sitepost/site.toml"
	v.do(0, "run: sudo "+next, "apt", "install", "--yes", "/root/"+os.Getenv(boxPackage))
	v.do(2, "no such file or directory", "sitepost", "check")
	v.do(0, "wrote /etc/sitepost/site.toml", strings.Fields(next)...)
	v.do(2, "exists already", strings.Fields(next)...)
	if got := v.do(0, "", "stat", "--format=%A %U:%G", "/etc/sitepost/site.toml"); got != "-rw-r----- root:sitepost\n" {
		v.Errorf("site.toml is %s", got)
	}
	v.do(1, "on this machine", "sitepost", "check") // it is an invented ferry's
}

// writeSite: the technician makes the file that of the site, with one mistake.
func (v *visit) writeSite() {
	text := v.read("/srv/site/site.toml")
	text, _, _ = strings.Cut(strings.ReplaceAll(text, v.root, ""), "\n[[camera]]")
	for _, change := range [][2]string{
		{"/srv/site/store", "/var/lib/sitepost"}, {"/srv/site/secrets/", "/etc/sitepost/secrets/"},
		{`receipt = "broker"`, `receipt = "platform"`},
	} {
		if !strings.Contains(text, change[0]) {
			v.Fatalf("the site file has no %s:\n%s", change[0], text)
		}
		text = strings.ReplaceAll(text, change[0], change[1])
	}
	v.site = text
	secrets, _ := filepath.Glob(v.path("/srv/site/secrets/*"))
	for _, path := range secrets {
		name := filepath.Base(path)
		v.write("/etc/sitepost/secrets/"+name, v.read("/srv/site/secrets/"+name))
	}
	v.write("/etc/sitepost/site.toml", strings.Replace(text, "address = 11\n", "address = 1\n", 1))
	v.do(1, `line "bus-a"`, "sitepost", "check")
	v.write("/etc/sitepost/site.toml", text)
	v.do(0, "site.toml: good", "sitepost", "check")
	v.do(2, "no running sitepost", "sitepost", "status")
}

// findCameras: both are found as new, written, and known from then on.
func (v *visit) findCameras() {
	v.do(0, "2 found: 2 new", "sitepost", "discover")
	v.do(0, "as it was before", "sitepost", "discover", "--write", "--login", "cameras", "--zone", "hall")
	v.do(0, "2 found: 2 known", "sitepost", "discover")
	v.do(0, "site.toml: good", "sitepost", "check")
}

// takePoints: the police's table gives both their code and title.
func (v *visit) takePoints() {
	table := "点位名称,国标编码,IP地址\n"
	for name, c := range v.stage.cameras {
		table += fmt.Sprintf("%s,340200000013200000%02d,%s\n", name, len(name), c.ONVIF.Address())
	}
	v.write("/root/points.csv", table)
	v.do(0, "nothing is written yet", "sitepost", "import", "/root/points.csv")
	v.do(0, "filled in: 2", "sitepost", "import", "/root/points.csv", "--write")
	v.do(0, "nothing new", "sitepost", "import", "/root/points.csv")
}

// enrol: the city is asked for a certificate. This city's broker is on this machine and
// wants none, so nothing is installed.
func (v *visit) enrol() {
	v.do(1, "add these lines", "sitepost", "enroll")
	v.do(0, "made the key", "sitepost", "enroll", "--key", "/etc/sitepost/secrets/box.key", "--out", "/root/box.csr")
}

// lookAtLines: what speaks on a cable that nobody labelled is found by listening, and who
// answers on a bus by asking.
func (v *visit) lookAtLines() {
	out := v.do(0, "winsen-zp14", "sitepost", "listen", "/srv/site/dev/quay", "--guess", "--for", "2s")
	if !strings.Contains(out, "9600 8N1") {
		v.Errorf("the settings of the line are not guessed:\n%s", out)
	}
	out = v.do(0, "", "sitepost", "scan", "bus-a", "--addresses", "1-16")
	if got := regexp.MustCompile(`(?m)^ +\d+`).FindAllString(out, -1); !slices.Equal(got, []string{"  1", " 11"}) {
		v.Errorf("addresses %q answer, want 1 and 11:\n%s", got, out)
	}
}

// turnGreen watches until nothing is wrong, and every device has spoken.
func (v *visit) turnGreen() {
	v.watch("all is well")
	for _, d := range v.devices() {
		if d.State != "online" {
			v.Errorf("all is well, and %s is %s", d.Name, d.State)
		}
	}
	v.do(0, "all is well", "sitepost", "status")
}

// A seen is a device as the status tells of it.
type seen struct{ Name, Kind, State string }

// devices are all of the site, without the box itself.
func (v *visit) devices() []seen {
	v.Helper()
	var s struct{ Devices []seen }
	out, code := v.try("sitepost", "status", "--json")
	if err := json.Unmarshal([]byte(out), &s); code > 1 || err != nil {
		v.Fatalf("exit code %d, %v:\n%s", code, err, out)
	}
	return slices.DeleteFunc(s.Devices, func(d seen) bool { return d.Kind == "box" })
}

// testAll: each device of the site has its line, with the word and the time of the
// broker and of the platform, and nothing beside it.
func (v *visit) testAll() {
	out := v.do(0, "10 devices, 10 receipts, worst ", "sitepost", "test", "--all")
	var tested, want []string
	for _, row := range regexp.MustCompile(`(?m)^(\S+) +on disk \d+ ms   broker \d+ ms   platform \d+ ms$`).FindAllStringSubmatch(out, -1) {
		tested = append(tested, row[1])
	}
	for _, d := range v.devices() {
		want = append(want, d.Name)
	}
	if !slices.Equal(tested, want) {
		v.Errorf("got the platform's word of %q, want %q:\n%s", tested, want, out)
	}
	cameras := 0
	for _, d := range v.devices() {
		if d.Kind == "camera" {
			cameras++
		}
	}
	if cameras != len(v.stage.cameras) {
		v.Errorf("%d cameras were tested, want %d", cameras, len(v.stage.cameras))
	}
	v.Logf("\n%s", out)
}

// asREADMEsSay: the commands of both READMEs' installation were typed, in their order.
func (v *visit) asREADMEsSay() {
	for readme, heading := range map[string]string{"../../README.md": "## Install\n", "../../README.zh-CN.md": "## 安装\n"} {
		text, err := os.ReadFile(readme)
		if err != nil {
			v.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(text), heading)
		_, rest, _ = strings.Cut(rest, "```\nmake deb")
		block, _, closed := strings.Cut(rest, "\n```")
		lines := strings.Split(block, "\n")[1:]
		if !closed || len(lines) < 5 {
			v.Errorf("%s: no installation stands under %q", readme, heading)
		}
		typed := v.typed
		for _, line := range lines {
			command, _, _ := strings.Cut(line, " #")
			command = strings.TrimPrefix(strings.ReplaceAll(strings.TrimSpace(command), " --lang zh", ""), "sudo ")
			at := slices.IndexFunc(typed, func(was string) bool { return was == command || ofPackage(was, command) })
			if at < 0 {
				v.Errorf("%s says %q, and that was not typed, or not then", readme, line)
				continue
			}
			typed = typed[at:]
		}
	}
}

// ofPackage says whether both install a package, which has another name each time.
func ofPackage(a, b string) bool {
	const install = "apt install "
	return strings.HasPrefix(a, install) && strings.HasPrefix(b, install) && strings.HasSuffix(a, ".deb") && strings.HasSuffix(b, ".deb")
}

// firstAlarm: the X-ray machine stops at a bag, and the city hears it.
func (v *visit) firstAlarm() {
	for len(v.city.heard) > 0 {
		<-v.city.heard
	}
	began := time.Now()
	if err := v.stage.site.Contact("xray-1", "1", true); err != nil {
		v.Fatal(err)
	}
	for late := time.After(10 * time.Second); ; {
		select {
		case topic := <-v.city.heard:
			if strings.HasSuffix(topic, "/up/alarm/xray-1") {
				v.Logf("the first alarm was at the city after %v", time.Since(began).Round(time.Millisecond))
				return
			}
		case <-late:
			v.Fatal("the city does not hear the first alarm")
		}
	}
}
