package config

import (
	"fmt"
	"net/netip"
	"slices"
)

// What a person types on the command line, by the rules of the file.

// ParsePort returns the line that a port names, as [[line]] port does:
// "/dev/ttyUSB0", "tcp://10.37.20.60:4001" or "modbus-tcp://10.37.20.61". Its
// settings are not known and its name is "".
func ParsePort(text string) (Line, error) {
	var l wLine
	if err := l.Port.V.UnmarshalText([]byte(text)); err != nil {
		return Line{}, fmt.Errorf("port %w", err)
	}
	return l.meant(Settings{}), nil
}

// Allows says whether an address, "10.37.20.60" or "10.37.20.60:4001", is in one
// of the networks that the site lets sitepost dial.
func (c *Config) Allows(address string) bool {
	var h host
	if err := h.UnmarshalText([]byte(address)); err != nil {
		return false
	}
	return slices.ContainsFunc(c.Network.DeviceNetworks, func(n netip.Prefix) bool { return n.Contains(h.addr) })
}
