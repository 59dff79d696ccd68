package main

import (
	"regexp"
	"strings"
	"time"

	"github.com/creack/pty"
)

// A loss is something that fails at the site.
type loss struct {
	name   string        // in what the status says
	within time.Duration // it must be seen
	pull   func(s *stage, out bool) error
}

// losses are one of each kind. Their limits: a port that goes is an error of the next
// read; an instrument is silent after the site file's own silence; a camera after what
// the README promises of its stream. Some seconds more are for a busy machine.
func (v *visit) losses() []loss {
	const busy = 5 * time.Second
	return []loss{
		{"gates", time.Second + busy, func(s *stage, out bool) error { return s.site.Unplug("gates", out) }},
		{"gas-2", 3*time.Second + busy, func(s *stage, out bool) error {
			i, err := s.site.Instrument("gas-2")
			if err != nil {
				return err
			}
			i.Dead(out)
			return nil
		}},
		{v.adopted("hall-1"), 15*time.Second + busy, func(s *stage, out bool) error { return s.cameras["hall-1"].Offline(out) }},
	}
}

// adopted is the name that discover made up for a camera of the stage.
func (v *visit) adopted(name string) string {
	v.Helper()
	address := v.stage.cameras[name].ONVIF.Address()
	for table := range strings.SplitSeq(v.read("/etc/sitepost/site.toml"), "\n[[camera]]") {
		if strings.Contains(table, `host = "`+address+`"`) {
			return regexp.MustCompile(`(?m)^name = "([^"]*)"`).FindStringSubmatch(table)[1]
		}
	}
	v.Fatalf("the site file has no camera at %s", address)
	return ""
}

// lose: what fails is red within its limit, with what to do about it, and green again
// after it was mended.
func (v *visit) lose() {
	for _, l := range v.losses() {
		if err := l.pull(v.stage, true); err != nil {
			v.Fatal(err)
		}
		red, began := regexp.MustCompile(`(?m)^wrong +`+regexp.QuoteMeta(l.name)+`: .*; .*$`), time.Now()
		out, code := "", 0
		for !red.MatchString(out) {
			if time.Since(began) > l.within {
				v.Fatalf("%s is not shown as wrong within %v, with what to do:\n%s", l.name, l.within, out)
			}
			time.Sleep(100 * time.Millisecond)
			out, code = v.try("sitepost", "status")
		}
		if code != 1 {
			v.Errorf("%s is wrong, and the exit code is %d", l.name, code)
		}
		v.Logf("%6.1f s  until the status says %q", time.Since(began).Seconds(), red.FindString(out))
		if err := l.pull(v.stage, false); err != nil {
			v.Fatal(err)
		}
		v.watch("all is well")
		v.do(0, "all is well", "sitepost", "status")
	}
}

// watch is `sitepost status --watch` at a terminal, until a screen says so; Ctrl-C ends
// it, and is no error. The card reader says nothing by itself: somebody shows it a card.
func (v *visit) watch(until string) {
	v.Helper()
	began := time.Now()
	c := v.command("sitepost", "status", "--watch")
	terminal, err := pty.Start(c)
	if err != nil {
		v.Fatal(err)
	}
	defer terminal.Close()
	screens := make(chan string)
	go func() { defer close(screens); readScreens(terminal, screens) }()
	late := time.After(time.Minute)
	for well, carded, last := false, false, ""; !well; {
		select {
		case screen, on := <-screens:
			if !on {
				v.Fatalf("status --watch has ended:\n%s", last)
			}
			last, well = screen, strings.Contains(screen, until) && !strings.Contains(screen, "unknown")
			if !carded && strings.Contains(screen, until) {
				carded = true
				v.showCard()
			}
		case <-late:
			v.Fatalf("not green within a minute:\n%s", last)
		}
	}
	v.passed(time.Since(began), "sitepost", "status", "--watch")
	if _, err := terminal.WriteString("\x03"); err != nil {
		v.Fatal(err)
	}
	for range screens { // to the end
	}
	if err := c.Wait(); err != nil {
		v.Errorf("Ctrl-C: got %v, want exit code 0", err)
	}
}

// readScreens reads what a terminal is redrawn with, whole screens, to its end.
func readScreens(terminal interface{ Read([]byte) (int, error) }, screens chan<- string) {
	const clear = "\x1b[H\x1b[2J"
	text, buf := "", make([]byte, 4096)
	for {
		n, err := terminal.Read(buf)
		text += string(buf[:n])
		for {
			screen, rest, whole := strings.Cut(text, clear)
			if !whole {
				break
			}
			if text = rest; screen != "" {
				screens <- strings.ReplaceAll(screen, "\r", "")
			}
		}
		if err != nil {
			return // EIO: nobody writes there any more
		}
	}
}

func (v *visit) showCard() {
	v.Helper()
	if err := v.stage.show("door-1", "62E3086CED"); err != nil {
		v.Fatal(err)
	}
}
