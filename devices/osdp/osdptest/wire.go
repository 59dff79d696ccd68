package osdptest

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
)

// check appends a CRC, or a checksum where the control byte has no bit 2.
func check(b []byte) []byte {
	if b[4]&0x04 == 0 {
		sum := 0
		for _, x := range b {
			sum += int(x)
		}
		return append(b, byte(0x100-sum&0xFF))
	}
	crc := uint32(0x1D0F)
	for _, x := range b {
		for bit := byte(0x80); bit != 0; bit >>= 1 {
			one := crc>>15&1 == 1
			if x&bit != 0 {
				one = !one
			}
			crc = crc << 1 & 0xFFFF
			if one {
				crc ^= 0x1021
			}
		}
	}
	return append(b, byte(crc), byte(crc>>8))
}

// Packet returns a whole packet as it is on the wire: with a good check, and
// no MAC. says is what stands between the control byte and the check.
func Packet(address, control byte, says ...byte) []byte {
	n := 5 + len(says) + 1 + int(control>>2&1)
	return check(append([]byte{0x53, address, byte(n), byte(n >> 8), control}, says...))
}

// A question is a packet to a reader, taken apart.
type question struct {
	whole   []byte
	control byte
	block   []byte // nil: none
	id      byte
	payload []byte
}

func (q *question) sequence() byte { return q.control & 3 }

// next finds the first whole question to an address, and where it ends.
func next(heard []byte, address byte) (q question, end int) {
	for i := range heard {
		b := heard[i:]
		if len(b) < 7 || b[0] != 0x53 || b[1] != address {
			continue
		}
		n := int(b[2]) | int(b[3])<<8
		tail := 1 + int(b[4]>>2&1)
		if n < 6+tail || n > len(b) || !bytes.Equal(check(bytes.Clone(b[:n-tail])), b[:n]) {
			continue
		}
		q = question{whole: bytes.Clone(b[:n-tail]), control: b[4]}
		rest := q.whole[5:]
		if q.control&0x08 != 0 {
			if rest[0] < 2 || int(rest[0]) >= len(rest) {
				continue
			}
			q.block, rest = rest[:rest[0]], rest[rest[0]:]
		}
		q.id, q.payload = rest[0], rest[1:]
		return q, i + n
	}
	return question{}, 0
}

// A channel is the reader's end of a Secure Channel.
type channel struct {
	enc, mac1, mac2 []byte
	last            []byte // MAC of the last message, of either side
}

// ecb encrypts one block.
func ecb(key, block []byte) []byte {
	c, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // a reader has 16 bytes of key
	}
	out := make([]byte, 16)
	c.Encrypt(out, block)
	return out
}

// newChannel derives the keys of a session from the panel's random number.
func newChannel(key, rndA []byte) *channel {
	derive := func(first, second byte) []byte {
		return ecb(key, append(append([]byte{first, second}, rndA[:6]...), make([]byte, 8)...))
	}
	return &channel{enc: derive(0x01, 0x82), mac1: derive(0x01, 0x01), mac2: derive(0x01, 0x02)}
}

// filled appends 80 and zeros up to whole blocks.
func filled(b []byte) []byte {
	b = append(bytes.Clone(b), 0x80)
	for len(b)%16 != 0 {
		b = append(b, 0)
	}
	return b
}

// sign goes on with the chain of MACs.
func (c *channel) sign(message []byte) []byte {
	if len(message)%16 != 0 {
		message = filled(message)
	}
	mac := c.last
	for i := 0; i < len(message); i += 16 {
		block := make([]byte, 16)
		for j := range block {
			block[j] = mac[j] ^ message[i+j]
		}
		key := c.mac1
		if i+16 == len(message) {
			key = c.mac2
		}
		mac = ecb(key, block)
	}
	return mac
}

// crypt encrypts or decrypts with the complement of the last MAC.
func (c *channel) crypt(b []byte, make func(cipher.Block, []byte) cipher.BlockMode) []byte {
	iv := bytes.Clone(c.last)
	for i := range iv {
		iv[i] ^= 0xFF
	}
	block, err := aes.NewCipher(c.enc)
	if err != nil {
		panic(err) // it is 16 bytes
	}
	b = bytes.Clone(b)
	make(block, iv).CryptBlocks(b, b)
	return b
}

// open checks the MAC of a question and decrypts it.
func (c *channel) open(q *question) bool {
	if len(q.block) != 2 || len(q.payload) < 4 {
		return false
	}
	cut := len(q.payload) - 4
	mac := c.sign(q.whole[:len(q.whole)-4])
	if !bytes.Equal(mac[:4], q.payload[cut:]) {
		return false
	}
	q.payload = q.payload[:cut]
	if q.block[1] == 0x17 {
		if cut%16 != 0 {
			return false
		}
		q.payload = c.crypt(q.payload, cipher.NewCBCDecrypter)
		q.payload = q.payload[:max(0, bytes.LastIndexByte(q.payload, 0x80))]
	}
	c.last = mac
	return true
}

// seal makes the whole packet of an answer.
func (c *channel) seal(address, control, id byte, payload []byte) []byte {
	says := []byte{2, 0x16, id}
	if len(payload) > 0 {
		says = append([]byte{2, 0x18, id}, c.crypt(filled(payload), cipher.NewCBCEncrypter)...)
	}
	return c.send(address, control, says)
}

// send signs the whole packet of an answer.
func (c *channel) send(address, control byte, says []byte) []byte {
	n := 5 + len(says) + 4 + 1 + int(control>>2&1)
	b := append([]byte{0x53, address, byte(n), byte(n >> 8), control | 0x08}, says...)
	c.last = c.sign(b)
	return check(append(b, c.last[:4]...))
}
