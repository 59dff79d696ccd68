package instrument

import (
	"maps"
	"slices"
	"time"

	"sitepost/devices"
	"sitepost/devices/line"
	"sitepost/devices/modbus"
)

// Trust says how we know what a profile says.
type Trust string

const (
	Documented Trust = "documented" // a manual says it
	Observed   Trust = "observed"   // seen on the wire, or in code that talks to the device
	Guessed    Trust = "guessed"    // never runs unless the site says accept_guessed
)

// A Profile is one kind of instrument, as meant: [Parse] and [Load] have
// checked everything. It does not change and may be shared.
type Profile struct {
	Name, Title string
	Source      string // manual, edition, page; or what was captured where
	Kind        devices.Kind
	Trust       Trust
	Settings    line.Settings // factory setting; the site's line wins
	Silence     time.Duration // longest healthy silence; 0 = it may be silent for ever
	SetOnDevice []string      // what a technician sets on the device
	Inputs      []string      // contacts, named as printed beside the screw
	SiteOwn     bool          // not one of ours: its questions need the site's may_send
	Channels    int           // of a controller with the same map per channel; 0: it has none. See Channel
	Span        bool          // its loop wants the site's span
	Hash        [32]byte      // SHA-256 of its file: another one is another profile

	stride  int // registers from one channel to the next
	asks    []ask
	blocks  []block
	framing *framing // nil for Modbus
	reads   map[string]*read
	reports []*report
	tries   []try

	encoding *encoding
	file     string // for mistakes
}

// An ask is a framed question.
type ask struct {
	send          pattern
	every, within time.Duration
}

// A block is a Modbus question. Its registers are numbered from first on, as
// the profile numbers them.
type block struct {
	modbus.Block // Unit 0; the address is put in when asked
	first        int
	every        time.Duration
	within       time.Duration
}

// holds says whether count registers from one on are in the block.
func (b *block) holds(register, count int) bool {
	return register >= b.first && register+count <= b.first+int(b.Count)
}

// A try is one of the file's own proofs.
type try struct {
	bytes     []byte
	registers []run // nil: bytes
	fresh     bool
	after     time.Duration
	gives     []string
	line      int // in its file
}

// A run is registers in a row.
type run struct {
	first  int
	values []uint16
}

// An Ask is one question of a profile, for the load of a line and for the
// site's may_send.
type Ask struct {
	Bytes         []byte // with address 1
	AnswerBytes   int    // 0: not known
	Every, Within time.Duration
	Modbus        bool
}

// Asks returns the questions of a profile in the order in which they are
// asked; none for an instrument that speaks by itself.
func (p *Profile) Asks() []Ask {
	var asks []Ask
	for _, a := range p.asks {
		asks = append(asks, Ask{Bytes: a.send.fill(1), AnswerBytes: p.answerBytes(), Every: a.every, Within: a.within})
	}
	for _, b := range p.blocks {
		b.Unit = 1
		asks = append(asks, Ask{Bytes: b.Question(b.within).Send, AnswerBytes: b.AnswerBytes(), Every: b.every, Within: b.within, Modbus: true})
	}
	return asks
}

// answerBytes returns the length of a frame: the fixed one, else that of the
// longest try.
func (p *Profile) answerBytes() int {
	if p.framing.length != nil && p.framing.length.bytes > 0 {
		return p.framing.length.bytes
	}
	longest := 0
	for _, t := range p.tries {
		longest = max(longest, len(t.bytes))
	}
	return longest
}

// Speaks says whether the instrument speaks by itself.
func (p *Profile) Speaks() bool { return len(p.asks) == 0 && len(p.blocks) == 0 }

// Codes returns what an instrument with this profile may say, sorted, each
// once. What is wired to its inputs comes on top.
func (p *Profile) Codes() []devices.Code {
	var codes []devices.Code
	for _, r := range p.reports {
		codes = append(codes, r.code)
	}
	if p.faults() {
		codes = append(codes, devices.DeviceFault)
	}
	if len(p.modes()) > 0 {
		codes = append(codes, devices.DeviceMode)
	}
	if len(p.Inputs) > 0 {
		codes = append(codes, devices.ContactInput)
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// Points returns the points of a profile's reports, sorted, each once: what a
// site's forward may name.
func (p *Profile) Points() []string {
	var points []string
	for _, r := range p.reports {
		if r.point != "" {
			points = append(points, r.point)
		}
	}
	slices.Sort(points)
	return slices.Compact(points)
}

// modes returns the reads that tell a mode, each once, in the order of the
// reports.
func (p *Profile) modes() []*read {
	var modes []*read
	for _, r := range p.reports {
		if r.mode != nil && !slices.Contains(modes, r.mode) {
			modes = append(modes, r.mode)
		}
	}
	return modes
}

// heartbeats returns the reads that must change, sorted by name.
func (p *Profile) heartbeats() []*read {
	var beats []*read
	for _, name := range slices.Sorted(maps.Keys(p.reads)) {
		if p.reads[name].changes > 0 {
			beats = append(beats, p.reads[name])
		}
	}
	return beats
}

// faults says whether the reader itself may raise device.fault: because a
// value cannot be true or stays although it must change, a mode is unknown, or
// a Modbus device refuses.
func (p *Profile) faults() bool {
	if len(p.blocks) > 0 || len(p.modes()) > 0 || len(p.heartbeats()) > 0 {
		return true
	}
	for _, r := range p.reports {
		if r.of.fallible() {
			return true
		}
	}
	return false
}
