package find

import (
	"bufio"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
)

// maxNeighbours bounds the table; the kernel's own bound is 1,024 by default.
const maxNeighbours = 65_536

// neighbours is this machine's own table of who it spoke to in its networks. It
// sends nothing; where there is no such table (not on Linux) it is empty.
func neighbours() map[netip.Addr]string {
	f, err := os.Open("/proc/net/arp")
	if err != nil {
		return nil
	}
	defer f.Close()
	return readNeighbours(f)
}

// readNeighbours reads the table as proc(5) describes it:
//
//	IP address       HW type     Flags       HW address            Mask     Device
//	10.37.20.11      0x1         0x2         44:19:b6:01:02:03     *        enp2s0
//
// Flags 0x0 is an entry that nobody answered.
func readNeighbours(r io.Reader) map[netip.Addr]string {
	table := map[netip.Addr]string{}
	lines := bufio.NewScanner(r)
	for lines.Scan() && len(table) < maxNeighbours {
		word := strings.Fields(lines.Text())
		if len(word) < 6 || word[2] == "0x0" {
			continue
		}
		at, err := netip.ParseAddr(word[0])
		if mac := plainMAC(word[3]); err == nil && mac != "" {
			table[at] = mac
		}
	}
	return table
}

// plainMAC returns a hardware address in one spelling, "" for what cannot be that
// of one card: malformed ones and placeholders are told by many cameras.
func plainMAC(text string) string {
	mac, err := net.ParseMAC(strings.TrimSpace(text))
	if err != nil || len(mac) != 6 || mac[0]&1 != 0 || mac.String() == "00:00:00:00:00:00" {
		return ""
	}
	return mac.String()
}
