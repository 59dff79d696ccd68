package instrument

import (
	"math"
	"strconv"
)

// A number says how a whole number or a float lies in bytes.
//
//	order   bytes as they come, for a value made of A (highest) to D (lowest)
//	ABCD    highest first
//	CDAB    low word first
//	BADC    the bytes of each word turned round
//	DCBA    lowest first
//
// Two bytes are AB or BA, three are ABC or CBA.
type number struct {
	kind  string // u8 u16 u24 u32 i16 i32 f32
	order string // "" is ABCD
}

// width is how many bytes a number has, 0 for what is no number.
func (n number) width() int {
	switch n.kind {
	case "u8":
		return 1
	case "u16", "i16":
		return 2
	case "u24":
		return 3
	case "u32", "i32", "f32":
		return 4
	}
	return 0
}

// byteAt returns where in b the i-th highest byte of a number lies.
func (n number) byteAt(i int) int {
	w := n.width()
	switch {
	case n.order == "DCBA", n.order == "BADC" && w == 2:
		return w - 1 - i
	case n.order == "CDAB" && w == 4:
		return i ^ 2
	case n.order == "BADC" && w == 4:
		return i ^ 1
	}
	return i
}

// bits reads the number as it lies in b, which has its width.
func (n number) bits(b []byte) uint64 {
	var v uint64
	for i := range n.width() {
		v = v<<8 | uint64(b[n.byteAt(i)])
	}
	return v
}

// put writes bits into b, which has the number's width.
func (n number) put(b []byte, bits uint64) {
	w := n.width()
	for i := range w {
		b[n.byteAt(i)] = byte(bits >> (8 * (w - 1 - i)))
	}
}

// float returns what the bits stand for. A float gets the fewest decimals that
// name it, so that 0.1 stays 0.1.
func (n number) float(bits uint64) float64 {
	switch n.kind {
	case "i16":
		return float64(int16(bits))
	case "i32":
		return float64(int32(bits))
	case "f32":
		return shortest(math.Float32frombits(uint32(bits)))
	}
	return float64(bits)
}

// fromFloat is the inverse of float; false where the number does not fit.
func (n number) fromFloat(v float64) (uint64, bool) {
	low, high := 0.0, math.Exp2(float64(8*n.width()))-1
	switch n.kind {
	case "f32":
		return uint64(math.Float32bits(float32(v))), math.Abs(v) <= math.MaxFloat32
	case "i16", "i32":
		low, high = -(high+1)/2, (high-1)/2
	}
	v = math.Round(v)
	return uint64(int64(v)), v >= low && v <= high
}

func shortest(f float32) float64 {
	v, err := strconv.ParseFloat(strconv.FormatFloat(float64(f), 'g', -1, 32), 64)
	if err != nil {
		return float64(f) // cannot be: what FormatFloat writes, ParseFloat reads
	}
	return v
}

// tidy takes off what counting in binary has added: 0.1 * 3 is 0.3.
func tidy(v float64) float64 {
	t, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 12, 64), 64)
	if err != nil {
		return v // cannot be, as above
	}
	return t
}

// shortForm prints a number without an exponent and with no decimal too many.
func shortForm(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
