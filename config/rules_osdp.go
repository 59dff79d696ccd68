package config

import "sitepost/devices"

// Rules of card readers that speak OSDP.

func (r *rules) checkOSDP(d *wDevice) {
	if d.Kind.OK && devices.Kind(d.Kind.V) != devices.CardReader {
		r.add(Meaning, d.Kind.at, "OSDP is spoken by a card_reader, and %s is a %s: correct one of them", d.who(), d.Kind.V)
	}
	switch {
	case !d.Address.written():
		r.add(Meaning, d.head, "%s has no address: write address = …, as set on the reader", d.who())
	case d.Address.OK && d.Address.V > 126:
		r.add(Meaning, d.Address.at, "OSDP has addresses from 0 to 126: write the one set on the reader")
	}
	switch {
	case d.Install.V:
		r.add(Note, d.Install.key, "INSTALLATION: %s is let in with the default key that everybody knows, and all it says is marked as a test: take install out as soon as the reader has its own key", d.who())
	case !d.SecureKey.written():
		r.add(Note, d.head, "%s has no secure_key: card numbers go over its line in the clear", d.who())
	}
	if r.listens(d) {
		r.add(Meaning, d.Line.at, "OSDP readers speak only when they are asked, and on line %q nobody asks: write use = \"ask\" there, or leave the reader to its controller and take %s out", d.Line.V, d.who())
	}
	if d.Channel.written() {
		r.add(Meaning, d.Channel.key, "%s has no channels: take channel out", d.who())
	}
	if len(d.Inputs) > 0 {
		r.add(Meaning, d.Inputs[0].head, "%s has no terminals: inputs belong to a contact module", d.who())
	}
}

// checkOnlyOSDP tells what only OSDP readers have.
func (r *rules) checkOnlyOSDP(d *wDevice) {
	if d.SecureKey.written() {
		r.add(Meaning, d.SecureKey.key, "secure_key is for protocol = \"osdp\": take it out")
	}
	if d.Install.written() {
		r.add(Meaning, d.Install.key, "install is for protocol = \"osdp\": take it out")
	}
}
