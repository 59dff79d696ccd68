package osdp

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"fmt"
)

// The security blocks after the handshake: with a MAC, and with a MAC and an
// encrypted payload.
const (
	signedQuestion = 0x15 // a signed answer has 16
	sealedQuestion = 0x17
	sealedAnswer   = 0x18
)

const keyBytes = 16

// A session is one Secure Channel. Panel (A) and reader (B) each throw eight
// random bytes; the site's key makes three keys of them:
//
//	01 82  A0 A1 A2 A3 A4 A5  00 … 00   encrypted with the site's key: S-ENC
//	01 01  A0 A1 A2 A3 A4 A5  00 … 00                                  S-MAC1
//	01 02  A0 A1 A2 A3 A4 A5  00 … 00                                  S-MAC2
//
//	reader proves itself with  S-ENC(A0 … A7 B0 … B7)
//	panel proves itself with   S-ENC(B0 … B7 A0 … A7)
//	both begin with the MAC    S-MAC2(S-MAC1(the panel's proof))
//
// From then on each MAC begins with the one of the other side before it, so
// that nothing can be left out, put in or said again. What is encrypted begins
// with the complement of that same MAC. A session prints as "***".
type session struct {
	enc, mac1, mac2 cipher.Block
	theirs          [16]byte // MAC of the last answer
	ours            [16]byte // MAC of the question under way
}

// newSession derives the keys of a session.
func newSession(key []byte, a [8]byte) (*session, error) {
	site, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	derive := func(kind byte) cipher.Block {
		var b [16]byte
		b[0], b[1] = 1, kind
		copy(b[2:], a[:6])
		site.Encrypt(b[:], b[:])
		block, _ := aes.NewCipher(b[:]) // fails only for a wrong length
		return block
	}
	return &session{enc: derive(0x82), mac1: derive(1), mac2: derive(2)}, nil
}

// Format keeps keys out of whatever prints a session.
func (s *session) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("***")) }

// proof is the cryptogram of who threw the first of two random numbers.
func (s *session) proof(first, second [8]byte) [16]byte {
	var b [16]byte
	copy(b[:], first[:])
	copy(b[8:], second[:])
	s.enc.Encrypt(b[:], b[:])
	return b
}

// begin sets the first MAC, made of the panel's proof, and returns it.
func (s *session) begin(proof [16]byte) [16]byte {
	s.mac1.Encrypt(s.theirs[:], proof[:])
	s.mac2.Encrypt(s.theirs[:], s.theirs[:])
	return s.theirs
}

// mac signs a message: blocks are chained with S-MAC1, the last with S-MAC2.
func (s *session) mac(before [16]byte, message []byte) [16]byte {
	if len(message)%16 != 0 || len(message) == 0 {
		message = pad(message)
	}
	v := before
	for len(message) > 0 {
		subtle.XORBytes(v[:], v[:], message[:16])
		message = message[16:]
		if len(message) > 0 {
			s.mac1.Encrypt(v[:], v[:])
		} else {
			s.mac2.Encrypt(v[:], v[:])
		}
	}
	return v
}

// seal returns the security block, the command and what follows it as they go
// into a packet. sign makes the MAC of that packet.
func (s *session) seal(id byte, payload []byte) []byte {
	if len(payload) == 0 {
		return []byte{2, signedQuestion, id}
	}
	sealed := pad(payload)
	cipher.NewCBCEncrypter(s.enc, complement(s.theirs)).CryptBlocks(sealed, sealed)
	return append([]byte{2, sealedQuestion, id}, sealed...)
}

// sign makes the MAC of a question and keeps it for the answer.
func (s *session) sign(message []byte) []byte {
	s.ours = s.mac(s.theirs, message)
	return s.ours[:macBytes]
}

// open reads an answer and returns its own whole MAC. It changes nothing: an
// answer counts only when the question's owner has seen it.
//
// Some readers seal an answer that is empty, and goToMain/libosdp (3.2.0)
// marks its states 15, as if they were questions.
func (s *session) open(p *packet) (payload []byte, mac [16]byte, ok bool) {
	if p.mac == nil || p.kind() > sealedAnswer {
		return nil, mac, false
	}
	mac = s.mac(s.ours, p.signed)
	if subtle.ConstantTimeCompare(mac[:macBytes], p.mac) != 1 {
		return nil, mac, false
	}
	sealed := p.kind() == sealedAnswer || p.kind() == sealedQuestion
	if !sealed || len(p.payload) == 0 {
		return p.payload, mac, true
	}
	if len(p.payload)%16 != 0 {
		return nil, mac, false
	}
	payload = make([]byte, len(p.payload))
	cipher.NewCBCDecrypter(s.enc, complement(s.ours)).CryptBlocks(payload, p.payload)
	payload = bytes.TrimRight(payload, "\x00")
	if len(payload) == 0 || payload[len(payload)-1] != padding {
		return nil, mac, false
	}
	return payload[:len(payload)-1], mac, true
}

// padding ends what is padded to whole blocks; zeros follow.
const padding = 0x80

func pad(b []byte) []byte {
	padded := make([]byte, (len(b)/16+1)*16)
	copy(padded, b)
	padded[len(b)] = padding
	return padded
}

func complement(mac [16]byte) []byte {
	for i := range mac {
		mac[i] = ^mac[i]
	}
	return mac[:]
}
