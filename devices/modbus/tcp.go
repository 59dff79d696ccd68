package modbus

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"sitepost/devices/line"
)

// A message in Modbus TCP is one of RTU without its check, behind a head (V1.0b,
// 3.1.3):
//
//	00 2A 00 00 00 06 01 03 00 02 00 05
//	|     |     |     |  |
//	|     |     |     |  as in RTU
//	|     |     |     unit
//	|     |     how many bytes follow: 2 to 254
//	|     protocol: 0 is Modbus
//	transaction: the answer bears that of its question
const (
	mbapBytes = 6
	minFollow = 2   // unit and function
	maxFollow = 254 // unit and 253 bytes
)

// OpenTCP returns an opener for a Modbus TCP device or gateway, addr as
// "host:port". The port speaks RTU to its owner and Modbus TCP to the network,
// so that a [Block] asks the same question over both. It takes questions of
// this package only, and gives one answer at most: the one that bears the
// transaction of the last question. Late ones are dropped. Whether the address
// may be dialled is the caller's worry.
func OpenTCP(addr string) line.Opener {
	open := line.OpenTCP(addr, nil)
	return func(ctx context.Context) (line.Port, error) {
		stream, err := open(ctx)
		if err != nil {
			return nil, explain(err)
		}
		return &tcp{Port: stream}, nil
	}
}

// A tcp is a stream of bytes that carries Modbus TCP.
type tcp struct {
	line.Port
	transaction uint16 // of the last question
	awaited     bool   // its answer may still come
	heard       []byte // of a message that is not whole yet
	answer      []byte // in RTU, not read yet
}

// Write sends a question. One that is not of this package is refused: what it
// would do is not known.
func (t *tcp) Write(question []byte) (int, error) {
	if len(question) != requestBytes || !checked(question) || parse(question).Check() != nil {
		return 0, &line.Trouble{
			Err:   fmt.Errorf("% X is no Modbus question that reads", question[:min(len(question), 16)]),
			Short: "settings", Step: "put only Modbus instruments on a modbus-tcp line",
		}
	}
	t.transaction++
	message := binary.BigEndian.AppendUint16(nil, t.transaction)
	message = binary.BigEndian.AppendUint16(message, 0)
	message = binary.BigEndian.AppendUint16(message, uint16(len(question)-2))
	message = append(message, question[:len(question)-2]...)
	if _, err := t.Port.Write(message); err != nil {
		return 0, explain(err)
	}
	t.awaited = true
	return len(question), nil
}

// Read reads the answer to the last question.
func (t *tcp) Read(p []byte) (int, error) {
	if len(t.answer) == 0 {
		var buf [1024]byte
		n, err := t.Port.Read(buf[:])
		if err != nil {
			return 0, explain(err)
		}
		if err := t.unpack(buf[:n]); err != nil {
			return 0, err
		}
	}
	n := copy(p, t.answer)
	t.answer = t.answer[n:]
	return n, nil
}

// unpack keeps the awaited answer of what has come, and drops all other
// messages. An error means that it is no Modbus TCP: where the next message
// begins is not known then.
func (t *tcp) unpack(piece []byte) error {
	rest := append(t.heard, piece...)
	for {
		n, err := message(rest)
		if err != nil {
			return err
		}
		if n == 0 {
			t.heard = bytes.Clone(rest)
			return nil
		}
		if t.awaited && binary.BigEndian.Uint16(rest) == t.transaction {
			t.awaited = false
			t.answer = AppendCheck(bytes.Clone(rest[mbapBytes:n]))
		}
		rest = rest[n:]
	}
}

// message returns the length of the message that p begins with, 0 while it is
// not whole.
func message(p []byte) (int, error) {
	if len(p) < mbapBytes {
		return 0, nil
	}
	protocol, follow := binary.BigEndian.Uint16(p[2:]), int(binary.BigEndian.Uint16(p[4:]))
	if protocol != 0 || follow < minFollow || follow > maxFollow {
		return 0, &line.Trouble{
			Err:   fmt.Errorf("heard % X…, which is no Modbus TCP", p[:mbapBytes]),
			Short: "not modbus", Step: "is this the Modbus TCP port of the device? most use 502; a serial server that passes RTU through is a tcp line",
		}
	}
	if len(p) < mbapBytes+follow {
		return 0, nil
	}
	return mbapBytes + follow, nil
}

// Discard forgets what was asked and not read. The stream is not touched: it
// would lose its place among the messages.
func (t *tcp) Discard() error {
	t.awaited, t.answer = false, nil
	return nil
}

// Interrupt ends the Read that waits, or the next one.
func (t *tcp) Interrupt() {
	if stream, ok := t.Port.(line.Interrupter); ok {
		stream.Interrupt()
	}
}

// explain says what to do about a device where package line speaks of a serial
// server.
func explain(err error) error {
	trouble, ok := errors.AsType[*line.Trouble](err)
	if !ok {
		return err
	}
	about := *trouble
	if what, ok := strings.CutPrefix(about.Err.Error(), "serial server "); ok {
		about.Err = errors.New("device " + what)
	}
	switch about.Short {
	case "refused":
		about.Step = "is Modbus TCP switched on in the device, and is this its port? most use 502"
	case "no answer":
		about.Step = "is the device powered and in this network? ping it"
	case "gone":
		about.Step = "how many clients does it take, and is another one connected?"
	case "stuck":
		about.Step = "is the device still reachable?"
	}
	return &about
}
