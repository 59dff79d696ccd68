package line

import (
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"
)

// atOnce is how soon after the opening a server closes the connection when it
// serves somebody else.
const atOnce = time.Second

// explainTCP turns a failed dial into something a person can act on.
func explainTCP(addr string, err error) error {
	trouble := func(short, step string) error {
		if op, ok := errors.AsType[*net.OpError](err); ok {
			err = op.Err // the address is named once, as the site wrote it
		}
		return &Trouble{Err: fmt.Errorf("dial %q: %w", addr, err), Short: short, Step: step}
	}
	timeout, ok := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return trouble("refused", "is the serial server in TCP server mode on this port, and is nobody else connected? it takes one client")
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH), ok && timeout.Timeout():
		return trouble("no answer", "is the serial server powered and in this network? ping it")
	}
	return fmt.Errorf("dial %q: %w", addr, err)
}

// explainEnd turns the end of a connection that was open for so long into
// something a person can act on.
func explainEnd(err error, held time.Duration) error {
	const who = "look for a panel, a vendor's tool or a second gateway with this address; it takes one client"
	closed := errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
	switch {
	case closed && held < atOnce:
		return &Trouble{Err: errors.New("serial server closes the connection at once"), Short: "gone", Step: "it serves somebody else: " + who}
	case closed:
		return &Trouble{Err: errors.New("serial server closed the connection"), Short: "gone", Step: "did it restart, or did somebody else connect to it? " + who}
	case errors.Is(err, syscall.ETIMEDOUT), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return &Trouble{Err: errors.New("serial server no longer answers"), Short: "no answer", Step: "is it powered and in this network? ping it"}
	}
	return err
}
