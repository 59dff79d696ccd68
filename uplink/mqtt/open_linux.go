package mqtt

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// silenceMS is how long the kernel keeps sending to a peer that does not answer
// before it gives the connection up (TCP_USER_TIMEOUT, tcp(7)).
const silenceMS = int(mostSilence / time.Millisecond)

// noticeSilence sets it on a new socket.
func noticeSilence(_, _ string, c syscall.RawConn) error {
	var set error
	err := c.Control(func(fd uintptr) {
		set = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, silenceMS)
	})
	if err != nil {
		return err
	}
	return set
}
