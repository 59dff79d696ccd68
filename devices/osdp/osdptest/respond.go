package osdptest

import (
	"bytes"
	"crypto/rand"
)

// The reasons of a refusal.
const (
	unknownCommand    = 3
	unsupportedBlock  = 5
	encryptionMissing = 6
)

// respond answers a question in turn.
func (r *Reader) respond(q *question) []byte {
	address, control := r.make.Address|0x80, q.control&0x07
	plain := func(says ...byte) []byte { return Packet(address, control, says...) }
	kind := byte(0)
	if len(q.block) > 1 {
		kind = q.block[1]
	}
	switch {
	case kind != 0 && r.make.Key == "":
		return plain(0x41, unsupportedBlock)
	case kind == 0x11 && q.id == 0x76 && len(q.payload) == 8:
		return r.challenged(q)
	case kind == 0x13 && q.id == 0x77 && len(q.payload) == 16:
		return r.proved(q)
	case kind != 0 && (r.channel == nil || !r.channel.open(q)):
		r.channel = nil
		return plain(0x41, encryptionMissing)
	case kind != 0:
		says := r.say(q)
		if r.trouble.Plain {
			return plain(says...)
		}
		if r.make.OddBlock && says[0] >= 0x48 && says[0] <= 0x4B {
			return r.channel.send(address, control, append([]byte{2, 0x15}, says...))
		}
		return r.channel.seal(address, control, says[0], says[1:])
	case r.make.SecureOnly && q.id != 0x61 && q.id != 0x62:
		return plain(0x41, encryptionMissing)
	}
	r.channel = nil
	return plain(r.say(q)...)
}

// challenged answers the panel's random number with the reader's, and its proof.
func (r *Reader) challenged(q *question) []byte {
	key := []byte(r.make.Key)
	r.channel = nil
	c := newChannel(key, q.payload)
	b := random()
	proof := ecb(c.enc, bytes.Join([][]byte{q.payload, b}, nil))
	r.proof = ecb(c.enc, bytes.Join([][]byte{b, q.payload}, nil))
	c.last = ecb(c.mac2, ecb(c.mac1, r.proof))
	r.channel = c
	says := bytes.Join([][]byte{{3, 0x12, r.which(), 0x76}, []byte("reader-1"), b, proof}, nil)
	return Packet(r.make.Address|0x80, q.control&0x0F, says...)
}

// which says with which key the reader speaks: 0 the one from the factory.
func (r *Reader) which() byte {
	if (r.make.Key == FactoryKey) != r.make.Mislabels {
		return 0
	}
	return 1
}

// proved opens the channel if the panel has the same key.
func (r *Reader) proved(q *question) []byte {
	if r.channel == nil || !bytes.Equal(r.proof, q.payload) {
		r.channel, r.proof = nil, nil
		return Packet(r.make.Address|0x80, q.control&0x07, 0x41, unsupportedBlock)
	}
	r.proof = nil
	r.sessions++
	says := append([]byte{3, 0x14, 1, 0x78}, r.channel.last...)
	return Packet(r.make.Address|0x80, q.control&0x0F, says...)
}

// say returns what the reader says to a command.
func (r *Reader) say(q *question) []byte {
	switch q.id {
	case 0x60:
		if len(r.queue) == 0 {
			return []byte{0x40}
		}
		says := r.queue[0]
		r.queue = r.queue[1:]
		if len(says) == 1 && says[0] == 0x48 {
			says = append(says, r.own[:]...)
		}
		return says
	case 0x61:
		return []byte{0x45, 0xCA, 0x44, 0x6C, 1, 2, 0x15, 0xCD, 0x5B, 0x07, 1, 4, 0}
	case 0x62:
		return r.capabilities()
	case 0x64:
		return append([]byte{0x48}, r.own[:]...)
	case 0x65:
		if len(r.inputs) > 0 && !r.make.NoStates {
			return append([]byte{0x49}, r.inputs...)
		}
	case 0x67:
		if !r.make.NoStates {
			return append([]byte{0x4B}, r.heads...)
		}
	}
	return []byte{0x41, unknownCommand}
}

func (r *Reader) capabilities() []byte {
	says := []byte{0x46}
	if n := len(r.inputs); n > 0 {
		says = append(says, 1, 1, byte(n))
	}
	if !r.make.Checksum || r.make.ClaimsCRC {
		says = append(says, 8, 1, 0)
	}
	if r.make.Key != "" {
		says = append(says, 9, 1, 1)
	}
	return append(says, 13, 1, 1)
}

// random returns eight random bytes.
func random() []byte {
	b := make([]byte, 8)
	_, _ = rand.Read(b) // never fails
	return b
}
