package journal

import (
	"encoding"
	"fmt"
	"log/slog"
	"time"

	"sitepost/cmd/sitepost/words"
)

// How long a value may be, in characters.
const (
	mostValue = 256
	mostError = 1 << 10
)

// cleanAttr returns an attribute whose value is a bounded line, a number, a time or a
// truth value.
func cleanAttr(a slog.Attr) slog.Attr {
	v := a.Value.Resolve()
	switch v.Kind() {
	case slog.KindString:
		v = slog.StringValue(words.Plain(v.String(), mostValue))
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
	return slog.Attr{Key: words.Plain(a.Key, 64), Value: v}
}

// cleanAny writes what slog has no kind for. Secrets have a form of their own for
// every way of printing, and all of them are "***".
func cleanAny(value any) string {
	switch v := value.(type) {
	case error:
		return words.Plain(fmt.Sprint(v), mostError) // Sprint survives a nil in an interface
	case []byte:
		return words.Plain(string(v), mostValue)
	case fmt.Stringer:
		return words.Plain(fmt.Sprint(v), mostValue)
	case encoding.TextMarshaler:
		if text, err := v.MarshalText(); err == nil {
			return words.Plain(string(text), mostValue)
		}
	}
	return words.Plain(fmt.Sprint(value), mostValue)
}
