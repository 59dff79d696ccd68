//go:build linux

package line

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// limitUnacknowledged bounds how long sent bytes may stay without an
// acknowledgement (TCP_USER_TIMEOUT, RFC 5482).
func limitUnacknowledged(dead time.Duration) func(_, _ string, raw syscall.RawConn) error {
	return func(_, _ string, raw syscall.RawConn) error {
		var failed error
		err := raw.Control(func(fd uintptr) {
			failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(dead.Milliseconds()))
		})
		if err != nil {
			return err
		}
		return failed
	}
}
