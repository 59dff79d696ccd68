package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"sitepost/devices"
)

// Rules of instruments and of what is wired to contact modules.

func (d *wDevice) who() string { return who("instrument", d.Name) }

func (r *rules) checkInstrument(d *wDevice) {
	r.checkWhere(d.who(), d.head, d.Zone, d.From, d.To)
	exists(r, d.Line, r.lines, "line")
	r.checkDisabled(d.who(), d.Disabled)
	facts := r.profile(d.Profile)
	r.checkKind(d, facts)
	r.checkGas(d, facts)
	switch {
	case d.Profile.written() && d.Protocol.written():
		r.add(Meaning, d.Protocol.key, "%s has a profile and a protocol: write profile, or protocol = \"osdp\"", d.who())
	case !d.Profile.written() && !d.Protocol.written():
		r.add(Meaning, d.head, "%s has no profile: write profile = \"…\", or protocol = \"osdp\"", d.who())
	case d.Protocol.written():
		r.checkOSDP(d)
	}
	if !d.Protocol.written() {
		r.checkOnlyOSDP(d)
	}
	if d.Forward.written() && !d.From.written() && !d.To.written() {
		r.add(Meaning, d.Forward.key, "forward says which way is from → to, and %s has neither: write from and to", d.who())
	}
	if facts != nil {
		r.checkProfile(d, facts)
	}
}

func (r *rules) checkKind(d *wDevice, facts *ProfileFacts) {
	kinds := instrumentKinds()
	if d.Kind.OK && !slices.Contains(kinds, d.Kind.V) {
		r.hint(Meaning, d.Kind.at, r.near(d.Kind.V, kinds), "there is no kind of instrument %q: write %s", d.Kind.V, strings.Join(kinds, ", "))
		return
	}
	kind := devices.Kind(d.Kind.V)
	switch {
	case !d.Kind.written() && facts == nil && !d.Protocol.written() && r.env.Profiles == nil:
		r.add(Meaning, d.head, "%s has no kind: write kind = \"…\", one of %s", d.who(), strings.Join(kinds, ", "))
	case d.Kind.OK && facts != nil && len(facts.Inputs) == 0 && facts.Kind != kind:
		r.add(Meaning, d.Kind.at, "%s is a %s, and profile %q is for a %s: correct one of them", d.who(), kind, d.Profile.V, facts.Kind)
	case d.Role.written() && d.Kind.OK && kind != devices.CardReader:
		r.add(Meaning, d.Role.key, "role is for a card_reader, and %s is a %s: take it out", d.who(), kind)
	}
}

// checkProfile holds what the profile asks of the site file.
func (r *rules) checkProfile(d *wDevice, facts *ProfileFacts) {
	if facts.Trust == "guessed" && !d.AcceptGuessed.V {
		r.add(Meaning, d.Profile.at, "profile %q is guessed, nobody has seen it work: try it with `sitepost try`, then write accept_guessed = true here", d.Profile.V)
	}
	r.checkAddress(d, facts)
	r.checkChannel(d, facts)
	if d.Forward.OK && !slices.Contains(facts.Points, d.Forward.V) {
		r.hint(Meaning, d.Forward.at, r.near(d.Forward.V, facts.Points), "profile %q has no side %q: %s", d.Profile.V, d.Forward.V, choice(facts.Points, "take forward out"))
	}
	for _, q := range facts.Questions {
		if d.Silence.OK && !d.Silence.V.never && q.Every > 0 && d.Silence.V.longest < duration(q.Every) {
			r.add(Meaning, d.Silence.at, "%s is asked every %v and would be silent in between: make silence longer", d.who(), q.Every)
			break
		}
	}
	r.checkMaySend(d, facts)
	r.checkInputs(d, facts)
}

// choice tells what may be written, or what to do if there is nothing.
func choice(words []string, none string) string {
	if len(words) == 0 {
		return none
	}
	return "write " + strings.Join(words, ", ")
}

// checkMaySend: a profile of ours was reviewed to only ask. The bytes that one
// of the site's own sends are repeated in the site file, by hand. Modbus has no
// question that could act, and on a line that only listens nobody asks.
func (r *rules) checkMaySend(d *wDevice, facts *ProfileFacts) {
	var asked, shown []string
	if facts.SiteOwn && !facts.Modbus && !r.listens(d) {
		for _, q := range facts.Questions {
			asked = append(asked, q.spelled())
			shown = append(shown, cmp.Or(q.Written, q.spelled()))
		}
	}
	var may []string
	for _, m := range d.MaySend.Items {
		if !m.OK {
			return
		}
		may = append(may, m.V.text)
		if !slices.Contains(asked, m.V.text) {
			r.add(Meaning, m.at, "may_send: profile %q does not send %q%s", d.Profile.V, m.V.text, instead(shown))
		}
	}
	for i, q := range asked {
		if !slices.Contains(may, q) {
			r.add(Meaning, d.Profile.at, "profile %q was written on this site and sends %q: make sure with the manual that this only asks, then write may_send = [%s] here", d.Profile.V, shown[i], quoted(shown))
			return
		}
	}
}

func instead(asked []string) string {
	if len(asked) == 0 {
		return ", and nothing has to be repeated here: take it out"
	}
	return ": write exactly what it sends, may_send = [" + quoted(asked) + "]"
}

func quoted(words []string) string {
	var all []string
	for _, w := range words {
		all = append(all, fmt.Sprintf("%q", w))
	}
	return strings.Join(all, ", ")
}

// listens says whether the line of an instrument is only heard.
func (r *rules) listens(d *wDevice) bool {
	l := r.lines[d.Line.V]
	return l != nil && l.Use.V == Listen
}

func (r *rules) checkInputs(d *wDevice, facts *ProfileFacts) {
	if len(facts.Inputs) == 0 && len(d.Inputs) > 0 {
		r.add(Meaning, d.Inputs[0].head, "profile %q has no terminals: inputs belong to a contact module", d.Profile.V)
		return
	}
	if len(facts.Inputs) > 0 && len(d.Inputs) == 0 && d.Kind.OK && devices.Kind(d.Kind.V) != devices.Contacts {
		r.add(Meaning, d.head, "%s is wired to no terminal of its contact module: write [[instrument.input]] below it", d.who())
	}
	for _, in := range d.Inputs {
		if t := string(in.Terminal.V); in.Terminal.OK && !slices.Contains(facts.Inputs, t) {
			r.hint(Meaning, in.Terminal.at, r.near(t, facts.Inputs), "profile %q has no terminal %q: %s", d.Profile.V, t, choice(facts.Inputs, ""))
		}
	}
}

// A screw is one terminal of one module.
type screw struct {
	line    string
	address int
	name    terminal
}

// checkWiring holds the codes of all inputs, and that no screw is used twice.
func (r *rules) checkWiring() {
	screws := map[screw]place{}
	for i := range r.w.Instruments {
		d := &r.w.Instruments[i]
		for _, in := range d.Inputs {
			r.checkContact(in)
			if !in.Terminal.OK || !d.Line.OK || !d.Address.OK {
				continue
			}
			s := screw{d.Line.V, d.Address.V, in.Terminal.V}
			first, twice := screws[s]
			if !twice {
				screws[s] = place{d.who(), in.Terminal.at}
				continue
			}
			line, _ := r.src.position(first.at.off)
			r.add(Meaning, in.Terminal.at, "terminal %s of the module at address %d is wired to %s in line %d already: correct one of them", s.name, s.address, first.what, line)
		}
	}
}

// checkContact holds that a contact can say the code.
func (r *rules) checkContact(in wInput) {
	if !in.Code.OK {
		return
	}
	code := devices.Code(in.Code.V)
	m, ok := code.Meaning()
	switch {
	case !ok:
		r.hint(Meaning, in.Code.at, r.near(in.Code.V, contactCodes()), "there is no code %q: correct it, or write \"contact.input\" for one without a meaning", code)
	case !contactCan(m):
		r.add(Meaning, in.Code.at, "a contact cannot say %q (%s): write a code of what it is wired to, or \"contact.input\"", code, m.English)
	case in.Pulse.V && m.Form == devices.Condition:
		r.add(Meaning, in.Pulse.at, "%q is raised and cleared, and a pulse clears nothing: take pulse out, or write a code that only happens", code)
	}
}

func contactCodes() []string {
	var words []string
	for _, m := range devices.Codes() {
		if contactCan(m) {
			words = append(words, string(m.Code))
		}
	}
	return words
}

// contactCan says whether on and off are enough to say a code. Readings need a
// figure, cards a number, modes a word; the rest is what the box itself finds
// out about cameras, lines, devices and itself.
func contactCan(m devices.Meaning) bool {
	room, _, _ := strings.Cut(string(m.Code), ".")
	switch {
	case m.Form == devices.Reading:
		return false
	case slices.Contains([]string{"alarm", "box", "camera", "certificate", "clock", "config", "line", "recording", "snapshot", "store", "stream", "uplink"}, room):
		return false
	}
	switch m.Code {
	case devices.AccessCard, devices.DeviceMode, devices.DeviceSilent, devices.DeviceOffline, devices.DeviceCounts, "access.id_card", "access.keypad", "gas.calibration.due":
		return false
	}
	return true
}
