package stream

import (
	"errors"
	"os"
	"time"
)

// leave ends the session: politely, then by cutting the line, after which
// nothing in the library can wait any longer.
func (v *visit) leave() {
	closed := make(chan struct{})
	go func() { v.client.Close(); close(closed) }()
	polite := time.NewTimer(v.p.close)
	defer polite.Stop()
	select {
	case <-closed:
		v.guard.kill()
		return
	case <-polite.C:
	}
	v.guard.kill()
	polite.Reset(v.p.close)
	select {
	case <-closed:
	case <-polite.C: // never seen; better a goroutine lost than a camera's watcher
	}
}

// tooSlow is the failure when starting took too long and the line was cut; what
// the library makes of a cut line says nothing.
func (v *visit) tooSlow(err error) error {
	if f, ok := errors.AsType[*Failure](err); ok {
		return f
	}
	return os.ErrDeadlineExceeded
}
