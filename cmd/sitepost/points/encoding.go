package points

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// Beginnings of files that are no text.
var (
	zipped  = []byte("PK\x03\x04")             // .xlsx, .et
	oldBook = []byte("\xD0\xCF\x11\xE0")       // .xls
	utf8BOM = []byte("\xEF\xBB\xBF")           // Excel's "CSV UTF-8"
	marks   = []string{"\xFF\xFE", "\xFE\xFF"} // UTF-16: Excel's "Unicode text"
)

// text turns the bytes of a file into text, whatever Excel or Notepad saved it as.
// Excel in China writes CSV in GBK; it is read so without asking.
func (t *Table) text(raw []byte) (text string, ok bool) {
	switch {
	case len(raw) > MaxFile:
		t.Tell(1, 1, "the file is larger than 4 MiB: this is not a table of points")
		return "", false
	case bytes.HasPrefix(raw, zipped), bytes.HasPrefix(raw, oldBook):
		t.Tell(1, 1, "this is an Excel workbook, not CSV: save it with 另存为 → CSV UTF-8 (逗号分隔)")
		return "", false
	case bytes.HasPrefix(raw, []byte(marks[0])), bytes.HasPrefix(raw, []byte(marks[1])):
		decoded, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Bytes(raw)
		t.Encoding = "UTF-16"
		return t.whole(string(decoded), err == nil)
	case utf8.Valid(raw):
		t.Encoding = "UTF-8"
		return t.whole(string(bytes.TrimPrefix(raw, utf8BOM)), true)
	case bytes.HasPrefix(raw, utf8BOM), damagedUTF8(raw):
		t.Encoding = "UTF-8"
		return t.whole(strings.ToValidUTF8(string(raw), "\uFFFD"), false)
	}
	decoded, err := simplifiedchinese.GB18030.NewDecoder().Bytes(raw)
	t.Encoding = "GBK"
	return t.whole(string(decoded), err == nil)
}

// damagedUTF8 holds for UTF-8 of which some bytes are lost. GBK reads nearly every pair of
// bytes as some character, and would make names of it that nobody wrote. A text in GBK
// has, for one run of three bytes that could be a Chinese character in UTF-8, many bytes
// that could not; at worst (浙江) it is one for one.
func damagedUTF8(raw []byte) bool {
	good, bad := 0, 0
	for len(raw) > 0 {
		r, n := utf8.DecodeRune(raw)
		switch {
		case r == utf8.RuneError && n == 1:
			bad++
		case n == 3 && r >= '\u3000': // CJK and its punctuation
			good++
		}
		raw = raw[n:]
	}
	return good > 2*bad
}

// whole refuses a text in which characters were lost.
func (t *Table) whole(text string, ok bool) (string, bool) {
	before, _, lost := strings.Cut(text, "\uFFFD")
	if !lost && ok && !strings.Contains(text, "\x00") {
		return text, true
	}
	if !lost {
		before = ""
	}
	line := strings.Count(before, "\n") + 1
	t.Tell(line, 1, "line %d is neither UTF-8 nor GBK: save the file anew (Excel: 另存为 → CSV UTF-8; Windows Notepad: 另存为, 编码 UTF-8)", line)
	return "", false
}
