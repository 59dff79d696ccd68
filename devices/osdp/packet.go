package osdp

import "bytes"

// A packet, here a question in a Secure Channel:
//
//	FF 53 05 0E 00 0D 02 15 64 F8 67 CB E0 32 3A
//	|  |  |  |     |  |  |  |  |           check: CRC-16, low byte first, or one
//	|  |  |  |     |  |  |  |  |             byte that makes the sum of all 0
//	|  |  |  |     |  |  |  |  MAC, with the blocks from 15 on only
//	|  |  |  |     |  |  |  command or answer; what belongs to it follows
//	|  |  |  |     |  |  kind of the security block: 11 to 18
//	|  |  |  |     |  length of the security block, this byte included
//	|  |  |  |     control: bits 0 and 1 sequence, 2 CRC, 3 security block
//	|  |  |  length without FF, low byte first: 7 to 1440
//	|  |  address; 80 more in an answer
//	|  start
//	mark: wakes the line up, belongs to nothing
const (
	mark  = 0xFF
	start = 0x53

	fromReader = 0x80 // in the address

	sequenceBits = 0x03 // in the control byte
	withCRC      = 0x04
	withBlock    = 0x08

	headBytes = 5
	macBytes  = 4
	shortest  = headBytes + 2 // one byte that says something, and a checksum
	longest   = 1440
)

// A packet is one with a good check. Its parts lie in the bytes it was read
// from.
type packet struct {
	address  byte
	sequence byte
	crc      bool
	block    []byte // the security block from its length on; nil: none
	id       byte
	payload  []byte // as it came, encrypted or not
	signed   []byte // what the MAC is about
	mac      []byte // nil: none
}

// kind returns the kind of the security block, 0 for none.
func (p *packet) kind() byte {
	if p.block == nil {
		return 0
	}
	return p.block[1]
}

// length returns the length that a packet at the front of b claims, 0 where
// none can begin. Fewer bytes than tell it claim one more than there are.
func length(b []byte) int {
	if len(b) < 4 {
		return len(b) + 1
	}
	n := int(b[2]) | int(b[3])<<8
	if n < shortest || n > longest {
		return 0
	}
	return n
}

// parse reads a packet that is exactly b. It refuses one whose check is wrong
// or whose parts do not fit into it.
func parse(b []byte) (p packet, ok bool) {
	p = packet{address: b[1], sequence: b[4] & sequenceBits, crc: b[4]&withCRC != 0}
	end := len(b) - 1
	if p.crc {
		end--
	}
	if end <= headBytes || !bytes.Equal(appendCheck(bytes.Clone(b[:end])), b) {
		return packet{}, false
	}
	rest := b[headBytes:end]
	if b[4]&withBlock != 0 {
		n := int(rest[0])
		if n < 2 || n >= len(rest) {
			return packet{}, false
		}
		p.block, rest = rest[:n], rest[n:]
	}
	if p.kind() >= signedQuestion {
		if len(rest) <= macBytes {
			return packet{}, false
		}
		cut := len(rest) - macBytes
		p.mac, p.signed = rest[cut:], b[:end-macBytes]
		rest = rest[:cut]
	}
	p.id, p.payload = rest[0], rest[1:]
	return p, true
}

// compose writes a packet with its mark. says is the security block if there is
// one, the command and what follows it; sign makes the MAC, nil for none.
func compose(address, control byte, says []byte, sign func(b []byte) []byte) []byte {
	n := headBytes + len(says) + 1
	if control&withCRC != 0 {
		n++
	}
	if sign != nil {
		n += macBytes
	}
	b := append([]byte{start, address, byte(n), byte(n >> 8), control}, says...)
	if sign != nil {
		b = append(b, sign(b)...)
	}
	return append([]byte{mark}, appendCheck(b)...)
}

// Overheard says whether heard holds a whole question of a control panel, to
// whatever reader: another master on the line. Only the commands that we have
// ourselves count. A panel that asks nothing of the kind does not exist, and
// what is overheard is shown to people: a KEYSET holds the site's key. What
// stands within an answer, as the number of a card, is no question.
func Overheard(heard []byte) bool {
	for {
		at := bytes.IndexByte(heard, start)
		if at < 0 {
			return false
		}
		heard = heard[at:]
		skip := 1
		if n := length(heard); n > 0 && n <= len(heard) {
			p, ok := parse(heard[:n])
			switch {
			case ok && p.address < fromReader && isCommand(p.id):
				return true
			case ok && p.address >= fromReader:
				skip = n
			}
		}
		heard = heard[skip:]
	}
}
