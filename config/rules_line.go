package config

import (
	"bytes"
	"fmt"
	"strings"

	"sitepost/devices"
)

// Rules of lines and of who shares them.

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
	if l.Port.V.modbus {
		r.checkModbusTCP(l, on)
	} else {
		r.checkSettings(l, on)
		r.checkProtocols(l, on)
	}
	r.checkAddresses(l, on)
	if l.Use.V != Listen {
		r.checkRound(l, on)
	}
}

// checkModbusTCP: it is spoken between us and one device or gateway, so that
// what a shared pair of wires needs has no meaning there.
func (r *rules) checkModbusTCP(l *wLine, on []*wDevice) {
	if l.Settings.written() {
		r.add(Meaning, l.Settings.key, "settings are those of a serial line, and Modbus TCP has none: take them out (those behind a gateway are set on the gateway)")
	}
	if l.Preamble.OK && len(l.Preamble.V.bytes) > 0 {
		r.add(Meaning, l.Preamble.key, "preamble is what a serial server mixes in, and Modbus TCP has its own frames: take it out")
	}
	if l.Use.V == Listen {
		r.add(Meaning, l.Use.at, "nobody else is heard on a connection of our own: take use out, or write the port of the serial line where the other master asks")
	}
	if l.Mixed.V {
		r.add(Meaning, l.Mixed.key, "only Modbus is spoken over Modbus TCP: take mixed out")
	}
	for _, d := range on {
		if p := r.spoken(d); p != "" && p != modbusSpoken {
			r.add(Meaning, d.Line.at, "%s speaks %s, and only Modbus is spoken over %s: give it a line of its own, or write \"tcp://address:port\" if this is a serial server in raw mode", d.who(), p, l.who())
		}
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
		r.add(Note, l.Settings.at, "profile %q expects %s: the settings here win, make sure the device has them", d.Profile.V, facts.Settings)
	}
	if !l.Settings.written() && r.settings(l).Baud == 0 && !r.triedModbusTCP(l) {
		r.add(Meaning, l.head, "%s has no settings: write settings = \"9600 8N1\", as on the label of its devices", l.who())
	}
}

// triedModbusTCP says whether a port that cannot be read shall be one that
// needs no settings.
func (r *rules) triedModbusTCP(l *wLine) bool {
	at := l.Port.at
	return !l.Port.OK && bytes.Contains(r.src.text[at.off:at.off+at.len], []byte("modbus"))
}

// settings returns those of a line: its own, or those on which all profiles on
// it agree. Zero: nobody knows.
func (r *rules) settings(l *wLine) Settings {
	if l.Settings.written() || l.Port.V.modbus {
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

// modbusSpoken is what spoken says of Modbus.
const modbusSpoken = "Modbus"

// spoken names what an instrument speaks, "" if unknown.
func (r *rules) spoken(d *wDevice) string {
	facts := r.known(d)
	switch {
	case d.Protocol.OK:
		return "OSDP"
	case facts == nil:
		return ""
	case facts.Modbus:
		return modbusSpoken
	}
	return fmt.Sprintf("the protocol of %q", d.Profile.V)
}

// checkLines holds that no port is used by two lines.
func (r *rules) checkLines() {
	ports := map[string]*wLine{}
	for i := range r.w.Lines {
		l := &r.w.Lines[i]
		if !l.Port.OK {
			continue
		}
		if first, twice := ports[l.Port.V.wire()]; twice {
			line, _ := r.src.position(first.Port.at.off)
			r.add(Meaning, l.Port.at, "%s has this port already, in line %d: a port is one line", first.who(), line)
			continue
		}
		ports[l.Port.V.wire()] = l
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
