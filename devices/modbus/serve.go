package modbus

import (
	"encoding/binary"
	"errors"
)

// Serve is the other half, for simulators and tests: it looks for the first
// whole question to this unit in what was heard, asks read for its values and
// returns the reply. rest is what must be given again, with what comes next;
// it may hold another question. reply is nil where there was none.
//
// read returns Count values, bits as 0 and 1; an *Exception from it is sent,
// any other error, or too few or too many values, as exception 4. Functions
// that do not read are refused with exception 1 without asking read, questions
// that ask for too many with 3, and those beyond the last register with 2.
// Questions to other units and noise are passed over.
func Serve(unit byte, read func(Block) ([]uint16, error), request []byte) (reply, rest []byte) {
	for rest = request; len(rest) >= requestBytes; {
		q := rest[:requestBytes]
		if !checked(q) {
			rest = rest[1:]
			continue
		}
		rest = rest[requestBytes:]
		if q[0] == unit && unit != 0 {
			return respond(q, read), rest
		}
	}
	return nil, rest
}

// respond answers one question.
func respond(q []byte, read func(Block) ([]uint16, error)) []byte {
	b := parse(q)
	if code := b.refusal(); code != 0 {
		return b.except(code)
	}
	values, err := read(b)
	if exception, ok := errors.AsType[*Exception](err); ok {
		return b.except(exception.Code)
	}
	if err != nil || len(values) != int(b.Count) {
		return b.except(4)
	}
	return b.reply(values)
}

// parse reads what a question begins with, whatever its function.
func parse(q []byte) Block {
	return Block{
		Unit:     q[0],
		Function: Function(q[1]),
		Offset:   binary.BigEndian.Uint16(q[2:]),
		Count:    binary.BigEndian.Uint16(q[4:]),
	}
}

// refusal returns the exception code for a block that is not served, 0 for one
// that is. The order is that of the state diagrams in V1.1b3, section 6.
func (b Block) refusal() byte {
	_, reads := b.Function.wire()
	switch {
	case !reads:
		return 1
	case !b.fits():
		return 3
	case int(b.Offset)+int(b.Count) > 1<<16:
		return 2
	}
	return 0
}

// except refuses a question.
func (b Block) except(code byte) []byte {
	return AppendCheck([]byte{b.Unit, byte(b.Function) | exceptionFlag, code})
}

// reply packs the values of an answer.
func (b Block) reply(values []uint16) []byte {
	packed := make([]byte, b.valueBytes())
	for i, v := range values {
		switch {
		case !b.Function.bits():
			binary.BigEndian.PutUint16(packed[2*i:], v)
		case v != 0:
			packed[i/8] |= 1 << (i % 8)
		}
	}
	head := []byte{b.Unit, byte(b.Function), byte(len(packed))}
	return AppendCheck(append(head, packed...))
}
