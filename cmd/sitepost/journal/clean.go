package journal

import (
	"encoding"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// How long a value may be, in bytes.
const (
	mostValue = 256
	mostError = 1 << 10
)

// Line makes one line of a text that somebody else may have written, of at most so
// many bytes: line breaks and tabs become spaces, what else cannot be printed, and what
// turns the direction of writing round, becomes U+FFFD, and so does what is no UTF-8.
func Line(text string, most int) string {
	cut := len(text) > most
	if cut {
		text = text[:most]
	}
	if isPlain(text) && !cut {
		return text
	}
	text = strings.Map(plain, strings.ToValidUTF8(text, string(utf8.RuneError)))
	const more = "…"
	if !cut && len(text) <= most {
		return text
	}
	end := min(len(text), most-len(more))
	for end > 0 && end < len(text) && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + more
}

// isPlain says that nothing is to be done: most of what is logged is our own.
func isPlain(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

func plain(r rune) rune {
	switch {
	case r == '\n', r == '\r', r == '\t', r == '\u2028', r == '\u2029':
		return ' '
	case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
		return utf8.RuneError
	}
	return r
}

// cleanAttr returns an attribute whose value is a bounded line, a number, a time or a
// truth value.
func cleanAttr(a slog.Attr) slog.Attr {
	v := a.Value.Resolve()
	switch v.Kind() {
	case slog.KindString:
		v = slog.StringValue(Line(v.String(), mostValue))
	case slog.KindDuration: // as a person reads it: "1.5s", and not nanoseconds
		v = slog.StringValue(v.Duration().Round(time.Millisecond).String())
	case slog.KindGroup:
		members := make([]slog.Attr, 0, len(v.Group()))
		for _, m := range v.Group() {
			members = append(members, cleanAttr(m))
		}
		v = slog.GroupValue(members...)
	case slog.KindAny:
		v = slog.StringValue(cleanAny(v.Any()))
	}
	return slog.Attr{Key: Line(a.Key, 64), Value: v}
}

// cleanAny writes what slog has no kind for. Secrets have a form of their own for
// every way of printing, and all of them are "***".
func cleanAny(value any) string {
	switch v := value.(type) {
	case error:
		return Line(fmt.Sprint(v), mostError) // Sprint survives a nil in an interface
	case []byte:
		return Line(string(v), mostValue)
	case fmt.Stringer:
		return Line(fmt.Sprint(v), mostValue)
	case encoding.TextMarshaler:
		if text, err := v.MarshalText(); err == nil {
			return Line(string(text), mostValue)
		}
	}
	return Line(fmt.Sprint(value), mostValue)
}
