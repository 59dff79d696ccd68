package config

import "fmt"

// Rules of addresses, and of what may share one.

// Modbus addresses. Over TCP, 255 is the device itself; a serial line has no
// such address, and 0 is for all devices at once (MODBUS over Serial Line V1.02,
// 2.2; MODBUS Messaging on TCP/IP Implementation Guide V1.0b, 4.4.2.1).
const (
	lastUnit  = 247
	ownDevice = 255
)

// address returns that of an instrument; profiles without one are tried as 1.
func (d *wDevice) address() int { return d.Address.or(1) }

// checkAddress holds what the profile asks of an address.
func (r *rules) checkAddress(d *wDevice, facts *ProfileFacts) {
	overTCP := false
	if l := r.lines[d.Line.V]; l != nil {
		overTCP = l.Port.V.modbus
	}
	a := d.Address
	switch {
	case !a.written() && overTCP && facts.Modbus:
		r.add(Meaning, d.head, "%s has no address: write address = …, as set on the device; %d is the device at the line's address itself", d.who(), ownDevice)
	case !a.written() && (facts.Modbus || facts.Addressed):
		r.add(Meaning, d.head, "%s has no address: write address = …, as set on the device", d.who())
	case !a.OK || !facts.Modbus || a.V >= 1 && a.V <= lastUnit || overTCP && a.V == ownDevice:
	case overTCP && a.V == 0:
		r.hint(Meaning, a.at, fmt.Sprint(ownDevice), "address 0 is for all devices behind a gateway at once: write the one set on the device, or %d for the device at the line's address itself", ownDevice)
	case overTCP:
		r.add(Meaning, a.at, "Modbus TCP has addresses from 1 to %d, and %d for the device at the line's address itself: write the one set on the device", lastUnit, ownDevice)
	default:
		r.add(Meaning, a.at, "Modbus has addresses from 1 to %d: write the one set on the device", lastUnit)
	}
}

// checkChannel: a controller is one address and many detectors.
func (r *rules) checkChannel(d *wDevice, facts *ProfileFacts) {
	switch {
	case facts.Channels == 0 && d.Channel.written():
		r.add(Meaning, d.Channel.key, "profile %q has no channels: take channel out", d.Profile.V)
	case facts.Channels > 0 && !d.Channel.written():
		r.add(Meaning, d.head, "%s has no channel, and profile %q is of a controller with %d: write channel = …, as the controller counts, from 1", d.who(), d.Profile.V, facts.Channels)
	case d.Channel.OK && d.Channel.V > facts.Channels:
		r.add(Meaning, d.Channel.at, "profile %q has channels from 1 to %d: write the one the detector is wired to", d.Profile.V, facts.Channels)
	}
}

// A seat is what one instrument of a line may have for itself.
type seat struct{ address, channel int }

// checkAddresses: instruments at one address are wired to one contact module,
// or are channels of one controller, or a mistake.
func (r *rules) checkAddresses(l *wLine, on []*wDevice) {
	at, seats := map[int]*wDevice{}, map[seat]*wDevice{}
	for _, d := range on {
		if d.Address.written() && !d.Address.OK || r.env.Profiles == nil {
			continue
		}
		s := seat{d.address(), d.Channel.V}
		first, shared := at[s.address]
		if !shared {
			at[s.address], seats[s] = d, d
			continue
		}
		twin, taken := seats[s]
		switch facts := r.known(d); {
		case first.Profile.V != d.Profile.V || !d.Profile.OK:
			r.tellShared(l, d, first)
		case facts == nil || len(facts.Inputs) > 0:
		case facts.Channels == 0:
			r.tellShared(l, d, first)
		case d.Channel.OK && taken:
			line, _ := r.src.position(twin.head.off)
			r.add(Meaning, d.Channel.at, "%s is channel %d of address %d on %s, and so is %s in line %d: correct one of them", d.who(), s.channel, s.address, l.who(), twin.who(), line)
		}
		if !taken {
			seats[s] = d
		}
	}
}

// tellShared tells an address that two instruments cannot share.
func (r *rules) tellShared(l *wLine, d, first *wDevice) {
	at := d.Address.at
	if !d.Address.written() {
		at = d.head
	}
	line, _ := r.src.position(first.head.off)
	r.add(Meaning, at, "%s has address %d on %s, and so has %s in line %d: set another address on one of them (only instruments wired to one contact module, and channels of one controller, share one)", d.who(), d.address(), l.who(), first.who(), line)
}
