package line

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"
)

const (
	dialWithin  = 5 * time.Second
	writeWithin = time.Second
	// deadAfter is how long a serial server may leave bytes or keep-alive
	// probes unacknowledged. Without it a server that lost its power holds the
	// line for a quarter of an hour.
	deadAfter = 15 * time.Second
)

// OpenTCP returns an opener for a serial server in raw TCP mode, addr as
// "host:port". The preamble, if there is one, is the registration or heartbeat
// text that the server mixes into the stream; it is taken out wherever it
// stands, also when it comes in pieces. Whether the address may be dialled is
// the caller's worry.
func OpenTCP(addr string, preamble []byte) Opener { return openTCP(addr, preamble, deadAfter) }

// openTCP is OpenTCP with another time after which a silent server is dead.
func openTCP(addr string, preamble []byte, dead time.Duration) Opener {
	return func(ctx context.Context) (Port, error) {
		dialer := net.Dialer{
			Timeout:         dialWithin,
			KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: dead / 3, Interval: dead / 3, Count: 2},
			Control:         limitUnacknowledged(dead),
		}
		conn, err := dialer.DialContext(ctx, "tcp", addr)
		if err != nil {
			return nil, explainTCP(addr, err)
		}
		return newTCP(conn, preamble), nil
	}
}

// A tcp is a connection to a serial server.
type tcp struct {
	patience
	conn   net.Conn
	opened time.Time
	sieve  sieve
	since  time.Time // when the sieve began to keep back what it holds
	sifted []byte    // went through the sieve and was not read yet
}

// followWithin is how long the rest of a preamble may take to follow its
// beginning. Longer would delay answers that end with what a preamble begins
// with.
const followWithin = 20 * time.Millisecond

func newTCP(conn net.Conn, preamble []byte) *tcp {
	return &tcp{patience: patience{set: conn.SetReadDeadline}, conn: conn, opened: time.Now(), sieve: sieve{preamble: preamble}}
}

// Read reads what is left after the preamble was taken out. Bytes that may be
// the beginning of one are kept back, but only as long as the rest of a
// segment takes to follow: they may be the end of an answer.
func (t *tcp) Read(p []byte) (int, error) {
	if len(t.sifted) == 0 {
		if err := t.receive(readWait); err != nil {
			return 0, err
		}
	}
	n := copy(p, t.sifted)
	t.sifted = t.sifted[n:]
	return n, nil
}

// receive waits for bytes once and puts them through the sieve.
func (t *tcp) receive(wait time.Duration) error {
	if t.sieve.holds() {
		wait = min(wait, followWithin-time.Since(t.since))
	}
	if err := t.begin(wait); err != nil {
		return err
	}
	defer t.end()
	var buf [1024]byte
	n, err := t.conn.Read(buf[:])
	switch {
	case n > 0:
		t.sifted = t.sieve.sift(t.sifted, buf[:n])
		t.since = time.Now()
		return nil // an error comes again with the next Read
	case errors.Is(err, os.ErrDeadlineExceeded):
		if time.Since(t.since) >= followWithin {
			t.sifted = t.sieve.release(t.sifted)
		}
		return nil
	}
	return explainEnd(err, time.Since(t.opened))
}

// Write writes with a deadline of one second: the serial server has room for
// more than any question.
func (t *tcp) Write(p []byte) (int, error) {
	if err := t.conn.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil {
		return 0, err
	}
	n, err := t.conn.Write(p)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return n, &Trouble{Err: fmt.Errorf("write stuck after %d of %d bytes", n, len(p)), Short: "stuck", Step: "is the serial server still reachable?"}
	}
	return n, explainEnd(err, time.Since(t.opened))
}

// Discard reads for a millisecond and throws away what came. It reads rather
// than resets, so that the sieve sees a heartbeat that is half through; and no
// more than 64 KiB, so that a server that never stops cannot hold it.
func (t *tcp) Discard() error {
	for range 64 {
		began := time.Now()
		if err := t.receive(time.Millisecond); err != nil {
			return err
		}
		t.sifted = t.sifted[:0]
		if time.Since(began) >= time.Millisecond {
			break
		}
	}
	return nil
}

// Close closes the connection, which ends a Read or Write that waits.
func (t *tcp) Close() error { return t.conn.Close() }
