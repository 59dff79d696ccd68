package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Settings are those of a serial line: "9600 8N1".
type Settings struct {
	Baud     int
	DataBits int  // 5 to 8
	Parity   byte // 'N', 'E', 'O', 'M' or 'S'
	StopBits int  // 1 or 2
}

func (Settings) described() string { return `settings such as "9600 8N1"` }

// String returns the form of [Settings.UnmarshalText], "" for the zero value.
func (s Settings) String() string {
	if s.Baud == 0 {
		return ""
	}
	return fmt.Sprintf("%d %d%c%d", s.Baud, s.DataBits, s.Parity, s.StopBits)
}

// UnmarshalText reads baud rate, data bits, parity and stop bits.
func (s *Settings) UnmarshalText(b []byte) error {
	baud, frame, _ := strings.Cut(string(b), " ")
	n, err := strconv.ParseUint(baud, 10, 32)
	if err != nil || len(frame) != 3 {
		return wrong("%q are not the settings of a line: write baud, a space, data bits, parity and stop bits, such as \"9600 8N1\"", b)
	}
	*s = Settings{int(n), int(frame[0] - '0'), frame[1], int(frame[2] - '0')}
	upper := strings.ToUpper(string(b))
	switch {
	case n < 50 || n > 4_000_000:
		return wrong("%d baud is not possible: write 50 to 4000000", n)
	case s.DataBits < 5 || s.DataBits > 8:
		return wrong("%q data bits are not possible: write 5 to 8", frame[:1])
	case strings.IndexByte("NEOMS", s.Parity) < 0 && upper != string(b):
		return &mistake{fmt.Sprintf("parity %q is written in a capital letter: N, E, O, M or S", frame[1:2]), upper}
	case strings.IndexByte("NEOMS", s.Parity) < 0:
		return wrong("parity %q does not exist: write N (none), E (even), O (odd), M (mark) or S (space)", frame[1:2])
	case s.StopBits < 1 || s.StopBits > 2:
		return wrong("%q stop bits are not possible: write 1 or 2", frame[2:])
	}
	return nil
}

// Wire returns the time that n characters take on the wire.
func (s Settings) Wire(n int) time.Duration {
	if s.Baud == 0 {
		return 0
	}
	bits := 1 + s.DataBits + s.StopBits
	if s.Parity != 'N' {
		bits++
	}
	return time.Duration(n*bits) * time.Second / time.Duration(s.Baud)
}
