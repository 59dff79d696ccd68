package main

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sitepost/cmd/sitepost/words"
	"sitepost/config"
)

// spokenRooms are those whose words a person reads in a tool.
var spokenRooms = []string{
	"config", "cmd/sitepost", "cmd/sitepost/control",
	"devices/instrument", "devices/survey", "devices/line", "devices/modbus", "devices/osdp",
	"devices/camera", "devices/camera/onvif", "devices/camera/find", "devices/camera/pullpoint", "devices/camera/stream", "devices/camera/norm",
	"ingest", "ingest/store", "ingest/store/segment", "ingest/store/sound", "uplink", "uplink/mqtt", "cmd/sitepost/daemon", "cmd/sitepost/box",
}

// unspoken are texts that no tool says to a person, or that are the same in all
// languages, each with the reason.
var unspoken = map[string]string{
	"over %v":                              "instrument: keys of a profile",
	"send %v":                              "instrument: keys of a profile",
	"bytes %v":                             "instrument: keys of a profile",
	"is %v":                                "instrument: keys of a profile",
	"Modbus RTU":                           "a name",
	"MAC: %s":                              "a name",
	"uid %d":                               "a name",
	"memory %s":                            "daemon: names of what is shared, which nobody reads",
	"caller %s":                            "daemon: names of what is shared, which nobody reads",
	"places %s":                            "daemon: names of what is shared, which nobody reads",
	"hearing %s":                           "daemon: names of what is shared, which nobody reads",
	"%s until %s":                          "store: a state as it was told, which nobody reads",
	"line %s":                              "daemon: names of what is shared, which nobody reads",
	"eye %s":                               "daemon: names of what is shared, which nobody reads",
	"strings must be quoted":               "config: words of the parser, looked for",
	"# %s something may be missing here\n": "line: a file that try reads, and no person",
	" at %.4g":                             "camera: part of a size",
	"Digest %s":                            "onvif: a header",
	"maximum number":                       "pullpoint: words of makers, looked for",
	"max number":                           "pullpoint: words of makers, looked for",
	"too many":                             "pullpoint: words of makers, looked for",
	"limit reached":                        "pullpoint: words of makers, looked for",
	"no more subscription":                 "pullpoint: words of makers, looked for",
	"unknown resource":                     "pullpoint: words of makers, looked for",
	"resource unknown":                     "pullpoint: words of makers, looked for",
	"unknown subscription":                 "pullpoint: words of makers, looked for",
	"subscription not found":               "pullpoint: words of makers, looked for",
	"OPTIONS %s RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: sitepost\r\n\r\n": "stream: a request",
	"o=- 0 0 IN IP4 0.0.0.0":  "stream: a line of SDP",
	"%s ms":                   "a figure with its unit",
	"%s kbit/s":               "a figure with its unit",
	" did you mean ":          "config: said with the word that was meant",
	"not a usable route":      "config: nobody is told, another route is looked at",
	"%s of %s":                "config: the book has each label",
	"the %s":                  "config: the book has each label",
	"%s or %s":                "config: words of a choice, joined by Translate",
	"strings must be exactly": "config: a word of the TOML parser, looked for",
	"start of value":          "config: a word of the TOML parser, looked for",
	"start of key":            "config: a word of the TOML parser, looked for",
	"table name":              "config: a word of the TOML parser, looked for",
	"basic string":            "config: a word of the TOML parser, looked for",
	"literal string":          "config: a word of the TOML parser, looked for",
	"inline table":            "config: a word of the TOML parser, looked for",
	"leading zeroes":          "config: a word of the TOML parser, looked for",
	"carriage return":         "config: a word of the TOML parser, looked for",
	"control character":       "config: a word of the TOML parser, looked for",
	"expected key":            "config: a word of the TOML parser, looked for",
	"%d ms":                   "a figure with its unit",
	"%.0f ms %s":              "a figure with its unit",
	"Modbus TCP":              "a name",
	"SETUP, PLAY":             "names",
}

// unspokenFiles speak to nobody who reads a tool.
var unspokenFiles = map[string]string{
	"devices/instrument/put.go":    "the simulator's",
	"devices/instrument/speak.go":  "the simulator's",
	"ingest/ingest.go":             "what a room must not do; told in the log",
	"ingest/store/admit.go":        "what a room must not do; told in the log",
	"ingest/store/identity.go":     "what a room must not do; told in the log",
	"ingest/store/current.go":      "what a room must not do; told in the log",
	"ingest/store/picture.go":      "what a camera's picture must be; told in the log",
	"ingest/store/command.go":      "answered to the city",
	"ingest/store/sound/failed.go": "words of bbolt, looked for",
	"ingest/hold.go":               "what a room must not do; told in the log",
	"cmd/sitepost/man.go":          "the manual, in the language of roff",
	"cmd/sitepost/daemon/beat.go":  "said to systemd",
	"uplink/life.go":               "what a room must not do; told in the log",
	"uplink/city.go":               "answered to the city",
	"uplink/orders.go":             "answered to the city",
	"uplink/holes.go":              "told to the city",
	"uplink/receipts.go":           "what the city must not say; told in the log and counted",
	"uplink/salvage.go":            "told in the log",
}

// TestEverythingIsSaid walks over the source of the rooms and finds each text of words
// that the phrasebook does not know: who adds a message learns here that it needs its
// Chinese, and in which form.
func TestEverythingIsSaid(t *testing.T) {
	zh := words.In(words.Chinese)
	for _, room := range spokenRooms {
		all := textsOf(t, room)
		missing := 0
		for _, text := range all {
			if unspoken[text.format] != "" || unspokenFiles[text.at.Filename] != "" || onlyCommands(text.format) || strings.Contains(text.format, "xmlns") || strings.HasPrefix(text.format, "<") || isSaid(zh, text.format) {
				continue
			}
			missing++
			t.Errorf("%s: no Chinese for\n\t%q\nwrite it into a cmd/sitepost/words/zh_*.go", text.at, text.format)
		}
		t.Logf("%-30s %4d texts, %d without Chinese", room, len(all), missing)
	}
}

// isSaid holds for a format that the book has, as it is or without the joints around it,
// and for one whose finished text is said in full.
func isSaid(zh *words.Speaker, format string) bool {
	for _, form := range []string{format, strings.Trim(format, "\n"), strings.Trim(format, " \n"), strings.Trim(format, " :;,\n")} {
		if _, known := zh.Text(form); known {
			return true
		}
	}
	sample := anyVerb.ReplaceAllStringFunc(strings.Trim(format, " \n"), func(verb string) string {
		switch verb[len(verb)-1] {
		case '%':
			return "%"
		case 'd', 'f', 'g':
			return "7"
		case 'q':
			return `"X"`
		}
		return "X"
	})
	said := exactly.ReplaceAllString(zh.Translate(sample), "")
	return isChinese(said) && !english.MatchString(said)
}

// onlyCommands holds for an example: lines to type.
func onlyCommands(text string) bool {
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "  sitepost ") && !strings.HasPrefix(line, "  systemctl ") {
			return false
		}
	}
	return true
}

var (
	anyVerb = regexp.MustCompile(`%[-+# 0]*\d*(?:\.\d+)?(?:\[\d+\])?[a-zA-Z%]`)
	exactly = regexp.MustCompile("`[^`]*`|\"[^\"]*\"|“[^”]*”")
	english = regexp.MustCompile(`[a-z]{2,} [a-z]{2,}`)                                    // two words that follow each other
	isText  = regexp.MustCompile(`[A-Za-z]{2,}[,:;]? +[A-Za-z%"]|%[a-z][,:;]? +[a-z]{2,}`) // words, or a word at a verb
)

func isChinese(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return r >= 0x4E00 && r <= 0x9FFF })
}

// TestFindingsAreSaid: of every site file that is wrong in some way, all that check says
// of it is said in Chinese, and the place, the key and the drawn line stay.
func TestFindingsAreSaid(t *testing.T) {
	files, err := filepath.Glob("../../config/testdata/bad/*.toml")
	if err != nil || len(files) < 50 {
		t.Fatalf("%v, %d files", err, len(files))
	}
	tl := &tool{profiles: "../../config/testdata/profiles"}
	if err := tl.chooseLanguage([]string{"--lang", "zh"}); err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		for _, f := range config.Check(file, tl.env()) {
			said := f.In(tl.words.Translate)
			head, drawing, _ := strings.Cut(said, "\n")
			if place := fmt.Sprintf("%s:%d:%d: ", f.File, f.Line, f.Column); !strings.HasPrefix(head, place) {
				t.Errorf("no %q at the start of %q", place, head)
			}
			if words := exactly.ReplaceAllString(strings.ReplaceAll(head, f.File, ""), ""); !isChinese(words) || english.MatchString(words) {
				t.Errorf("%q\n\tis said %q", f.Text, head)
			}
			if want, _, _ := strings.Cut(f.Drawing, " did you mean "); !strings.HasPrefix(drawing, strings.TrimRight(want, "\n")) {
				t.Errorf("got the drawing\n%s\nwant\n%s", drawing, f.Drawing)
			}
		}
	}
}
