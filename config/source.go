package config

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// A span is a place in the text: bytes from off. The zero span is the start of
// the file.
type span struct{ off, len int }

// A source is the text of a file in UTF-8 without a byte order mark, whatever
// it was on disk.
type source struct {
	name   string
	text   []byte
	code   []byte          // text with lookalikes replaced, byte by byte; nil if there were none
	starts []int           // offset of the first byte of each line
	hash   string          // SHA-256 of the bytes on disk, in hex
	secret []bool          // of each line: it belongs to a secret that began in one before
	shows  map[string]bool // keys whose values may be drawn; nil: all that hold no secret
}

// newSource turns the bytes of a file into text. Another encoding than UTF-8 is
// a finding; the text is then read as what it probably is, so that the rest of
// the file is checked in the same run.
func newSource(name string, raw []byte, list *collector) *source {
	sum := sha256.Sum256(raw)
	s := &source{name: name, hash: hex.EncodeToString(sum[:]), shows: list.shows}
	text, encoding := withoutMark(raw)
	lines := bytes.SplitAfter(text, []byte("\n"))
	foreign := s.readLines(lines)
	s.findSecrets()
	list.src = s
	if encoding != "" {
		list.add(Language, span{}, "the file %s: save it as \"UTF-8\" without BOM (Windows Notepad: 另存为, 编码 UTF-8)", encoding)
	}
	if len(foreign) > 0 {
		s.tellForeign(list, lines, foreign)
	}
	return s
}

// withoutMark takes the byte order mark off and turns UTF-16 into UTF-8. The
// second result says in words what was wrong, "" for nothing.
func withoutMark(raw []byte) ([]byte, string) {
	utf16 := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	switch {
	case bytes.HasPrefix(raw, []byte("\xEF\xBB\xBF")):
		return raw[3:], "begins with a byte order mark (BOM)"
	case bytes.HasPrefix(raw, []byte("\xFF\xFE")), bytes.HasPrefix(raw, []byte("\xFE\xFF")):
	case len(raw) >= 4 && raw[1] == 0 && raw[3] == 0:
		utf16 = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case len(raw) >= 4 && raw[0] == 0 && raw[2] == 0:
		utf16 = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	default:
		return raw, ""
	}
	text, err := utf16.NewDecoder().Bytes(raw)
	if err != nil {
		return raw, "looks like UTF-16 and is not"
	}
	return text, "is in UTF-16 (Notepad calls it \"Unicode\")"
}

// readLines takes the lines in and returns the numbers, from 0, of those that
// are not UTF-8. They are read as GBK, which never uses the byte of a line end
// inside a character, so that every line can be judged by itself.
func (s *source) readLines(lines [][]byte) (foreign []int) {
	for i, line := range lines {
		s.starts = append(s.starts, len(s.text))
		if !utf8.Valid(line) {
			foreign = append(foreign, i)
			line = fromGBK(line)
		}
		s.text = append(s.text, line...)
	}
	return foreign
}

func fromGBK(line []byte) []byte {
	text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(line)
	if err != nil || bytes.ContainsRune(text, utf8.RuneError) {
		return bytes.ToValidUTF8(line, []byte("?"))
	}
	return text
}

// tellForeign names the first character that is not UTF-8.
func (s *source) tellForeign(list *collector, lines [][]byte, foreign []int) {
	line := lines[foreign[0]]
	good := 0
	for good < len(line) {
		r, n := utf8.DecodeRune(line[good:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		good += n
	}
	what := fmt.Sprintf("byte 0x%02X is not UTF-8", line[good])
	if _, err := simplifiedchinese.GB18030.NewDecoder().Bytes(line); err == nil && !bytes.Contains(fromGBK(line), []byte("?")) {
		what = "this text is in GBK, not UTF-8"
	}
	if more := len(foreign) - 1; more > 0 {
		what += fmt.Sprintf(" (and in %d more lines)", more)
	}
	list.add(Language, span{s.starts[foreign[0]] + good, 1}, "%s: save the file as UTF-8 (文件不是 UTF-8 编码: 记事本 另存为 → 编码 UTF-8; SecureCRT: 会话编码 UTF-8)", what)
}

// toParse is the text for the parser.
func (s *source) toParse() []byte {
	if s.code != nil {
		return s.code
	}
	return s.text
}

// repairedLine says whether there were lookalikes in a line.
func (s *source) repairedLine(number int) bool {
	end := len(s.text)
	if number < len(s.starts) {
		end = s.starts[number]
	}
	start := s.starts[number-1]
	return s.code != nil && !bytes.Equal(s.code[start:end], s.text[start:end])
}

// position returns line and column of an offset, both from 1.
func (s *source) position(off int) (line, column int) {
	if len(s.starts) == 0 {
		return 1, 1
	}
	off = min(off, len(s.text))
	i, exact := slices.BinarySearch(s.starts, off)
	if !exact {
		i--
	}
	return i + 1, utf8.RuneCount(s.text[s.starts[i]:off]) + 1
}

// longest returns the number of the first line that is longer than maxLine, 0
// for none.
func (s *source) longest() int {
	for i, start := range s.starts {
		end := len(s.text)
		if i+1 < len(s.starts) {
			end = s.starts[i+1]
		}
		if end-start > maxLine {
			return i + 1
		}
	}
	return 0
}

// lineAt returns the line with a number from 1, without its end.
func (s *source) lineAt(number int) string {
	if number > len(s.starts) {
		return ""
	}
	end := len(s.text)
	if number < len(s.starts) {
		end = s.starts[number]
	}
	return strings.TrimRight(string(s.text[s.starts[number-1]:end]), "\r\n")
}
