package doctor

import (
	"context"
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/cmd/sitepost/box"
	"sitepost/cmd/sitepost/status"
	"sitepost/config"
	"sitepost/devices"
)

// TestHost: supply, voltage and heat as the machine shows them.
func TestHost(t *testing.T) {
	t.Parallel()
	for what, test := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"a box that says nothing": {map[string]string{"sys/x": ""}, []string{"unseen unseen | this machine says nothing of its supply or its heat | look at its power supply by hand"}},
		"well": {map[string]string{"sys/class/power_supply/AC/type": "Mains\n", "sys/class/power_supply/AC/online": "1\n", "sys/class/thermal/thermal_zone0/temp": "51234\n", "sys/class/hwmon/hwmon1/in0_lcrit_alarm": "0\n"},
			[]string{"good | mains, 51 °C |"}},
		"ill": {map[string]string{"sys/class/power_supply/AC/type": "Mains\n", "sys/class/power_supply/AC/online": "0\n", "sys/class/thermal/thermal_zone0/temp": "91234\n", "sys/class/hwmon/hwmon1/in0_lcrit_alarm": "1\n"},
			[]string{
				"look power.mains.lost | the box has no mains | see `sitepost explain power.mains.lost`",
				"wrong host.undervoltage sys/class/hwmon/hwmon1/in0_lcrit_alarm | the supply voltage is, or was, too low | use a stronger power supply and a short cable",
				"look host.hot | the machine has 91 °C | give it air, and clean the fan",
			}},
	} {
		e := examination{Options{Machine: tree(t, test.files)}}
		if diff := cmp.Diff(test.want, short(e.host(t.Context()))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
}

// TestDisk: room, a disk that became read-only, and one that wears out.
func TestDisk(t *testing.T) {
	t.Parallel()
	const mounts = "22 1 8:1 / / rw,noatime shared:1 - ext4 /dev/sda1 rw\n36 22 179:2 / /var rw,noatime shared:1 - ext4 /dev/mmcblk0p2 %s,errors=remount-ro\n"
	emmc := func(how string) Machine {
		return tree(t, map[string]string{
			"proc/self/mountinfo":                strings.Replace(mounts, "%s", how, 1),
			"sys/dev/block/179:2 ->":             "../../devices/platform/mmc0/mmc0:0001/block/mmcblk0/mmcblk0p2",
			"sys/block/mmcblk0/device/life_time": "0x02 0x09\n",
		})
	}
	for what, test := range map[string]struct {
		how   string
		space Space
		err   error
		want  []string
	}{
		"read-only and worn": {"ro", Space{40 << 30, 100 << 30}, nil, []string{
			"wrong disk.readonly /var | the disk is read-only | dmesg says why; a disk with errors must be replaced",
			"look disk.worn /var | 90 % of the storage's life are used | plan a replacement"}},
		"full": {"rw", Space{1 << 20, 100 << 30}, nil, []string{
			"wrong disk.full /var/lib/sitepost | only 1 MiB are free | make room: du -xhd1 /var shows who takes it",
			"look disk.worn /var | 90 % of the storage's life are used | plan a replacement"}},
		"low": {"rw", Space{5 << 30, 100 << 30}, nil, []string{
			"look disk.low /var/lib/sitepost | 5 % of the disk are free | make room: du -xhd1 /var shows who takes it",
			"look disk.worn /var | 90 % of the storage's life are used | plan a replacement"}},
		"not to be looked at": {"rw", Space{}, fs.ErrPermission, []string{
			"unseen unseen /var/lib/sitepost | the disk cannot be looked at: permission denied | run the doctor as root"}},
	} {
		m := emmc(test.how)
		m.Space = func(string) (Space, error) { return test.space, test.err }
		e := examination{Options{Machine: m, Site: &config.Config{Store: config.Store{Directory: "/var/lib/sitepost"}}}}
		if diff := cmp.Diff(test.want, short(e.disk(t.Context()))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
}

// TestDiskOfNobody: a folder that is not there yet is told, and the disk it would lie
// on is looked at.
func TestDiskOfNobody(t *testing.T) {
	t.Parallel()
	m := tree(t, map[string]string{"proc/self/mountinfo": "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"})
	m.Space = func(folder string) (Space, error) {
		if folder != "/var" {
			return Space{}, fs.ErrNotExist
		}
		return Space{50 << 30, 100 << 30}, nil
	}
	e := examination{Options{Machine: m, Site: &config.Config{Store: config.Store{Directory: "/var/lib/sitepost"}}}}
	want := []string{"look disk.missing /var/lib/sitepost | the store's folder is not there yet | it is made at the first start; if the site ran before, is a disk not mounted?"}
	if diff := cmp.Diff(want, short(e.disk(t.Context()))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestClock: without a running sitepost the time servers are asked here, and one that
// does not answer is told as such.
func TestClock(t *testing.T) {
	t.Parallel()
	m := bench()
	m.Synced = func() bool { return false }
	m.AskTime = func(ctx context.Context, server string) (float64, error) {
		switch server {
		case "10.37.1.5":
			return -0.012, nil
		case "10.37.1.6":
			return 3601.5, nil
		}
		return 0, errors.New("no answer within 3s")
	}
	site := &config.Config{Clock: config.Clock{CompareWith: []string{"10.37.1.5", "10.37.1.6", "10.37.1.7"}, Alarm: 5 * time.Second}}
	want := []string{
		"look clock.unsynced | the clock is not synchronised | check chrony or systemd-timesyncd",
		"wrong clock.unsynced 10.37.1.6 | the clock is 3601.500 s away from that of this server | check chrony or systemd-timesyncd",
		"look clock.no_answer 10.37.1.7 | no answer within 3s | is the time server on, and is UDP port 123 open to the box? else correct clock.compare_with",
	}
	e := examination{Options{Machine: m, Site: site}}
	if diff := cmp.Diff(want, short(e.clock(t.Context()))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	told := &status.Snapshot{State: box.State{Clock: box.ClockState{Synced: true, Compared: []box.Compared{{Server: "10.37.1.5", At: time.Now(), Offset: -0.012}}}}}
	m.AskTime = nil // it would panic: the running sitepost asks
	e = examination{Options{Machine: m, Site: site, Snapshot: told}}
	if diff := cmp.Diff([]string{"good | synchronised, 10.37.1.5: +0.012 s |"}, short(e.clock(t.Context()))); diff != "" {
		t.Errorf("sitepost runs (-want +got):\n%s", diff)
	}
}

// TestNetwork: why nothing is found in the network of the devices is told by what is
// wrong there: no interface, no cable, no address, another network. Answers complaint 29.
func TestNetwork(t *testing.T) {
	t.Parallel()
	here := netip.MustParsePrefix("10.37.20.2/24")
	for what, test := range map[string]struct {
		interfaces []Interface
		out        netip.Addr
		err        error
		want       []string
	}{
		"well":       {[]Interface{{"enp2s0", true, []netip.Prefix{here}}}, here.Addr(), nil, []string{"good | interfaces enp2s0, our addresses 10.37.20.2/24 |"}},
		"another":    {[]Interface{{"enp1s0", true, []netip.Prefix{here}}}, here.Addr(), nil, []string{"wrong network.down enp2s0 | there is no such interface | ip link shows those that are; correct network.device_interfaces", "wrong network.no_way 10.37.20.0/24 | the way there leaves by our address 10.37.20.2, which is not on an interface for devices | give the interface an address in this network, or add a route; ip route get ADDRESS"}},
		"no cable":   {[]Interface{{"enp2s0", false, nil}}, netip.Addr{}, os.ErrInvalid, []string{"wrong network.down enp2s0 | the interface is down, or has no cable | plug the cable in; ip link set enp2s0 up", "wrong network.no_way 10.37.20.0/24 | there is no way there: invalid argument | give the interface an address in this network, or add a route"}},
		"no address": {[]Interface{{"enp2s0", true, nil}}, netip.MustParseAddr("10.9.9.9"), nil, []string{"wrong network.no_address enp2s0 | the interface has no IPv4 address | give it a fixed address in the cameras' network", "wrong network.no_way 10.37.20.0/24 | the way there leaves by our address 10.9.9.9, which is not on an interface for devices | give the interface an address in this network, or add a route; ip route get ADDRESS"}},
	} {
		m := bench()
		m.Interfaces = func() ([]Interface, error) { return test.interfaces, nil }
		m.WayOut = func(netip.Addr) (netip.Addr, error) { return test.out, test.err }
		site := &config.Config{Network: config.Network{DeviceInterfaces: []string{"enp2s0"}, DeviceNetworks: []netip.Prefix{netip.MustParsePrefix("10.37.20.0/24")}}}
		e := examination{Options{Machine: m, Site: site}}
		if diff := cmp.Diff(test.want, short(e.network(t.Context()))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
}

// TestCameras: a camera that does not answer is told by the layer that failed, and no
// login is tried. Answers complaint 31.
func TestCameras(t *testing.T) {
	t.Parallel()
	p := listen(t, silent)
	site := &config.Config{Cameras: []config.Camera{
		{Name: "cam-1", Host: strings.TrimPrefix(p.url, "mqtts://"), Events: true},
		{Name: "cam-2", Host: strings.TrimPrefix(closed(t), "mqtts://"), Events: true},
		{Name: "cam-3", Host: "10.37.20.13", Events: true, Disabled: &config.Disabled{Why: "works"}},
	}}
	e := examination{Options{Machine: bench(), Site: site}}
	rows := e.devices(t.Context())
	if len(rows) != 2 || rows[0].Place != "cam-2" || rows[0].Layer != layerPort || rows[1].Text != "cameras and recorders whose port is open: 1 of 2 (no login was tried)" {
		t.Errorf("got %q", short(rows))
	}
	if p.said.Load() > 0 {
		t.Error("something was said to a camera")
	}
}

// TestConfig: a file that is not the one in force is told, with both hashes. Answers
// complaint 38 together with package causes: what, where, why, and what to do.
func TestConfig(t *testing.T) {
	t.Parallel()
	site := &config.Config{Hash: strings.Repeat("a", 64)}
	e := examination{Options{Path: "site.toml", Site: site, Snapshot: &status.Snapshot{Config: strings.Repeat("b", 64)}}}
	want := []string{"look config.differs site.toml | the file is aaaaaaaaaaaa, and bbbbbbbbbbbb is in force | sitepost check, then sitepost reload"}
	if diff := cmp.Diff(want, short(e.config(t.Context()))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	_, found := config.Parse("site.toml", []byte("version = 1\n[site]\nnmae = \"demo\"\n"), config.Env{})
	e = examination{Options{Path: "site.toml", Found: found}}
	rows := e.config(t.Context())
	if len(rows) == 0 || rows[0].Code != "config.mistake" || rows[0].Place != "site.toml:2:1" && rows[0].Place != "site.toml:3:1" {
		t.Errorf("got %q", short(rows))
	}
}

// TestSlow: a look that hangs for ever, as on a dead disk, holds up nobody: it is said
// that it was not looked at, and all others are told.
func TestSlow(t *testing.T) {
	t.Parallel()
	m := tree(t, map[string]string{"proc/1/comm": "init"})
	synctest.Test(t, func(t *testing.T) {
		dead := make(chan struct{})
		var once sync.Once
		defer once.Do(func() { close(dead) })
		m.Space = func(string) (Space, error) { <-dead; return Space{}, fs.ErrInvalid }
		m.Wall = time.Now
		m.Interfaces = func() ([]Interface, error) { return nil, nil }
		began := time.Now()
		r := Examine(t.Context(), Options{Machine: m, Site: &config.Config{Store: config.Store{Directory: "/var"}}})
		if took := time.Since(began); took > lookWithin+2*time.Second {
			t.Errorf("it took %v", took)
		}
		late := 0
		for _, row := range r.Rows {
			if row.Text == "the look did not end in time" {
				late++
				if row.Area != "disk" || row.State != Unseen {
					t.Errorf("got %+v", row)
				}
			}
		}
		if late != 1 || len(r.Rows) < 8 {
			t.Errorf("got %q", short(r.Rows))
		}
		once.Do(func() { close(dead) })
		synctest.Wait()
	})
}

// TestTold: every finding of the running sitepost is in the report once, with code, next
// step and the area where it belongs. Answers complaint 38.
func TestTold(t *testing.T) {
	t.Parallel()
	s := &status.Snapshot{Time: time.Now(),
		Devices: []status.Device{{Name: "gas-1", State: "silent", Why: "nothing for 30s", Next: "check its power"}, {Name: "xray-1", State: "disabled"}},
		Open:    []status.Open{{Type: "gas.alarm.high", Device: "gas-1", Severity: devices.Critical}, {Type: "recording.retention.short", Device: "nvr-1", Severity: devices.Minor}},
		Store:   status.Store{Failing: true},
	}
	s.Judge()
	m := tree(t, map[string]string{"proc/1/comm": "init"})
	m.Interfaces = func() ([]Interface, error) { return nil, nil }
	r := Examine(t.Context(), Options{Machine: m, Snapshot: s})
	got := map[string]State{}
	for _, row := range r.Rows {
		if row.State != Good && row.State != Unseen {
			if row.Next == "" || row.Text == "" {
				t.Errorf("%+v has no cause or no next step", row)
			}
			got[row.Area+" "+row.Code] = row.State
		}
	}
	want := map[string]State{"store store.failing": Wrong, "city city.none": Wrong, "device device.silent": Wrong,
		"device gas.alarm.high": Wrong, "device recording.retention.short": Look, "clock clock.unsynced": Look}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
