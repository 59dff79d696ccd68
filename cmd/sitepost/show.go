package main

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"sitepost/config"
	"sitepost/devices"
	"sitepost/devices/instrument"
	"sitepost/devices/line"
)

const (
	wide   = 16                    // bytes in one row
	long   = 256                   // bytes that are shown at once: a line that is never silent is shown too
	within = 25 * time.Millisecond // what follows sooner belongs to the same rows: a port is read in small pieces
)

// A show prints what is said on a line:
//
//	+1.250  > 7E 00 01 10 00 00 00 70                          |~......p|
//	+1.268  < 7F 01 01 00 01 00 00 00 0B 00 00 05 00 00 18 00  |................|
//	          00 55                                            |.U|
//	          gate-1  access.passage left +1
type show struct {
	tool    *tool
	capture *line.Capture
	file    *os.File // of the capture, nil for none
	hearers []*hearer

	mu     sync.Mutex // guards all below
	begin  time.Time  // of the first chunk
	chunk  line.Chunk // heard and not printed yet
	last   time.Time  // of the last byte in it
	said   []string   // what it says
	timer  *time.Timer
	failed error // of a print that nobody waited for
}

// A hearer reads for one instrument.
type hearer struct {
	name    string
	reader  *instrument.Hearer
	journal instrument.Journal
}

// newShow begins a show for all instruments of the wire, or for the profile that
// was named.
func (w *wire) newShow(o listening) (*show, error) {
	s := &show{tool: w.tool}
	if o.address < 0 || o.address > 255 {
		return nil, fmt.Errorf("--address %d: write 0 to 255", o.address)
	}
	if o.profile != "" {
		p, err := openProfile(o.profile, w.tool.profiles)
		if err != nil {
			return nil, w.tool.profileMistakes(err)
		}
		s.hearers = append(s.hearers, &hearer{name: p.Name, reader: instrument.NewHearer(p, o.address)})
	} else if err := s.know(w.instruments(), w.tool.profiles); err != nil {
		return nil, err
	}
	if o.record == "" {
		return s, nil
	}
	f, err := createNew(o.record)
	if err != nil {
		return nil, err
	}
	s.file = f
	_, err = fmt.Fprintf(f, "# %s %s\n", w, w.line.Settings)
	return s, err
}

// know makes a hearer for each instrument that has a profile. What is wired to a
// contact module is shown as terminals of the module, once.
func (s *show) know(on []config.Instrument, profiles string) error {
	modules := map[int]bool{}
	for _, i := range on {
		name := i.Name
		if len(i.Inputs) > 0 {
			name = fmt.Sprintf("module %d", i.Address)
		}
		if i.Profile == "" || len(i.Inputs) > 0 && modules[i.Address] {
			continue
		}
		modules[i.Address] = len(i.Inputs) > 0
		p, err := instrument.Load(i.Profile, profiles)
		if err == nil && i.Channel > 0 {
			p, err = p.Channel(i.Channel)
		}
		if err != nil {
			return fmt.Errorf("instrument %q: %w", i.Name, err)
		}
		s.hearers = append(s.hearers, &hearer{name: name, reader: instrument.NewHearer(p, i.Address)})
	}
	return nil
}

// hear prints and records one chunk.
func (s *show) hear(c line.Chunk) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.begin.IsZero() {
		s.begin = c.At
		if s.file != nil {
			s.capture = line.NewCapture(s.file, c.At)
		}
		s.timer = time.AfterFunc(within, s.flush)
	}
	if s.capture != nil {
		if err := s.capture.Write(c); err != nil {
			return err
		}
	}
	if c.Fresh || c.Sent != s.chunk.Sent || c.At.Sub(s.last) > within || len(s.chunk.Bytes) >= long {
		s.print()
		s.chunk = line.Chunk{At: c.At, Sent: c.Sent}
	}
	s.chunk.Bytes, s.last = append(s.chunk.Bytes, c.Bytes...), c.At
	for _, h := range s.hearers {
		for _, text := range h.hear(c) {
			s.said = append(s.said, h.name+"  "+text)
		}
	}
	s.timer.Reset(within)
	return s.failed
}

// flush prints what nothing followed.
func (s *show) flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.print()
}

// hear returns what a chunk says about an instrument.
func (h *hearer) hear(c line.Chunk) []string {
	return h.journal.Lines(masked(h.reader.Hear(c)))
}

// masked takes card numbers out: they are nobody's business on a screen.
func masked(events []devices.Event) []devices.Event {
	for i := range events {
		if events[i].Card != nil {
			events[i].Card = &devices.Card{Number: "***"}
		}
	}
	return events
}

// print prints what was heard and what it says. The caller holds the lock.
func (s *show) print() {
	if len(s.chunk.Bytes) == 0 {
		return
	}
	print := s.words
	if s.tool.json {
		print = s.object
	}
	_, err := s.tool.stdout.Write(print(s.chunk.At.Sub(s.begin).Seconds()))
	s.failed = errors.Join(s.failed, err)
	s.chunk.Bytes, s.said = nil, nil
}

// object is one line of JSON.
func (s *show) object(after float64) []byte {
	text, err := json.Marshal(struct {
		After float64  `json:"after_s"`
		Sent  bool     `json:"sent,omitempty"`
		Hex   string   `json:"hex"`
		Said  []string `json:"said,omitempty"`
	}{after, s.chunk.Sent, strings.ToUpper(hex.EncodeToString(s.chunk.Bytes)), s.said})
	s.failed = errors.Join(s.failed, err)
	return append(text, '\n')
}

// words are rows of hex and text, and what they say below.
func (s *show) words(after float64) []byte {
	mark := '<'
	if s.chunk.Sent {
		mark = '>'
	}
	margin := fmt.Sprintf("%+9.3f %c ", after, mark)
	var out strings.Builder
	for row := range slices.Chunk(s.chunk.Bytes, wide) {
		fmt.Fprintf(&out, "%s%-*s  |%s|\n", margin, 3*wide-1, fmt.Sprintf("% X", row), printable(row))
		margin = strings.Repeat(" ", len(margin))
	}
	for _, text := range s.said {
		fmt.Fprintf(&out, "%12s%s\n", "", text)
	}
	return []byte(out.String())
}

// printable shows ASCII, and a dot for all else.
func printable(b []byte) string {
	text := make([]byte, len(b))
	for i, c := range b {
		text[i] = '.'
		if c >= ' ' && c <= '~' {
			text[i] = c
		}
	}
	return string(text)
}

// close prints what is left and ends the capture. One in which nothing is does not stay,
// to be in the way of the next try.
func (s *show) close() error {
	if s.timer != nil {
		s.timer.Stop()
	}
	s.flush()
	if s.file == nil {
		return s.failed
	}
	if err := errors.Join(s.failed, s.file.Close()); err != nil {
		return err
	}
	if s.capture == nil {
		s.tool.remark("nothing was heard, and so %s is not written", s.file.Name())
		return os.Remove(s.file.Name())
	}
	s.tool.remark("wrote %s: replay it with `sitepost try PROFILE %s`", s.file.Name(), s.file.Name())
	return nil
}
