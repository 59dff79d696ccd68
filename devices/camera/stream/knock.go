package stream

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// Knock asks whether an RTSP server is there: it connects and sends OPTIONS,
// without a login, and takes at most 1.6 s. Any answer will do, also a refusal. The
// error is a [*Failure] as from [Measure]; if ctx ends first it is that of ctx.
//
// A camera is knocked at every few seconds for years: one question needs neither
// the library's goroutines nor its buffers.
func Knock(ctx context.Context, t Target) error { return knock(ctx, t, patient) }

func knock(ctx context.Context, t Target, p patience) error {
	t.User, t.Transport = "", TCP
	address, err := parse(t)
	if err != nil {
		return err
	}
	v := newVisit(ctx, t, address, plan{}, p)
	defer v.guard.kill()
	inTime, cancel := context.WithTimeout(ctx, p.knock)
	defer cancel()
	defer context.AfterFunc(inTime, v.guard.kill)()
	err = v.ask(inTime)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case inTime.Err() != nil:
		err = v.tooSlow(err)
	}
	return fmt.Errorf("stream %q: %w", shown(address), v.answers.failure(err))
}

// errNoRTSP is the cause where somebody else answers at the port.
var errNoRTSP = errors.New("it is no RTSP")

// ask asks the one question and waits for the first word of the answer.
func (v *visit) ask(ctx context.Context) error {
	conn, err := v.guard.dial(ctx, "tcp", v.door())
	if err != nil {
		return err
	}
	if v.address.Scheme == "rtsps" {
		sealed := tls.Client(conn, v.answers.tls())
		if err := sealed.HandshakeContext(ctx); err != nil {
			return err
		}
		conn = sealed
	}
	if err := conn.SetWriteDeadline(time.Now().Add(v.p.write)); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(conn, "OPTIONS %s RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: sitepost\r\n\r\n", v.address); err != nil {
		return err
	}
	word := make([]byte, len("RTSP/"))
	if _, err := io.ReadFull(conn, word); err != nil {
		return err
	}
	if string(word) != "RTSP/" {
		return errNoRTSP
	}
	return nil
}

// door is where the camera is dialled, with the port that goes without saying.
func (v *visit) door() string {
	port := v.address.Port()
	switch {
	case port != "":
	case v.address.Scheme == "rtsps":
		port = "322"
	default:
		port = "554"
	}
	return net.JoinHostPort(v.address.Hostname(), port)
}
