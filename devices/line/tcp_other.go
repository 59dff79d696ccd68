//go:build !linux

package line

import "syscall"

// limitUnacknowledged does nothing here: TCP_USER_TIMEOUT is Linux's own.
func limitUnacknowledged(_, _ string, _ syscall.RawConn) error { return nil }
