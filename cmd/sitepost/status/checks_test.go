package status

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"sitepost/cmd/sitepost/words"
	"sitepost/devices"
	"sitepost/uplink"
)

// codesOf are the codes of what is found, with whom it is about.
func codesOf(s *Snapshot) (all []string) {
	s.Judge()
	for _, f := range s.Findings {
		all = append(all, strings.TrimSpace(f.Code+" "+f.Name))
	}
	return all
}

// TestChecks: each check of the list finds what it is for, and nothing else does.
func TestChecks(t *testing.T) {
	device := func(state string, open ...devices.Code) func(*Snapshot) {
		return func(s *Snapshot) {
			s.Devices[1].State = state
			for _, code := range open {
				s.Open = append(s.Open, Open{Type: code, Device: "gas-1", Since: night})
			}
		}
	}
	line := func(open ...devices.Code) func(*Snapshot) {
		return func(s *Snapshot) {
			s.Lines[0].State = "offline"
			for _, code := range open {
				s.Open = append(s.Open, Open{Type: code, Device: "bus-a", Since: night})
			}
		}
	}
	link := func(u uplink.Status) func(*Snapshot) { return func(s *Snapshot) { s.Uplink.Status = u } }
	up := uplink.Status{Up: true, Broker: "city-a", Preferred: "city-a"}
	taken, spare, tolerated, unanswered := up, up, up, up
	taken.TakenOver, spare.Preferred, tolerated.ClockTolerated, unanswered.Unanswered = true, "city-0", night, before(unansweredFor)
	seen := map[string]bool{}
	for _, test := range []struct {
		what   string
		change func(*Snapshot)
		want   []string
	}{
		{"all is well", func(*Snapshot) {}, nil},
		{"the disk refuses", func(s *Snapshot) { s.Store.Failing = true; s.Open = []Open{{Type: devices.StoreFull}} }, []string{"store.failing"}},
		{"the store is full", func(s *Snapshot) { s.Open = []Open{{Type: devices.StoreFull, Device: "box"}} }, []string{"store.full"}},
		{"set aside", func(s *Snapshot) { s.Store.SetAside = []string{"a.db"} }, []string{"store.set_aside"}},
		{"no city", func(s *Snapshot) { s.Uplink = nil }, []string{"city.none"}},
		{"refused", func(s *Snapshot) { s.Refused = &Refused{Why: "site.toml:1:1: no", At: night} }, []string{"config.rejected"}},
		{"the loopback port", func(s *Snapshot) { s.Page = &Page{Listen: "127.0.0.1:8480", Failed: "address already in use"} }, []string{"page.unreachable 127.0.0.1:8480"}},
		{"at restart", func(s *Snapshot) { s.AtRestart = []string{"store.size"} }, []string{"config.at_restart"}},
		{"away", link(uplink.Status{Broker: "city-a"}), []string{"city.away city-a"}},
		{"unanswered", link(unanswered), []string{"city.unanswered city-a"}},
		{"taken over", link(taken), []string{"city.taken_over city-a"}},
		{"refused", link(uplink.Status{Up: true, Broker: "city-b", Preferred: "city-a", RefusedBy: []string{"city-a"}}), []string{"city.refused city-a"}},
		{"the spare", link(spare), []string{"city.spare city-0"}},
		{"tolerated", link(tolerated), []string{"clock.tolerated city-a"}},
		{"an alarm", device("online", "gas.alarm.high"), []string{"gas.alarm.high gas-1"}},
		{"what nobody knows", device("online", "gas.odd"), []string{"condition.open gas-1"}},
		{"lost", line(devices.LineLost), []string{"line.lost bus-a"}},
		{"second master", line(devices.LineSecondMaster), []string{"line.second_master bus-a"}},
		{"lost, after a second master", line(devices.LineSecondMaster, devices.LineLost), []string{"line.lost bus-a"}},
		{"overloaded", func(s *Snapshot) { s.Open = []Open{{Type: devices.LineOverloaded, Device: "bus-a", Since: night}} }, []string{"line.overloaded bus-a"}},
		{"offline", device("offline", devices.DeviceOffline), []string{"device.offline gas-1"}},
		{"silent", device("silent", devices.DeviceSilent), []string{"device.silent gas-1"}},
		{"faulty", device("faulty", devices.DeviceFault), []string{"device.fault gas-1"}},
		{"refuses its login", device("faulty", devices.CameraLogin), []string{"camera.login_refused gas-1"}},
		{"silent, and refuses its login", device("silent", devices.CameraLogin), []string{"camera.login_refused gas-1", "device.silent gas-1"}},
		{"no mains", func(s *Snapshot) { s.Power.Mains = false }, []string{"power.mains.lost"}},
		{"battery", func(s *Snapshot) { s.Power.Low = true }, []string{"power.battery.low"}},
		{"clock", func(s *Snapshot) { s.Clock.Synced = false; s.Clock.Compared[0].Off = true }, []string{"clock.unsynced", "clock.unsynced 10.37.1.5"}},
		{"wear", func(s *Snapshot) { s.Wear.High = true }, []string{"store.wear"}},
	} {
		s := well()
		test.change(&s)
		got := codesOf(&s)
		for _, f := range s.Findings {
			if f.Next == "" || f.Text == "" || f.What == "" {
				t.Errorf("%s: %+v has no next step, cause or area", test.what, f)
			}
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.what, diff)
		}
		for _, c := range checks {
			if len(c.find(&s)) > 0 {
				seen[c.code] = true
			}
		}
	}
	for _, code := range CheckCodes() {
		if !seen[code] {
			t.Errorf("check %s finds nothing in this test", code)
		}
	}
}

// TestCodeOnScreen: whoever reads what is wrong can ask what it means: each line has the
// code, once. Answers complaint 38.
func TestCodeOnScreen(t *testing.T) {
	s := ill()
	s.Judge()
	rows := strings.Split(s.Words(nil), "\n")
	for i, f := range s.Findings[:mostWrong] {
		if n := strings.Count(rows[1+i], f.Code); n != 1 {
			t.Errorf("%q has code %s %d times, want once", rows[1+i], f.Code, n)
		}
	}
}

// TestCheckFigures: however many devices are wrong, a check is one figure, and no device
// is a label.
func TestCheckFigures(t *testing.T) {
	s := well()
	for i := range 1000 {
		s.Devices = append(s.Devices, Device{Name: fmt.Sprintf("cam-%d", i), State: "offline"})
	}
	figures := ours(t, s)
	if !strings.Contains(figures, "sitepost_check_findings{check=\"device.offline\"} 1000\n") {
		t.Errorf("no figure of the check:\n%s", figures)
	}
	if n := strings.Count(figures, "sitepost_check_findings{"); n != len(checks) {
		t.Errorf("got %d figures, want one for each of %d checks", n, len(checks))
	}
	if strings.Contains(figures, "cam-") {
		t.Error("a device is a label")
	}
}

// TestView: one device in full, in both languages.
func TestView(t *testing.T) {
	s := ill()
	s.Devices[1].Title, s.Devices[1].Line, s.Devices[1].Address = "滚装车道可燃气1", "bus-a", "1"
	s.Devices[1].Heard = before(4*time.Minute + 30*time.Second)
	s.Devices[1].Today = &devices.Day{Date: "2026-11-21", Heard: 104400, AwayS: 240, Counts: map[devices.Code]uint64{"gas.alarm.high": 1, "gas.alarm.low": 3, "device.silent": 0}}
	s.Judge()
	v, known := s.View("gas-1")
	if !known {
		t.Fatal("gas-1 is not known")
	}
	compare(t, "gas-1.txt", v.Words(nil))
	compare(t, "gas-1.zh.txt", v.Words(words.In(words.Chinese)))
	if len(v.Findings) != 2 || len(v.Open) != 2 {
		t.Errorf("got %+v", v)
	}
	if v, known := s.View("bus-a"); !known || v.Device.Name != "bus-a" {
		t.Errorf("a line: got %+v, %v", v, known)
	}
	if _, known := s.View("gas-9"); known {
		t.Error("gas-9 is known")
	}
}

// TestHostileScreen: what a device or a broker says cannot move the cursor, turn the
// writing round, or fill the screen.
func TestHostileScreen(t *testing.T) {
	enemy := "\x1b[2J\x1b]0;owned\a\r\nall is well\u202e\u0085\xff" + strings.Repeat("名", 1<<20)
	s := ill()
	s.Site, s.Version, s.Before, s.Cause = enemy, enemy, enemy, enemy
	s.Uplink.Broker, s.Uplink.Why, s.Uplink.Next, s.Clock.Source = enemy, enemy, enemy, enemy
	s.Clock.Compared[0].Server, s.Clock.Compared[2].Failed = enemy, enemy
	s.Store.SetAside, s.Store.Dropped[0].Why = []string{enemy}, enemy
	s.Devices[1] = Device{Name: enemy, State: "silent", Why: enemy, Next: enemy, Title: enemy, Kind: devices.Kind(enemy), Line: enemy, Address: enemy, Since: night,
		Today: &devices.Day{Counts: map[devices.Code]uint64{devices.Code(enemy): 1}}}
	s.Open = []Open{{Type: devices.Code(enemy), Device: enemy, Subject: enemy}}
	s.Judge()
	v, _ := s.View(enemy)
	began := time.Now()
	for _, speaker := range []*words.Speaker{nil, words.In(words.Chinese)} {
		for what, text := range map[string]string{"screen": s.Words(speaker), "device": v.Words(speaker)} {
			if n := strings.Count(text, "\n"); n > 24 {
				t.Errorf("%s: got %d lines", what, n)
			}
			if i := strings.IndexFunc(text, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }); i >= 0 {
				t.Errorf("%s: %q reaches the terminal", what, text[i:min(len(text), i+8)])
			}
			if len(text) > 64<<10 {
				t.Errorf("%s: %d bytes", what, len(text))
			}
		}
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}

// TestGist: who watches is told of what has changed, and not that time passes.
func TestGist(t *testing.T) {
	a, b := well(), well()
	a.Judge()
	b.Time, b.Uplink.Sent, b.Store.Bytes = b.Time.Add(time.Minute), 99999, 1
	b.Uplink.Unanswered = time.Time{}
	b.Judge()
	if a.Gist() != b.Gist() {
		t.Error("time passes, and somebody is told")
	}
	b.Devices = slices.Clone(b.Devices)
	b.Devices[1].State = "maintenance"
	if a.Gist() == b.Gist() {
		t.Error("a device is in maintenance, and nobody is told")
	}
}
