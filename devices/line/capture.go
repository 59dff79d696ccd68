package line

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The bounds of a capture: a day of a slow line, no more in one row than an
// answer can hold, and a year.
const (
	maxCaptureRows = 1 << 20
	maxCaptureRow  = 16 << 10 // characters
	longest        = 366 * 24 * time.Hour
)

// A CaptureError is a row of a capture that cannot be read.
type CaptureError struct {
	Row int // from 1
	Why string
}

func (e *CaptureError) Error() string { return fmt.Sprintf("%d: %s", e.Row, e.Why) }

// ReadCapture reads what was heard on a line, as text that a person can write
// down by hand:
//
//	# gate-7e7f, two passages to the left
//	+0.000  7F 01 01 00 00 00 00 00 0A 00 00 05 00 00 18 00 00 57
//	+0.250  7F 01 01 00 01 00 00 00 0B 00 00 05 00 00 18 00 00 55
//
// Each row is the time in seconds since the beginning, and bytes in hex, behind
// a > where we have sent them. Rows that begin with # are remarks. Times never
// go back. The chunks count from begin. Errors are of type [*CaptureError], or
// those of r.
func ReadCapture(r io.Reader, begin time.Time) ([]Chunk, error) {
	rows := bufio.NewScanner(r)
	rows.Buffer(nil, maxCaptureRow)
	var chunks []Chunk
	last := 0.0
	for n := 1; rows.Scan(); n++ {
		text := strings.TrimSpace(strings.TrimPrefix(rows.Text(), "\ufeff"))
		if text == "" || text[0] == '#' {
			continue
		}
		seconds, chunk, err := captureRow(text)
		switch {
		case err != nil:
			return nil, &CaptureError{n, err.Error()}
		case seconds < last:
			return nil, &CaptureError{n, fmt.Sprintf("time goes back from +%.3f to +%.3f", last, seconds)}
		case len(chunks) == maxCaptureRows:
			return nil, &CaptureError{n, fmt.Sprintf("more than %d rows: cut the capture into pieces", maxCaptureRows)}
		}
		last = seconds
		chunk.At = begin.Add(time.Duration(math.Round(seconds*1e6)) * time.Microsecond)
		chunk.Fresh = len(chunks) == 0
		chunks = append(chunks, chunk)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("capture: %w", err)
	}
	return chunks, nil
}

// captureRow reads one row: "+1.250 7F 01", or "+1.250 > 7E 00".
func captureRow(text string) (seconds float64, c Chunk, err error) {
	stamp, pairs, _ := strings.Cut(text, " ")
	seconds, err = strconv.ParseFloat(strings.TrimPrefix(stamp, "+"), 64)
	if err != nil || !(seconds >= 0 && seconds < longest.Seconds()) {
		return 0, c, fmt.Errorf("%q is no time: write seconds since the beginning, such as +1.250", stamp)
	}
	pairs, c.Sent = strings.CutPrefix(strings.TrimSpace(pairs), ">")
	c.Bytes, err = hex.DecodeString(strings.ReplaceAll(pairs, " ", ""))
	if err != nil || len(c.Bytes) == 0 {
		return 0, c, fmt.Errorf("%q are no bytes: write hex pairs such as 7F 01", strings.TrimSpace(pairs))
	}
	return seconds, c, nil
}

// A Capture writes what ReadCapture reads. Whoever uses it from several
// goroutines takes care of the order.
type Capture struct {
	w     io.Writer
	begin time.Time
	last  time.Duration // of the last row, since begin
	rows  int
}

// NewCapture returns a capture whose times count from begin.
func NewCapture(w io.Writer, begin time.Time) *Capture { return &Capture{w: w, begin: begin} }

// maxRowBytes is how many bytes stand in one row of a Capture at most: with
// its time that is less than ReadCapture takes.
const maxRowBytes = 4096

// Write writes a chunk as one row, or more where it is long. That something may
// be missing is a remark:
//
//	+0.000  7F 01 01
//	+1.250 > 7E 00 01 10
//	# +9.000 something may be missing here
//	+9.000  7F 01 01
//
// Times are rounded to milliseconds and never go back, whatever the clock
// does. The error is that of w, or says that the capture is full.
func (c *Capture) Write(chunk Chunk) error {
	if len(chunk.Bytes) == 0 {
		return nil
	}
	c.last = max(c.last, chunk.At.Sub(c.begin).Round(time.Millisecond))
	stamp := fmt.Sprintf("+%.3f", c.last.Seconds())
	var text strings.Builder
	if chunk.Fresh && c.rows > 0 {
		fmt.Fprintf(&text, "# %s something may be missing here\n", stamp)
	}
	for row := range slices.Chunk(chunk.Bytes, maxRowBytes) {
		mark := "  "
		if chunk.Sent {
			mark = " > "
		}
		fmt.Fprintf(&text, "%s%s% X\n", stamp, mark, row)
		c.rows++
	}
	if c.rows > maxCaptureRows || c.last >= longest {
		return fmt.Errorf("capture: full after %d rows and %v: begin another one", c.rows, c.last)
	}
	_, err := io.WriteString(c.w, text.String())
	return err
}
