package osdp

// crc16 is the check of OSDP: polynomial 1021, begun with 1D0F, highest bit
// first.
func crc16(b []byte) uint16 {
	crc := uint16(0x1D0F)
	for _, x := range b {
		crc ^= uint16(x) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return crc
}

// checksum makes the sum of all bytes 0. It is for readers that know no CRC.
func checksum(b []byte) byte {
	var sum byte
	for _, x := range b {
		sum += x
	}
	return -sum
}

// appendCheck appends the check that the control byte of a packet announces.
func appendCheck(b []byte) []byte {
	if b[4]&withCRC == 0 {
		return append(b, checksum(b))
	}
	crc := crc16(b)
	return append(b, byte(crc), byte(crc>>8))
}
