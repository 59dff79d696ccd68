package virtual

import (
	"fmt"
	"maps"
	"sync"
	"time"

	"sitepost/devices/instrument"
)

// An Instrument is the device's side of one profile at one address: it answers
// the profile's questions, or speaks unasked, from values that the scenario
// sets. It is a [Speaker].
type Instrument struct {
	profile *instrument.Profile
	address int
	every   time.Duration // between two frames of one that speaks unasked; 0: only when told to

	mu      sync.Mutex // guards all below
	values  map[string]any
	answers map[string]reply // to what was heard, as long as the values stay
	spoke   time.Time
	waiting [][]byte // frames to say unasked, now
	dead    bool
	asked   int
}

// A reply is an answer, and how many bytes of what was heard it is to.
type reply struct {
	text []byte
	used int
}

// mostAnswers bounds the answers that are remembered: a profile has few
// questions, and what else is heard is of others, or noise.
const mostAnswers = 64

// NewInstrument makes an instrument that shows what its profile's first vectors
// show, with its counters at 0.
func NewInstrument(p *instrument.Profile, address int) *Instrument {
	i := &Instrument{profile: p, address: address, values: map[string]any{}, answers: map[string]reply{}}
	for _, counter := range p.Counters() {
		i.values[counter] = 0
	}
	if p.Speaks() {
		i.every = min(p.Silence/3, time.Second)
	}
	return i
}

// Set changes values, by the names of the profile's reads. A value that the
// profile cannot carry is an error, and nothing changes.
func (i *Instrument) Set(values map[string]any) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	next := maps.Clone(i.values)
	maps.Copy(next, values)
	if _, err := i.frame(next); err != nil {
		return fmt.Errorf("virtual instrument: %w", err)
	}
	i.values = next
	clear(i.answers)
	return nil
}

// Count lets a counter rise by n.
func (i *Instrument) Count(name string, n int) error {
	i.mu.Lock()
	now, _ := i.values[name].(int)
	i.mu.Unlock()
	return i.Set(map[string]any{name: now + n})
}

// Say makes an instrument that speaks by itself say one frame now: a card is
// shown.
func (i *Instrument) Say(values map[string]any) error {
	if !i.Speaks() {
		return fmt.Errorf("virtual instrument: %q speaks only when it is asked", i.profile.Name)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	frame, err := i.profile.Speak(values, i.address)
	if err != nil {
		return fmt.Errorf("virtual instrument: %w", err)
	}
	i.waiting = append(i.waiting, frame)
	return nil
}

// Dead takes the instrument's power away, or gives it back.
func (i *Instrument) Dead(yes bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.dead = yes
}

// Asked returns how many questions it has answered; a refusal is no answer.
func (i *Instrument) Asked() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.asked
}

// frame makes what the instrument would say with these values. The caller holds
// the lock.
func (i *Instrument) frame(values map[string]any) ([]byte, error) {
	if i.profile.Modbus() {
		_, err := i.profile.SpeakRegisters(values)
		return nil, err
	}
	return i.profile.Speak(values, i.address)
}

// Hear answers the first question to this instrument.
func (i *Instrument) Hear(heard []byte) (answer []byte, used int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.dead {
		return nil, 0
	}
	r, known := i.answers[string(heard)]
	if !known {
		var err error
		if r.text, r.used, err = i.profile.Answer(heard, i.address, i.values); err != nil {
			return nil, 0 // Set has refused such values
		}
		if len(i.answers) == mostAnswers {
			clear(i.answers)
		}
		i.answers[string(heard)] = r
	}
	if r.used > 0 && !(i.profile.Modbus() && refused(r.text)) {
		i.asked++
	}
	return r.text, r.used
}

// Speaks says whether the instrument speaks by itself.
func (i *Instrument) Speaks() bool { return i.profile.Speaks() }

// Unasked says a frame when it is time for one.
func (i *Instrument) Unasked(now time.Time) []byte {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.dead {
		return nil
	}
	if len(i.waiting) > 0 {
		frame := i.waiting[0]
		i.waiting = i.waiting[1:]
		return frame
	}
	if i.every == 0 || now.Sub(i.spoke) < i.every {
		return nil
	}
	i.spoke = now
	frame, err := i.frame(i.values)
	if err != nil {
		return nil // Set has refused such values
	}
	return frame
}
