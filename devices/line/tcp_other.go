//go:build !linux

package line

import (
	"syscall"
	"time"
)

// limitUnacknowledged does nothing here: TCP_USER_TIMEOUT is Linux's own.
func limitUnacknowledged(time.Duration) func(_, _ string, _ syscall.RawConn) error { return nil }
