package status

import (
	"encoding/json"
	"flag"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/cmd/sitepost/box"
	"sitepost/cmd/sitepost/words"
	"sitepost/devices"
	"sitepost/ingest/store"
	"sitepost/uplink"
)

var update = flag.Bool("update", false, "write testdata anew: read the difference")

// night is when the snapshots of these tests are taken.
var night = time.Date(2026, 11, 21, 22, 40, 0, 0, time.FixedZone("", 8*60*60))

func before(d time.Duration) time.Time { return night.Add(-d) }

// well is a site on which all is well.
func well() Snapshot {
	return Snapshot{
		Schema: Schema, Time: night, Site: "xinggang-ferry", Version: "1.2.0", Config: "ab12",
		State: box.State{
			Started: before(50 * time.Hour), Cause: box.Boot, Before: "stopped in order at 2026-11-19 20:38:00 +08:00, 2m0s before this start",
			Clock: box.ClockState{Source: "ntp", Synced: true, Boot: "boot-1", UptimeMS: 180_000_000,
				Compared: []box.Compared{{Server: "10.37.1.5", At: before(time.Minute), Offset: -0.0031, Delay: 0.002}}},
			Power: box.PowerState{Supplies: 2, Mains: true, Battery: new(97)},
			Wear:  box.WearState{Written: 5 << 30, Day: 1.2e9},
		},
		Uplink: &Uplink{Brokers: []string{"city-a", "city-b"}, Status: uplink.Status{
			Up: true, Broker: "city-a", Preferred: "city-a", Since: before(3 * time.Minute), Tried: 2, Connects: 2, Sent: 12043, LastAck: before(2 * time.Second), InFlight: 1, InFlightBytes: 900, Unanswered: before(time.Second),
		}},
		Store: Store{Epoch: "7f3a9c51d20b44e6", Bytes: 12_900_000, Size: 1 << 30, Commits: 881, Dropped: []Dropped{}, SetAside: []string{}, Shares: []Share{{"store.db", 900_000, 256 << 20}, {"readings", 12_000_000, 256 << 20}}, Lanes: map[devices.Lane]Lane{
			devices.AlarmLane: {Marks: store.Marks{First: 1, Last: 17, Sent: 17, Received: 17}},
			devices.EventLane: {Marks: store.Marks{First: 12031, Last: 12031, Sent: 12030, Received: 12030}, Waiting: 1, Oldest: before(time.Second)},
		}},
		Open:    []Open{},
		Devices: []Device{{Name: "box", Kind: devices.Box, State: "online"}, {Name: "gas-1", State: "online"}, {Name: "xray-1", State: "disabled"}},
		Lines:   []Device{{Name: "bus-a", Kind: devices.LineKind, State: "online"}},
	}
}

// ill is a site on which everything is wrong that can be.
func ill() Snapshot {
	s := well()
	s.Cause, s.Before = box.PowerCut, "the machine went without a goodbye (power cut, reset or hang), last known alive at 2026-11-21 22:20:00 +08:00, 10m0s before this start"
	s.Started = before(10 * time.Minute)
	s.Clock.Synced, s.Clock.Source, s.Clock.Jumps, s.Clock.JumpedBy = false, "none", 1, -3600
	s.Clock.Compared = append(s.Clock.Compared, box.Compared{Server: "10.37.1.6", At: before(time.Minute), Offset: 3601.5, Delay: 0.01, Off: true},
		box.Compared{Server: "10.37.1.7", Failed: "no answer within 3s"})
	s.Power = box.PowerState{Supplies: 2, Battery: new(12), Low: true}
	s.Wear.Day, s.Wear.High = 31e9, true
	s.Uplink.Status = uplink.Status{
		Broker: "city-b", Preferred: "city-a", Why: "refused by the broker: bad user name or password", Next: "check user and password",
		RefusedBy: []string{"city-a", "city-b"}, Tried: 9, Refused: 3, Unsaid: 1, Resent: 12,
	}
	s.Refused = &Refused{Why: `/etc/sitepost/site.toml:41:1: unknown key "settigns" (and 2 more)`, By: "root (uid 0)", At: before(time.Hour)}
	s.AtRestart = []string{"store.size"}
	s.Store.Failing = true
	s.Store.SetAside = []string{"store-20261121T224000Z-1.db"}
	s.Store.Dropped = []Dropped{{devices.ReadingLane, store.WhyRoom, 150}}
	s.Store.Lanes[devices.EventLane] = Lane{Marks: store.Marks{First: 1, Last: 2047, Sent: 1000}, Waiting: 1047, Oldest: before(9 * time.Minute)}
	s.Open = []Open{
		{Incident: "i-1", Type: "gas.alarm.high", Device: "gas-1", Subject: "3", Since: before(2 * time.Minute), Severity: devices.Critical, Unconfirmed: true},
		{Incident: "i-2", Type: "device.silent", Device: "gas-1", Since: before(4 * time.Minute), Severity: devices.Major},
	}
	s.Devices[1] = Device{Name: "gas-1", State: "silent", Since: before(4 * time.Minute), Why: "nothing for 30s", Next: "check its power, its wiring and its address"}
	s.Devices = append(s.Devices, Device{Name: "door-1", State: "maintenance"}, Device{Name: "gate-1", State: Unknown})
	s.Lines[0] = Device{Name: "bus-a", State: "offline", Since: before(30 * time.Second), Why: "the line is lost", Next: "check the cable and the adapter's power"}
	return s
}

// TestFaces: the screen, the document and the figures of a site on which all is
// well, and of one on which nothing is.
func TestFaces(t *testing.T) {
	for name, s := range map[string]Snapshot{"well": well(), "ill": ill()} {
		s.Judge()
		compare(t, name+".txt", s.Words(nil))
		compare(t, name+".zh.txt", s.Words(words.In(words.Chinese)))
		doc, err := json.MarshalIndent(s, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		compare(t, name+".json", string(doc)+"\n")
		compare(t, name+".metrics", ours(t, s))
	}
}

// ours are the figures of ours: those of the process are the library's.
func ours(t *testing.T, s Snapshot) string {
	t.Helper()
	w := httptest.NewRecorder()
	Metrics(func() Snapshot { return s }).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("got %d: %s", w.Code, w.Body)
	}
	var all []string
	for row := range strings.Lines(w.Body.String()) {
		if strings.Contains(row, "sitepost_") && !strings.HasPrefix(row, "#") {
			all = append(all, row)
		}
	}
	for _, need := range []string{"go_goroutines", "process_resident_memory_bytes"} {
		if !strings.Contains(w.Body.String(), "\n"+need+" ") {
			t.Errorf("no figure %s", need)
		}
	}
	return strings.Join(all, "")
}

// compare holds a text against its file.
func compare(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// TestSilentCity: a broker that takes and does not acknowledge is the city's fault
// before the link gives it up.
func TestSilentCity(t *testing.T) {
	s := well()
	s.Uplink.Unanswered = before(unansweredFor)
	s.Judge()
	if len(s.Findings) != 1 || s.Findings[0].What != "city" {
		t.Errorf("got %+v, want one finding about the city", s.Findings)
	}
}

// TestBrokers: what is wrong beside a link that is up is found too, and what is said
// once is not said twice.
func TestBrokers(t *testing.T) {
	const away = "city: city-b: the city is away: connection refused; see `sitepost explain city.away`"
	for name, test := range map[string]struct {
		status uplink.Status
		want   []string
	}{
		"the spare": {uplink.Status{Up: true, Broker: "city-b", Preferred: "city-a"},
			[]string{"city: city-a: the preferred broker is away, and city-b has the link; " + nextSpare}},
		"the spare, for the preferred one refuses": {uplink.Status{Up: true, Broker: "city-b", Preferred: "city-a", RefusedBy: []string{"city-a"}},
			[]string{"city: city-a: this broker refuses the box; " + nextRefuses}},
		"away, and refused by the other": {uplink.Status{Broker: "city-b", Preferred: "city-a", Why: "connection refused", RefusedBy: []string{"city-a"}},
			[]string{away, "city: city-a: this broker refuses the box; " + nextRefuses}},
		"another box": {uplink.Status{Broker: "city-b", Why: "connection refused", Next: "…", TakenOver: true},
			[]string{away, "city: city-b: another box uses our name at the broker; " + nextTakenOver}},
		"a clock that is not set": {uplink.Status{Up: true, Broker: "city-a", Preferred: "city-a", ClockTolerated: night},
			[]string{"clock: city-a: its certificate begins only on 2026-11-21 14:40 UTC, and was taken because the clock is not set; " + nextTolerated}},
	} {
		s := well()
		test.status.Since = night
		s.Uplink.Status = test.status
		s.Judge()
		var got []string
		for _, f := range s.Findings {
			f.Since = time.Time{}
			got = append(got, f.What+": "+(&screen{Snapshot: &s}).finding(f))
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestManyWrong: however much is wrong, it is one screen.
func TestManyWrong(t *testing.T) {
	s := well()
	for range 100 {
		s.Devices = append(s.Devices, Device{Name: "cam", State: "offline"})
	}
	s.Judge()
	text := s.Words(nil)
	if n := strings.Count(text, "\n"); n > 24 {
		t.Errorf("got %d lines:\n%s", n, text)
	}
	if !strings.Contains(text, "… and 90 more: --json lists all") {
		t.Errorf("the rest is not counted:\n%s", text)
	}
}

// TestAgo: how long is said as a person says it, also after the clock was set.
func TestAgo(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Hour: "0 s", 59 * time.Second: "59 s", 3*time.Minute + 59*time.Second: "3 min",
		3*time.Hour + 5*time.Minute: "3 h 5 min", 49 * time.Hour: "2 days",
	} {
		if got := new(screen).ago(d); got != want {
			t.Errorf("%v: got %q, want %q", d, got, want)
		}
	}
}
