package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/cmd/sitepost/status"
	"sitepost/config"
)

// dials is a machine that reaches every address but those that swallow.
func dials(m Machine, swallows func(address string) bool) Machine {
	m.Wall = time.Now
	m.Interfaces = func() ([]Interface, error) { return nil, nil }
	m.Dial = func(ctx context.Context, _, address string) (net.Conn, error) {
		if swallows(address) {
			<-ctx.Done()
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		c, _ := net.Pipe()
		return c, nil
	}
	return m
}

// of are the rows of an area.
func of(r Report, area string) (rows []Row) {
	for _, row := range r.Rows {
		if row.Area == area {
			rows = append(rows, row)
		}
	}
	return rows
}

// TestOwnTime: a camera or serial server that answers is not called dead because many
// others are, and however many are, it ends: those for which there was no time are told
// as that.
func TestOwnTime(t *testing.T) {
	t.Parallel()
	empty := tree(t, map[string]string{"proc/1/comm": "init"})
	for _, test := range []struct {
		cameras, dead         int
		blamed, open, notDone int
	}{
		{100, 0, 0, 100, 0},
		{100, 70, 70, 30, 0},
		{2000, 2000, 256, 0, 1744},
	} {
		synctest.Test(t, func(t *testing.T) {
			site := &config.Config{Store: config.Store{Directory: "/"}, Lines: []config.Line{{Name: "a", Address: "dead:1"}, {Name: "b", Address: "dead:2"}, {Name: "c", Address: "good:3"}}}
			for i := range test.cameras {
				name := "good"
				if i < test.dead {
					name = "dead"
				}
				site.Cameras = append(site.Cameras, config.Camera{Name: fmt.Sprintf("cam-%d", i), Host: fmt.Sprintf("%s:%d", name, i+1000), Events: true})
			}
			m := dials(empty, func(address string) bool { return strings.HasPrefix(address, "dead") })
			began := time.Now()
			r := Examine(t.Context(), Options{Machine: m, Site: site})
			if took := time.Since(began); took > allWithin {
				t.Errorf("%d of %d: took %v", test.dead, test.cameras, took)
			}
			var blamed int
			var rest []string
			for _, row := range of(r, "device") {
				if row.Code == "device.unreachable" {
					blamed++
				} else {
					rest = append(rest, row.Text)
				}
			}
			var want []string
			if test.notDone > 0 {
				want = append(want, fmt.Sprintf("cameras and recorders for which there was no time: %d of %d", test.notDone, test.cameras))
			}
			if test.open > 0 {
				want = append(want, fmt.Sprintf("cameras and recorders whose port is open: %d of %d (no login was tried)", test.open, test.cameras))
			}
			if diff := cmp.Diff(want, rest); diff != "" || blamed != test.blamed {
				t.Errorf("%d of %d: %d are called dead, want %d (-want +got):\n%s", test.dead, test.cameras, blamed, test.blamed, diff)
			}
			var lines []string
			for _, row := range of(r, "line") {
				lines = append(lines, strings.TrimSpace(row.Place+" "+row.Code))
			}
			if diff := cmp.Diff([]string{"a line.unreachable", "b line.unreachable", ""}, lines); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
		})
	}
}

// TestSecondAddress: a broker's name with an address that swallows and one that answers
// is reached, as a running sitepost reaches it.
func TestSecondAddress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := examination{Options{Machine: dials(Machine{}, func(address string) bool { return strings.HasPrefix(address, "[fd00::1]") })}}
		conn, err := e.dial(t.Context(), []netip.Addr{netip.MustParseAddr("fd00::1"), netip.MustParseAddr("10.37.1.10")}, "8883")
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.Close()
	})
}

// TestOneDevice: of one device nothing is called good that was not looked at, or that is
// not good.
func TestOneDevice(t *testing.T) {
	t.Parallel()
	off := &config.Disabled{Why: "works"}
	site := &config.Config{
		Store:       config.Store{Directory: "/"},
		Lines:       []config.Line{{Name: "bus-a", Port: "/dev/ttyS9"}},
		Instruments: []config.Instrument{{Name: "gas-1", Line: "bus-a"}, {Name: "gas-2", Line: "bus-a", Disabled: off}},
		Recorders:   []config.Recorder{{Name: "nvr-1", Host: "dead:80"}},
		Cameras:     []config.Camera{{Name: "hall-1", Recorder: "nvr-1", Watch: config.WatchSampled, Events: true}, {Name: "cam-9", Host: "good:80", Disabled: off}},
	}
	snap := &status.Snapshot{
		Devices: []status.Device{{Name: "gas-1", State: "online"}, {Name: "gas-2", State: "disabled", Why: "works", Next: "change it"}, {Name: "new", State: status.Unknown}},
		Lines:   []status.Device{{Name: "bus-a", State: "offline", Why: "the line is lost", Next: "check the cable"}},
	}
	snap.Judge()
	m := dials(tree(t, map[string]string{"proc/1/comm": "init"}), func(address string) bool { return false })
	m.Dial = func(_ context.Context, _, address string) (net.Conn, error) {
		if strings.HasPrefix(address, "dead") {
			return nil, os.ErrDeadlineExceeded
		}
		c, _ := net.Pipe()
		return c, nil
	}
	missing := "wrong line.missing bus-a | there is no port /dev/ttyS9 | plug the adapter in; ls -l /dev/serial/by-path shows those that are"
	for _, test := range []struct {
		device string
		snap   *status.Snapshot
		want   []string
	}{
		{"hall-1", nil, []string{"wrong device.unreachable nvr-1 | dead:80: no answer: it is off, or a firewall swallows the question | is it powered, and in this network? ping it; sitepost discover finds one that has moved"}},
		{"cam-9", nil, []string{"unseen unseen cam-9 | nobody asks it: it is disabled, or its watch is off | to use it again change its entry in the site file"}},
		{"gas-2", nil, []string{missing, "unseen unseen gas-2 | nobody asks it: it is disabled, or its watch is off | to use it again change its entry in the site file"}},
		{"gas-1", snap, []string{"wrong line.lost bus-a | offline: the line is lost | check the cable", missing, "good gas-1 | online |"}},
		{"gas-2", snap, []string{"wrong line.lost bus-a | offline: the line is lost | check the cable", missing, "unseen unseen gas-2 | disabled: works | change it"}},
		{"new", snap, []string{"unseen unseen new | unknown | wait a minute, then look again"}},
		{"bus-a", snap, []string{"wrong line.lost bus-a | offline: the line is lost | check the cable", missing}},
	} {
		r := Examine(t.Context(), Options{Machine: m, Site: site, Snapshot: test.snap, Device: test.device})
		if diff := cmp.Diff(test.want, short(r.Rows)); diff != "" {
			t.Errorf("%s, running %t (-want +got):\n%s", test.device, test.snap != nil, diff)
		}
	}
}

// TestHangs: a sitepost that runs and does not answer is something else than one that
// this user may not ask.
func TestHangs(t *testing.T) {
	t.Parallel()
	e := examination{Options{Absent: errors.New("control.sock: the running sitepost does not answer"), Hangs: true}}
	if rows := e.sitepost(t.Context()); len(rows) != 1 || rows[0].State != Wrong || rows[0].Code != "sitepost.hangs" || !strings.Contains(rows[0].Next, "systemctl restart sitepost") {
		t.Errorf("got %+v", rows)
	}
	e.Hangs = false
	if rows := e.sitepost(t.Context()); len(rows) != 1 || rows[0].State != Unseen {
		t.Errorf("got %+v", rows)
	}
}

// TestMayRun: where it is not known that no sitepost runs, nobody is told that the site is
// not watched, or to start one.
func TestMayRun(t *testing.T) {
	t.Parallel()
	site := &config.Config{Store: config.Store{Directory: "/"}, Lines: []config.Line{{Name: "bus-a", Address: "good:1"}}, Instruments: []config.Instrument{{Name: "gas-1", Line: "bus-a"}},
		Uplink: config.Uplink{Receipt: "platform", Brokers: []config.Broker{{Name: "city-a", URL: "mqtt://127.0.0.1:1"}}}}
	m := dials(tree(t, map[string]string{"proc/1/comm": "init"}), func(string) bool { return false })
	r := Examine(t.Context(), Options{Machine: m, Site: site, WhyNot: "a sitepost runs that cannot be asked (give its socket with --control)"})
	for _, row := range r.Rows {
		if row.Code == "sitepost.stopped" || strings.HasPrefix(row.Next, "start ") || strings.HasPrefix(row.Next, "systemctl start") {
			t.Errorf("got %q", short([]Row{row}))
		}
	}
	if got := of(r, "sitepost"); len(got) != 1 || got[0].State != Unseen || got[0].Next != askIt {
		t.Errorf("got %q", short(got))
	}
}

// blind is a machine whose other programs do not show what they have open.
type blind struct{ fs.FS }

func (b blind) ReadDir(name string) ([]fs.DirEntry, error) {
	if name == "proc/1/fd" {
		return nil, fs.ErrPermission
	}
	return fs.ReadDir(b.FS, name)
}

// TestWhoHoldsIsNotSeen: a user who cannot see who holds a port is not told that nobody
// does.
func TestWhoHoldsIsNotSeen(t *testing.T) {
	t.Parallel()
	m := tree(t, map[string]string{"proc/1/fd/0": "", "proc/7/fd/0": ""})
	lines := []config.Line{{Name: "bus-a", Port: "/dev/ttyS0"}}
	e := examination{Options{Machine: m}}
	want := []string{"good | ports that are there and that nobody holds: 1 (not opened) |"}
	if diff := cmp.Diff(want, short(e.goodLines(lines))); diff != "" {
		t.Errorf("all is seen (-want +got):\n%s", diff)
	}
	e.Machine.Root = blind{m.Root}
	want = []string{"good | ports that are there: 1 (not opened) |", "unseen unseen | which program holds a port is seen only by root | run the doctor with sudo"}
	if diff := cmp.Diff(want, short(e.goodLines(lines))); diff != "" {
		t.Errorf("not all is seen (-want +got):\n%s", diff)
	}
	if rows := e.goodLines([]config.Line{{Name: "gates", Address: "10.37.20.60:4001"}}); len(rows) != 1 {
		t.Errorf("a serial server: got %q", short(rows))
	}
}
