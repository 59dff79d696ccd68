package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/cmd/sitepost/daemon"
	"sitepost/config"
	"sitepost/devices/instrument"
	"sitepost/devices/line"
)

var update = flag.Bool("update", false, "write the examples into the READMEs; a person reads the difference")

// TestReadmeExamples keeps every example of both READMEs true: what check says
// of a wrong site file and of a good one, the smallest site, what listen shows,
// what probe says of a camera at night, and a message of the contract.
func TestReadmeExamples(t *testing.T) {
	examples := map[string]string{
		"check":   "```\n$ sitepost check --config site.toml\n" + checked(t) + "```",
		"small":   "```toml\n" + small(t) + "```",
		"message": "```json\n" + message(t) + "\n```",
		"rounds":  "```\n$ sitepost check --rounds --config small.toml\n" + rounds(t) + "```",
		"listen":  "```\n$ sitepost listen gates\n" + listened(t) + "```",
		"probe":   "```\n$ sitepost probe rtsp://10.37.20.11/Streaming/Channels/101 --user onvif --password-file cam.txt\n" + probedAtNight(t) + "```",
	}
	for _, readme := range []string{"../../README.md", "../../README.zh-CN.md"} {
		text, err := os.ReadFile(readme)
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range examples {
			begin, end := "<!-- "+name+" -->\n", "\n<!-- /"+name+" -->"
			block := regexp.MustCompile("(?s)" + begin + ".*?<!-- /" + name + " -->")
			want = begin + want + end
			if diff := cmp.Diff(string(block.Find(text)), want); diff != "" && !*update {
				t.Errorf("%s: -README +now:\n%s", readme, diff)
			}
			text = block.ReplaceAllLiteral(text, []byte(want))
		}
		if !*update {
			continue
		}
		if err := os.WriteFile(readme, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// checked is what check prints of a site file with three mistakes.
func checked(t *testing.T) string {
	t.Chdir("testdata/readme")
	var out bytes.Buffer
	if code := run([]string{"check", "--config", "site.toml"}, &out, &out); code != exitFindings {
		t.Errorf("got exit code %d, want %d", code, exitFindings)
	}
	t.Chdir("../..")
	// What the test's machine lacks is not the example's business.
	return regexp.MustCompile(`(?m)^\S+ on this machine: .*\n.*\n.*\n`).ReplaceAllString(out.String(), "")
}

// small is a site file without a mistake.
func small(t *testing.T) string {
	text, err := os.ReadFile("testdata/readme/small.toml")
	if err != nil {
		t.Fatal(err)
	}
	_, found := config.Parse("small.toml", text, config.Env{Profiles: daemon.Shelf("")})
	if len(found.Errors()) > 0 {
		t.Errorf("the smallest site is wrong:\n%s", found)
	}
	return string(text)
}

// rounds is how full the line of the smallest site is.
func rounds(t *testing.T) string {
	var out bytes.Buffer
	if code := run([]string{"check", "--rounds", "--config", "testdata/readme/small.toml"}, &out, &out); code != exitGood {
		t.Errorf("got exit code %d, want %d", code, exitGood)
	}
	return out.String()
}

// listened is what listen shows of a gate that somebody passes, once.
func listened(t *testing.T) string {
	p, err := instrument.Load("gate-7e7f", "")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	s := &show{
		tool:    &tool{stdout: &out, stderr: io.Discard},
		hearers: []*hearer{{name: "gate-1", reader: instrument.NewHearer(p, 1)}},
	}
	question := []byte{0x7E, 0x00, 0x01, 0x10, 0x00, 0x00, 0x00, 0x70}
	for n, left := range []byte{0x0A, 0x0A, 0x0B} {
		answer := []byte{0x7F, 1, 1, 0, 0, 0, 0, 0, left, 0, 0, 5, 0, 0, 0x18, 0, 0}
		sum := byte(0)
		for _, b := range answer {
			sum += b
		}
		at := time.Unix(0, 0).Add(time.Duration(n) * 250 * time.Millisecond)
		for _, c := range []line.Chunk{
			{Bytes: question, At: at, Sent: true}, {Bytes: append(answer, ^sum), At: at.Add(18 * time.Millisecond)},
		} {
			if err := s.hear(c); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// probedAtNight is what probe prints of a camera after dark.
func probedAtNight(t *testing.T) string {
	printed, good := probed(t, night(), nil, false)
	if good {
		t.Error("a camera at night is good")
	}
	return printed
}

// message is the golden message of a high gas alarm.
func message(t *testing.T) string {
	text, err := os.ReadFile("../../uplink/contract/golden/gas.alarm.high.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct{ Payload json.RawMessage }
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, golden.Payload, "", "  "); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
