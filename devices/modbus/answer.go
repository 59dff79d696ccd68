package modbus

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// The two shapes of an answer, to a question for five registers:
//
//	01 03 0A 41 C8 00 00 … 00 xx xx         01 83 02 C0 F1
//	|  |  |  |                check         |  |  |  check
//	|  |  |  values, high byte first        |  |  code, see Exception
//	|  |  how many bytes of values          |  function + 80
//	|  function                             unit
//	unit
//
// Bits come eight to a byte, the first one lowest; the last byte is filled up
// with zeros.
const (
	headBytes      = 3
	exceptionBytes = 5
	exceptionFlag  = 0x80
)

// ErrNoAnswer is returned by Decode for bytes that do not answer the block.
var ErrNoAnswer = errors.New("modbus: not the answer to this question")

// accept looks for the first place in heard where an answer to this block
// stands whole. The question itself, which an adapter may have heard, is
// passed over: with an unlucky offset it looks like an answer.
func (b Block) accept(request, heard []byte) []byte {
	if request == nil {
		return nil
	}
	for i := 0; i+exceptionBytes <= len(heard); {
		if bytes.HasPrefix(heard[i:], request) {
			i += len(request)
			continue
		}
		if n := b.frame(heard[i:]); n > 0 {
			return heard[i : i+n : i+n]
		}
		i++
	}
	return nil
}

// frame returns the length of the answer that p begins with, 0 if it begins
// with none.
func (b Block) frame(p []byte) int {
	function, reads := b.Function.wire()
	if !reads || len(p) < exceptionBytes || p[0] != b.Unit {
		return 0
	}
	n := 0
	switch {
	case p[1] == function && int(p[2]) == b.valueBytes():
		n = b.AnswerBytes()
	case p[1] == function|exceptionFlag:
		n = exceptionBytes
	}
	if n == 0 || n > len(p) || !checked(p[:n]) {
		return 0
	}
	return n
}

// Decode reads the values of an answer that Question accepted: Count of them,
// bits as 0 and 1. The error is an *Exception when the device refused, and
// ErrNoAnswer for bytes that are no answer to this block.
func (b Block) Decode(answer []byte) ([]uint16, error) {
	if err := b.Check(); err != nil {
		return nil, err
	}
	if n := b.frame(answer); n == 0 || n != len(answer) {
		return nil, ErrNoAnswer
	}
	if answer[1]&exceptionFlag != 0 {
		return nil, &Exception{Code: answer[2]}
	}
	values := make([]uint16, b.Count)
	packed := answer[headBytes:]
	for i := range values {
		if b.Function.bits() {
			values[i] = uint16(packed[i/8] >> (i % 8) & 1)
		} else {
			values[i] = binary.BigEndian.Uint16(packed[2*i:])
		}
	}
	return values, nil
}

// An Exception is a device that understood the question and cannot answer it.
// Codes are those of V1.1b3, section 7.
type Exception struct{ Code byte }

// Error gives the code in words, with what it usually means here.
func (e *Exception) Error() string {
	return fmt.Sprintf("modbus exception %d: %s", e.Code, e.words())
}

func (e *Exception) words() string {
	switch e.Code {
	case 1:
		return "the device does not know this function (does the profile ask for the right kind of register?)"
	case 2:
		return "the device has no such register (does the profile's numbering fit this model, or is it off by one?)"
	case 3:
		return "the device does not give so many at once (ask for fewer)"
	case 4:
		return "the device has failed"
	case 5:
		return "the device needs longer to answer"
	case 6:
		return "the device is busy"
	case 8:
		return "the device found its memory damaged"
	case 10:
		return "the gateway has no way to the device"
	case 11:
		return "the device behind the gateway does not answer (is it powered, is its address right?)"
	}
	return "not in the standard (see the manual of the device)"
}
