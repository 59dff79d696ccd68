// Package config reads site.toml, the one file a technician edits, and says
// everything that is wrong with it in one run.
//
// The file exists twice in this package: as written (written.go), where every
// value knows its line and column, and as meant ([Config]), where every value
// makes sense and every default is filled in. On the way from one to the other
// a file passes five steps, each of which adds to the same list:
//
//	bytes ──► source ──► lookalikes ──► tree ──► written ──► Config
//	          encoding   tabs, “＝”    TOML     unknown     names, lines,
//	          GBK, BOM   and such       syntax   keys, types zones, codes …
//
// Rules:
//   - `check` and `run` read by the same code: [Load].
//   - A mistake of syntax ends the list; all others are listed whole, in the
//     order of the file, as FILE:LINE:COLUMN: what, and what to do.
//   - Columns count characters, as editors do.
//   - A secret never stands in the file, and what stands where a secret should
//     be is never printed.
//   - What this machine lacks (a secret's file, a certificate, a port, an
//     interface) is another kind of finding than what the file says wrongly:
//     [CheckMachine].
//
// It does not know what a profile says (the caller tells it, see [Profiles]),
// and it opens no line and dials nobody.
package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"

	"sitepost/devices"
)

const (
	maxFile = 1 << 20 // the largest file that is read, in bytes
	maxLine = 8 << 10 // the longest line in it
)

// tooLarge is what is said of a larger one.
const tooLarge = "the file is larger than 1 MiB: this is not a site.toml"

// Env is what config cannot know itself.
type Env struct {
	Profiles Profiles // nil: the rules that need a profile are skipped
}

// Profiles is the shelf of instrument profiles: shipped ones and the site's own.
type Profiles interface {
	// Lookup returns what config needs to know of a profile. An error for a
	// name that Names lists means that its file has mistakes.
	Lookup(name string) (ProfileFacts, error)
	// Names lists every profile there is.
	Names() []string
}

// ProfileFacts is what config needs to know of a profile.
type ProfileFacts struct {
	Kind      devices.Kind
	Trust     string         // "documented", "observed" or "guessed"
	Settings  string         // factory setting: "9600 8N1"
	Inputs    []string       // terminals of a contact module, as printed beside the screws
	Codes     []devices.Code // what it can say
	Questions []Question     // none: it speaks by itself
	Modbus    bool           // it is asked by Modbus, which has no question that could act
	Addressed bool           // its questions or answers carry an address, which must be given
	SiteOwn   bool           // written on this site, not shipped and reviewed by us
	Points    []string       // lanes, sensors or sides it tells apart
	Channels  int            // of a controller whose map repeats for each; 0: it has none
	Span      bool           // what 4 and 20 mA mean only the site knows
	GasUnits  []string       // in which its gas readings may come; nil: not known
	Silence   time.Duration  // longest healthy silence; 0: it may be silent for ever
}

// A Question is one thing a profile asks again and again.
type Question struct {
	Send        []byte        // as sent to address 1
	Written     string        // as the profile writes it: "7E 00 {address} 10 {not8}"; "" for Modbus
	AnswerBytes int           // length of the longest usual answer
	Every       time.Duration // 0: only once
	Within      time.Duration // how long its answer is waited for; 0: not known
}

// Load reads and checks the file at path. The Config is nil if any finding but
// a [Note] was made. A file that cannot be opened is one finding of kind
// [Unopened].
func Load(path string, env Env) (*Config, Findings) {
	text, findings := open(path)
	if findings != nil {
		return nil, findings
	}
	return Parse(path, text, env)
}

// Parse is [Load] for a text that was read already; name is its file's name.
func Parse(name string, text []byte, env Env) (*Config, Findings) {
	c, list := read(name, text, env)
	return c, list.sorted()
}

// Check is everything `sitepost check` says of a file in one list: what [Load]
// finds, and what this machine lacks for as much of the file as makes sense.
func Check(path string, env Env) Findings {
	text, findings := open(path)
	if findings != nil {
		return findings
	}
	_, list := read(path, text, env)
	list.lookAround(time.Now())
	return list.sorted()
}

// CheckMachine says what this machine lacks to run c: secrets, certificates,
// ports and interfaces. It opens no port and dials nobody.
func CheckMachine(c *Config) Findings {
	if c == nil || c.file == nil {
		return nil
	}
	list := collector{src: c.file.src, needs: c.file.needs}
	list.lookAround(time.Now())
	return list.sorted()
}

// open reads a file of at most maxFile bytes (and one more, so that read
// notices a longer one).
// O_NONBLOCK keeps a named pipe from holding us up before we know what it is: read it
// may be for ever, and a daemon that reads its file again would wait that long.
func open(path string) ([]byte, Findings) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, unopened(path, err)
	}
	defer f.Close()
	switch i, err := f.Stat(); {
	case err != nil:
		return nil, unopened(path, err)
	case !i.Mode().IsRegular() && !i.IsDir(): // of a folder read says so
		return nil, unopened(path, errors.New("not an ordinary file"))
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, unopened(path, err)
	}
	return text, nil
}

// read takes a text through all five steps. The list is not yet sorted.
func read(name string, text []byte, env Env) (*Config, *collector) {
	list := &collector{src: &source{name: name}}
	if len(text) > maxFile {
		list.add(Language, span{}, tooLarge)
		return nil, list
	}
	list.src = newSource(name, text, list)
	if line := list.src.longest(); line > 0 {
		list.add(Language, span{off: list.src.starts[line-1]}, "the line is longer than 8 KiB: this is not a site.toml")
		return nil, list
	}
	list.findLookalikes()
	root, whole := list.parse()
	w := &written{}
	list.decode(root, w, whole)
	if !whole {
		return nil, list
	}
	rules := newRules(list, w, env)
	rules.check()
	if list.errors > 0 {
		return nil, list
	}
	return rules.meant(), list
}

// unopened is the finding of a file that cannot be read at all.
func unopened(path string, err error) Findings {
	if errors.Is(err, fs.ErrPermission) {
		return Findings{{File: path, Kind: Unopened, Text: "permission denied: to look as yourself use sudo; that the daemon can read it, chown root:sitepost, chmod 0640"}}
	}
	return Findings{{File: path, Kind: Unopened, Text: fmt.Sprintf("%v: give the path with --config, or write a first file with `sitepost init --write FILE`", cause(err))}}
}
