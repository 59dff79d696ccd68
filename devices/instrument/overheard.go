package instrument

import (
	"bytes"
	"encoding/hex"
	"strings"
)

// fewestBytes is how many bytes of a question must be there, and be fixed where
// it has no check, for it to be known in what is heard: fewer stand in any noise.
const fewestBytes = 3

// Overheard says whether a whole question of this profile, to any address,
// stands anywhere in what was heard: then another master asks on the line. Of a
// question that is too short to be told from noise it never says so.
func (p *Profile) Overheard(heard []byte) bool {
	for _, q := range p.wireQuestions() {
		if !q.telling() {
			continue
		}
		for i := range heard {
			if q.begins(heard[i:]) {
				return true
			}
		}
	}
	return false
}

// wireQuestions returns the questions as patterns, Modbus ones too.
func (p *Profile) wireQuestions() []pattern {
	var questions []pattern
	for _, a := range p.asks {
		questions = append(questions, a.send)
	}
	for _, b := range p.blocks {
		b.Unit = 1
		q := b.Question(b.within).Send
		questions = append(questions, pattern{
			{word: wordAddress}, {bytes: q[1 : len(q)-2]}, {word: "crc16-modbus"},
		})
	}
	return questions
}

// telling says whether a question can be told from noise.
func (p pattern) telling() bool {
	fixed, checked := 0, false
	for _, x := range p {
		fixed += len(x.bytes)
		checked = checked || checkWidth(x.word) > 0
	}
	return len(p.fill(1)) >= fewestBytes && (checked || fixed >= fewestBytes)
}

// begins says whether heard begins with the pattern, to any address.
func (p pattern) begins(heard []byte) bool {
	n := 0
	for _, x := range p {
		w, ok := x.stands(heard[:n], heard[n:])
		if !ok {
			return false
		}
		n += w
	}
	return true
}

// stands says whether rest begins with the piece, and how long that is. A check
// is one over all bytes before it.
func (x piece) stands(before, rest []byte) (n int, ok bool) {
	switch {
	case x.word == "":
		return len(x.bytes), bytes.HasPrefix(rest, x.bytes)
	case x.word != wordAddress:
		sum := checkSum(x.word, defaultInit, before)
		if !x.hex {
			return len(sum), bytes.HasPrefix(rest, sum)
		}
		n = 2 * len(sum)
		return n, len(rest) >= n && strings.EqualFold(string(rest[:n]), hex.EncodeToString(sum))
	case x.hex:
		if len(rest) < 2 {
			return 0, false
		}
		_, err := hex.DecodeString(string(rest[:2]))
		return 2, err == nil
	}
	return 1, len(rest) > 0
}
