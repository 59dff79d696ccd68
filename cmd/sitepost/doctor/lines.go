package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"sync"

	"sitepost/cmd/sitepost/status"
	"sitepost/config"
	"sitepost/devices"
)

// lines looks at the ports of the site file. None is opened: what a running sitepost
// says of its lines stands first, and who holds a port is read in /proc.
func (e *examination) lines(ctx context.Context) []Row {
	if e.Site == nil {
		return append(e.told("line"), unread)
	}
	adapters := e.Machine.adapters()
	found := make([][]Row, len(e.Site.Lines))
	var looking sync.WaitGroup // at all at once: a serial server that is off takes its time
	for i, l := range e.Site.Lines {
		if e.Device == "" || e.hangsOn(l.Name) {
			looking.Go(func() { found[i] = e.line(ctx, l, adapters) })
		}
	}
	looking.Wait()
	var rows []Row
	var good []config.Line
	for i, l := range e.Site.Lines {
		rows = append(rows, found[i]...)
		if len(found[i]) == 0 && (e.Device == "" || e.hangsOn(l.Name)) {
			good = append(good, l)
		}
	}
	return append(rows, e.goodLines(good)...)
}

// goodLines tells of the lines of which nothing is wrong.
func (e *examination) goodLines(all []config.Line) []Row {
	n, isPort := len(all), func(l config.Line) bool { return l.Port != "" }
	switch {
	case n == 0:
		return nil
	case e.Snapshot != nil:
		return []Row{{State: Good, Text: fmt.Sprintf("lines that work: %d", n)}}
	case !slices.ContainsFunc(all, isPort) || e.Machine.seesAll():
		return []Row{{State: Good, Text: fmt.Sprintf("ports that are there and that nobody holds: %d (not opened)", n)}}
	}
	return []Row{
		{State: Good, Text: fmt.Sprintf("ports that are there: %d (not opened)", n)},
		{State: Unseen, Code: "unseen", Text: "which program holds a port is seen only by root", Next: "run the doctor with sudo"},
	}
}

// seesAll says whether /proc shows this user what all programs have open.
func (m Machine) seesAll() bool {
	for _, process := range m.glob("proc/[0-9]*") {
		if _, err := fs.ReadDir(m.Root, process+"/fd"); errors.Is(err, fs.ErrPermission) {
			return false
		}
	}
	return true
}

// hangsOn says whether the device that is looked at is this line or hangs on it.
func (e *examination) hangsOn(line string) bool {
	return e.Device == line || slices.ContainsFunc(e.Site.Instruments, func(i config.Instrument) bool {
		return i.Name == e.Device && i.Line == line
	})
}

// line looks at one.
func (e *examination) line(ctx context.Context, l config.Line, adapters []adapter) []Row {
	rows := slices.DeleteFunc(e.told("line"), func(r Row) bool { return r.Place != l.Name })
	lost := slices.ContainsFunc(rows, func(r Row) bool { return r.Code == string(devices.LineLost) })
	if e.Snapshot != nil && len(rows) == 0 {
		rows = e.lineAsItIs(l.Name)
	}
	switch {
	case l.Port == "" && e.Snapshot != nil: // it takes one client, and that is the running sitepost
		return rows
	case l.Port == "" && e.WhyNot != "": // nor must one that cannot be asked lose it
		return []Row{{State: Unseen, Code: "unseen", Place: l.Name, Text: "its serial server is not dialled: " + e.WhyNot, Next: askIt}}
	case l.Port == "":
		return e.serialServer(ctx, l)
	case e.Snapshot == nil || lost:
		rows = append(rows, e.port(l)...)
	}
	return append(rows, e.naming(l, adapters)...)
}

// lineAsItIs tells of a line of which nothing wrong is known and that does not work all the
// same: it is lent, or was not opened yet. Nothing of one that works.
func (e *examination) lineAsItIs(name string) []Row {
	d := status.Device{Name: name, State: status.Unknown}
	for _, one := range e.Snapshot.Lines {
		if one.Name == name {
			d = one
		}
	}
	if row := asItIs(d); row.State != Good {
		return []Row{row}
	}
	return nil
}

// port says whether a port is there, and who has it.
func (e *examination) port(l config.Line) []Row {
	m := e.Machine
	device, err := m.follow(l.Port)
	if err == nil {
		_, err = m.exists(device)
	}
	if err != nil {
		next := "plug the adapter in; ls -l /dev/serial/by-path shows those that are"
		if there := m.paths(); len(there) > 0 {
			next = "plug the adapter in, or name one of those that are: " + strings.Join(there, ", ")
		}
		return []Row{{State: Wrong, Code: "line.missing", Place: l.Name, Text: fmt.Sprintf("there is no port %s", l.Port), Next: next}}
	}
	switch pid, name := m.holder("/" + device); {
	case pid == 0:
	case name == "sitepost" && e.WhyNot != "":
		return []Row{{State: Unseen, Code: "unseen", Place: l.Name, Text: fmt.Sprintf("%s is held by a sitepost that cannot be asked", l.Port), Next: askIt}}
	default:
		return []Row{{State: Wrong, Code: "line.held", Place: l.Name, Text: fmt.Sprintf("%s is held by process %d (%s)", l.Port, pid, name), Next: fmt.Sprintf("stop it: systemctl stop %s, or kill %d", name, pid)}}
	}
	if err := m.MayOpen("/" + device); errors.Is(err, fs.ErrPermission) {
		return []Row{{State: Look, Code: "line.permission", Place: l.Name, Text: fmt.Sprintf("%s may not be opened by this user", l.Port), Next: "usermod -aG dialout sitepost; to look as root, run the doctor with sudo"}}
	}
	return nil
}

// holder says which process has a port open, as far as /proc shows it to us; 0 if nobody
// can be seen. This process has none.
func (m Machine) holder(device string) (pid int, name string) {
	own := fmt.Sprint(os.Getpid())
	for _, link := range m.glob("proc/[0-9]*/fd/*") {
		target, err := fs.ReadLink(m.Root, link)
		number := strings.Split(link, "/")[1]
		if err != nil || target != device || number == own {
			continue
		}
		_, _ = fmt.Sscan(number, &pid)
		return pid, cmp.Or(m.Word(path.Join("proc", number, "comm")), "?")
	}
	return 0, ""
}

const byPath = "dev/serial/by-path"

// paths lists the ports by the socket that they are plugged into.
func (m Machine) paths() (all []string) {
	for _, name := range m.glob(byPath + "/*") {
		if _, err := m.follow(name); err == nil {
			all = append(all, "/"+name)
		}
	}
	return all
}

// pathOf is the name of a device below by-path, "" if it has none.
func (m Machine) pathOf(device string) string {
	for _, name := range m.paths() {
		if target, err := m.follow(name); err == nil && target == device {
			return name
		}
	}
	return ""
}

// naming says whether the name of a port leads to the same adapter after the next
// start.
func (e *examination) naming(l config.Line, adapters []adapter) []Row {
	device, err := e.Machine.follow(l.Port)
	if err != nil {
		return nil // it is missing, which is said already
	}
	stable := e.Machine.pathOf(device)
	next := "name it by /dev/serial/by-path; ls -l there shows the sockets"
	if stable != "" {
		next = fmt.Sprintf("write port = %q", stable)
	}
	switch {
	case strings.HasPrefix(l.Port, "/"+byPath):
		return nil
	case twin(adapters, path.Base(device)) != "":
		text := fmt.Sprintf("its adapter and %s are alike and have no serial number of their own: they cannot be told apart by their names", twin(adapters, path.Base(device)))
		return []Row{{State: Look, Code: "line.twins", Place: l.Name, Text: text, Next: next}}
	case numbered(l.Port):
		return []Row{{State: Look, Code: "line.by_number", Place: l.Name, Text: fmt.Sprintf("%s is another adapter when they are plugged in another order", l.Port), Next: next}}
	}
	return nil
}

// numbered says whether a port is named in the order in which adapters were found.
func numbered(port string) bool {
	return strings.HasPrefix(port, "/dev/ttyUSB") || strings.HasPrefix(port, "/dev/ttyACM")
}

// An adapter is a USB serial port.
type adapter struct{ name, make, serial string }

// adapters lists those of the machine. A port's folder in /sys lies below that of its
// USB device, which has idVendor:
//
//	/sys/class/tty/ttyUSB0 -> ../../devices/pci…/usb1/1-4/1-4:1.0/ttyUSB0/tty/ttyUSB0
func (m Machine) adapters() (all []adapter) {
	for _, name := range append(m.glob("sys/class/tty/ttyUSB*"), m.glob("sys/class/tty/ttyACM*")...) {
		folder, err := m.follow(name)
		if err != nil {
			continue
		}
		for ; folder != "." && folder != "sys"; folder = path.Dir(folder) {
			if vendor := m.Word(folder + "/idVendor"); vendor != "" {
				all = append(all, adapter{path.Base(name), vendor + ":" + m.Word(folder+"/idProduct"), m.Word(folder + "/serial")})
				break
			}
		}
	}
	return all
}

// twin is another adapter that cannot be told from this one by make and serial number.
func twin(all []adapter, name string) string {
	i := slices.IndexFunc(all, func(a adapter) bool { return a.name == name })
	if i < 0 {
		return ""
	}
	for _, a := range all {
		if a.name != name && a.make == all[i].make && a.serial == all[i].serial {
			return "/dev/" + a.name
		}
	}
	return ""
}

// serialServer looks whether one answers. Only where no sitepost runs: it takes one
// client.
func (e *examination) serialServer(ctx context.Context, l config.Line) []Row {
	err := e.knockAt(ctx, l.Address)
	if err == nil {
		return nil
	}
	layer, why := layerOf(err)
	return []Row{{State: Wrong, Code: "line.unreachable", Place: l.Name, Layer: layer, Text: fmt.Sprintf("%s: %s", l.Address, why), Next: "is the serial server powered, in this network, and in TCP server mode? ping it"}}
}
