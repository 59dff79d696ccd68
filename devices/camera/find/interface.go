package find

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
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

// doors are the IPv4 addresses of the interfaces, with their networks, as far as
// the interfaces are there.
func doors(interfaces []string) (all []netip.Prefix) {
	for _, name := range interfaces {
		if iface, err := net.InterfaceByName(name); err == nil {
			own, _ := networksOf(iface)
			all = append(all, own...)
		}
	}
	return all
}

// wayOut returns the address from which this machine would speak to a; it must be
// one of the doors. Connecting a UDP socket asks the kernel for its route and
// sends nothing.
func wayOut(a netip.Addr, doors []netip.Prefix) (netip.Addr, error) {
	c, err := net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(a, discoveryPort)))
	if err != nil {
		return netip.Addr{}, fmt.Errorf("this machine has no way to %s (give the interface for cameras an address in its network)", a)
	}
	from := c.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
	_ = c.Close()
	for _, d := range doors {
		if d.Addr() == from {
			return from, nil
		}
	}
	return netip.Addr{}, fmt.Errorf("the way to %s leads over an interface that is not for cameras (give the one that is an address in its network)", a)
}
