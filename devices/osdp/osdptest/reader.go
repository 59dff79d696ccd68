// Package osdptest is an OSDP reader that is not there: the other side of
// package osdp, for tests and for the virtual site.
//
// It shares no code with the panel's side, so that one mistake is not made
// twice. It behaves as a real reader does, and misbehaves when it is told to
// ([Trouble]). It answers; how long that takes on a wire is for whoever gives
// it the line.
//
// It does not know what becomes of what it says.
package osdptest

import (
	"bytes"
	"slices"
	"sync"
	"time"
)

// FactoryKey is the key that every reader has when it leaves the factory
// (SCBK-D).
const FactoryKey = "0123456789:;<=>?"

// forgets is how long a reader keeps a conversation in which nobody asks.
const forgets = 8 * time.Second

// A Make says what a reader is.
type Make struct {
	Address    byte
	Key        string // 16 bytes; "": it knows no Secure Channel
	SecureOnly bool   // it says nothing in the clear but who it is
	Checksum   bool   // it knows no CRC
	ClaimsCRC  bool   // though it does not know it
	Inputs     int    // how many it has
	NoStates   bool   // it knows ISTAT and RSTAT not at all
	OddBlock   bool   // in a Secure Channel it signs its states and does not seal them, in a block of kind 15
	Mislabels  bool   // it says the wrong thing of whether its key is the one from the factory
}

// A Trouble is how a reader misbehaves; the zero value is not at all. An nth
// is counted over all answers: 3 is each third one.
type Trouble struct {
	Busy    int           // so many questions from now on find it busy
	Refuse  int           // so many questions from now on are refused
	Reason  byte          // of a refusal; 1 is that the question came damaged
	Only    byte          // the one command that finds it busy or is refused; 0: all
	Drop    int           // nth answer gets lost on the way
	Corrupt int           // nth answer arrives with a flipped bit
	Skew    int           // nth answer bears the next sequence number
	Replay  int           // before the nth answer comes an older one, as it was
	Age     int           // how many answers older, at most 3; that one bears the same sequence number
	Late    time.Duration // answers come so much later, if the reader Speaks when it gets its line
	Plain   bool          // in a Secure Channel it answers in the clear
	Deaf    bool          // it has no power
}

// A Reader is one reader. Its methods may be called from any goroutine.
type Reader struct {
	make Make

	mu      sync.Mutex // guards all below
	trouble Trouble
	queue   [][]byte // what it has to say: answers with their payload
	inputs  []byte
	own     [2]byte // tamper, power
	heads   []byte  // state of each reader of the device

	expect   byte // sequence number of the next question
	said     []byte
	to       []byte // what said answers
	older    [][]byte
	last     time.Time
	channel  *channel
	proof    []byte // the panel's, which is waited for
	answers  int
	asked    []byte
	sessions int
	late     []lateAnswer
}

type lateAnswer struct {
	due  time.Time
	text []byte
}

// New returns a reader that has just been switched on.
func New(m Make) *Reader {
	return &Reader{make: m, inputs: make([]byte, m.Inputs), heads: []byte{0}}
}

// Show shows a card of so many bits, highest bit of the first byte first.
func (r *Reader) Show(bits int, card ...byte) {
	r.Say(0x50, append([]byte{0, 1, byte(bits), byte(bits >> 8)}, card...)...)
}

// Show26 shows a card with 26 bits and good parity.
func (r *Reader) Show26(facility byte, number uint16) {
	middle := uint32(facility)<<16 | uint32(number)
	var even, odd uint32 = 0, 1
	for i := range 12 {
		even ^= middle >> (12 + i) & 1
		odd ^= middle >> i & 1
	}
	all := (even<<25 | middle<<1 | odd) << 6
	r.Show(26, byte(all>>24), byte(all>>16), byte(all>>8), byte(all))
}

// Press presses keys.
func (r *Reader) Press(keys string) { r.Say(0x53, append([]byte{0, byte(len(keys))}, keys...)...) }

// Say makes the reader answer the next free poll with this.
func (r *Reader) Say(id byte, payload ...byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.queue = append(r.queue, append([]byte{id}, payload...))
}

// Tamper opens the housing or closes it, and Power takes the supply away or
// gives it back; a battery keeps the reader on. The reader says so by itself.
func (r *Reader) Tamper(open bool) { r.setOwn(0, open) }
func (r *Reader) Power(lost bool)  { r.setOwn(1, lost) }

func (r *Reader) setOwn(at int, yes bool) {
	r.mu.Lock()
	r.own[at] = 0
	if yes {
		r.own[at] = 1
	}
	r.mu.Unlock()
	r.Say(0x48) // say adds what it is by then
}

// Input switches an input, counted from 0, and does not say so by itself.
func (r *Reader) Input(n int, state byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inputs[n] = state
}

// Head sets the state of the reader that is wired to the device: 0 well, 1 not
// connected, 2 tampered with. The reader does not say so by itself.
func (r *Reader) Head(state byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.heads[0] = state
}

// Misbehave makes the reader misbehave in this way and no other.
func (r *Reader) Misbehave(t Trouble) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.trouble = t
}

// Replace puts another reader in its place, or gives it another key as its
// maker's tool does. What it has to say remains.
func (r *Reader) Replace(m Make) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.make, r.inputs = m, make([]byte, m.Inputs)
	r.forget()
}

// Restart takes the power away for a moment: the conversation is forgotten, and
// what was not said yet.
func (r *Reader) Restart() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget()
	r.queue = nil
}

// Asked returns the commands that were put to the reader so far, each time they
// were put.
func (r *Reader) Asked() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.asked)
}

// Sessions returns how many Secure Channels were opened.
func (r *Reader) Sessions() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sessions
}

// Waiting returns how many things the reader still has to say.
func (r *Reader) Waiting() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.queue)
}

// Speaks says whether the reader ever says anything unasked: only a late one
// does, for which Misbehave must have been called.
func (r *Reader) Speaks() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.trouble.Late > 0
}

// Unasked returns a late answer whose time has come.
func (r *Reader) Unasked(now time.Time) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.late) == 0 || r.late[0].due.After(now) {
		return nil
	}
	text := r.late[0].text
	r.late = r.late[1:]
	return text
}

// Hear answers the first question to this reader in what was heard. used is
// where it ends, 0 where there is none.
func (r *Reader) Hear(heard []byte) (answer []byte, used int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	q, used := next(heard, r.make.Address)
	if used == 0 || r.trouble.Deaf || r.make.Checksum && q.control&0x04 != 0 {
		return nil, used
	}
	r.asked = append(r.asked, q.id)
	return r.spoil(r.answer(&q)), used
}

// answer answers a question as a reader should, but for being busy and refusing.
func (r *Reader) answer(q *question) []byte {
	now := time.Now()
	if now.Sub(r.last) >= forgets {
		r.forget()
	}
	r.last = now
	switch {
	case q.sequence() == 0:
		r.forget()
	case bytes.Equal(q.whole, r.to):
		return r.said
	}
	hit := r.trouble.Only == 0 || r.trouble.Only == q.id
	if hit && r.trouble.Busy > 0 {
		r.trouble.Busy--
		return Packet(r.make.Address|0x80, q.control&0x04, 0x79)
	}
	if q.sequence() != r.expect {
		return Packet(r.make.Address|0x80, q.control&0x04|r.expect, 0x41, 4)
	}
	if hit && r.trouble.Refuse > 0 {
		r.trouble.Refuse--
		no := Packet(r.make.Address|0x80, q.control&0x07, 0x41, r.trouble.Reason)
		if r.trouble.Reason == 1 {
			return no // it does not know what it was
		}
		return r.keep(q, no)
	}
	return r.keep(q, r.respond(q))
}

// keep remembers an answer for when it is asked for again.
func (r *Reader) keep(q *question, answer []byte) []byte {
	r.expect = q.sequence()%3 + 1
	r.to, r.said = q.whole, answer
	if r.older = append(r.older, answer); len(r.older) > 4 {
		r.older = r.older[1:]
	}
	return answer
}

// forget ends the conversation.
func (r *Reader) forget() {
	r.expect, r.to, r.said, r.channel, r.proof = 0, nil, nil, nil, nil
}

// spoil does to an answer what the trouble says.
func (r *Reader) spoil(answer []byte) []byte {
	if answer == nil {
		return nil
	}
	r.answers++
	nth := func(n int) bool { return n > 0 && r.answers%n == 0 }
	answer = bytes.Clone(answer)
	if nth(r.trouble.Skew) {
		answer[4] = answer[4]&^3 | (answer[4]+1)&3
		answer = check(answer[:len(answer)-1-int(answer[4]>>2&1)])
	}
	if nth(r.trouble.Corrupt) {
		answer[r.answers/r.trouble.Corrupt%len(answer)] ^= 1 << (r.answers % 8)
	}
	if nth(r.trouble.Replay) && len(r.older) > r.trouble.Age {
		answer = append(bytes.Clone(r.older[len(r.older)-1-r.trouble.Age]), answer...)
	}
	switch {
	case nth(r.trouble.Drop):
		return nil
	case r.trouble.Late > 0:
		r.late = append(r.late, lateAnswer{time.Now().Add(r.trouble.Late), answer})
		return nil
	}
	return answer
}
