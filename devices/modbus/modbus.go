// Package modbus asks questions in Modbus RTU, and only questions: functions 1
// to 4. There is no function that writes, and no way to make one: in the maps
// of gas detectors a single write starts a calibration, mutes an alarm or
// switches a sensor off.
//
// Its rules: an answer is taken only when address, function, byte count and
// check all fit the question; noise and echo around it are passed over; an
// exception is an answer too. The line keeps late answers away (package line),
// because an answer does not say which registers it holds. In Modbus TCP it
// bears the number of its question ([OpenTCP]). What another master asks is
// recognised ([Overheard]) and read along ([Listener]), writing functions
// included, so that they can be passed over.
//
// It does not know how manuals number registers (40003), what the words mean,
// or when to ask again.
//
// Layouts are those of "Modbus Application Protocol V1.1b3", "Modbus over
// Serial Line V1.02" and "Modbus Messaging on TCP/IP Implementation Guide
// V1.0b".
package modbus

import (
	"encoding/binary"
	"fmt"
	"time"

	"sitepost/devices/line"
)

// A Function is one of the four that read. Any other value is refused
// wherever one is used.
type Function byte

const (
	Coils          Function = 1 // outputs, one bit each; at most 2000
	Inputs         Function = 2 // discrete inputs, one bit each; at most 2000
	Holding        Function = 3 // holding registers, 16 bits each; at most 125
	InputRegisters Function = 4 // input registers, 16 bits each; at most 125
)

const (
	maxBits      = 2000 // V1.1b3, 6.1 and 6.2
	maxRegisters = 125  // V1.1b3, 6.3 and 6.4
	maxUnit      = 247  // V1.02, 2.2; 0 is everybody, above is reserved
	tcpUnit      = 255  // V1.0b: of a device that is not behind a gateway
)

// wire returns the byte of the function on the wire. This switch is the only
// place where a function byte comes from.
func (f Function) wire() (byte, bool) {
	switch f {
	case Coils:
		return 1, true
	case Inputs:
		return 2, true
	case Holding:
		return 3, true
	case InputRegisters:
		return 4, true
	}
	return 0, false
}

// bits says whether the function reads bits, not registers.
func (f Function) bits() bool { return f == Coils || f == Inputs }

// most returns how many go into one answer.
func (f Function) most() uint16 {
	if f.bits() {
		return maxBits
	}
	return maxRegisters
}

// String returns the word for the function.
func (f Function) String() string {
	switch f {
	case Coils:
		return "coils"
	case Inputs:
		return "inputs"
	case Holding:
		return "holding registers"
	case InputRegisters:
		return "input registers"
	}
	return fmt.Sprintf("function %d, which does not read", byte(f))
}

// A Block is what one question reads: Count coils, inputs or registers of a
// unit, from Offset on, which counts from 0 as on the wire.
type Block struct {
	Unit     byte // 1 to 247; 255 is common in Modbus TCP and nobody on a serial line
	Function Function
	Offset   uint16
	Count    uint16 // at most 2000 bits or 125 registers
}

// Check says why a block cannot be asked for.
func (b Block) Check() error {
	_, reads := b.Function.wire()
	switch {
	case !reads:
		return fmt.Errorf("modbus: %v: only functions 1 to 4 are asked", b.Function)
	case b.Unit == 0 || b.Unit > maxUnit && b.Unit != tcpUnit:
		return fmt.Errorf("modbus: unit %d: want 1 to %d, or %d in Modbus TCP", b.Unit, maxUnit, tcpUnit)
	case !b.fits():
		return fmt.Errorf("modbus: %d %v in one question: want 1 to %d", b.Count, b.Function, b.Function.most())
	case int(b.Offset)+int(b.Count) > 1<<16:
		return fmt.Errorf("modbus: %d %v from offset %d end beyond 65535", b.Count, b.Function, b.Offset)
	}
	return nil
}

// fits says whether the values go into one answer.
func (b Block) fits() bool { return b.Count > 0 && b.Count <= b.Function.most() }

// request returns the question on the wire, nil for a block that fails Check.
//
//	01 03 00 02 00 05 24 09
//	|  |  |     |     check, low byte first
//	|  |  |     how many
//	|  |  first offset
//	|  function
//	unit
func (b Block) request() []byte {
	function, _ := b.Function.wire()
	if b.Check() != nil {
		return nil
	}
	q := make([]byte, 0, requestBytes)
	q = append(q, b.Unit, function)
	q = binary.BigEndian.AppendUint16(q, b.Offset)
	q = binary.BigEndian.AppendUint16(q, b.Count)
	return AppendCheck(q)
}

// requestBytes is the length of every question.
const requestBytes = 8

// Question returns the question of a block for a line, to be answered within
// the time given. A block that fails Check has a question without bytes, which
// a line refuses.
func (b Block) Question(within time.Duration) line.Question {
	request := b.request()
	return line.Question{
		Send:   request,
		Within: within,
		Accept: func(heard []byte) []byte { return b.accept(request, heard) },
	}
}

// AnswerBytes returns the length of a good answer, for the load of a bus.
func (b Block) AnswerBytes() int { return 5 + b.valueBytes() }

// valueBytes returns how many bytes the values take.
func (b Block) valueBytes() int {
	if b.Function.bits() {
		return (int(b.Count) + 7) / 8
	}
	return 2 * int(b.Count)
}
