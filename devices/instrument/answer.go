package instrument

import (
	"bytes"
	"slices"

	"sitepost/devices/modbus"
)

// Addressed says whether the instrument has an address: its questions or its
// answers carry one.
func (p *Profile) Addressed() bool {
	if len(p.blocks) > 0 {
		return true
	}
	if p.framing.expect.addressed() {
		return true
	}
	return slices.ContainsFunc(p.asks, func(a ask) bool { return a.send.addressed() })
}

// Answer is the simulator's other half: what an instrument at an address says
// to the first question to it in what was heard. used is how many bytes that
// took, 0 where no question was.
func (p *Profile) Answer(heard []byte, address int, values map[string]any) (answer []byte, used int, err error) {
	if len(p.blocks) > 0 {
		return p.answerModbus(heard, address, values)
	}
	for _, a := range p.asks {
		question := a.send.fill(address)
		if at := bytes.Index(heard, question); at >= 0 {
			answer, err = p.Speak(values, address)
			return answer, at + len(question), err
		}
	}
	return nil, 0, nil
}

// answerModbus answers a question for registers that the profile knows;
// others are refused with exception 2, as a real slave does.
func (p *Profile) answerModbus(heard []byte, address int, values map[string]any) ([]byte, int, error) {
	registers, err := p.SpeakRegisters(values)
	if err != nil {
		return nil, 0, err
	}
	answer, rest := modbus.Serve(byte(address), func(asked modbus.Block) ([]uint16, error) {
		for _, b := range p.blocks {
			from := int(asked.Offset) - int(b.Offset)
			if b.Function != asked.Function || from < 0 || from+int(asked.Count) > int(b.Count) {
				continue
			}
			out := make([]uint16, asked.Count)
			for i := range out {
				out[i] = registers[b.first+from+i]
			}
			return out, nil
		}
		return nil, &modbus.Exception{Code: 2}
	}, heard)
	if answer == nil {
		return nil, 0, nil
	}
	return answer, len(heard) - len(rest), nil
}

// Counters lists the reads whose rise is counted, sorted.
func (p *Profile) Counters() []string {
	var counters []string
	for _, r := range p.reports {
		if r.how == "counts" {
			counters = append(counters, r.of.name)
		}
	}
	slices.Sort(counters)
	return slices.Compact(counters)
}

// Modbus says whether the instrument is asked by Modbus.
func (p *Profile) Modbus() bool { return len(p.blocks) > 0 }
