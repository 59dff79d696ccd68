package modbus

// What another master may ask. Six functions have questions of eight bytes, as
// ours have; two bring values along (V1.1b3, 6.11 and 6.12):
//
//	01 10 00 02 00 02 04 00 0A 01 02 xx xx
//	|  |  |     |     |  |           check
//	|  |  |     |     |  values
//	|  |  |     |     how many bytes of values
//	|  |  |     how many coils or registers
//	|  |  first offset
//	|  function: 0F coils, 10 registers
//	unit, 0 for everybody
const (
	writeCoil      Function = 5
	writeRegister  Function = 6
	writeCoils     Function = 15
	writeRegisters Function = 16

	maxWrittenBits = 1968
	maxWritten     = 123
	writeHeadBytes = 7
)

// Overheard says whether a whole question of a master stands anywhere in heard:
// functions 1 to 6, 15 and 16, to units up to 247, with a count that fits and a
// good check. Noise makes one in about 16 million bytes.
//
// An answer of 17 to 24 bits is as long as a question for bits from 768 on, and
// can have the very bytes of one. That is a question only if its answer follows.
func Overheard(heard []byte) bool {
	for i := range heard {
		b, n := overheard(heard[i:])
		if n > 0 && (!b.twofold() || b.accept(b.request(), heard[i+n:]) != nil) {
			return true
		}
	}
	return false
}

// twofold says whether a question may be an answer too: one with three bytes
// of bits.
func (b Block) twofold() bool { return b.Function.bits() && b.Offset>>8 == 3 }

// overheard returns the question of any master that p begins with, and its
// length; 0 if it begins with none.
func overheard(p []byte) (Block, int) {
	if len(p) < requestBytes {
		return Block{}, 0
	}
	n := questionBytes(p)
	if n == 0 || n > len(p) || !checked(p[:n]) {
		return Block{}, 0
	}
	return parse(p), n
}

// questionBytes returns how long the question is that p may begin with, 0 if
// it begins with none. p has two bytes at least; what it does not hold yet is
// taken for good.
func questionBytes(p []byte) int {
	unit, function := p[0], Function(p[1])
	many := function == writeCoils || function == writeRegisters
	_, reads := function.wire()
	switch {
	case unit > maxUnit, reads && unit == 0: // nobody would answer
		return 0
	case many && len(p) < writeHeadBytes:
		return writeHeadBytes + 1 + 2 // at least
	case many:
		return parse(p).writeBytes(int(p[6]))
	case !reads && function != writeCoil && function != writeRegister:
		return 0
	case len(p) >= requestBytes && !parse(p).sensible():
		return 0
	}
	return requestBytes
}

// sensible says whether a question of eight bytes has a count that can be
// asked for. In functions 5 and 6 that is the value; a coil takes 0 or FF00.
func (b Block) sensible() bool {
	switch b.Function {
	case writeCoil:
		return b.Count == 0 || b.Count == 0xFF00
	case writeRegister:
		return true
	}
	return b.refusal() == 0
}

// writeBytes returns how long a question is that writes several, 0 if count and
// number of bytes do not fit each other.
func (b Block) writeBytes(values int) int {
	want, most := (int(b.Count)+7)/8, maxWrittenBits
	if b.Function == writeRegisters {
		want, most = 2*int(b.Count), maxWritten
	}
	if b.Count == 0 || int(b.Count) > most || int(b.Offset)+int(b.Count) > 1<<16 || values != want {
		return 0
	}
	return writeHeadBytes + values + 2
}
