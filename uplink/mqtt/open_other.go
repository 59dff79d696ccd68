//go:build !linux

package mqtt

import "syscall"

// noticeSilence does nothing where TCP_USER_TIMEOUT does not exist: write
// deadlines and the keep-alive notice a dead peer later.
func noticeSilence(_, _ string, _ syscall.RawConn) error { return nil }
