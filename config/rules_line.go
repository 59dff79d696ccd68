package config

import (
	"fmt"
	"strings"
	"time"

	"sitepost/devices"
)

// Rules of lines and of who shares them.

const (
	turnaround = 15 * time.Millisecond // what a device takes to begin its answer
	fullest    = 0.8                   // how much of a line's time its questions may take
)

func (l *wLine) who() string { return who("line", l.Name) }

func (r *rules) checkLine(l *wLine) {
	if l.Port.OK && l.Port.V.tcp != nil {
		r.inside(l.who(), l.Port.at, *l.Port.V.tcp)
	}
	if l.Port.OK && strings.HasPrefix(l.Port.V.text, "/dev/ttyUSB") {
		r.add(Note, l.Port.at, "%s changes its number when adapters are plugged in another order: write its path below /dev/serial/by-path (or by-id, if it has a serial number)", l.Port.V.text)
	}
	switch {
	case l.Preamble.OK && l.Preamble.V.places:
		r.add(Meaning, l.Preamble.at, "a preamble is bytes as they come: write it without { }")
	case l.Preamble.OK && l.Port.OK && l.Port.V.tcp == nil && len(l.Preamble.V.bytes) > 0:
		r.add(Meaning, l.Preamble.key, "preamble is what a serial server mixes in, and %s is a tty: take it out", l.who())
	}
	on := r.instrumentsOn(l)
	r.checkSettings(l, on)
	r.checkProtocols(l, on)
	r.checkAddresses(l, on)
	if l.Use.V != Listen {
		r.checkLoad(l, on)
	}
}

// instrumentsOn returns the instruments of a line, in file order.
func (r *rules) instrumentsOn(l *wLine) []*wDevice {
	var on []*wDevice
	for i := range r.w.Instruments {
		if d := &r.w.Instruments[i]; d.Line.OK && r.lines[d.Line.V] == l {
			on = append(on, d)
		}
	}
	return on
}

// checkSettings: the line of the site wins over the factory setting of the
// profile. Without it the profiles must agree.
func (r *rules) checkSettings(l *wLine, on []*wDevice) {
	told := map[string]bool{}
	for _, d := range on {
		facts := r.known(d)
		if facts == nil || !l.Settings.OK || facts.Settings == "" || facts.Settings == l.Settings.V.String() || told[d.Profile.V] {
			continue
		}
		told[d.Profile.V] = true
		r.add(Note, l.Settings.at, "profile %q leaves the factory with %s: the settings here win, make sure the device has them", d.Profile.V, facts.Settings)
	}
	if !l.Settings.written() && r.settings(l).Baud == 0 {
		r.add(Meaning, l.head, "%s has no settings: write settings = \"9600 8N1\", as on the label of its devices", l.who())
	}
}

// settings returns those of a line: its own, or those on which all profiles on
// it agree. Zero: nobody knows.
func (r *rules) settings(l *wLine) Settings {
	if l.Settings.written() {
		return l.Settings.V
	}
	var agreed Settings
	for _, d := range r.instrumentsOn(l) {
		var s Settings
		facts := r.known(d)
		if facts == nil || s.UnmarshalText([]byte(facts.Settings)) != nil || agreed.Baud != 0 && s != agreed {
			return Settings{}
		}
		agreed = s
	}
	return agreed
}

// checkProtocols: instruments that do not understand each other share a line
// only if somebody thought about it.
func (r *rules) checkProtocols(l *wLine, on []*wDevice) {
	first, spoken := (*wDevice)(nil), ""
	for _, d := range on {
		p := r.spoken(d)
		switch {
		case p == "":
		case first == nil:
			first, spoken = d, p
		case p != spoken && !l.Mixed.V:
			r.add(Meaning, d.Line.at, "%s speaks %s, and %s on the same %s speaks %s: give one a line of its own, or write mixed = true in the [[line]] if the makers allow it", d.who(), p, first.who(), l.who(), spoken)
			return
		}
	}
}

// spoken names what an instrument speaks, "" if unknown.
func (r *rules) spoken(d *wDevice) string {
	facts := r.known(d)
	switch {
	case d.Protocol.OK:
		return "OSDP"
	case facts == nil:
		return ""
	case facts.Modbus:
		return "Modbus"
	}
	return fmt.Sprintf("the protocol of %q", d.Profile.V)
}

// address returns that of an instrument; profiles without one are tried as 1.
func (d *wDevice) address() int { return d.Address.or(1) }

// checkAddresses: two instruments at one address are one contact module, or a
// mistake.
func (r *rules) checkAddresses(l *wLine, on []*wDevice) {
	seen := map[int]*wDevice{}
	for _, d := range on {
		if d.Address.written() && !d.Address.OK || r.env.Profiles == nil {
			continue
		}
		first, twice := seen[d.address()]
		if !twice {
			seen[d.address()] = d
			continue
		}
		facts := r.known(d)
		if first.Profile.V == d.Profile.V && (facts == nil || len(facts.Inputs) > 0) && d.Profile.OK {
			continue
		}
		at := d.Address.at
		if !d.Address.written() {
			at = d.head
		}
		line, _ := r.src.position(first.head.off)
		r.add(Meaning, at, "%s has address %d on %s, and so has %s in line %d: set another address on one of them (only instruments wired to one contact module share one)", d.who(), d.address(), l.who(), first.who(), line)
	}
}

// checkLoad: a line whose questions take more time than there is falls behind.
// A contact module is asked once for all that is wired to it.
func (r *rules) checkLoad(l *wLine, on []*wDevice) {
	s := r.settings(l)
	if s.Baud == 0 {
		return
	}
	load, asked := 0.0, map[int]bool{}
	for _, d := range on {
		facts := r.known(d)
		if facts == nil || d.Disabled.there || asked[d.address()] {
			continue
		}
		asked[d.address()] = true
		load += facts.load(s, time.Duration(l.Pause.or(duration(linePause))))
	}
	if load > fullest {
		r.add(Meaning, l.head, "%s is overloaded: its questions take %.0f %% of the time, and more than %.0f %% cannot be kept up: move instruments to another line, or raise its baud rate", l.who(), load*100, fullest*100)
	}
}

// load is the share of a line's time that the questions of one device take.
func (f *ProfileFacts) load(s Settings, pause time.Duration) float64 {
	sum := 0.0
	for _, q := range f.Questions {
		if q.Every > 0 {
			sum += float64(s.Wire(len(q.Send)+q.AnswerBytes)+turnaround+pause) / float64(q.Every)
		}
	}
	return sum
}

// checkLines holds that no port is used by two lines.
func (r *rules) checkLines() {
	ports := map[string]*wLine{}
	for i := range r.w.Lines {
		l := &r.w.Lines[i]
		if !l.Port.OK {
			continue
		}
		if first, twice := ports[l.Port.V.text]; twice {
			line, _ := r.src.position(first.Port.at.off)
			r.add(Meaning, l.Port.at, "%s has this port already, in line %d: a port is one line", first.who(), line)
			continue
		}
		ports[l.Port.V.text] = l
	}
}

// kind returns what an instrument is: as written, or as its profile says.
func (r *rules) kind(d *wDevice) devices.Kind {
	facts := r.known(d)
	switch {
	case d.Kind.OK:
		return devices.Kind(d.Kind.V)
	case facts != nil:
		return facts.Kind
	case d.Protocol.OK:
		return devices.CardReader
	}
	return ""
}

// hosts holds that no two devices are at the same address and port.
func (r *rules) hosts(seen map[string]place, who string, h val[host]) {
	if !h.OK {
		return
	}
	r.inside(who, h.at, h.V)
	if first, twice := seen[h.V.String()]; twice {
		line, _ := r.src.position(first.at.off)
		r.add(Meaning, h.at, "%s is at %s, and so is %s in line %d: correct one of them", who, h.V, first.what, line)
		return
	}
	seen[h.V.String()] = place{who, h.at}
}
