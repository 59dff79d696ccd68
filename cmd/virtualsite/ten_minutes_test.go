package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A visit is a technician with the real program at a site that is not there.
type visit struct {
	*testing.T
	dir, program, site string // the folder, the program, the site file
	stage              *stage
	heard              chan string // topics of what reaches the city
}

// TestTenMinutes walks the first ten minutes of a technician at a new site with the real
// program: from the site file without a camera to an alarm that the city hears, each
// command with the exit code that a script can rely on. What the box cannot have here, a
// synchronised clock and an installed package, is passed over.
func TestTenMinutes(t *testing.T) {
	v := arrive(t)
	v.begin()
	v.findCameras()
	v.takePoints()
	v.enrol()
	v.guessLine()
	end := v.start()
	v.turnGreen()
	v.firstAlarm()
	end()
}

// arrive builds the program, and sets the stage; its cameras are not in the site file yet.
func arrive(t *testing.T) *visit {
	v := &visit{T: t, dir: t.TempDir(), heard: make(chan string, 1<<16)}
	v.program, v.site = filepath.Join(v.dir, "sitepost"), filepath.Join(v.dir, "mine.toml")
	if out, err := exec.Command("go", "build", "-o", v.program, "../sitepost").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	s, err := setStage(v.dir, func(topic string, _ []byte, _ bool) { v.heard <- topic })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	v.stage = s
	text, err := os.ReadFile(s.config.Path)
	if err != nil {
		t.Fatal(err)
	}
	bare, _, _ := strings.Cut(string(text), "\n[[camera]]")
	if err := os.WriteFile(v.site, []byte(bare), 0o640); err != nil {
		t.Fatal(err)
	}
	return v
}

// do runs a command and wants an exit code and words in what it prints.
func (v *visit) do(code int, words string, args ...string) string {
	v.Helper()
	out, got := v.try(args...)
	if got != code || !strings.Contains(out, words) {
		v.Fatalf("sitepost %s: got exit code %d, want %d and %q:\n%s", strings.Join(args, " "), got, code, words, out)
	}
	return out
}

func (v *visit) try(args ...string) (printed string, code int) {
	c := exec.Command(v.program, append(args, "--control", filepath.Join(v.dir, "control.sock"), "--lang", "en")...)
	var out bytes.Buffer
	c.Dir, c.Stdout, c.Stderr = v.dir, &out, &out
	if err := c.Run(); err != nil && c.ProcessState == nil {
		v.Fatal(err)
	}
	return out.String(), c.ProcessState.ExitCode()
}

// begin: the manual is written, never twice, and the site's own file is good.
func (v *visit) begin() {
	v.do(0, "wrote manual.toml", "init", "--write", "manual.toml")
	v.do(2, "exists already", "init", "--write", "manual.toml")
	v.do(1, "on this machine", "check", "--config", "manual.toml")
	v.do(0, "mine.toml: good", "check", "--config", v.site)
	v.do(2, "no running sitepost", "status")
}

// findCameras: both are found as new, written, and known from then on.
func (v *visit) findCameras() {
	args := []string{"discover", "--for", "2s", "--config", v.site}
	var addresses []string
	for _, c := range v.stage.cameras {
		addresses = append(addresses, c.ONVIF.Address())
	}
	for _, address := range addresses {
		v.do(0, address, args...)
	}
	v.do(0, "as it was before", append(append(args, "--write", "--login", "cameras", "--zone", "hall"), addresses...)...)
	v.do(2, "of the site file already", append(append(args, "--write", "--login", "cameras", "--zone", "hall"), addresses...)...)
	v.do(0, "mine.toml: good", "check", "--config", v.site)
}

// takePoints: the police's table gives both their code and title.
func (v *visit) takePoints() {
	table := "点位名称,国标编码,IP地址\n"
	for name, c := range v.stage.cameras {
		table += fmt.Sprintf("%s,340200000013200000%02d,%s\n", name, len(name), c.ONVIF.Address())
	}
	if err := os.WriteFile(filepath.Join(v.dir, "points.csv"), []byte(table), 0o600); err != nil {
		v.Fatal(err)
	}
	v.do(0, "nothing is written yet", "import", "points.csv", "--config", v.site)
	v.do(0, "filled in: 2", "import", "points.csv", "--config", v.site, "--write")
	v.do(0, "nothing new", "import", "points.csv", "--config", v.site)
}

// enrol: the city is asked for a certificate. This city's broker is on this machine and
// wants none, so nothing is installed.
func (v *visit) enrol() {
	v.do(1, "add these lines", "enroll", "--config", v.site)
	v.do(0, "made the key", "enroll", "--config", v.site, "--key", "secrets/box.key", "--out", "box.csr")
}

// guessLine: what speaks on a cable that nobody labelled is found by listening.
func (v *visit) guessLine() {
	out := v.do(0, "winsen-zp14", "listen", filepath.Join(v.dir, "dev", "quay"), "--guess", "--for", "2s", "--config", v.site)
	if !strings.Contains(out, "9600 8N1") {
		v.Errorf("the settings of the line are not guessed:\n%s", out)
	}
}

// start runs the site; end stops it as systemd does.
func (v *visit) start() (end func()) {
	var log bytes.Buffer
	c := exec.Command(v.program, "run", "--config", v.site, "--control", filepath.Join(v.dir, "control.sock"))
	c.Stdout, c.Stderr = &log, &log
	if err := c.Start(); err != nil {
		v.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	v.Cleanup(func() { _ = c.Process.Kill() }) // where the test ended before
	return func() {
		if err := c.Process.Signal(os.Interrupt); err != nil {
			v.Fatal(err)
		}
		select {
		case err := <-ended:
			if err != nil {
				v.Errorf("sitepost run: %v\n%s", err, log.String())
			}
		case <-time.After(time.Minute):
			v.Errorf("sitepost run does not end\n%s", log.String())
		}
	}
}

// turnGreen waits until nothing is wrong, and every device speaks. The card reader says
// nothing by itself: somebody shows it a card until it was heard.
func (v *visit) turnGreen() {
	var s struct {
		Findings []struct{ What, Name, Text string }
		Devices  []struct{ Name, State string }
	}
	until := time.Now().Add(time.Minute)
	for {
		out, _ := v.try("status", "--json")
		s.Findings, s.Devices = nil, nil
		waiting := "not running"
		if err := json.Unmarshal([]byte(out), &s); err == nil {
			waiting = ""
			for _, f := range s.Findings {
				if f.What != "clock" { // this machine's own
					waiting += fmt.Sprintf("%+v ", f)
				}
			}
			for _, d := range s.Devices {
				if d.State != "online" {
					waiting += fmt.Sprintf("%+v ", d)
				}
				if d.Name == "door-1" && d.State == "unknown" {
					v.showCard()
				}
			}
		}
		if waiting == "" && len(s.Devices) >= 10 {
			return
		}
		if time.Now().After(until) {
			v.Fatalf("not green: %s\n%s", waiting, out)
		}
		time.Sleep(500 * time.Millisecond)
	}
}

func (v *visit) showCard() {
	v.Helper()
	if err := v.stage.show("door-1", "62E3086CED"); err != nil {
		v.Fatal(err)
	}
}

// firstAlarm: the X-ray machine stops at a bag, and the city hears it.
func (v *visit) firstAlarm() {
	for len(v.heard) > 0 {
		<-v.heard
	}
	began := time.Now()
	if err := v.stage.site.Contact("xray-1", "1", true); err != nil {
		v.Fatal(err)
	}
	for late := time.After(10 * time.Second); ; {
		select {
		case topic := <-v.heard:
			if strings.HasSuffix(topic, "/up/alarm/xray-1") {
				v.Logf("the first alarm was at the city after %v", time.Since(began).Round(time.Millisecond))
				return
			}
		case <-late:
			v.Fatal("the city does not hear the first alarm")
		}
	}
}
