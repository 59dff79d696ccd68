package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/cmd/sitepost/box"
	"sitepost/cmd/sitepost/daemon"
	"sitepost/cmd/sitepost/status"
	"sitepost/config"
	"sitepost/devices"
	"sitepost/devices/instrument"
	"sitepost/devices/line"
	"sitepost/ingest/store"
	"sitepost/uplink"
)

var update = flag.Bool("update", false, "write the examples into the READMEs; a person reads the difference")

// TestReadmeExamples keeps every example of both READMEs true: what check says
// of a wrong site file and of a good one, the smallest site, what listen shows,
// what probe says of a camera at night, status of a site that the city has lost,
// store verify of a record that is damaged, and a message of the contract.
func TestReadmeExamples(t *testing.T) {
	examples := map[string]string{
		"check":   "```\n$ sitepost check --config site.toml\n" + checked(t) + "```",
		"small":   "```toml\n" + small(t) + "```",
		"message": "```json\n" + message(t) + "\n```",
		"rounds":  "```\n$ sitepost check --rounds --config small.toml\n" + rounds(t) + "```",
		"listen":  "```\n$ sitepost listen gates\n" + listened(t) + "```",
		"probe":   "```\n$ sitepost probe rtsp://10.37.20.11/Streaming/Channels/101 --user onvif --password-file cam.txt\n" + probedAtNight(t) + "```",
		"status":  "```\n$ sitepost status\n" + statusAtNight() + "```",
		"verify":  "```\n$ systemctl stop sitepost && sitepost store verify; systemctl start sitepost\n" + verified(t) + "```",
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

// statusAtNight is what status prints of a site whose city has gone.
func statusAtNight() string {
	at := time.Date(2026, 11, 22, 3, 0, 0, 0, time.FixedZone("", 8*60*60))
	before := func(d time.Duration) time.Time { return at.Add(-d) }
	s := status.Snapshot{
		Time: at, Site: "xinggang-ferry", Version: "1.0.0",
		State: box.State{
			Started: before(26 * time.Hour), Cause: box.PowerCut,
			Before: "the machine went without a goodbye (power cut, reset or hang), last known alive at 2026-11-21 00:51:00 +08:00, 9m0s before this start",
			Clock:  box.ClockState{Source: "none"}, Wear: box.WearState{Day: 1.2e9},
		},
		Uplink: &status.Uplink{Brokers: []string{"city-a", "city-b"}, Status: uplink.Status{
			Broker: "city-b", Preferred: "city-a", Since: before(70 * time.Minute), Connects: 3, Sent: 12043,
			Why: `broker "10.37.1.11:8883": dial tcp 10.37.1.11:8883: connect: no route to host`,
		}},
		Store: status.Store{
			Bytes: 300 << 20, Size: 1 << 30, Dropped: []status.Dropped{{Lane: devices.ReadingLane, Why: store.WhyRoom, Records: 150}},
			Lanes: map[devices.Lane]status.Lane{
				devices.AlarmLane:   {Marks: store.Marks{Last: 1241, Sent: 1239, Received: 1239}, Waiting: 2, Oldest: before(9 * time.Minute)},
				devices.EventLane:   {Marks: store.Marks{Last: 77310, Sent: 77001, Received: 77001}, Waiting: 309, Oldest: before(70 * time.Minute)},
				devices.ReadingLane: {Marks: store.Marks{Last: 91204, Sent: 90110}, Waiting: 944, Oldest: before(66 * time.Minute)},
			},
		},
		Devices: []status.Device{{Name: "box", State: "online"}, {Name: "gas-1", State: "online"}},
		Lines:   []status.Device{{Name: "bus-a", State: "online"}},
	}
	s.Judge()
	return s.Words(nil)
}

// verified is what store verify prints of a store with one record in which a byte is
// another.
func verified(t *testing.T) string {
	directory := t.TempDir()
	s, err := store.Open(store.Options{Directory: directory})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"first", "second", "third"} {
		e := devices.Event{Time: time.Unix(0, 0), Code: "alarm.test", Text: text}
		if err := s.Append(devices.Place{Device: devices.Named{Name: "gas-1"}}, e); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(directory, "store.db")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, bytes.ReplaceAll(text, []byte("second"), []byte("secoNd")), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if code := run([]string{"store", "verify", "--directory", directory}, &out, &out); code != exitFindings {
		t.Errorf("got exit code %d, want %d", code, exitFindings)
	}
	// Each store has an epoch of its own, and so other checksums.
	sums := regexp.MustCompile(`checksum [0-9a-f]{8}, stored [0-9a-f]{8}`)
	printed := sums.ReplaceAllString(out.String(), "checksum 53577ca6, stored fcc24756")
	return strings.ReplaceAll(printed, directory, "/var/lib/sitepost")
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
