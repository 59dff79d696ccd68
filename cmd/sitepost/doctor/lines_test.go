package doctor

import (
	"context"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sitepost/cmd/sitepost/status"
	"sitepost/config"
)

// A tree makes a machine of files: "path" is a file with text, "path ->" a link.
func tree(t *testing.T, files map[string]string) Machine {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		name, link := strings.CutSuffix(name, " ->")
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		err := error(nil)
		if link {
			err = os.Symlink(text, path)
		} else {
			err = os.WriteFile(path, []byte(text), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	m := bench()
	m.Root = os.DirFS(root)
	m.MayOpen = func(string) error { return nil }
	m.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, os.ErrDeadlineExceeded }
	return m
}

// twins are two CH340 without a serial number and one FTDI with one, as a kernel shows
// them; by-id has one name for both CH340.
func twins() map[string]string {
	const usb = "sys/devices/pci0000:00/0000:00:14.0/usb1"
	return map[string]string{
		"dev/ttyUSB0": "", "dev/ttyUSB1": "", "dev/ttyUSB2": "",
		"dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0-port0 ->":    "../../ttyUSB0",
		"dev/serial/by-path/pci-0000:00:14.0-usb-0:2:1.0-port0 ->":    "../../ttyUSB1",
		"dev/serial/by-path/pci-0000:00:14.0-usb-0:3:1.0-port0 ->":    "../../ttyUSB2",
		"dev/serial/by-id/usb-1a86_USB_Serial-if00-port0 ->":          "../../ttyUSB1",
		"dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A9M9DV3R-port0 ->": "../../ttyUSB2",
		"sys/class/tty/ttyUSB0 ->":                                    "../../devices/pci0000:00/0000:00:14.0/usb1/1-1/1-1:1.0/ttyUSB0/tty/ttyUSB0",
		"sys/class/tty/ttyUSB1 ->":                                    "../../devices/pci0000:00/0000:00:14.0/usb1/1-2/1-2:1.0/ttyUSB1/tty/ttyUSB1",
		"sys/class/tty/ttyUSB2 ->":                                    "../../devices/pci0000:00/0000:00:14.0/usb1/1-3/1-3:1.0/ttyUSB2/tty/ttyUSB2",
		usb + "/1-1/1-1:1.0/ttyUSB0/tty/ttyUSB0/dev":                  "188:0",
		usb + "/1-2/1-2:1.0/ttyUSB1/tty/ttyUSB1/dev":                  "188:1",
		usb + "/1-3/1-3:1.0/ttyUSB2/tty/ttyUSB2/dev":                  "188:2",
		usb + "/1-1/idVendor":                                         "1a86\n", usb + "/1-1/idProduct": "7523\n",
		usb + "/1-2/idVendor": "1a86\n", usb + "/1-2/idProduct": "7523\n",
		usb + "/1-3/idVendor": "0403\n", usb + "/1-3/idProduct": "6001\n", usb + "/1-3/serial": "A9M9DV3R\n",
		"proc/812/comm":    "minicom\n",
		"proc/812/fd/3 ->": "/dev/ttyUSB2",
		"proc/812/fd/0 ->": "/dev/pts/1",
	}
}

// line looks at one line whose port is this.
func lookAt(t *testing.T, m Machine, port string, s *status.Snapshot) []Row {
	t.Helper()
	site := &config.Config{Lines: []config.Line{{Name: "bus-a", Port: port}}}
	e := examination{Options{Machine: m, Site: site, Snapshot: s}}
	return e.lines(t.Context())
}

// short is a row in one line.
func short(rows []Row) (all []string) {
	for _, r := range rows {
		words := []string{string(r.State), r.Code, r.Place, "|", r.Text, "|", r.Next}
		all = append(all, strings.Join(strings.Fields(strings.Join(words, " ")), " "))
	}
	return all
}

// TestPorts: a port that is missing, held, not ours to open, named by a number that
// changes, or one of two adapters that cannot be told apart. Answers complaints 16, 17
// and 21.
func TestPorts(t *testing.T) {
	t.Parallel()
	const byPath0 = "/dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0-port0"
	m := tree(t, twins())
	denied := m
	denied.MayOpen = func(string) error { return fs.ErrPermission }
	for what, test := range map[string]struct {
		machine Machine
		port    string
		want    []string
	}{
		"one of two, by the socket": {m, byPath0, []string{"good | ports that are there and that nobody holds: 1 (not opened) |"}},
		"one of two, by its number": {m, "/dev/ttyUSB0", []string{
			`look line.twins bus-a | its adapter and /dev/ttyUSB1 are alike and have no serial number of their own: they cannot be told apart by their names | write port = "` + byPath0 + `"`}},
		"one of two, by its make": {m, "/dev/serial/by-id/usb-1a86_USB_Serial-if00-port0", []string{
			`look line.twins bus-a | its adapter and /dev/ttyUSB0 are alike and have no serial number of their own: they cannot be told apart by their names | write port = "/dev/serial/by-path/pci-0000:00:14.0-usb-0:2:1.0-port0"`}},
		"held, by its number": {m, "/dev/ttyUSB2", []string{
			`wrong line.held bus-a | /dev/ttyUSB2 is held by process 812 (minicom) | stop it: systemctl stop minicom, or kill 812`,
			`look line.by_number bus-a | /dev/ttyUSB2 is another adapter when they are plugged in another order | write port = "/dev/serial/by-path/pci-0000:00:14.0-usb-0:3:1.0-port0"`}},
		"held, by its make": {m, "/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A9M9DV3R-port0", []string{
			`wrong line.held bus-a | /dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A9M9DV3R-port0 is held by process 812 (minicom) | stop it: systemctl stop minicom, or kill 812`}},
		"not ours to open": {denied, byPath0, []string{
			`look line.permission bus-a | ` + byPath0 + ` may not be opened by this user | usermod -aG dialout sitepost; to look as root, run the doctor with sudo`}},
		"missing": {tree(t, map[string]string{"dev/null": ""}), "/dev/ttyUSB7", []string{
			`wrong line.missing bus-a | there is no port /dev/ttyUSB7 | plug the adapter in; ls -l /dev/serial/by-path shows those that are`}},
		"unplugged": {tree(t, map[string]string{"dev/serial/by-path/a ->": "../../ttyUSB0", "dev/serial/by-path/b ->": "../../ttyUSB1", "dev/ttyUSB1": ""}), "/dev/serial/by-path/a", []string{
			`wrong line.missing bus-a | there is no port /dev/serial/by-path/a | plug the adapter in, or name one of those that are: /dev/serial/by-path/b`}},
		"a link that leads to itself": {tree(t, map[string]string{"dev/loop ->": "loop"}), "/dev/loop", []string{
			`wrong line.missing bus-a | there is no port /dev/loop | plug the adapter in; ls -l /dev/serial/by-path shows those that are`}},
	} {
		if diff := cmp.Diff(test.want, short(lookAt(t, test.machine, test.port, nil))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
}

// TestLinesOfRunning: what the running sitepost holds is not called held by another
// program; a line that it has lost is looked at.
func TestLinesOfRunning(t *testing.T) {
	t.Parallel()
	files := twins()
	files["proc/812/comm"] = "sitepost\n"
	m := tree(t, files)
	const port = "/dev/serial/by-path/pci-0000:00:14.0-usb-0:3:1.0-port0"
	up := &status.Snapshot{Lines: []status.Device{{Name: "bus-a", State: "online"}}}
	if diff := cmp.Diff([]string{"good | lines that work: 1 |"}, short(lookAt(t, m, port, up))); diff != "" {
		t.Errorf("it works (-want +got):\n%s", diff)
	}
	lent := &status.Snapshot{Lines: []status.Device{{Name: "bus-a", State: "maintenance", Why: "the line is lent to a technician's tool", Next: "end the tool: the line comes back by itself"}}}
	lent.Judge()
	if diff := cmp.Diff([]string{"unseen unseen bus-a | maintenance: the line is lent to a technician's tool | end the tool: the line comes back by itself"}, short(lookAt(t, m, port, lent))); diff != "" {
		t.Errorf("it is lent (-want +got):\n%s", diff)
	}
	lost := &status.Snapshot{Lines: []status.Device{{Name: "bus-a", State: "offline", Why: "the line is lost", Next: "check the cable and the adapter's power"}}}
	lost.Judge()
	want := []string{
		"wrong line.lost bus-a | offline: the line is lost | check the cable and the adapter's power",
		"wrong line.held bus-a | " + port + " is held by process 812 (minicom) | stop it: systemctl stop minicom, or kill 812",
	}
	if diff := cmp.Diff(want, short(lookAt(t, tree(t, twins()), port, lost))); diff != "" {
		t.Errorf("it is lost (-want +got):\n%s", diff)
	}
}

// TestHeldByUnasked: nobody is told to stop a sitepost that runs and was not asked because
// it holds its port.
func TestHeldByUnasked(t *testing.T) {
	t.Parallel()
	files := twins()
	files["proc/812/comm"] = "sitepost\n"
	const port = "/dev/serial/by-path/pci-0000:00:14.0-usb-0:3:1.0-port0"
	site := &config.Config{Lines: []config.Line{{Name: "bus-a", Port: port}}}
	e := examination{Options{Machine: tree(t, files), Site: site, WhyNot: "a sitepost runs that cannot be asked"}}
	want := []string{"unseen unseen bus-a | " + port + " is held by a sitepost that cannot be asked | " + askIt}
	if diff := cmp.Diff(want, short(e.lines(t.Context()))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	e.WhyNot = "" // a tool of a technician holds it
	if rows := e.lines(t.Context()); len(rows) != 1 || rows[0].Code != "line.held" {
		t.Errorf("got %q", short(rows))
	}
}

// TestSerialServer: where a sitepost runs, or may run, nobody else dials a serial server,
// which takes one client.
func TestSerialServer(t *testing.T) {
	t.Parallel()
	m := tree(t, map[string]string{"proc/1/comm": "init"})
	site := &config.Config{Lines: []config.Line{{Name: "gates", Address: "10.37.20.60:4001"}}}
	e := examination{Options{Machine: m, Site: site}}
	want := []string{"wrong line.unreachable gates | 10.37.20.60:4001: no answer: it is off, or a firewall swallows the question | is the serial server powered, in this network, and in TCP server mode? ping it"}
	if diff := cmp.Diff(want, short(e.lines(t.Context()))); diff != "" {
		t.Errorf("nobody runs (-want +got):\n%s", diff)
	}
	e.Machine.Dial = func(context.Context, string, string) (net.Conn, error) {
		t.Error("it was dialled although sitepost runs")
		return nil, os.ErrDeadlineExceeded
	}
	e.WhyNot = "a sitepost may be running that cannot be asked"
	want = []string{"unseen unseen gates | its serial server is not dialled: a sitepost may be running that cannot be asked | " + askIt}
	if diff := cmp.Diff(want, short(e.lines(t.Context()))); diff != "" {
		t.Errorf("one may run (-want +got):\n%s", diff)
	}
	e.Snapshot, e.WhyNot = &status.Snapshot{Lines: []status.Device{{Name: "gates", State: "online"}}}, ""
	if got := e.lines(t.Context()); len(got) != 1 || got[0].State != Good {
		t.Errorf("sitepost runs: got %+v", got)
	}
}
