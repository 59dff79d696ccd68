package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path"
	"strconv"
	"strings"
	"time"
)

// Values that name places: networks, hosts, ports, files.

// A network is an address range: "10.37.20.0/24".
type network struct{ netip.Prefix }

func (network) described() string { return `a network such as "10.37.20.0/24"` }

func (n *network) UnmarshalText(b []byte) error {
	if a, err := netip.ParseAddr(string(b)); err == nil {
		return &mistake{fmt.Sprintf("%q has no length: write a network such as \"10.37.20.0/24\"", b), netip.PrefixFrom(a, a.BitLen()).String()}
	}
	p, err := netip.ParsePrefix(string(b))
	switch {
	case err != nil:
		return wrong("%q is not a network: write it such as \"10.37.20.0/24\"", b)
	case p != p.Masked():
		return &mistake{fmt.Sprintf("%q is an address in a network: write the network", b), p.Masked().String()}
	}
	n.Prefix = p
	return nil
}

// A networkInterface is the name of a network interface: "enp2s0", "lo".
type networkInterface string

func (networkInterface) described() string { return `an interface such as "enp2s0"` }

func (i *networkInterface) UnmarshalText(b []byte) error {
	*i = networkInterface(b)
	if len(b) == 0 || len(b) > 15 || strings.ContainsAny(string(b), "/ \t") {
		return wrong("%q is not the name of a network interface: see `ip link`", b)
	}
	return printable(string(b))
}

func (i networkInterface) look(time.Time) error {
	if _, err := net.InterfaceByName(string(i)); err != nil {
		return fmt.Errorf("there is no network interface %q: see `ip link` for its name", string(i))
	}
	return nil
}

// A host is an IP address, with a port where it is not the usual one. Names are
// not taken: what they stand for is decided elsewhere than in this file.
type host struct {
	addr netip.Addr
	port int // 0: the usual one
}

func (host) described() string { return `an address such as "10.37.20.11"` }

func (h *host) UnmarshalText(b []byte) error {
	text := string(b)
	if a, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil && a.Zone() == "" {
		h.addr = a.Unmap()
		return nil
	}
	name, port, err := net.SplitHostPort(text)
	if err != nil {
		name = text
	}
	n, portErr := strconv.ParseUint(port, 10, 16)
	if name == "localhost" {
		name = "127.0.0.1"
	}
	a, addrErr := netip.ParseAddr(name)
	switch {
	case addrErr != nil || a.Zone() != "":
		return wrong("%q is not an address: write the IP address, such as \"10.37.20.11\", with :port where it is not the usual one", b)
	case err == nil && (portErr != nil || n == 0):
		return wrong("%q has no port from 1 to 65535 behind the colon", b)
	}
	*h = host{a.Unmap(), int(n)}
	return nil
}

func (h host) String() string {
	if h.port == 0 {
		return h.addr.String()
	}
	return netip.AddrPortFrom(h.addr, uint16(h.port)).String()
}

// A timeServer is the address or the name of one.
type timeServer string

func (timeServer) described() string { return `an address such as "10.37.1.5"` }

func (s *timeServer) UnmarshalText(b []byte) error {
	*s = timeServer(b)
	if len(b) == 0 || len(b) > 253 || strings.ContainsAny(string(b), "/ \t@") {
		return wrong("%q is not an address: write that of the time server, such as \"10.37.1.5\"", b)
	}
	return printable(string(b))
}

// A port is where a line is: a tty ("/dev/…"), a serial server
// ("tcp://10.37.20.60:4001"), or a device or gateway that speaks Modbus TCP
// ("modbus-tcp://10.37.20.61").
type port struct {
	text   string
	tcp    *host // nil for a tty
	modbus bool  // Modbus TCP
}

// modbusPort is the port of Modbus TCP (MODBUS Messaging on TCP/IP
// Implementation Guide V1.0b, 4.2.2).
const modbusPort = 502

func (port) described() string {
	return `a port such as "/dev/serial/by-path/…" or "tcp://10.37.20.60:4001"`
}

func (p *port) UnmarshalText(b []byte) error {
	*p = port{text: string(b)}
	rest, tcp := strings.CutPrefix(p.text, "tcp://")
	device, modbus := strings.CutPrefix(p.text, "modbus-tcp://")
	switch {
	case modbus:
		p.tcp, p.modbus = &host{}, true
		if err := p.tcp.UnmarshalText([]byte(device)); err != nil {
			return wrong("%q is not a device of Modbus TCP: write \"modbus-tcp://address\" with an IP address, and :port where it is not %d", b, modbusPort)
		}
		if p.tcp.port == 0 {
			p.tcp.port = modbusPort
		}
	case tcp:
		p.tcp = &host{}
		if err := p.tcp.UnmarshalText([]byte(rest)); err != nil || p.tcp.port == 0 {
			return wrong("%q is not a serial server: write \"tcp://address:port\" with an IP address, such as \"tcp://10.37.20.60:4001\"", b)
		}
	case strings.HasPrefix(p.text, "modbus"):
		_, rest, _ = strings.Cut(p.text, "://")
		return &mistake{fmt.Sprintf("%q is not a port: Modbus TCP is written \"modbus-tcp://address\", and Modbus on a serial line as the port of that line", b), "modbus-tcp://" + rest}
	case strings.Contains(p.text, "://"):
		return wrong("%q is not a port: write a path such as \"/dev/serial/by-path/…\", \"tcp://address:port\" for a serial server, or \"modbus-tcp://address\" for Modbus TCP", b)
	case !path.IsAbs(p.text) || path.Clean(p.text) != p.text:
		meant := ""
		if strings.HasPrefix(p.text, "tty") {
			meant = "/dev/" + p.text
		}
		return &mistake{fmt.Sprintf("%q is not a port: write its whole path, such as \"/dev/serial/by-path/…\", or \"tcp://address:port\" for a serial server", b), meant}
	}
	return printable(p.text)
}

// wire is what no two lines share: the path, or the address that is dialled.
func (p port) wire() string {
	if p.tcp != nil {
		return p.tcp.String()
	}
	return p.text
}

func (p port) look(time.Time) error {
	if p.tcp != nil {
		return nil
	}
	f, err := os.Stat(p.text)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("there is no port %s: plug the adapter in, or see `ls -l /dev/serial/by-path` for its name", p.text)
	case err != nil:
		return fmt.Errorf("port %s: %w: let the user of sitepost look there", p.text, cause(err))
	case f.Mode()&os.ModeCharDevice == 0:
		return fmt.Errorf("%s is not a serial port: see `ls -l /dev/serial/by-path` for its name", p.text)
	}
	return nil
}

// A filePath is a whole path.
type filePath string

func (filePath) described() string { return `a path such as "/etc/sitepost/…"` }

func (p *filePath) UnmarshalText(b []byte) error {
	*p = filePath(b)
	if strings.HasPrefix(string(b), "file:") {
		return &mistake{fmt.Sprintf("%q is no path: this is no secret, write the path without \"file:\"", b), strings.TrimPrefix(string(b), "file:")}
	}
	if !path.IsAbs(string(b)) {
		return wrong("%q is not a whole path: begin it with /", b)
	}
	return printable(string(b))
}

// A brokerURL is where a broker is: mqtts://host:port. Plain mqtt goes only to
// this machine.
type brokerURL struct {
	text string
	tls  bool
}

func (brokerURL) described() string { return `an address such as "mqtts://10.37.1.10:8883"` }

func (u *brokerURL) UnmarshalText(b []byte) error {
	const form = "mqtts://host:port"
	p, err := url.Parse(string(b))
	if err != nil || p.Hostname() == "" {
		return wrong("this is not the address of a broker: write %s", form)
	}
	u.text, u.tls = p.Scheme+"://"+p.Host, p.Scheme == "mqtts"
	n, portErr := strconv.ParseUint(p.Port(), 10, 16)
	switch {
	case p.Scheme != "mqtt" && p.Scheme != "mqtts":
		return &mistake{fmt.Sprintf("%q is not a way to a broker: write %s", p.Scheme, form), "mqtts://" + p.Host}
	case p.User != nil:
		return wrong("user and password do not belong into an address: write user = \"…\" and password = \"file:…\" on lines of their own")
	case strings.Trim(p.Path, "/") != "" || p.RawQuery != "" || p.Fragment != "":
		return wrong("there is something behind the port: write %s", form)
	case p.Port() != "" && (portErr != nil || n == 0):
		return wrong("port %q is not from 1 to 65535", p.Port())
	case !u.tls && !loopback(p.Hostname()):
		return &mistake{"mqtt without TLS goes only to this machine: write mqtts, and ca in [uplink]", "mqtts://" + p.Hostname() + ":8883"}
	case p.Port() == "" && u.tls:
		u.text += ":8883"
	case p.Port() == "":
		u.text += ":1883"
	}
	return nil
}

func loopback(name string) bool {
	a, err := netip.ParseAddr(name)
	return name == "localhost" || err == nil && a.Unmap().IsLoopback()
}

// A pageAddress is where the technician's page listens: on this machine only,
// for the page has no login. "off" is no page.
type pageAddress string

func (pageAddress) described() string { return `an address such as "127.0.0.1:8480"` }

func (p *pageAddress) UnmarshalText(b []byte) error {
	if string(b) == "off" {
		return nil
	}
	*p = pageAddress(b)
	name, port, err := net.SplitHostPort(string(b))
	n, portErr := strconv.ParseUint(port, 10, 16)
	switch {
	case err != nil || portErr != nil || n == 0:
		return wrong("%q is not address:port: write \"127.0.0.1:8480\", or \"off\"", b)
	case !loopback(name):
		return &mistake{fmt.Sprintf("%q would show the site to the network: the page has no login and listens on this machine only (from a laptop: ssh -L %s:127.0.0.1:%s)", b, port, port), "127.0.0.1:" + port}
	}
	return nil
}
