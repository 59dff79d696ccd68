package config

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"net/url"
	"os"
	"path"
	"strconv"
	"strings"
	"time"
)

// Cameras and city belong into two networks: whoever unplugs a camera at a fence
// must not find the city's network in the cable. What this machine itself does to
// join the two is seen in its own tables; nothing is sent.

// Apart says of each device interface of c whether this machine joins its network
// with the one by which the city is reached.
func Apart(c *Config) Findings {
	if c == nil || c.file == nil {
		return nil
	}
	list := collector{src: c.file.src}
	for _, n := range c.file.needs {
		if n.apart {
			list.needs = append(list.needs, n)
		}
	}
	list.lookAround(time.Now())
	return list.sorted()
}

// needApart makes it a need that each device interface is apart from the way to
// the first broker. A broker on this machine itself is no city.
func (r *rules) needApart() {
	if len(r.w.Uplink.Brokers) == 0 || !r.w.Uplink.Brokers[0].URL.OK {
		return
	}
	u, err := url.Parse(r.w.Uplink.Brokers[0].URL.V.text)
	if err != nil || loopback(u.Hostname()) {
		return
	}
	tables := kernel{os.DirFS("/")}
	for _, device := range r.w.Network.DeviceInterfaces.Items {
		if device.OK {
			r.needs = append(r.needs, need{at: device.at, apart: true, look: func(time.Time) error {
				return tables.joins(string(device.V), u.Hostname())
			}})
		}
	}
}

// A remark is worth knowing, and nothing that the machine lacks.
type remark struct{ text string }

func (r *remark) Error() string { return r.text }

// A kernel is what Linux tells of its networks in /sys and /proc. Where it tells
// nothing (another system), nothing is joined.
type kernel struct{ root fs.FS }

// joins says how this machine joins the network of a device interface with the way
// to the broker, nil if it does not.
func (k kernel) joins(device, broker string) error {
	routes := k.routes()
	uplink := towards(routes, broker)
	if uplink == "" {
		return nil
	}
	bridge := k.bridge(device)
	switch {
	case uplink == device:
		return fmt.Errorf("the city (%s) is reached by %s as well, so that cameras and city are in one network: give the cameras an interface of their own", broker, device)
	case bridge != "" && bridge == k.bridge(uplink):
		return fmt.Errorf("%s and %s, by which the city (%s) is reached, are joined by the bridge %s: take %s out of it (ip link set %s nomaster)", device, uplink, broker, bridge, device, device)
	}
	if net, shared := sharedNetwork(routes, device, uplink); shared {
		return fmt.Errorf("%s and %s, by which the city (%s) is reached, are both in %s: give the cameras a network of their own", device, uplink, broker, net)
	}
	if k.forwards(device) || k.forwards(uplink) {
		return &remark{fmt.Sprintf("this machine passes packets on between %s and %s, by which the city (%s) is reached: switch it off (net.ipv4.ip_forward = 0 in /etc/sysctl.d) unless a firewall keeps the two apart", device, uplink, broker)}
	}
	return nil
}

// forwards says whether what comes in by an interface is passed on. Only that
// interface's own word counts; ip_forward sets that of all (ip-sysctl in the
// kernel's documentation).
func (k kernel) forwards(name string) bool {
	return k.is1(path.Join("proc/sys/net/ipv4/conf", name, "forwarding"))
}

func (k kernel) is1(file string) bool {
	text, err := fs.ReadFile(k.root, file)
	return err == nil && strings.TrimSpace(string(text)) == "1"
}

// bridge is the bridge that name is or is a port of, "" for none.
func (k kernel) bridge(name string) string {
	const all = "sys/class/net"
	if _, err := fs.Stat(k.root, path.Join(all, name, "bridge")); err == nil {
		return name
	}
	bridges, _ := fs.ReadDir(k.root, all)
	for _, b := range bridges {
		if _, err := fs.Stat(k.root, path.Join(all, b.Name(), "brif", name)); err == nil {
			return b.Name()
		}
	}
	return ""
}

// A route is one line of the kernel's main table.
type route struct {
	device  string
	network netip.Prefix
	direct  bool // no gateway: the network is the interface's own
	metric  int
}

// maxRoutes bounds the table that is read.
const maxRoutes = 100_000

// routes reads the table as proc(5) describes it, addresses in hex and in the
// byte order of the machine:
//
//	Iface  Destination Gateway   Flags RefCnt Use Metric Mask     MTU Window IRTT
//	enp1s0 00000000    0101250A  0003  0      0   100    00000000 0   0      0
func (k kernel) routes() []route {
	f, err := k.root.Open("proc/net/route")
	if err != nil {
		return nil
	}
	defer f.Close()
	var all []route
	lines := bufio.NewScanner(f)
	for lines.Scan() && len(all) < maxRoutes {
		if r, err := readRoute(strings.Fields(lines.Text())); err == nil {
			all = append(all, r)
		}
	}
	return all
}

var errNoRoute = errors.New("not a usable route")

func readRoute(word []string) (r route, err error) {
	const up, reject = 0x1, 0x200
	if len(word) < 8 {
		return r, io.ErrUnexpectedEOF
	}
	flags, err := strconv.ParseUint(word[3], 16, 32)
	if err != nil || flags&up == 0 || flags&reject != 0 {
		return r, errNoRoute
	}
	destination, err1 := hexAddress(word[1])
	gateway, err2 := hexAddress(word[2])
	mask, err3 := hexAddress(word[7])
	metric, err4 := strconv.Atoi(word[6])
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return r, err
	}
	bits := 0
	for m := binary.BigEndian.Uint32(mask.AsSlice()); m != 0; m <<= 1 {
		bits++
	}
	return route{word[0], netip.PrefixFrom(destination, bits), gateway.IsUnspecified(), metric}, nil
}

func hexAddress(word string) (netip.Addr, error) {
	b, err := hex.DecodeString(word)
	if err != nil || len(b) != 4 {
		return netip.Addr{}, errNoRoute
	}
	var a [4]byte
	binary.NativeEndian.PutUint32(a[:], binary.BigEndian.Uint32(b))
	return netip.AddrFrom4(a), nil
}

// towards is the interface by which the broker is reached: that of the narrowest
// route, and of the cheapest among those. A name is not looked up, for that would
// send; it is taken to be beyond the default route.
func towards(routes []route, broker string) string {
	at, err := netip.ParseAddr(broker)
	if err != nil {
		at = netip.IPv4Unspecified()
	}
	var best *route
	for i := range routes {
		r := &routes[i]
		if !r.network.Contains(at.Unmap()) || err != nil && r.network.Bits() > 0 {
			continue
		}
		if best == nil || r.network.Bits() > best.network.Bits() || r.network.Bits() == best.network.Bits() && r.metric < best.metric {
			best = r
		}
	}
	if best == nil {
		return ""
	}
	return best.device
}

// sharedNetwork returns a network that two interfaces have in common.
func sharedNetwork(routes []route, one, other string) (netip.Prefix, bool) {
	for _, a := range routes {
		for _, b := range routes {
			own := a.direct && b.direct && a.network.Bits() > 0 && b.network.Bits() > 0
			if own && a.device == one && b.device == other && a.network.Overlaps(b.network) {
				return a.network, true
			}
		}
	}
	return netip.Prefix{}, false
}
