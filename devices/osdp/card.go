package osdp

import (
	"bytes"
	"fmt"
	"math/bits"
	"strings"
)

// mostBits bounds a card. The longest in use have a little over 200 bits.
const mostBits = 1024

// cardNumber returns the canonical number in the payload of a RAW answer:
//
//	00 01 1A 00 82 46 3A 80
//	|  |  |     bits, highest first; the last byte is filled up
//	|  |  number of bits, low byte first: 26
//	|  format: 0 not known, 1 with parity bits
//	reader
//
// It is "W26:facility,number" for 26 bits with good parity, else the bits in
// hex, what fills up the last byte being 0.
func cardNumber(payload []byte) (number string, ok bool) {
	if len(payload) < 5 {
		return "", false
	}
	n := int(payload[2]) | int(payload[3])<<8
	card := payload[4:]
	if n == 0 || n > mostBits || len(card) != (n+7)/8 {
		return "", false
	}
	card = bytes.Clone(card)
	if fill := len(card)*8 - n; fill > 0 {
		card[len(card)-1] &= 0xFF << fill
	}
	if n == 26 {
		if number, ok := wiegand26(card); ok {
			return number, true
		}
	}
	return fmt.Sprintf("%X", card), true
}

// wiegand26 reads the 26 bits that most cards in the world have:
//
//	P FFFFFFFF NNNNNNNNNNNNNNNN P
//	| |        |                odd parity of itself and the 12 bits before it
//	| |        number
//	| facility
//	even parity of itself and the 12 bits after it
func wiegand26(card []byte) (number string, ok bool) {
	all := uint32(card[0])<<18 | uint32(card[1])<<10 | uint32(card[2])<<2 | uint32(card[3])>>6
	if bits.OnesCount32(all>>13)%2 != 0 || bits.OnesCount32(all&0x1FFF)%2 != 1 {
		return "", false
	}
	return fmt.Sprintf("W26:%d,%d", all>>17&0xFF, all>>1&0xFFFF), true
}

// cardDigits returns the canonical number in the payload of an FMT answer,
// which is going out of use:
//
//	00 00 08 31 32 33 34 35 36 37 38
//	|  |  |  characters
//	|  |  how many
//	|  direction of the swipe; whether the characters stand in its order is not
//	|    known, they are taken as they come
//	reader
//
// Hex digits are the number; anything else is written in hex.
func cardDigits(payload []byte) (number string, ok bool) {
	if len(payload) < 4 || int(payload[2]) != len(payload)-3 {
		return "", false
	}
	text := strings.ToUpper(string(payload[3:]))
	if strings.Trim(text, "0123456789ABCDEF") == "" {
		return text, true
	}
	return fmt.Sprintf("%X", payload[3:]), true
}
