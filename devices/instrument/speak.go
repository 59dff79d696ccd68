package instrument

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Speak is the simulator's half, the inverse of [Reader.Feed]: it returns frames
// of an instrument at an address that hold the values given by the names of
// their reads. What is not given is as in the profile's own tries, so that the
// bytes nobody reads are real ones. It is one frame where one holds all values,
// else as many as are needed, in the order of the tries.
//
// A value is a number in the read's unit, true or false, a word of names, or a
// text.
func (p *Profile) Speak(values map[string]any, address int) ([]byte, error) {
	if p.framing == nil {
		return nil, fmt.Errorf("profile %q speaks in registers, not in frames", p.Name)
	}
	if err := p.checkNames(values); err != nil {
		return nil, err
	}
	left := maps.Clone(values)
	var out []byte
	for i, template := range p.templates() {
		s := &sighting{frame: template, end: p.framing.end, encoding: p.encoding}
		given := p.held(s, left)
		if len(given) == 0 && (i > 0 || len(values) > 0) {
			continue
		}
		frame, err := p.fill(s, given, values, address)
		if err != nil {
			return nil, fmt.Errorf("profile %q: %w", p.Name, err)
		}
		out = append(out, frame...)
		for _, r := range given {
			delete(left, r.name)
		}
		if len(left) == 0 {
			return out, nil
		}
	}
	return nil, fmt.Errorf("profile %q has no good [[try]] that holds %s: add one", p.Name, strings.Join(slices.Sorted(maps.Keys(left)), ", "))
}

// checkNames refuses a value that no read has.
func (p *Profile) checkNames(values map[string]any) error {
	for name := range values {
		if p.reads[name] == nil {
			return fmt.Errorf("profile %q has no read %q%s", p.Name, name, didYouMean(name, slices.Sorted(maps.Keys(p.reads))))
		}
	}
	return nil
}

// templates returns the good frames of the tries.
func (p *Profile) templates() [][]byte {
	var frames [][]byte
	f := newFramer(p.framing, 1, 0)
	for _, t := range p.tries {
		for _, c := range append(f.feed(time.Time{}, t.bytes), f.close()...) {
			if !c.refused {
				frames = append(frames, bytes.Clone(c.frame))
			}
		}
	}
	return frames
}

// held returns the reads of the values that a sighting holds. Those of a match
// come last: they may change the length of the frame; those with a factor come
// behind it.
func (p *Profile) held(s *sighting, values map[string]any) []*read {
	var held []*read
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if _, ok := p.reads[name].value(s); ok {
			held = append(held, p.reads[name])
		}
	}
	slices.SortStableFunc(held, func(a, b *read) int {
		return cmp.Or(cmp.Compare(a.place, b.place), cmp.Compare(oneIf(a.by != nil), oneIf(b.by != nil)))
	})
	return held
}

// fill puts values into a frame and makes it whole again.
func (p *Profile) fill(s *sighting, given []*read, values map[string]any, address int) ([]byte, error) {
	for _, r := range given {
		if err := r.put(s, values[r.name]); err != nil {
			return nil, fmt.Errorf("%s: %w", r.name, err)
		}
	}
	f, frame := p.framing, s.frame
	if l := f.length; l != nil && l.bytes == 0 {
		bits, ok := l.field.fromFloat(float64(len(frame) - l.plus))
		if !ok {
			return nil, fmt.Errorf("a frame of %d bytes does not fit its length field", len(frame))
		}
		l.field.put(frame[l.at:l.at+l.field.width()], bits)
	}
	if at := fromEnd(f.expectAt, len(frame)); f.expect != nil {
		copy(frame[at:], f.expect.fill(address))
	}
	if f.check != nil && !f.check.put(frame) {
		return nil, fmt.Errorf("the check cannot be formed over % X", frame)
	}
	again := newFramer(f, address, 0)
	cuts := append(again.feed(time.Time{}, frame), again.close()...)
	if len(cuts) != 1 || cuts[0].refused || !bytes.Equal(cuts[0].frame, frame) {
		return nil, fmt.Errorf("the values make % X, which is not one frame", frame)
	}
	return frame, nil
}

// SpeakRegisters is the inverse of [Reader.Registers]: all registers that the
// profile asks for, by their numbers, holding the values given. What is not
// given is as in the first try, else 0.
func (p *Profile) SpeakRegisters(values map[string]any) (map[int]uint16, error) {
	if len(p.blocks) == 0 {
		return nil, fmt.Errorf("profile %q speaks in frames, not in registers", p.Name)
	}
	if err := p.checkNames(values); err != nil {
		return nil, err
	}
	registers := map[int]uint16{}
	for _, b := range p.blocks {
		block := make([]uint16, b.Count)
		p.tried(b.first, block)
		s := &sighting{runs: []run{{b.first, block}}}
		for _, r := range p.held(s, values) {
			if err := r.put(s, values[r.name]); err != nil {
				return nil, fmt.Errorf("profile %q: %s: %w", p.Name, r.name, err)
			}
		}
		for i, v := range block {
			registers[b.first+i] = v
		}
	}
	return registers, nil
}

// tried fills a block as the first try does that has something of it.
func (p *Profile) tried(first int, block []uint16) {
	for _, t := range p.tries {
		found := false
		for _, run := range t.registers {
			if at := run.first - first; at >= 0 && at < len(block) {
				found = true
				copy(block[at:], run.values)
			}
		}
		if found {
			return
		}
	}
}
