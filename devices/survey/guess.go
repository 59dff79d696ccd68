package survey

import (
	"context"
	"errors"
	"slices"
	"time"

	"sitepost/devices/instrument"
	"sitepost/devices/line"
)

// Usual are the settings that instruments leave the factory with, the commonest
// first.
func Usual() []line.Settings {
	return []line.Settings{
		{Baud: 9600, DataBits: 8, Parity: 'N', StopBits: 1},
		{Baud: 19200, DataBits: 8, Parity: 'N', StopBits: 1},
		{Baud: 4800, DataBits: 8, Parity: 'N', StopBits: 1},
		{Baud: 2400, DataBits: 8, Parity: 'N', StopBits: 1},
		{Baud: 38400, DataBits: 8, Parity: 'N', StopBits: 1},
		{Baud: 57600, DataBits: 8, Parity: 'N', StopBits: 1},
		{Baud: 115200, DataBits: 8, Parity: 'N', StopBits: 1},
		{Baud: 9600, DataBits: 8, Parity: 'E', StopBits: 1},
		{Baud: 19200, DataBits: 8, Parity: 'E', StopBits: 1},
		{Baud: 9600, DataBits: 7, Parity: 'E', StopBits: 1},
		{Baud: 9600, DataBits: 7, Parity: 'O', StopBits: 1},
		{Baud: 9600, DataBits: 8, Parity: 'N', StopBits: 2},
		{Baud: 1200, DataBits: 8, Parity: 'N', StopBits: 1},
	}
}

// A Search says what to try.
type Search struct {
	Open     func(line.Settings) line.Opener
	Settings []line.Settings // nil: Usual; one where they cannot be changed, as on a TCP serial server
	Each     time.Duration   // how long to listen per settings: at least twice as long as the device may be silent
	Profiles []*instrument.Profile
	Others   []Other
	Progress func(s line.Settings, heard int) // called after each settings with the number of bytes; may be nil
}

// An Other is a way to recognise what is no profile: Overheard says whether a
// whole message stands in what was heard.
type Other struct {
	Name      string
	Overheard func(heard []byte) bool
}

// Sure says how sure a verdict is.
type Sure string

const (
	Certain  Sure = "certain"  // several frames make up what was heard, and chance cannot
	Likely   Sure = "likely"   // few frames, or others in between
	Possible Sure = "possible" // more than chance would make, and little of what was heard
)

// Silence is what a verdict says when nothing was heard at any settings.
const Silence = "silence"

// A Verdict is what a line might be.
type Verdict struct {
	Settings line.Settings // the zero value for silence
	What     string        // name of a profile or of an Other, "Modbus RTU", "text", Silence
	Frames   int           // whole messages, or lines of text
	Bytes    int           // all that was heard at these settings
	Sure     Sure
	Why      string // for a person
}

const (
	modbusRTU = "Modbus RTU"
	text      = "text"
)

// maxHeard bounds what is heard per settings.
const maxHeard = 64 << 10

// Guess listens at each of the settings in turn and says what it might have
// heard, the best verdict first, one per kind and baud. It sends nothing. Bytes
// that fit nothing give no verdict.
//
// Settings that the port does not know are passed over. Any other error ends
// the search. When ctx ends, its reason comes with the verdicts on what was
// heard so far.
func Guess(ctx context.Context, search Search) ([]Verdict, error) {
	settings := search.Settings
	if settings == nil {
		settings = Usual()
	}
	var opinions []opinion
	var refused, stopped error
	total, opened := 0, false
	for i, s := range settings {
		heard, err := listen(ctx, search.Open(s), search.Each)
		if trouble, ok := errors.AsType[*line.Trouble](err); ok && trouble.Short == "settings" {
			refused = err
			continue
		}
		if ctx.Err() != nil {
			stopped = context.Cause(ctx)
			break
		}
		if err != nil {
			return nil, err
		}
		opened = true
		n := heardBytes(heard)
		total += n
		if search.Progress != nil {
			search.Progress(s, n)
		}
		for _, o := range weighAll(search, s, heard) {
			o.order = i
			opinions = append(opinions, o)
		}
	}
	switch {
	case stopped != nil:
		return verdicts(opinions), stopped
	case !opened:
		return nil, refused
	case total == 0:
		return []Verdict{{What: Silence, Sure: Certain, Why: "nothing was heard at any settings: does it speak by itself? is it powered? are A and B, or RX and TX, swapped?"}}, nil
	}
	return verdicts(opinions), nil
}

// listen opens a line and hears what comes for a while.
func listen(ctx context.Context, open line.Opener, while time.Duration) ([]line.Chunk, error) {
	port, err := open(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = port.Close() }() // nothing was written that could be lost
	if err := port.Discard(); err != nil {
		return nil, err
	}
	var heard []line.Chunk
	buf := make([]byte, 1024)
	for room, end := maxHeard, time.Now().Add(while); room > 0 && time.Now().Before(end); {
		n, err := port.Read(buf[:min(room, len(buf))])
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case err != nil:
			return nil, err
		case n > 0:
			heard = append(heard, line.Chunk{Bytes: slices.Clone(buf[:n]), At: time.Now()})
			room -= n
		}
	}
	return heard, nil
}

func heardBytes(heard []line.Chunk) int {
	n := 0
	for _, c := range heard {
		n += len(c.Bytes)
	}
	return n
}
