package survey

import (
	"bytes"

	"sitepost/devices/instrument"
	"sitepost/devices/line"
	"sitepost/devices/modbus"
)

// A sense counts one kind of message in what was heard.
type sense struct {
	what    string
	factory line.Settings // of a profile
	count   func(heard []line.Chunk) tally
}

// A tally is what a sense has counted.
type tally struct {
	frames  int
	bytes   int // of these frames
	refused int // frames whose check or end was wrong
}

// senses returns all that a search can recognise by counting.
func senses(search Search) []sense {
	all := []sense{{what: modbusRTU, count: countModbus}}
	for _, p := range search.Profiles {
		if frame, err := p.Speak(nil, 1); err == nil { // one that answers in registers is Modbus
			all = append(all, sense{p.Name, p.Settings, func(heard []line.Chunk) tally { return countProfile(p, len(frame), heard) }})
		}
	}
	for _, o := range search.Others {
		all = append(all, sense{what: o.Name, count: func(heard []line.Chunk) tally { return countOther(o, heard) }})
	}
	return all
}

// countProfile counts the frames of a profile, and where it is one that is asked
// also the questions of another master.
func countProfile(p *instrument.Profile, typical int, heard []line.Chunk) tally {
	t := countFrames(p, typical, heard)
	if p.Speaks() {
		return t
	}
	asked := countOther(Other{p.Name, p.Overheard}, heard)
	return tally{t.frames + asked.frames, t.bytes + asked.bytes, t.refused}
}

// countFrames counts the frames of a profile, of address 1 where it has one. A
// reader is asked only once: then it says all that a frame holds, and not only
// what is new. typical is the length of a frame.
func countFrames(p *instrument.Profile, typical int, heard []line.Chunk) tally {
	var t tally
	reader := instrument.NewReader(p, 1)
	said := func(n int) {
		if n > 0 {
			t.frames++
			t.refused += int(reader.Refused())
			reader = instrument.NewReader(p, 1)
		}
	}
	for _, c := range heard {
		said(len(reader.Tick(c.At.Add(-p.Settings.Wire(len(c.Bytes)))))) // a pause may end a frame
		for i := range c.Bytes {
			said(len(reader.Feed(c.At, c.Bytes[i:i+1])))
		}
	}
	said(len(reader.End()))
	t.refused += int(reader.Refused())
	t.bytes = t.frames * typical
	return t
}

// countModbus counts questions of a master, and answers that fit them.
func countModbus(heard []line.Chunk) tally {
	const question = 8 // bytes of all that are asked often
	var t tally
	all := joined(heard)
	for i := range max(0, len(all)-question+1) {
		if modbus.Overheard(all[i : i+question]) {
			t.frames++
			t.bytes += question
		}
	}
	for _, x := range new(modbus.Listener).Feed(all) {
		t.frames++
		if x.Exception == nil {
			t.bytes += x.AnswerBytes()
		} else {
			t.bytes += 5
		}
	}
	return t
}

// countOther counts what something else recognises, at most one message per
// chunk. How long a message is, nobody says: what led to it is taken for it.
func countOther(o Other, heard []line.Chunk) tally {
	const window = 512
	var t tally
	var recent []byte
	for _, c := range heard {
		recent = append(recent, c.Bytes...)
		if len(recent) > window {
			recent = bytes.Clone(recent[len(recent)-window:])
		}
		if o.Overheard(recent) {
			t.frames++
			t.bytes += len(recent)
			recent = nil
		}
	}
	return t
}

func joined(heard []line.Chunk) []byte {
	var all []byte
	for _, c := range heard {
		all = append(all, c.Bytes...)
	}
	return all
}
