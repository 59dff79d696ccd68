package config

import (
	"cmp"
	"slices"
	"time"
)

// The time that the questions of a line take.

const (
	turnaround = 15 * time.Millisecond  // what a device takes to begin its answer
	fullest    = 0.8                    // how much of a line's time its questions may take
	osdpPace   = 200 * time.Millisecond // between two POLLs, and what a reader has to answer
	osdpRarest = time.Second            // a card is kept until the next POLL; whoever holds it waits no longer
)

// A Round says how full a line is. The figures are reckoned from the lengths
// of questions and answers, the baud rate and an allowance for the device to
// begin its answer; nothing is measured.
//
//	▓ A ▓▓──▓ B ▓▓──▓ C ▓▓▓▓──        ▓ A ▓▓──▓ B ▓▓──
//	├────── Round ──────────┤         │
//	├─────────── Every of A ──────────┤
type Round struct {
	Line        string
	Instruments int           // that are in use
	Round       time.Duration // to ask everybody everything once, with the pauses; 0: nobody is asked
	Load        float64       // share of the line's time that its questions take; 1 is all of it
	Slowest     time.Duration // the shortest Every of which a whole turn is lost when all are due at once; 0: none
}

// Rounds reckons every line of a site, in file order. It knows nothing without
// profiles, and returns nil then.
func Rounds(c *Config, env Env) []Round {
	if env.Profiles == nil {
		return nil
	}
	known := map[string]*ProfileFacts{}
	facts := func(name string) *ProfileFacts {
		if _, ok := known[name]; !ok && name != "" {
			known[name] = nil
			if f, err := env.Profiles.Lookup(name); err == nil {
				known[name] = &f
			}
		}
		return known[name]
	}
	var rounds []Round
	for _, l := range c.Lines {
		var on []Instrument
		for _, d := range c.Instruments {
			if d.Line == l.Name {
				on = append(on, d)
			}
		}
		rounds = append(rounds, l.turns(on, facts).round(l.Name))
	}
	return rounds
}

// A turn is one conversation on a line: the questions that are put to one
// device, one after the other.
type turn struct {
	name    string // of the first instrument it serves
	serves  int    // instruments
	costs   []cost // none: it is only heard
	silence time.Duration
	rarest  time.Duration // a pace at which nothing is lost either; 0: none
}

// A cost is what one question takes of the line.
type cost struct {
	every time.Duration
	takes time.Duration // with its answer and the pause after it
	dead  time.Duration // without one: as long again is waited for a late answer
}

// most returns the largest of something of a turn's questions.
func (t turn) most(of func(cost) time.Duration) (most time.Duration) {
	for _, c := range t.costs {
		most = max(most, of(c))
	}
	return most
}

type turns []turn

// turns returns the conversations on a line. A contact module is asked once for
// all that is wired to it; each channel of a controller is asked by itself.
func (l Line) turns(on []Instrument, facts func(profile string) *ProfileFacts) turns {
	var all turns
	modules := map[seat]int{}
	for _, d := range on {
		if d.Disabled != nil {
			continue
		}
		t := turn{name: d.Name, serves: 1, silence: d.Silence}
		f := facts(d.Profile)
		if d.Protocol == OSDP {
			f, t.rarest = d.osdp(), osdpRarest
		}
		if f != nil {
			if t.silence == 0 && !d.NeverSilent {
				t.silence = f.Silence
			}
			t.costs = l.costs(f.Questions)
		}
		if f != nil && len(f.Inputs) > 0 {
			s := seat{address: d.Address}
			if i, ok := modules[s]; ok {
				all[i].serves++
				if t.silence > 0 && (all[i].silence == 0 || t.silence < all[i].silence) {
					all[i].name, all[i].silence = t.name, t.silence
				}
				continue
			}
			modules[s] = len(all)
		}
		all = append(all, t)
	}
	return all
}

// costs returns what questions take of the line's time.
func (l Line) costs(questions []Question) []cost {
	if l.Use == Listen {
		return nil
	}
	pause := max(l.Pause, l.Settings.Wire(7)/2) // 3.5 characters
	var all []cost
	for _, q := range questions {
		if q.Every == 0 {
			continue
		}
		sent := l.Settings.Wire(len(q.Send))
		all = append(all, cost{
			every: q.Every,
			takes: sent + turnaround + l.Settings.Wire(q.AnswerBytes) + pause,
			dead:  sent + 2*q.Within + pause,
		})
	}
	return all
}

// osdp returns what is known of a reader without a profile. POLL and the
// shortest answer have 8 bytes each (start, address, length of 2, control, word,
// check of 2); in a Secure Channel a security block of 2 and a MAC of 4 come on
// top (SIA OSDP 2.2).
func (d Instrument) osdp() *ProfileFacts {
	bytes := 8
	if !d.SecureKey.IsZero() {
		bytes += 6
	}
	return &ProfileFacts{Questions: []Question{{Send: make([]byte, bytes), AnswerBytes: bytes, Every: osdpPace, Within: osdpPace}}}
}

// round sums the turns of a line up.
func (ts turns) round(line string) Round {
	sum := Round{Line: line, Slowest: ts.hurried().every}
	for _, t := range ts {
		sum.Instruments += t.serves
		sum.Load += t.load()
		for _, c := range t.costs {
			sum.Round += c.takes
		}
	}
	return sum
}

// load is the share of the line's time that the questions of a turn take.
func (t turn) load() (load float64) {
	for _, c := range t.costs {
		load += float64(c.takes) / float64(c.every)
	}
	return load
}

// dearest returns the turn that takes most of the line's time.
func (ts turns) dearest() turn {
	return slices.MaxFunc(ts, func(a, b turn) int { return cmp.Compare(a.load(), b.load()) })
}

// least is the share of the line's time that its questions need at least.
func (ts turns) least() (load float64) {
	for _, t := range ts {
		for _, c := range t.costs {
			load += float64(c.takes) / float64(max(c.every, t.rarest))
		}
	}
	return load
}

// wait is how long a question waits for its answer at most: all others are due
// just before it, each with its longest question.
func (ts turns) wait() (sum time.Duration) {
	for _, t := range ts {
		sum += t.most(func(c cost) time.Duration { return c.takes })
	}
	return sum
}

// A late is a turn that comes too late for what is promised of it.
type late struct {
	name         string // of its instrument, "" for none
	every, waits time.Duration
	silence      time.Duration
}

// hurried returns the turn with the shortest pace of which a whole turn is lost
// when all are due at once. One that only comes late is not lost: the next one
// comes in time again.
func (ts turns) hurried() (worst late) {
	wait := ts.wait()
	for _, t := range ts {
		for _, c := range t.costs {
			if wait > 2*max(c.every, t.rarest) && (worst.name == "" || c.every < worst.every) {
				worst = late{name: t.name, every: c.every, waits: wait}
			}
		}
	}
	return worst
}

// stalled returns the turn with the shortest silence that is too short while one
// other device on the line does not answer.
func (ts turns) stalled() (worst late) {
	wait := ts.wait()
	for i, t := range ts {
		if len(t.costs) == 0 || worst.name != "" && t.silence >= worst.silence {
			continue
		}
		pace := t.costs[0].every
		for _, c := range t.costs {
			pace = min(pace, c.every)
		}
		if t.silence < pace {
			continue // that is a mistake of its own
		}
		longer := time.Duration(0)
		for j, other := range ts {
			if j != i {
				longer = max(longer, other.most(func(c cost) time.Duration { return c.dead - c.takes }))
			}
		}
		if pace+wait+longer > t.silence {
			worst = late{name: t.name, every: pace, waits: wait + longer, silence: t.silence}
		}
	}
	return worst
}
