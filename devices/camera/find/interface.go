package find

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
)

const noInterface = "no interface is named (name one: network.device_interfaces, or --interface)"

// usable returns an interface on which cameras can be called, and its own
// networks.
func usable(name string) (*net.Interface, []netip.Prefix, error) {
	iface, err := net.InterfaceByName(name)
	switch {
	case err != nil:
		return nil, nil, errors.New("there is no such interface (ip link shows them)")
	case iface.Flags&net.FlagUp == 0:
		return nil, nil, fmt.Errorf("it is down (ip link set %s up, or is the cable in?)", name)
	case iface.Flags&(net.FlagMulticast|net.FlagLoopback) == 0:
		return nil, nil, errors.New("it knows no multicast, by which cameras are found; configure their addresses by hand")
	}
	own, err := networksOf(iface)
	return iface, own, err
}

// networksOf are the IPv4 addresses of an interface with their networks.
func networksOf(iface *net.Interface) ([]netip.Prefix, error) {
	addresses, err := iface.Addrs()
	if err != nil {
		return nil, err
	}
	var all []netip.Prefix
	for _, a := range addresses {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() {
			all = append(all, p)
		}
	}
	if len(all) == 0 {
		return nil, errors.New("it has no IPv4 address (give it one in the cameras' network)")
	}
	return all, nil
}

// wayTo returns the address from which this machine would speak to a, which must
// belong to one of the interfaces. Connecting a UDP socket asks the kernel for
// its route and sends nothing.
func wayTo(a netip.Addr, interfaces []string) (from netip.Addr, err error) {
	c, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(a, discoveryPort)))
	if err != nil {
		return from, fmt.Errorf("this machine has no way to %s (give %s an address in its network)", a, either(interfaces))
	}
	from = c.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
	_ = c.Close()
	for _, name := range interfaces {
		iface, err := net.InterfaceByName(name)
		if err != nil {
			continue
		}
		own, _ := networksOf(iface)
		if slices.ContainsFunc(own, func(p netip.Prefix) bool {
			return p.Addr() == from || iface.Flags&net.FlagLoopback != 0 && p.Contains(from)
		}) {
			return from, nil
		}
	}
	return netip.Addr{}, fmt.Errorf("the way to %s leads over an interface that is not for cameras (give %s an address in its network)", a, either(interfaces))
}

func either(interfaces []string) string { return strings.Join(interfaces, " or ") }
