package box

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// rack makes power supplies: folder/figure, word, …
func rack(figures ...string) fstest.MapFS {
	all := fstest.MapFS{}
	for i := 0; i < len(figures); i += 2 {
		all[figures[i]] = &fstest.MapFile{Data: []byte(figures[i+1] + "\n")}
	}
	return all
}

// TestPower: what the host's supplies say of mains and battery.
func TestPower(t *testing.T) {
	lines := []string{"AC/type", "Mains", "AC/online", "1", "BAT0/type", "Battery", "BAT0/status", "Full", "BAT0/capacity", "97"}
	with := func(more ...string) fstest.MapFS { return rack(append(append([]string{}, lines...), more...)...) }
	for _, c := range []struct {
		name string
		is   fstest.MapFS
		want []string
	}{
		{"none", rack(), []string{"power.mains.lost cleared", "power.battery.low cleared"}},
		{"all is well", with(), []string{"power.mains.lost cleared", "power.battery.low cleared 97%"}},
		{"no mains", with("AC/online", "0", "BAT0/status", "Discharging"), []string{"power.mains.lost raised", "power.battery.low cleared 97%"}},
		{"one of two", with("AC/online", "0", "usb/type", "USB_PD", "usb/online", "1"), []string{"power.mains.lost cleared", "power.battery.low cleared 97%"}},
		{"a UPS alone", rack("ups/type", "UPS", "ups/status", "Discharging", "ups/capacity", "20"), []string{"power.mains.lost raised", "power.battery.low raised 20%"}},
		{"a UPS alone, at rest", rack("ups/type", "UPS", "ups/status", "Unknown"), []string{"power.mains.lost cleared", "power.battery.low cleared"}},
		{"a USB socket with nothing in it", rack("ucsi-source-psy-USBC000:001/type", "USB", "ucsi-source-psy-USBC000:001/online", "0"), []string{"power.mains.lost cleared", "power.battery.low cleared"}},
		{"USB alone, and a battery", rack("usb/type", "USB", "usb/online", "0", "BAT0/type", "Battery", "BAT0/capacity", "50"), []string{"power.mains.lost raised", "power.battery.low cleared 50%"}},
		{"a line alone, no mains", rack("AC/type", "Mains", "AC/online", "0"), []string{"power.mains.lost raised", "power.battery.low cleared"}},
		{"a mouse", rack("mouse/type", "Battery", "mouse/scope", "Device", "mouse/status", "Discharging", "mouse/capacity", "3"), []string{"power.mains.lost cleared", "power.battery.low cleared"}},
		{"rubbish", rack("x/type", "Battery", "x/capacity", "-7", "y/online", "perhaps"), []string{"power.mains.lost cleared", "power.battery.low cleared"}},
	} {
		d := newDesk(true)
		b := d.box("1")
		b.opt.Host.Power = c.is
		if err := b.lookAtPower(); err != nil {
			t.Fatal(err)
		}
		d.compare(t, c.name, c.want...)
		if err := b.lookAtPower(); err != nil {
			t.Fatal(err)
		}
		d.compare(t, c.name+", again")
	}
}

// TestBatteryRests: a battery around its limit is told once.
func TestBatteryRests(t *testing.T) {
	d := newDesk(true)
	b := d.box("1")
	for _, c := range []struct{ capacity, want string }{
		{"40", "cleared 40%"}, {"21", ""}, {"20", "raised 20%"}, {"21", ""}, {"24", ""}, {"19", ""}, {"25", "cleared 25%"}, {"24", ""},
	} {
		b.opt.Host.Power = rack("ups/type", "UPS", "ups/status", "Charging", "ups/capacity", c.capacity)
		if err := b.lookAtPower(); err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, said := range d.said() {
			if state, is := strings.CutPrefix(said, "power.battery.low "); is {
				got = state
			}
		}
		if got != c.want {
			t.Errorf("at %s %%: got %q, want %q", c.capacity, got, c.want)
		}
	}
}

// TestSysfs: a folder of links, as the kernel makes it.
func TestSysfs(t *testing.T) {
	dir := t.TempDir()
	ac := filepath.Join(dir, "devices", "AC")
	if err := os.MkdirAll(ac, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, word := range map[string]string{"type": "Mains\n", "online": "0\n"} {
		if err := os.WriteFile(filepath.Join(ac, name), []byte(word), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	class := filepath.Join(dir, "class")
	if err := os.Mkdir(class, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../devices/AC", filepath.Join(class, "AC")); err != nil {
		t.Fatal(err)
	}
	got, err := supplies(os.DirFS(class))
	want := []supply{{name: "AC", kind: "Mains", online: "0", capacity: -1}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(supply{})); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if got, err := supplies(os.DirFS(filepath.Join(dir, "none"))); got != nil || err != nil {
		t.Errorf("no folder: got %v, %v", got, err)
	}
}

// TestWear: an hour that would fill 20 GB in a day is told, and its end.
func TestWear(t *testing.T) {
	var w wear
	var told []string
	bytes := int64(0)
	hour := func(gigabytesADay float64) {
		for range wearOver {
			bytes += int64(gigabytesADay * 1e9 / 24 / 60)
			for _, e := range w.look(bytes) {
				told = append(told, string(e.State)+" "+e.Text)
			}
		}
	}
	hour(40)
	if len(told) != 0 {
		t.Errorf("got %q before an hour is over", told)
	}
	hour(40)
	hour(17)
	hour(5)
	bytes = 0 // another process
	hour(5)
	hour(5)
	want := []string{"raised 40.0 GB a day are written, projected from the last hour: send fewer readings, or use storage that bears it", "cleared "}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := w.now(); got.Day < 4.9e9 || got.Day > 5.1e9 || got.High {
		t.Errorf("got %+v, want 5 GB a day", got)
	}
}
