package line

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Settings say how characters look on the wire. They are written as on the
// label of an instrument:
//
//	9600 8N1
//	|    ||| stop bits: 1 or 2
//	|    || parity: N none, E even, O odd, M mark, S space
//	|    | data bits: 5 to 8
//	| baud: 50 to 4000000
//
// The zero value is "not known": it has no text and its characters take no
// time.
type Settings struct {
	Baud     int
	DataBits int
	Parity   byte // 'N', 'E', 'O', 'M' or 'S'
	StopBits int
}

const (
	slowestBaud = 50
	fastestBaud = 4_000_000 // the fastest that the Linux terminal interface names
)

// ParseSettings reads "9600 8N1".
func ParseSettings(text string) (Settings, error) {
	var s Settings
	err := s.UnmarshalText([]byte(text))
	return s, err
}

// UnmarshalText reads "9600 8N1". The error says which of the four parts is
// wrong and what it may be; s is untouched then.
func (s *Settings) UnmarshalText(text []byte) error {
	words := strings.Split(string(text), " ")
	if len(words) != 2 || len(words[1]) != 3 {
		return fmt.Errorf("settings %q: want baud, one space, then data bits, parity and stop bits, as in \"9600 8N1\"", text)
	}
	baud, err := strconv.ParseUint(words[0], 10, 32)
	if err != nil || words[0][0] == '0' || baud < slowestBaud || baud > fastestBaud {
		return fmt.Errorf("settings %q: baud %q is not a number from %d to %d", text, words[0], slowestBaud, fastestBaud)
	}
	data, parity, stop := words[1][0], words[1][1], words[1][2]
	switch {
	case data < '5' || data > '8':
		return fmt.Errorf("settings %q: data bits %q: want 5, 6, 7 or 8", text, data)
	case !strings.ContainsRune("NEOMS", rune(parity)):
		return fmt.Errorf("settings %q: parity %q: want N (none), E (even), O (odd), M (mark) or S (space), in capitals", text, parity)
	case stop != '1' && stop != '2':
		return fmt.Errorf("settings %q: stop bits %q: want 1 or 2", text, stop)
	}
	*s = Settings{Baud: int(baud), DataBits: int(data - '0'), Parity: parity, StopBits: int(stop - '0')}
	return nil
}

// String writes what UnmarshalText reads, "" for the zero value.
func (s Settings) String() string {
	if s == (Settings{}) {
		return ""
	}
	return fmt.Sprintf("%d %d%c%d", s.Baud, s.DataBits, s.Parity, s.StopBits)
}

// MarshalText writes what UnmarshalText reads.
func (s Settings) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Wire returns the time that n characters take on the wire: start bit, data
// bits, parity bit if there is one, stop bits. It is 0 where the baud is not
// known.
func (s Settings) Wire(n int) time.Duration {
	if s.Baud <= 0 || n <= 0 {
		return 0
	}
	bits := 1 + s.DataBits + s.StopBits
	if s.Parity != 'N' {
		bits++
	}
	return time.Duration(n) * time.Duration(bits) * time.Second / time.Duration(s.Baud)
}

// gap is the silence that separates two messages: 3.5 characters, and a fixed
// 1.75 ms above 19200 baud (Modbus over Serial Line V1.02, 2.5.1.1). Where
// the baud is not known it is that of 9600 8N1.
func (s Settings) gap() time.Duration {
	switch {
	case s.Baud <= 0:
		return Settings{9600, 8, 'N', 1}.gap()
	case s.Baud > 19200:
		return 1750 * time.Microsecond
	}
	return s.Wire(7) / 2
}
