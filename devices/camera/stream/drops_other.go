//go:build !linux

package stream

import "net"

// drops is not known of other kernels than Linux.
func drops(net.PacketConn) (n uint32, known bool) { return 0, false }
