//go:build linux

package control

import (
	"errors"
	"net"

	"golang.org/x/sys/unix"
)

// credentials returns the process at the other end of a socket, and its user
// (SO_PEERCRED in unix(7)).
func credentials(c net.Conn) (pid, user int, err error) {
	s, ok := c.(*net.UnixConn)
	if !ok {
		return 0, 0, errors.New("not a socket of this machine")
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return 0, 0, err
	}
	var cred *unix.Ucred
	var failed error
	err = raw.Control(func(fd uintptr) { cred, failed = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) })
	if err := errors.Join(err, failed); err != nil {
		return 0, 0, err
	}
	return int(cred.Pid), int(cred.Uid), nil
}
