package instrument

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"sitepost/devices"
)

// A Verdict says whether one [[try]] gives what it should.
type Verdict struct {
	N    int      `json:"n"`    // of the try, from 1
	Line int      `json:"line"` // in the file
	Way  string   `json:"way"`  // whole, byte by byte, or behind noise
	OK   bool     `json:"ok"`
	Want []string `json:"want"`
	Got  []string `json:"got"`
}

// String prints "ok 3", or "differs 3: want […], got […]".
func (v Verdict) String() string {
	if v.OK {
		return fmt.Sprintf("ok %d", v.N)
	}
	return fmt.Sprintf("differs %d: want [%s], got [%s]", v.N, strings.Join(v.Want, ", "), strings.Join(v.Got, ", "))
}

// The ways in which tries are run.
const (
	whole      = "whole"
	byteByByte = "byte by byte"
	behind     = "behind noise"
)

// badCheck is what gives says of a refused frame.
const badCheck = "bad check"

// Prove runs a profile's own tries, one verdict each.
func (p *Profile) Prove() []Verdict {
	verdicts, _ := p.prove(whole)
	return verdicts
}

// ProveHard runs them byte by byte, and each behind 64 random bytes, the same
// every time. Modbus tries have no bytes, so there is nothing to run.
func (p *Profile) ProveHard() []Verdict {
	if p.framing == nil {
		return nil
	}
	slowly, _ := p.prove(byteByByte)
	noisily, _ := p.prove(behind)
	return append(slowly, noisily...)
}

// Unproven lists the reports that no try makes speak, and the conditions that
// none clears.
func (p *Profile) Unproven() error {
	_, said := p.prove(whole)
	m := &Mistakes{File: p.file}
	for _, r := range p.reports {
		what := ""
		switch {
		case !said[spokenLine{r.code, r.point, false}]:
			what = "no [[try]] in which it speaks: add one"
		case r.form == devices.Condition && !said[spokenLine{r.code, r.point, true}]:
			what = "no [[try]] in which it clears: add one"
		default:
			continue
		}
		text := strings.TrimSpace(fmt.Sprintf("report %s %s", r.code, r.point)) + ": " + what
		m.List = append(m.List, Mistake{r.line, r.column, text})
	}
	return m.err()
}

// A spokenLine is what a try has shown of a report.
type spokenLine struct {
	code    devices.Code
	point   string
	cleared bool
}

// A proof is one run through all tries.
type proof struct {
	profile *Profile
	way     string
	reader  *Reader
	journal *Journal
	now     time.Time
	noise   *rand.Rand
	said    map[spokenLine]bool
}

// proofTime is when tries begin; any time would do.
var proofTime = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// prove runs all tries in one way.
func (p *Profile) prove(way string) ([]Verdict, map[spokenLine]bool) {
	run := &proof{
		profile: p, way: way, reader: NewReader(p, 1), journal: &Journal{}, now: proofTime,
		noise: rand.New(rand.NewPCG(1, 2)), said: map[spokenLine]bool{},
	}
	verdicts := make([]Verdict, 0, len(p.tries))
	for i := range p.tries {
		t := &p.tries[i]
		got := run.try(t)
		verdicts = append(verdicts, Verdict{N: i + 1, Line: t.line, Way: way, OK: slices.Equal(t.gives, got), Want: t.gives, Got: got})
	}
	return verdicts, run.said
}

// try runs one try and returns what it gives.
func (run *proof) try(t *try) []string {
	if t.fresh {
		run.reader, run.journal = NewReader(run.profile, 1), &Journal{}
	}
	got := []string{}
	if run.now = run.now.Add(t.after); t.after > 0 && run.profile.Speaks() {
		got = run.write(got, run.reader.Tick(run.now))
	}
	if t.registers != nil {
		return run.write(got, run.reader.round(run.now, t.registers))
	}
	f := run.reader.framer
	hear := func(c cut, events []devices.Event) {
		if c.refused && c.at >= f.noiseTo {
			got = append(got, badCheck)
		}
		got = run.write(got, events)
	}
	if noise := run.someNoise(t.bytes); noise != nil {
		f.noiseTo = f.position + int64(len(noise))
		run.reader.each(run.now, noise, hear)
		f.pauseAfterNoise()
	}
	step := len(t.bytes)
	if run.way == byteByByte {
		step = 1
	}
	for piece := range slices.Chunk(t.bytes, max(step, 1)) {
		run.reader.each(run.now, piece, hear)
	}
	if f.byGap() {
		run.reader.read(run.now, f.close(), hear)
	}
	return got
}

// write adds what is new to what a try gave.
func (run *proof) write(got []string, events []devices.Event) []string {
	for _, e := range events {
		if line := run.journal.line(e); line != "" {
			got = append(got, line)
			run.said[spokenLine{e.Code, e.Point, e.State == devices.Cleared}] = true
		}
	}
	return got
}
