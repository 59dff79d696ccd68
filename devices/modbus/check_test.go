package modbus

import "testing"

// TestCheck: the check is that of the published catalogue, of the standard's
// own example, and of its definition bit by bit.
func TestCheck(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]uint16{
		"":          0xFFFF,
		"123456789": 0x4B37, // catalogue of parametrised CRCs, CRC-16/MODBUS
		"\x02\x07":  0x1241, // Modbus over Serial Line V1.02, appendix B
	} {
		if got := check([]byte(text)); got != want {
			t.Errorf("%q: got %04X, want %04X", text, got, want)
		}
	}
	p := []byte{0}
	for range 256 {
		if got, want := check(p), bitwise(p); got != want {
			t.Fatalf("% X: got %04X, want %04X", p, got, want)
		}
		p = append(p, byte(len(p)*37))
	}
}

// bitwise is the definition.
func bitwise(p []byte) uint16 {
	crc := uint16(0xFFFF)
	for _, b := range p {
		crc ^= uint16(b)
		for range 8 {
			odd := crc&1 != 0
			crc >>= 1
			if odd {
				crc ^= 0xA001
			}
		}
	}
	return crc
}
