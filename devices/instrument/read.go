package instrument

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A read is a named value of a frame or of a register block. It stands in one
// place: at a byte, at a register, or in the first group of a match.
//
// From the bytes to the value, in this order, each step only where written:
//
//	bytes ─► type, order ─► mask ─► bit ─► invert ─┬─► scale, scale_by, offset_by ─► loop, span ─► valid ─► number
//	                                               ├─► names ─► word
//	                                               └─► is ─► 1 or 0
type read struct {
	name  string
	place place

	at       int
	register int
	match    *regexp.Regexp

	number           // of the type, where it is one of a fixed width
	size     int     // of text, hex and bcd, in bytes
	mask     uint64  // 0: none
	bit      int     // -1: none
	invert   bool    //
	scale    float64 // 1: none
	offsetBy float64
	unit     string
	unitFrom *read // holds the unit, nil: none does
	quantity string
	names    map[int64]string
	valid    *interval
	loop     *interval // milliamperes, with the fault band around
	span     *interval // what the ends of loop stand for
	siteSpan bool      // the site says what; until then it is 0..100 %

	is      []float64     // the numbers that are yes; nil: the number itself
	scaled  bool          // scale_by was written
	by      *read         // the factor of the same sighting, nil: none
	changes time.Duration // must change at least so often; 0: need not

	encoding *encoding
}

// A place says where a read stands.
type place byte

const (
	inFrame place = iota
	inRegisters
	inMatch
)

// A value is what a read holds at one moment.
type value struct {
	number float64
	word   string // of names
	text   string // of text; the digits of hex and bcd
	isText bool   // there is no number
	wrong  string // why the value cannot be true, for a person; "" where it can
}

// is returns a value as a state's word: its name, its text or its number.
func (v value) is() string {
	switch {
	case v.word != "":
		return v.word
	case v.isText:
		return v.text
	}
	return shortForm(v.number)
}

// detail is is, but "" for 0, which is no reason for anything.
func (v value) detail() string {
	if v.word == "" && !v.isText && v.number == 0 {
		return ""
	}
	return v.is()
}

// credential returns a value as a card number: digits as they are, else its
// text or number.
func (v value) credential() string {
	if v.text != "" || v.isText {
		return v.text
	}
	return shortForm(v.number)
}

// value reads what stands in a sighting; false where it is not there.
func (r *read) value(s *sighting) (value, bool) {
	v, bits, ok := r.raw(s)
	if !ok || v.isText {
		return v, ok
	}
	if r.mask != 0 {
		bits &= r.mask
		v.number = float64(bits)
	}
	if r.bit >= 0 {
		v.number = float64(bits >> r.bit & 1)
	}
	if r.invert {
		v.number = inverse(v.number)
	}
	if v.number == math.Trunc(v.number) {
		v.word = r.names[int64(v.number)]
	}
	if r.is != nil {
		v.number = oneIf(slices.Contains(r.is, v.number))
		return v, true
	}
	factor := value{number: 1}
	if r.by != nil {
		if factor, ok = r.by.value(s); !ok {
			return v, false
		}
	}
	return r.measure(v, factor), true
}

func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

func inverse(n float64) float64 { return oneIf(n == 0) }

// measure turns a device's own number into the quantity it stands for, and
// says when that cannot be true.
func (r *read) measure(v, factor value) value {
	if r.scale != 1 || r.offsetBy != 0 || factor.number != 1 {
		v.number = tidy(v.number*r.scale*factor.number + r.offsetBy)
	}
	switch band := r.loop; {
	case factor.wrong != "":
		v.wrong, v.number = factor.wrong, 0
	case math.IsNaN(v.number) || math.IsInf(v.number, 0):
		v.wrong, v.number = r.name+" is not a number", 0
	case band != nil && !band.fault().holds(v.number):
		v.wrong = fmt.Sprintf("%s is %s mA: the loop is broken or shorted", r.name, shortForm(v.number))
	case r.span != nil:
		v.number = tidy(r.span.low + (v.number-band.low)/(band.high-band.low)*(r.span.high-r.span.low))
	}
	if v.number == 0 {
		v.number = 0 // a float's -0 would be printed with its sign
	}
	if v.wrong == "" && r.valid != nil && !r.valid.holds(v.number) {
		v.wrong = fmt.Sprintf("%s is %s, outside %s..%s", r.name, shortForm(v.number), shortForm(r.valid.low), shortForm(r.valid.high))
	}
	return v
}

// fault returns the milliamperes of a loop that works: 3.6 to 21 mA for
// 4..20mA (NAMUR NE 43 as commonly quoted; not read in the original).
func (i interval) fault() interval { return interval{tidy(0.9 * i.low), tidy(1.05 * i.high)} }

// raw reads the value as the device sends it, and its bits where it is whole.
func (r *read) raw(s *sighting) (v value, bits uint64, ok bool) {
	if r.place == inMatch {
		return r.matched(s)
	}
	b, ok := s.bytes(r)
	if !ok {
		return v, 0, false
	}
	switch r.kind {
	case "text":
		b = bytes.TrimRight(b, "\x00") // fills a place that is longer than the text
		return value{isText: true, text: r.encoding.clean(r.encoding.decode(b))}, 0, true
	case "hex":
		return digits(string(b), 16)
	case "bcd":
		return digits(hex.EncodeToString(b), 10)
	}
	bits = r.bits(b)
	return value{number: r.float(bits)}, bits, true
}

// matched reads the first group of a match.
func (r *read) matched(s *sighting) (v value, bits uint64, ok bool) {
	group := r.match.FindStringSubmatch(s.line())
	if group == nil {
		return v, 0, false
	}
	written := strings.TrimSpace(group[1])
	switch r.kind {
	case "text":
		return value{isText: true, text: r.encoding.clean(group[1])}, 0, true
	case "hex":
		return digits(written, 16)
	}
	n, err := strconv.ParseFloat(written, 64)
	if err != nil || math.IsInf(n, 0) || math.IsNaN(n) {
		return v, 0, false
	}
	if n >= 0 && n <= 1<<53 {
		bits = uint64(n)
	}
	return value{number: n}, bits, true
}

// maxDigits bounds the digits of a number, so that it is exact; bcd, which has
// two in a byte, ends at one less.
const maxDigits = 13

// digits reads digits of a base, 16 or 10. Those that are too many for a number
// are a text, as of a card; there are none of base 0.
func digits(written string, base int) (v value, bits uint64, ok bool) {
	v.text = strings.ToUpper(written)
	if written == "" || strings.Trim(v.text, "0123456789ABCDEF"[:base]) != "" {
		return v, 0, false
	}
	if v.isText = len(written) > maxDigits; v.isText {
		return v, 0, true
	}
	bits, err := strconv.ParseUint(written, base, 64)
	v.number = float64(bits)
	return v, bits, err == nil
}

// textual says whether a read is a text: as its type, or because it has too
// many digits for a number.
func (r *read) textual() bool {
	return r.kind == "text" || r.kind == "hex" && r.size > maxDigits || r.kind == "bcd" && 2*r.size > maxDigits
}

// bytesTaken returns how many bytes of the frame or the registers a read takes.
func (r *read) bytesTaken() int {
	if w := r.width(); w > 0 {
		return w
	}
	return r.size
}

// registersTaken returns how many registers a read takes.
func (r *read) registersTaken() int { return (r.bytesTaken() + 1) / 2 }
