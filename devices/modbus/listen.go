package modbus

import (
	"bytes"
	"errors"
)

// An Exchange is a question of another master with its answer: Values as
// Decode returns them, or the Exception.
type Exchange struct {
	Block
	Values    []uint16
	Exception *Exception
}

// maxStray is how many bytes of noise may stand between a question and its
// answer. A question that was not understood is longer.
const maxStray = 3

// A Listener reads what another master asks, and what it is answered. The zero
// value has heard nothing yet. It is used by one goroutine.
//
//	│▓▓▓│ │▓▓▓▓▓│  │▓▓▓│         │▓▓▓│ │▓▓▓▓▓│  │▓▓▓│ │▓▓▓▓▓│
//	──┴─────┴────────┴─────────────┴─────┴────────┴─────┴────
//	  A     A's      A   nothing   B   A's or B's? B     B's
//
// An answer does not say which registers it holds. So only the first one behind
// a question is taken, and only if the noise between them is too short to have
// been another question. Behind a question that was not answered, an answer of
// the same unit that would fit that one too may be a late one, and is dropped,
// whoever else was asked between them. On a bus where
// every answer comes one question late, it hears what the bus's own master
// hears.
type Listener struct {
	heard []byte // of a message that is not whole yet
	asked Block  // and not answered yet; the zero Block for nothing
	stray int    // bytes of noise since asked

	missed  [maxUnit + 1]Block // what the unit was asked last and did not answer
	twofold [maxUnit + 1]bool  // the unit has answered a question that looks like an answer
}

// Forget drops a question without its answer, and what was half heard:
// something is missing behind it.
func (l *Listener) Forget() { *l = Listener{twofold: l.twofold} }

// Feed takes what was heard and returns the exchanges that have become whole.
// Where the pieces are cut makes no difference.
func (l *Listener) Feed(heard []byte) []Exchange {
	var exchanges []Exchange
	rest := append(l.heard, heard...)
	for len(rest) >= exceptionBytes {
		n, x := l.step(rest)
		if n == 0 {
			break
		}
		if x != nil {
			exchanges = append(exchanges, *x)
		}
		rest = rest[n:]
	}
	l.heard = bytes.Clone(rest)
	return exchanges
}

// step takes a message or one byte of noise off the front of p, and returns its
// length and the exchange that it ends. The length is 0 while it is not known.
//
// What begins like a question and like an answer is looked at as the shorter
// one first: so it would be if the bytes came one by one.
func (l *Listener) step(p []byte) (int, *Exchange) {
	answer, question := l.answerBytes(p), questionBytes(p)
	for _, n := range []int{min(answer, question), max(answer, question)} {
		switch {
		case n == 0:
		case len(p) < n:
			return 0, nil
		case n == answer && l.answers(p[:n]):
			return n, l.exchange(p[:n])
		case n == question && checked(p[:n]):
			l.ask(parse(p))
			return n, nil
		}
	}
	l.noise()
	return 1, nil
}

// answerBytes returns how long the answer to the question is that p begins
// with, 0 if it begins with none.
func (l *Listener) answerBytes(p []byte) int {
	function, reads := l.asked.Function.wire()
	switch {
	case !reads || p[0] != l.asked.Unit:
		return 0
	case p[1] == function|exceptionFlag:
		return exceptionBytes
	case p[1] == function && int(p[2]) == l.asked.valueBytes():
		return l.asked.AnswerBytes()
	}
	return 0
}

// answers says whether p answers the question. A question for bits from 768 on,
// put to a unit that did not answer the one before, may have the shape of the
// answer. Where such questions are asked, what may be either is a question.
// One is not told apart: that of a unit that never gave one of them an answer
// that can be nothing else.
func (l *Listener) answers(p []byte) bool {
	if l.asked.frame(p) != len(p) {
		return false
	}
	return questionBytes(p) != len(p) || !l.asked.twofold() && !l.twofold[l.asked.Unit]
}

// exchange ends the question with its answer, nil if that may be a late one.
func (l *Listener) exchange(answer []byte) *Exchange {
	asked, missed := l.asked, l.missed[l.asked.Unit]
	l.twofold[asked.Unit] = l.twofold[asked.Unit] || asked.twofold()
	l.asked, l.missed[asked.Unit] = Block{}, Block{}
	if missed != asked && missed.frame(answer) > 0 {
		return nil
	}
	values, err := asked.Decode(answer)
	exception, _ := errors.AsType[*Exception](err)
	return &Exchange{Block: asked, Values: values, Exception: exception}
}

// ask begins with the next question. The answer to one that writes, or that
// nobody may answer, is noise.
func (l *Listener) ask(b Block) {
	l.miss()
	l.stray = 0
	if _, reads := b.Function.wire(); reads {
		l.asked = b
	}
}

// noise passes over a byte. Too much of it may have been the next question.
func (l *Listener) noise() {
	l.stray++
	if l.stray > maxStray {
		l.miss()
	}
}

// miss gives up waiting for an answer.
func (l *Listener) miss() {
	if l.asked != (Block{}) {
		l.asked, l.missed[l.asked.Unit] = Block{}, l.asked
	}
}
