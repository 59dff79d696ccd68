package doctor

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"sitepost/config"
)

// network looks at the cameras' side of the machine, and whether the city's is apart.
func (e *examination) network(context.Context) []Row {
	if e.Site == nil {
		return []Row{unread}
	}
	n := e.Site.Network
	if len(n.DeviceInterfaces)+len(n.DeviceNetworks) == 0 {
		return []Row{{State: Good, Text: "no network of devices is configured"}}
	}
	all, err := e.Machine.Interfaces()
	if err != nil {
		return []Row{{State: Unseen, Code: "unseen", Text: fmt.Sprintf("the interfaces cannot be listed: %v", err), Next: "ip address shows them"}}
	}
	var rows []Row
	var doors []netip.Prefix // our addresses on the cameras' side
	for _, name := range n.DeviceInterfaces {
		own, row := judgeInterface(all, name)
		doors = append(doors, own...)
		if row != nil {
			rows = append(rows, *row)
		}
	}
	if len(n.DeviceInterfaces) > 0 {
		rows = append(rows, e.ways(doors)...)
	}
	for _, f := range config.Apart(e.Site) {
		state := Wrong
		if f.Kind == config.Note {
			state = Look
		}
		what, next, _ := strings.Cut(f.Text, ": ")
		rows = append(rows, Row{State: state, Code: "network.joined", Place: place(f), Text: what, Next: next})
	}
	var good []string
	for _, d := range doors {
		good = append(good, d.String())
	}
	return goodUnless(rows, fmt.Sprintf("interfaces %s, our addresses %s", strings.Join(n.DeviceInterfaces, ", "), strings.Join(good, ", ")))
}

// judgeInterface returns our addresses on an interface, or what is wrong with it.
func judgeInterface(all []Interface, name string) (own []netip.Prefix, wrong *Row) {
	i := slices.IndexFunc(all, func(i Interface) bool { return i.Name == name })
	switch {
	case i < 0:
		return nil, &Row{State: Wrong, Code: "network.down", Place: name, Text: "there is no such interface", Next: "ip link shows those that are; correct network.device_interfaces"}
	case !all[i].Up:
		return nil, &Row{State: Wrong, Code: "network.down", Place: name, Text: "the interface is down, or has no cable", Next: fmt.Sprintf("plug the cable in; ip link set %s up", name)}
	case len(all[i].Addresses) == 0:
		return nil, &Row{State: Wrong, Code: "network.no_address", Place: name, Text: "the interface has no IPv4 address", Next: "give it a fixed address in the cameras' network"}
	}
	return all[i].Addresses, nil
}

// ways says of each device network whether the way there leads over the cameras' side.
func (e *examination) ways(doors []netip.Prefix) (rows []Row) {
	ours := func(a netip.Addr) bool {
		return slices.ContainsFunc(doors, func(d netip.Prefix) bool { return d.Addr() == a })
	}
	for _, network := range e.Site.Network.DeviceNetworks {
		from, err := e.Machine.WayOut(network.Masked().Addr().Next())
		switch {
		case err != nil:
			rows = append(rows, Row{State: Wrong, Code: "network.no_way", Place: network.String(), Text: fmt.Sprintf("there is no way there: %s", plainCause(err)), Next: "give the interface an address in this network, or add a route"})
		case !ours(from):
			rows = append(rows, Row{State: Wrong, Code: "network.no_way", Place: network.String(), Text: fmt.Sprintf("the way there leaves by our address %s, which is not on an interface for devices", from), Next: "give the interface an address in this network, or add a route; ip route get ADDRESS"})
		}
	}
	return rows
}
