package stream

import (
	"net"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// drops is how many packets the kernel did not keep for a socket since it was
// opened, mostly because its queue was full; what came damaged is in it too. It
// wraps. SO_MEMINFO is a table of 32 bit words, and SK_MEMINFO_DROPS one of them
// (linux/sock_diag.h; since Linux 4.12).
func drops(c net.PacketConn) (n uint32, known bool) {
	s, ok := c.(syscall.Conn)
	if !ok {
		return 0, false
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return 0, false
	}
	var words [unix.SK_MEMINFO_VARS]uint32
	size, errno := uint32(unsafe.Sizeof(words)), unix.EBADF
	err = raw.Control(func(fd uintptr) {
		_, _, errno = unix.Syscall6(unix.SYS_GETSOCKOPT, fd, unix.SOL_SOCKET, unix.SO_MEMINFO,
			uintptr(unsafe.Pointer(&words)), uintptr(unsafe.Pointer(&size)), 0)
	})
	return words[unix.SK_MEMINFO_DROPS], err == nil && errno == 0 && size == uint32(unsafe.Sizeof(words))
}
