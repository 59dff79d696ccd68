package doctor

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path"
	"strings"
	"time"
)

// A Machine is where the machine is asked. Tests have another one.
type Machine struct {
	Root       fs.FS // its "/": /sys, /proc and /dev are read below it
	Wall       func() time.Time
	Synced     func() bool // its clock is
	Space      func(folder string) (Space, error)
	Interfaces func() ([]Interface, error)
	// WayOut is the address of ours from which another would be reached. Nothing is sent.
	WayOut func(netip.Addr) (netip.Addr, error)
	// MayOpen says whether this user may read and write a port, without opening it.
	MayOpen func(path string) error
	Resolve func(ctx context.Context, host string) ([]netip.Addr, error)
	Dial    func(ctx context.Context, network, address string) (net.Conn, error)
	// AskTime asks a time server once, how much had to be added to our clock.
	AskTime func(ctx context.Context, server string) (offset float64, err error)
}

// A Space is the room of a file system, in bytes.
type Space struct {
	Free  int64 `json:"free_bytes"`
	Total int64 `json:"total_bytes"`
}

// An Interface is one of the machine's network interfaces.
type Interface struct {
	Name      string         `json:"name"`
	Up        bool           `json:"up"` // and it has a carrier
	Addresses []netip.Prefix `json:"addresses"`
}

// Here is the machine that we run on.
func Here(synced func() bool, askTime func(ctx context.Context, server string) (float64, error)) Machine {
	return Machine{
		Root: os.DirFS("/"), Wall: time.Now, Synced: synced, Space: spaceOf, Interfaces: interfaces, WayOut: wayOut, MayOpen: mayOpen,
		Resolve: func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		},
		Dial: new(net.Dialer).DialContext, AskTime: askTime,
	}
}

// interfaces lists those of the machine, with IPv4.
func interfaces() ([]Interface, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	var list []Interface
	for _, i := range all {
		one := Interface{Name: i.Name, Up: i.Flags&net.FlagUp != 0 && i.Flags&net.FlagRunning != 0}
		addresses, _ := i.Addrs() // one that goes away has none
		for _, a := range addresses {
			if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() {
				one.Addresses = append(one.Addresses, p)
			}
		}
		list = append(list, one)
	}
	return list, nil
}

// wayOut connects a UDP socket, which asks the kernel for its route and sends nothing.
func wayOut(a netip.Addr) (netip.Addr, error) {
	const discard = 9
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(a, discard)))
	if err != nil {
		return netip.Addr{}, err
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap(), nil
}

// mostWord bounds what is read of one file of /sys or /proc.
const mostWord = 256 << 10

// Word reads a small file below the root; "" where there is none.
func (m Machine) Word(name string) string {
	f, err := m.Root.Open(strings.TrimPrefix(name, "/"))
	if err != nil {
		return ""
	}
	defer f.Close()
	text, _ := io.ReadAll(io.LimitReader(f, mostWord))
	return strings.TrimSpace(string(text))
}

// glob lists what matches below the root.
func (m Machine) glob(pattern string) []string {
	all, _ := fs.Glob(m.Root, pattern) // the patterns here are well formed
	return all
}

// exists says whether something is there.
func (m Machine) exists(name string) (fs.FileInfo, error) {
	return fs.Stat(m.Root, strings.TrimPrefix(name, "/"))
}

var errLoop = errors.New("too many links")

// follow returns what a link below the root leads to in the end, without the first
// slash: "dev/ttyUSB0" for "/dev/serial/by-path/…".
func (m Machine) follow(name string) (string, error) {
	name = strings.TrimPrefix(name, "/")
	for range 16 {
		target, err := fs.ReadLink(m.Root, name)
		switch {
		case err != nil:
			_, err := fs.Lstat(m.Root, name)
			return name, err
		case path.IsAbs(target):
			name = strings.TrimPrefix(path.Clean(target), "/")
		default:
			name = path.Join(path.Dir(name), target)
		}
	}
	return name, errLoop
}
