package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"sitepost/devices"
)

// hostile are texts as a device of bad will, or a broken one, calls itself.
var hostile = map[string]string{
	"line break":         "cam\nlevel=ERROR msg=\"all is lost\"",
	"carriage return":    "cam\rroot: logged in",
	"ANSI":               "cam\x1b[2J\x1b[31mred\x07",
	"C1":                 "cam\u009b31m",
	"NUL":                "cam\x00",
	"one MiB":            strings.Repeat("好", 1<<20/3),
	"one MiB of breaks":  strings.Repeat("\n", 1<<20),
	"no UTF-8":           "\xd6\xf7\xc8\xeb\xbf\xda", // 主入口 in GBK
	"cut in a character": strings.Repeat("x", mostValue-1) + "好好",
	"direction":          "cam\u202egnp.exe\u2066",
	"paragraph":          "cam\u2028PRIORITY=0\u2029",
	"field":              "cam\nPRIORITY=0\nMESSAGE=forged",
	"quotes":             `"} {"level":"ERROR"`,
}

// forms are the ends of the log, with what takes entries from what they wrote.
var forms = []struct {
	name     string
	terminal bool
}{{"JSON", false}, {"text", true}}

// moves says of a character that it moves the cursor, or turns writing round.
func moves(r rune) bool {
	return r < ' ' || r >= 0x7f && r < 0xa0 || strings.ContainsRune("\u2028\u2029\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069", r)
}

// TestHostileNames: whatever a device calls itself, an entry is one line, is bounded,
// and is UTF-8 that moves no cursor; as JSON it can be read (security row 12).
func TestHostileNames(t *testing.T) {
	for _, form := range forms {
		for what, text := range hostile {
			t.Run(form.name+"/"+what, func(t *testing.T) {
				t.Parallel()
				var out bytes.Buffer
				log := Open(Options{Writer: &out, Terminal: form.terminal})
				log.With("serial", text).Warn("camera "+text, "device", text, "err", errors.New(text), "raw", []byte(text), "all", []string{text}, slog.Group("in", "name", text))
				log.Close()
				line := out.String()
				if strings.Count(line, "\n") != 1 || !strings.HasSuffix(line, "\n") {
					t.Errorf("got %d lines, want one", strings.Count(line, "\n"))
				}
				if !utf8.ValidString(line) || strings.ContainsFunc(strings.TrimSuffix(line, "\n"), moves) {
					t.Errorf("got %.200q, want text that can be printed", line)
				}
				if most := 16 * mostError; len(line) > most { // a message, an error and four values
					t.Errorf("got %d bytes, want at most %d", len(line), most)
				}
				var doc map[string]any
				if err := json.Unmarshal([]byte(line), &doc); !form.terminal && (err != nil || doc["level"] != "WARN") {
					t.Errorf("got %.200q, want an entry of level WARN: %v", line, err)
				}
			})
		}
	}
}

// TestKinds: numbers, truth and time stay what they are; a duration is written as it
// is read, and a secret never is.
func TestKinds(t *testing.T) {
	var out bytes.Buffer
	log := Open(Options{Writer: &out, Level: slog.LevelDebug})
	var none *devices.Value
	log.Debug("kinds", "n", 7, "yes", true, "for", 1500*time.Millisecond, "secret", devices.Secret("hunter2"), "card", devices.Card{Number: "0102030405"},
		"nobody", none, "err", error(nil), "nested", fmt.Errorf("a: %w", errors.New("b")))
	log.Close()
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{"n": 7.0, "yes": true, "for": "1.5s", "secret": "***", "card": "{***  }", "nobody": "<nil>", "err": "<nil>", "nested": "a: b", "level": "DEBUG"} {
		if got[key] != want {
			t.Errorf("%s: got %v, want %v", key, got[key], want)
		}
	}
}
