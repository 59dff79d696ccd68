package config

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"sitepost/config/near"
)

// A duration is written with its unit: "250ms", "10s", "5m", "30d".
type duration time.Duration

func (duration) described() string { return `a duration such as "10s"` }
func (duration) unit()             {}

func (d *duration) UnmarshalText(b []byte) error {
	text := string(b)
	if text != "" && strings.Trim(text, "0123456789.") == "" {
		return &mistake{fmt.Sprintf("%q has no unit: write ms, s, m, h or d behind the number", text), text + "s"}
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 32)
		if err != nil || n > 36500 {
			return wrong("%q is not a number of days up to 36500: write them like \"30d\"", text)
		}
		*d = duration(n) * duration(24*time.Hour)
		return nil
	}
	v, err := time.ParseDuration(text)
	if err != nil || v < 0 {
		return wrong("%q is not a duration: write a number and ms, s, m, h or d, such as \"10s\"", text)
	}
	*d = duration(v)
	return nil
}

// A silence is a duration, or "never" for a device that may say nothing for ever.
type silence struct {
	longest duration
	never   bool
}

func (silence) described() string { return `a duration such as "10s", or "never"` }
func (silence) unit()             {}

func (s *silence) UnmarshalText(b []byte) error {
	if string(b) == "never" {
		*s = silence{never: true}
		return nil
	}
	return s.longest.UnmarshalText(b)
}

// A size is a number of bytes with its unit: "1GiB".
type size int64

func (size) described() string { return `a size such as "1GiB"` }
func (size) unit()             {}

func (s *size) UnmarshalText(b []byte) error {
	n, err := figure(string(b), "a size", "1GiB", []unit{
		{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}, {"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12},
	})
	*s = size(n)
	return err
}

// A bitRate is a number of bits per second with its unit: "2Mbit/s".
type bitRate int64

func (bitRate) described() string { return `a bit rate such as "2Mbit/s"` }
func (bitRate) unit()             {}

func (r *bitRate) UnmarshalText(b []byte) error {
	n, err := figure(string(b), "a bit rate", "2Mbit/s", []unit{{"kbit/s", 1e3}, {"Mbit/s", 1e6}, {"Gbit/s", 1e9}, {"bit/s", 1}})
	*r = bitRate(n)
	return err
}

// A unit is how a figure may end, and how much one of it is.
type unit struct {
	name string
	one  float64
}

// figure reads a number and its unit.
func figure(text, what, example string, units []unit) (int64, error) {
	var names []string
	for _, u := range units {
		names = append(names, u.name)
	}
	number := text[:len(text)-len(strings.TrimLeft(text, "0123456789."))]
	name := strings.TrimSpace(text[len(number):])
	all := strings.Join(names, ", ")
	i := slices.IndexFunc(units, func(u unit) bool { return u.name == name })
	switch {
	case number == "":
		return 0, wrong("%q is not %s: write a number and %s, such as %q", text, what, all, example)
	case name == "":
		return 0, wrong("%q has no unit: write %s behind the number, such as %q", text, all, example)
	case i < 0:
		m := &mistake{text: fmt.Sprintf("%q is not a unit of %s: write %s", name, what, all)}
		if meant := near.Word(name, names); meant != "" {
			m.meant = number + meant
		}
		return 0, m
	}
	n, err := strconv.ParseFloat(number, 64)
	if n *= units[i].one; err != nil || n > math.MaxInt64/2 {
		return 0, wrong("%q is not %s: write a number and %s, such as %q", text, what, all, example)
	}
	return int64(n), nil
}

// A date is a day of the calendar, without quotes: 2026-03-01.
type date struct{ time.Time }

func (date) described() string { return "a date such as 2026-03-01" }
func (date) takesDate()        {}

func (d *date) UnmarshalText(b []byte) error {
	t, err := time.ParseInLocation(time.DateOnly, string(b), time.Local)
	if err != nil || t.Year() < 1990 || t.Year() > 2200 {
		return wrong("%s is no day of the calendar: write year-month-day, such as 2026-03-01", b)
	}
	d.Time = t
	return nil
}

// A name is permanent and goes into topics.
type name string

func (name) described() string { return `a name such as "gas-1"` }

func (n *name) UnmarshalText(b []byte) error {
	*n = name(b)
	if isName(string(b)) {
		return nil
	}
	meant := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" _./", r) {
			return '-'
		}
		return unicode.ToLower(r)
	}, string(b))
	if !isName(meant) {
		meant = ""
	}
	return &mistake{fmt.Sprintf("%q is not a name: use a-z, 0-9 and -, 1 to 32 characters (Chinese goes into title)", b), meant}
}

func isName(s string) bool {
	return len(s) >= 1 && len(s) <= 32 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// A word is an identifier such as a class of zones.
type word string

func (w *word) UnmarshalText(b []byte) error {
	*w = word(b)
	if len(b) == 0 || len(b) > 64 || strings.Trim(string(b), "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
		meant := strings.Map(func(r rune) rune {
			if r == '-' || r == ' ' {
				return '_'
			}
			return unicode.ToLower(r)
		}, string(b))
		if meant == string(b) || strings.Trim(meant, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
			meant = ""
		}
		return &mistake{fmt.Sprintf("%q is not a word of this kind: use a-z, 0-9 and _", b), meant}
	}
	return nil
}

// A gbCode is a code of GB/T 28181-2022 Annex E as the city gives it:
//
//	34020000 14 118 8 000001
//	|        |  |   | serial number
//	|        |  |   | network
//	|        |  | type: 111 and up
//	|        | industry
//	| civil division: its first two digits are 11 (Beijing) to 82 (Macao)
//
// Only what cannot be a code is refused.
type gbCode string

func (gbCode) described() string { return "a code of 20 digits" }

func (g *gbCode) UnmarshalText(b []byte) error {
	*g = gbCode(b)
	switch {
	case len(b) == 20 && strings.Trim(string(b), "0123456789") != "":
		return wrong("%q is not 20 digits, as a code is: copy it as the city gave it, or leave the key out", b)
	case len(b) != 20:
		return wrong("%q has %d characters, and a code is 20 digits: copy it as the city gave it, or leave the key out", b, len([]rune(string(b))))
	case string(b[:2]) < "11" || string(b[:2]) > "82":
		return wrong("%q begins with %q, and no region of China does: copy it as the city gave it, or leave the key out", b, b[:2])
	case string(b[10:13]) < "111":
		return wrong("%q has the type %q in digits 11 to 13, and there is none below 111: copy it as the city gave it, or leave the key out", b, b[10:13])
	}
	return nil
}

// A gbPlace is a kind of place of GB/T 28181-2022 Annex O.
type gbPlace string

func (gbPlace) described() string { return "a place of 7 digits" }

func (g *gbPlace) UnmarshalText(b []byte) error {
	*g = gbPlace(b)
	if len(b) != 7 || strings.Trim(string(b), "0123456789") != "" {
		return wrong("%q is not a place of GB/T 28181-2022 Annex O: 7 digits, such as \"0120300\"", b)
	}
	return nil
}

// A frameSize is width and height of a picture.
type frameSize struct{ width, height int }

func (frameSize) described() string { return `a size such as "1920x1080"` }

func (f *frameSize) UnmarshalText(b []byte) error {
	w, h, _ := strings.Cut(string(b), "x")
	width, err1 := strconv.ParseUint(w, 10, 16)
	height, err2 := strconv.ParseUint(h, 10, 16)
	if err1 != nil || err2 != nil || width < 16 || height < 16 {
		return wrong("%q is not the size of a picture: write width x height in pixels, such as \"1920x1080\"", b)
	}
	*f = frameSize{int(width), int(height)}
	return nil
}

// A terminal is what is printed beside a screw: a number or a word.
type terminal string

func (terminal) described() string { return `a terminal such as 1 or "DI0"` }
func (terminal) takesNumber()      {}

func (t *terminal) UnmarshalText(b []byte) error {
	*t = terminal(b)
	if len(b) == 0 || len(b) > 32 {
		return wrong("%q is not a terminal: write what is printed beside the screw", b)
	}
	return printable(string(b))
}

// printable refuses text that nobody can see or that is too long for a label.
func printable(text string) error {
	if len(text) > 1024 {
		return wrong("longer than 1,024 bytes: shorten it")
	}
	for i, r := range []rune(text) {
		if r != ' ' && r != '\u3000' && !unicode.IsPrint(r) {
			return wrong("character %d of the text is %U, which cannot be seen: type it again", i+1, r)
		}
	}
	return nil
}

// An endpoint is the ONVIF endpoint reference of a camera: its identity.
type endpoint string

func (endpoint) described() string { return `an endpoint such as "urn:uuid:…"` }

func (e *endpoint) UnmarshalText(b []byte) error {
	*e = endpoint(b)
	if len(b) == 0 || len(b) > 256 || strings.ContainsAny(string(b), " \t") || !strings.Contains(string(b), ":") {
		return wrong("%q is not an endpoint reference: copy it from `sitepost discover`, such as \"urn:uuid:…\"", b)
	}
	return printable(string(b))
}

// A pin is the SHA-256 of a certificate: "sha256:" and 64 hex digits.
type pin string

func (pin) described() string { return `a fingerprint such as "sha256:…"` }

func (p *pin) UnmarshalText(b []byte) error {
	*p = pin(strings.ToLower(string(b)))
	digits, ok := strings.CutPrefix(string(*p), "sha256:")
	if !ok || len(digits) != 64 || strings.Trim(digits, "0123456789abcdef") != "" {
		return wrong("%q is not the fingerprint of a certificate: write \"sha256:\" and 64 hex digits", b)
	}
	return nil
}
