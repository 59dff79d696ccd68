package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sitepost/uplink/contract"
)

var update = flag.Bool("update", false, "write what the demo prints into the READMEs; a person reads the difference")

// TestNoTime: a length that is none is refused, and not played for ever.
func TestNoTime(t *testing.T) {
	t.Parallel()
	for _, length := range []string{"0s", "-3s", "5"} {
		var stdout, stderr bytes.Buffer
		if code := run([]string{"--for", length}, &stdout, &stderr); code != 2 || stdout.Len() > 0 || stderr.Len() == 0 {
			t.Errorf("--for %s: got exit code %d and %q, want 2 and why", length, code, stderr.String())
		}
	}
}

// TestDemo plays the whole scenario, as `make demo` does: it ends well, every
// message keeps the contract, and the city hears what the README shows.
func TestDemo(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if code := run([]string{"--for", "30s", "--messages"}, &stdout, &stderr); code != 0 {
		t.Fatalf("got exit code %d, want 0:\n%s", code, stderr.String())
	}
	lines := bufio.NewScanner(&stdout)
	lines.Buffer(nil, 1<<20)
	n := 0
	for ; lines.Scan(); n++ {
		var m received
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		payload := []byte(m.Payload)
		if string(payload) == "null" {
			payload = nil
		}
		if strings.Contains(m.Topic, "/up/") {
			if err := contract.Validate(m.Topic, m.Retained, payload); err != nil {
				t.Errorf("%v\n%s", err, lines.Text())
			}
		}
	}
	if n < 40 {
		t.Errorf("got %d messages, want a whole scenario of them", n)
	}
	cards := []string{"door-1    a card was shown", "door-2    a card was shown"}
	shown := slices.DeleteFunc(told(stderr.String(), " EVENT "), func(text string) bool { return !strings.HasPrefix(text, "door-") })
	slices.Sort(shown) // both at one moment, on two lines
	if diff := cmp.Diff(cards, shown); diff != "" {
		t.Errorf("at the doors (-want +now):\n%s", diff)
	}
	for _, readme := range []string{"../../README.md", "../../README.zh-CN.md"} {
		if *update {
			write(t, readme, stderr.String())
		}
		if diff := cmp.Diff(alarms(block(t, readme)), alarms(stderr.String())); diff != "" {
			t.Errorf("%s: -README +now:\n%s", readme, diff)
		}
	}
}

// alarms returns what was said in the alarm lane, without what the box says of
// itself: whether this machine's clock is synchronised, and how long the link
// took to come back.
func alarms(text string) []string {
	return slices.DeleteFunc(told(text, " ALARM "), func(text string) bool { return strings.HasPrefix(text, "box ") })
}

// told returns what was said in a lane, without the times.
func told(text, lane string) []string {
	var all []string
	for line := range strings.Lines(text) {
		if _, said, ok := strings.Cut(line, lane); ok {
			all = append(all, strings.TrimSpace(said))
		}
	}
	return all
}

var demo = regexp.MustCompile("(?s)<!-- demo -->\n.*?<!-- /demo -->")

// block returns what a README shows of the demo.
func block(t *testing.T, readme string) string {
	t.Helper()
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	return demo.FindString(string(text))
}

func write(t *testing.T, readme, printed string) {
	t.Helper()
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	shown := "<!-- demo -->\n```\n" + printed + "```\n<!-- /demo -->"
	if err := os.WriteFile(readme, demo.ReplaceAllLiteral(text, []byte(shown)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestBadCommandLine is no finding of the site.
func TestBadCommandLine(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if code := run([]string{"--frobnicate"}, &stdout, &stderr); code != 2 || stdout.Len() > 0 {
		t.Errorf("got exit code %d and %q, want 2 and nothing", code, stdout.String())
	}
}
