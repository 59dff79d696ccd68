package config

import (
	"fmt"
	"maps"
	"slices"

	"sitepost/devices"
)

// rules are what a file must fulfil beyond its words: names that exist, things
// that fit each other. Each rule tells only what no other told already: a value
// that could not be read is passed over.
type rules struct {
	*collector
	w         *written
	env       Env
	zones     map[string]place
	lines     map[string]*wLine
	logins    map[string]place
	recorders map[string]*wRecorder
	devices   map[string]place // all names that share the topics of devices
	codes     map[string]place
	facts     map[string]*ProfileFacts // by profile; nil for one that does not exist
	names     []string                 // of all profiles
	unjudged  map[string]bool          // profiles of which was told that default limits are taken
}

// A place is where something stands for the first time, in words and as a span.
type place struct {
	what string // `camera "hall-1"`
	at   span
}

// maxDevices bounds a hostile file: so many tables of one kind are checked.
const maxDevices = 1000

func newRules(c *collector, w *written, env Env) *rules {
	r := &rules{
		collector: c, w: w, env: env,
		zones: map[string]place{}, lines: map[string]*wLine{}, logins: map[string]place{}, recorders: map[string]*wRecorder{},
		devices: map[string]place{}, codes: map[string]place{}, facts: map[string]*ProfileFacts{},
		unjudged: map[string]bool{},
	}
	if env.Profiles != nil {
		r.names = slices.Clone(env.Profiles.Names())
		slices.Sort(r.names)
	}
	return r
}

func (r *rules) check() {
	if n := max(len(r.w.Zones), len(r.w.Lines), len(r.w.Instruments), len(r.w.Logins), len(r.w.Recorders), len(r.w.Cameras), len(r.w.Uplink.Brokers)); n > maxDevices {
		r.add(Meaning, span{}, "%d tables of one kind are more than %d: this is not one site", n, maxDevices)
		return
	}
	r.gatherNames()
	r.checkSite()
	r.checkNetwork()
	r.checkUplink()
	r.needApart()
	for i := range r.w.Zones {
		r.checkZone(&r.w.Zones[i])
	}
	for i := range r.w.Instruments {
		r.checkInstrument(&r.w.Instruments[i])
	}
	r.checkWiring()
	for i := range r.w.Lines {
		r.checkLine(&r.w.Lines[i])
	}
	r.checkLines()
	for i := range r.w.Recorders {
		r.checkRecorder(&r.w.Recorders[i])
	}
	for i := range r.w.Cameras {
		r.checkCamera(&r.w.Cameras[i])
	}
	r.checkCameras()
}

// gatherNames takes in all names and codes, and tells those that stand twice.
// Instruments, cameras, recorders and lines share their topics, and so their
// names.
func (r *rules) gatherNames() {
	brokers := map[string]place{}
	for i := range r.w.Uplink.Brokers {
		r.once(brokers, "broker", r.w.Uplink.Brokers[i].Name)
	}
	for i := range r.w.Zones {
		r.once(r.zones, "zone", r.w.Zones[i].Name)
	}
	for i := range r.w.Logins {
		r.once(r.logins, "login", r.w.Logins[i].Name)
	}
	for i := range r.w.Lines {
		l := &r.w.Lines[i]
		r.device("line", l.Name)
		if _, twice := r.lines[string(l.Name.V)]; l.Name.OK && !twice {
			r.lines[string(l.Name.V)] = l
		}
	}
	for i := range r.w.Instruments {
		d := &r.w.Instruments[i]
		r.device("instrument", d.Name)
		r.code("instrument", d.Name, d.Code)
	}
	for i := range r.w.Recorders {
		d := &r.w.Recorders[i]
		r.device("recorder", d.Name)
		r.code("recorder", d.Name, d.Code)
		if _, twice := r.recorders[string(d.Name.V)]; d.Name.OK && !twice {
			r.recorders[string(d.Name.V)] = d
		}
	}
	for i := range r.w.Cameras {
		d := &r.w.Cameras[i]
		r.device("camera", d.Name)
		r.code("camera", d.Name, d.Code)
	}
	r.code("site", r.w.Site.Name, r.w.Site.Code)
}

// who names something in a message: camera "hall-1".
func who(kind string, n val[name]) string {
	if n.V == "" {
		return "this [[" + kind + "]]"
	}
	return fmt.Sprintf("%s %q", kind, n.V)
}

// once takes in a name of a kind.
func (r *rules) once(seen map[string]place, kind string, n val[name]) {
	if !n.OK {
		return
	}
	if first, twice := seen[string(n.V)]; twice {
		line, _ := r.src.position(first.at.off)
		r.add(Meaning, n.at, "the name %q is taken by %s in line %d: give this %s another name", n.V, first.what, line, kind)
		return
	}
	seen[string(n.V)] = place{fmt.Sprintf("the %s", kind), n.at}
}

// device takes in the name of something that has topics of its own.
func (r *rules) device(kind string, n val[name]) {
	if n.OK && n.V == "box" {
		r.add(Meaning, n.at, "the name \"box\" is taken by this machine itself: give this %s another name", kind)
		return
	}
	r.once(r.devices, kind, n)
}

// code takes in a code of the city, which belongs to one thing only.
func (r *rules) code(kind string, n val[name], code val[gbCode]) {
	if !code.OK {
		return
	}
	if first, twice := r.codes[string(code.V)]; twice {
		line, _ := r.src.position(first.at.off)
		r.add(Meaning, code.at, "the code %s is that of %s in line %d: copy each as the city gave it", code.V, first.what, line)
		return
	}
	r.codes[string(code.V)] = place{who(kind, n), code.at}
}

// exists tells a name that does not exist. what is "zone".
func exists[V any](r *rules, ref val[string], all map[string]V, what string) bool {
	if !ref.OK {
		return false
	}
	if _, ok := all[ref.V]; ok {
		return true
	}
	meant := ""
	if !r.full() {
		meant = r.near(ref.V, slices.Sorted(maps.Keys(all)))
	}
	r.hint(Meaning, ref.at, meant, "there is no %s %q: correct the name, or write a [[%s]] with it", what, ref.V, what)
	return false
}

// checkWhere holds that a device has a zone, or from and to, which exist.
func (r *rules) checkWhere(who string, head span, zone, from, to val[string]) {
	between := from.written() || to.written()
	switch {
	case zone.written() && between:
		r.add(Meaning, zone.key, "%s has a zone and from or to: write zone for what stands in one, from and to for what stands between two", who)
	case !zone.written() && !between:
		r.add(Meaning, head, "%s has no place: write zone = \"…\", or from and to for what stands between two zones", who)
	case between && !from.written():
		r.add(Meaning, to.key, "%s has to and no from: write both", who)
	case between && !to.written():
		r.add(Meaning, from.key, "%s has from and no to: write both", who)
	case from.OK && to.OK && from.V == to.V:
		r.add(Meaning, to.at, "%s stands between %q and itself: from and to are two zones", who, to.V)
	}
	exists(r, zone, r.zones, "zone")
	exists(r, from, r.zones, "zone")
	exists(r, to, r.zones, "zone")
}

// profile returns what a profile says, nil if it does not exist, has mistakes,
// or nobody can say. The first to name it is told.
func (r *rules) profile(ref val[string]) *ProfileFacts {
	if r.env.Profiles == nil || !ref.OK {
		return nil
	}
	if f, known := r.facts[ref.V]; known && f != nil {
		return f
	}
	var found *ProfileFacts
	if !slices.Contains(r.names, ref.V) {
		r.hint(Meaning, ref.at, r.near(ref.V, r.names), "there is no profile %q: correct the name, or write /etc/sitepost/profiles/%s.toml", ref.V, ref.V)
	} else if f, err := r.env.Profiles.Lookup(ref.V); err != nil {
		r.add(Meaning, ref.at, "profile %q has mistakes: %s: see `sitepost try`", ref.V, firstLine(err.Error()))
	} else {
		found = &f
	}
	r.facts[ref.V] = found
	return found
}

// known returns the facts of a profile without telling anybody.
func (r *rules) known(d *wDevice) *ProfileFacts { return r.facts[d.Profile.V] }

func firstLine(s string) string {
	for i, c := range s {
		if c == '\n' {
			return s[:i] + " …"
		}
	}
	return s
}

func instrumentKinds() []string {
	var words []string
	for _, k := range devices.InstrumentKinds() {
		words = append(words, string(k))
	}
	return words
}
