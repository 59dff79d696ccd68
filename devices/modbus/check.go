package modbus

import "encoding/binary"

// check is the CRC-16 of Modbus: polynomial 8005 reflected, from FFFF. The
// check of "123456789" is 4B37. It goes a half byte at a time, with a table
// small enough to be written out.
func check(p []byte) uint16 {
	table := [16]uint16{
		0x0000, 0xCC01, 0xD801, 0x1400, 0xF001, 0x3C00, 0x2800, 0xE401,
		0xA001, 0x6C00, 0x7800, 0xB401, 0x5000, 0x9C01, 0x8801, 0x4400,
	}
	crc := uint16(0xFFFF)
	for _, b := range p {
		crc ^= uint16(b)
		crc = crc>>4 ^ table[crc&15]
		crc = crc>>4 ^ table[crc&15]
	}
	return crc
}

// AppendCheck closes a message with its check, low byte first. It is for those
// who serve Modbus in another wrapping; to ask there is only Block.
func AppendCheck(p []byte) []byte { return binary.LittleEndian.AppendUint16(p, check(p)) }

// checked says whether a message ends with its check.
func checked(p []byte) bool {
	n := len(p) - 2
	return n > 0 && binary.LittleEndian.Uint16(p[n:]) == check(p[:n])
}
