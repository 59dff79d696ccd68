package instrument

import (
	"bytes"
	"encoding/hex"
	"strings"
)

// checkKinds are the check bytes that a profile may name. All but the crc are
// one byte:
//
//	sum8           the sum of the bytes
//	neg8           its two's complement: sum and check make 0
//	not8           its complement: FF - sum
//	xor8           all bytes exclusive-or
//	lrc            as neg8, the name in Modbus ASCII (Serial Line V1.02, 2.5.2.2)
//	crc16-modbus   polynomial A001, from FFFF, low byte first (ibid., 2.5.1.2)
//	crc16-ccitt    polynomial 1021, from init (FFFF if not said), high byte first
var checkKinds = []string{"sum8", "neg8", "not8", "xor8", "lrc", "crc16-modbus", "crc16-ccitt"}

// defaultInit is what a crc starts from where a profile says nothing.
const defaultInit = 0xFFFF

// checkWidth returns how many bytes a kind of check has, 0 for no kind.
func checkWidth(kind string) int {
	switch kind {
	case "sum8", "neg8", "not8", "xor8", "lrc":
		return 1
	case "crc16-modbus", "crc16-ccitt":
		return 2
	}
	return 0
}

// checkSum returns the check over bytes, in the order in which it is sent.
func checkSum(kind string, init uint16, over []byte) []byte {
	switch kind {
	case "crc16-modbus":
		c := crcModbus(over)
		return []byte{byte(c), byte(c >> 8)}
	case "crc16-ccitt":
		c := crcCCITT(init, over)
		return []byte{byte(c >> 8), byte(c)}
	}
	var sum, xor byte
	for _, b := range over {
		sum += b
		xor ^= b
	}
	switch kind {
	case "neg8", "lrc":
		sum = -sum
	case "not8":
		sum = ^sum
	case "xor8":
		sum = xor
	}
	return []byte{sum}
}

func crcModbus(over []byte) uint16 {
	c := uint16(0xFFFF)
	for _, b := range over {
		c ^= uint16(b)
		for range 8 {
			if c&1 != 0 {
				c = c>>1 ^ 0xA001
			} else {
				c >>= 1
			}
		}
	}
	return c
}

func crcCCITT(init uint16, over []byte) uint16 {
	c := init
	for _, b := range over {
		c ^= uint16(b) << 8
		for range 8 {
			if c&0x8000 != 0 {
				c = c<<1 ^ 0x1021
			} else {
				c <<= 1
			}
		}
	}
	return c
}

// A check is how a frame proves that it is whole.
type check struct {
	kind    string
	over    span
	at      int
	init    uint16
	hex     bool // sent as ASCII hex digits
	overHex bool // formed over what ASCII hex digits stand for
}

// width is how many bytes of the frame the check takes.
func (c *check) width() int {
	if c.hex {
		return 2 * checkWidth(c.kind)
	}
	return checkWidth(c.kind)
}

// of returns the check that a frame should bear and the place where it bears
// one; false where the frame has no such place, or digits that are none.
func (c *check) of(frame []byte) (want, place []byte, ok bool) {
	over, ok := c.over.of(frame)
	at := fromEnd(c.at, len(frame))
	if !ok || at < 0 || at+c.width() > len(frame) {
		return nil, nil, false
	}
	if c.overHex {
		digits, err := hex.DecodeString(string(over))
		if err != nil {
			return nil, nil, false
		}
		over = digits
	}
	want = checkSum(c.kind, c.init, over)
	if c.hex {
		want = []byte(strings.ToUpper(hex.EncodeToString(want)))
	}
	return want, frame[at : at+c.width()], true
}

// good says whether a frame bears the check it should. Digits may be small or
// capital; bytes are compared as they are, and never taken for letters.
func (c *check) good(frame []byte) bool {
	want, have, ok := c.of(frame)
	if ok && c.hex {
		return bytes.EqualFold(want, have)
	}
	return ok && bytes.Equal(want, have)
}

// put writes the check into a frame.
func (c *check) put(frame []byte) bool {
	want, place, ok := c.of(frame)
	return ok && copy(place, want) > 0
}
