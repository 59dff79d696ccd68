package instrument

import (
	"crypto/sha256"
	"regexp"
	"slices"

	"sitepost/devices"
)

// What a profile may hold at most; the largest we ship has 7 reads.
const (
	maxReads   = 256
	maxReports = 64
	maxAsks    = 32
	maxTries   = 1024
)

// nameShape is what may be the name of a profile, and so of its file. It never
// leads out of a folder.
var nameShape = regexp.MustCompile(`^[\pL\pN][\pL\pN._-]{0,63}$`)

// nameRule is nameShape for a person.
const nameRule = "a name has 1 to 64 letters, digits, -, _ and ., and begins with a letter or digit"

// Parse reads a profile from its file NAME.toml and checks all of it. The error
// is [*Mistakes], with every mistake. The profile counts as the site's own.
func Parse(name string, text []byte) (*Profile, error) {
	mistakes := &Mistakes{File: name + ".toml"}
	t := openDocument(text, mistakes)
	if t == nil {
		return nil, mistakes
	}
	p := &Profile{Name: name, SiteOwn: true, Hash: sha256.Sum256(text), file: mistakes.File, reads: map[string]*read{}}
	p.parseHead(t)
	asks := p.parseAsks(t)
	p.parseBlocks(t)
	p.parseFraming(t, asks)
	p.parseReads(t)
	p.parseReports(t)
	p.parseInputs(t)
	p.parseChannels(t)
	p.parseTries(t)
	t.end()
	if err := mistakes.err(); err != nil {
		return nil, err
	}
	return p, nil
}

// parseHead reads what stands above the tables.
func (p *Profile) parseHead(t *table) {
	name := t.required("profile", "write the name of the file without .toml")
	switch {
	case name == "":
	case !nameShape.MatchString(name):
		t.wrong("profile", "profile %q: %s", name, nameRule)
	case name != p.Name:
		t.wrong("profile", "profile %q stands in a file named %q: give both the same name", name, p.Name)
	}
	p.Title = t.text("title")
	p.Source = t.text("source")
	p.SetOnDevice = t.texts("set_on_device")

	t.needs("kind", "what it is: "+oneOf(kinds()))
	p.Kind = devices.Kind(t.word("kind", kinds()...))
	t.needs("trust", "documented, observed or guessed")
	p.Trust = Trust(t.word("trust", string(Documented), string(Observed), string(Guessed)))
	p.encoding = &encoding{"ascii"}
	if name := t.word("encoding", encodings...); name != "" {
		p.encoding = &encoding{name}
	}
	if s := t.required("settings", "write the factory setting of the line, as in \"9600 8N1\""); s != "" {
		if err := p.Settings.UnmarshalText([]byte(s)); err != nil {
			t.wrong("settings", "%v", err)
		}
	}
	t.needs("silence", "the longest healthy silence, as in \"3s\", or \"never\" if it may be silent for ever")
	if t.asked["silence"] = true; t.keys["silence"] != "never" {
		p.Silence = t.duration("silence", 0)
	}
}

func kinds() []string {
	var words []string
	for _, k := range devices.InstrumentKinds() {
		words = append(words, string(k))
	}
	return words
}

// parseInputs reads the contacts. It comes after the reads.
func (p *Profile) parseInputs(t *table) {
	p.Inputs = t.texts("inputs")
	for i, name := range p.Inputs {
		r := p.reads[name]
		switch {
		case r == nil:
			t.wrong("inputs", "input %q is not in [read]: say there where its bit stands", name)
		case r.textual():
			t.wrong("inputs", "input %q is a text: a contact is a number, 0 is open", name)
		case slices.Contains(p.Inputs[:i], name):
			t.wrong("inputs", "input %q stands twice", name)
		}
	}
	if len(p.Inputs) == 0 && !t.has("report") {
		t.wrong("", "the profile says nothing: write a [[report]], or inputs = [...] for contacts")
	}
}
