package instrument

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// put writes a value where value reads it. The sighting holds the read.
func (r *read) put(s *sighting, v any) error {
	if r.kind == "text" {
		return r.putText(s, fmt.Sprint(v))
	}
	if d, _, ok := digits(fmt.Sprint(v), r.radix()); ok && d.isText {
		return r.putDigits(s, d.text)
	}
	_, bits, _ := r.raw(s)
	raw, err := r.device(v, s)
	if err != nil {
		return err
	}
	if r.is != nil {
		if raw, err = r.oneOfIs(raw != 0, bits); err != nil {
			return err
		}
	}
	switch {
	case r.bit >= 0:
		if r.invert {
			raw = inverse(raw)
		}
		bits &^= 1 << r.bit
		if raw != 0 {
			bits |= 1 << r.bit
		}
		return r.putNumber(s, float64(bits))
	case r.invert:
		raw = inverse(raw)
	}
	if r.mask == 0 {
		return r.putNumber(s, raw)
	}
	n := uint64(math.Round(max(raw, 0)))
	if raw < 0 || n&^r.mask != 0 {
		return fmt.Errorf("%v does not fit mask %#X", v, r.mask)
	}
	return r.putNumber(s, float64(bits&^r.mask|n))
}

// device turns a value into the device's own number: the inverse of names and
// measure. Where several numbers bear a word it is the lowest of them. The factor of scale_by is the one that stands in the sighting.
func (r *read) device(v any, s *sighting) (float64, error) {
	n, isNumber := numeric(v)
	if !isNumber {
		word := fmt.Sprint(v)
		for _, number := range slices.Sorted(maps.Keys(r.names)) {
			if r.names[number] == word {
				return float64(number), nil
			}
		}
		if d, bits, ok := digits(word, r.radix()); ok && r.radix() > 0 && d.text != "" {
			return float64(bits), nil
		}
		return 0, fmt.Errorf("%v is neither a number nor a name", v)
	}
	if r.span != nil {
		n = r.loop.low + (n-r.span.low)/(r.span.high-r.span.low)*(r.loop.high-r.loop.low)
	}
	scale := r.scale
	if r.by != nil {
		factor, ok := r.by.value(s)
		if !ok || factor.number == 0 {
			return 0, fmt.Errorf("%v cannot be said while %s is 0 or absent", v, r.by.name)
		}
		scale *= factor.number
	}
	return (n - r.offsetBy) / scale, nil
}

// oneOfIs returns a number that is reads as yes or no: the one that stands
// there where it does, else the first of the list, or the lowest that is not
// in it.
func (r *read) oneOfIs(yes bool, bits uint64) (float64, error) {
	mask := r.mask
	if mask == 0 {
		mask = 1<<maxBits - 1
	}
	stands := float64(bits & mask)
	switch {
	case slices.Contains(r.is, stands) == yes:
		return stands, nil
	case yes:
		return r.is[0], nil
	}
	for n := uint64(0); ; n = (n - mask) & mask { // the numbers under the mask, upwards
		switch {
		case !slices.Contains(r.is, float64(n)):
			return float64(n), nil
		case n == mask:
			return 0, fmt.Errorf("every number under mask %#X is one of is", r.mask)
		}
	}
}

// radix returns in what digits a read is written, 0 for none.
func (r *read) radix() int {
	return map[string]int{"hex": 16, "bcd": 10}[r.kind]
}

// numeric takes Go's numbers, and true for 1.
func numeric(v any) (float64, bool) {
	switch n := v.(type) {
	case int:
		return float64(n), true
	case int64:
		return float64(n), true
	case uint16:
		return float64(n), true
	case uint64:
		return float64(n), true
	case float64:
		return n, !math.IsNaN(n) && !math.IsInf(n, 0)
	case bool:
		if n {
			return 1, true
		}
		return 0, true
	}
	return 0, false
}

// putNumber writes the device's own number.
func (r *read) putNumber(s *sighting, n float64) error {
	tooLong := fmt.Errorf("%s does not fit", shortForm(n))
	if r.place == inMatch {
		return r.putMatch(s, n)
	}
	b := make([]byte, r.bytesTaken())
	switch r.kind {
	case "hex":
		written := fmt.Sprintf("%0*X", len(b), uint64(math.Round(max(n, 0))))
		if n < 0 || len(written) > len(b) {
			return tooLong
		}
		copy(b, written)
	case "bcd":
		written := fmt.Sprintf("%0*d", 2*len(b), uint64(math.Round(max(n, 0))))
		if n < 0 || len(written) > 2*len(b) {
			return tooLong
		}
		if _, err := hex.Decode(b, []byte(written)); err != nil {
			return err
		}
	default:
		bits, fits := r.fromFloat(n)
		if !fits {
			return tooLong
		}
		r.number.put(b, bits)
	}
	s.put(r, b)
	return nil
}

// putMatch writes a number into the group of a match, as wide as it was where
// it had leading zeros.
func (r *read) putMatch(s *sighting, n float64) error {
	group := r.match.FindStringSubmatch(s.line())[1]
	written := shortForm(tidy(n))
	if r.kind == "hex" {
		written = fmt.Sprintf("%0*X", len(group), uint64(math.Round(max(n, 0))))
	} else if strings.HasPrefix(group, "0") && len(written) < len(group) {
		written = strings.Repeat("0", len(group)-len(written)) + written
	}
	return r.replace(s, written)
}

// putText writes a text, filled up with blanks to the size of its place.
func (r *read) putText(s *sighting, text string) error {
	if r.place == inMatch {
		return r.replace(s, text)
	}
	b, ok := r.encoding.encode(text)
	if !ok || len(b) > r.size {
		return fmt.Errorf("%q does not fit into %d bytes of %s", text, r.size, r.encoding.name)
	}
	s.put(r, append(b, bytes.Repeat([]byte(" "), r.size-len(b))...))
	return nil
}

// putDigits writes digits that are too many for a number.
func (r *read) putDigits(s *sighting, written string) error {
	if r.place == inMatch {
		return r.replace(s, written)
	}
	b := []byte(written)
	if r.kind == "bcd" {
		b, _ = hex.DecodeString(strings.Repeat("0", len(written)%2) + written) // digits has seen that they are some
	}
	if len(b) > r.size {
		return fmt.Errorf("%s does not fit into %d bytes", written, r.size)
	}
	filler := byte(0)
	if r.kind == "hex" {
		filler = '0'
	}
	s.put(r, append(bytes.Repeat([]byte{filler}, r.size-len(b)), b...))
	return nil
}

// replace writes a text in the place of a match's group.
func (r *read) replace(s *sighting, text string) error {
	line := s.line()
	at := r.match.FindStringSubmatchIndex(line)
	if at[2] < 0 {
		return fmt.Errorf("the group of the match is not in %q", line)
	}
	b, ok := r.encoding.encode(line[:at[2]] + text + line[at[3]:])
	if !ok {
		return fmt.Errorf("%q cannot be written in %s", text, r.encoding.name)
	}
	s.frame = append(b, s.end...)
	s.lined = false
	return nil
}

// put writes the bytes of a read where bytes finds them.
func (s *sighting) put(r *read, b []byte) {
	if r.place == inFrame {
		copy(s.frame[fromEnd(r.at, len(s.frame)):], b)
		s.lined = false
		return
	}
	count := r.registersTaken()
	old := make([]byte, 0, 2*count)
	for i := range count {
		v := *s.register(r.register + i)
		old = append(old, byte(v>>8), byte(v))
	}
	if r.width() > 0 {
		copy(old[len(old)-len(b):], b)
	} else {
		copy(old, b)
	}
	for i := range count {
		*s.register(r.register + i) = uint16(old[2*i])<<8 | uint16(old[2*i+1])
	}
}
