package control

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"sitepost/devices/line"
)

// longest is how long a line may be lent. A person who needs more asks again.
const longest = 30 * time.Minute

// Why a tool has a line no more, or hears it no more, and what the person at the tool
// does about it. It is the last thing that the daemon says: without it the line was lost
// with the daemon.
const (
	lineEnded = "a reload has taken the line out of the site file, or changed it: see the file, then do this again"
	loanEnded = "it was lent for half an hour, and is not lent for longer at once: do this again"
	doorEnded = "sitepost stops: do this again when it has stopped, or runs again"
)

// A row is one chunk on its way to a tool, as one line of JSON; or, as the last one, why
// there is no more.
type row struct {
	At    time.Time `json:"at,omitzero"`
	Hex   string    `json:"hex,omitempty"`
	Sent  bool      `json:"sent,omitempty"`
	Fresh bool      `json:"fresh,omitempty"`
	Over  string    `json:"over,omitempty"`
}

func rowOf(c line.Chunk) row {
	return row{At: c.At, Hex: hex.EncodeToString(c.Bytes), Sent: c.Sent, Fresh: c.Fresh}
}

func (r row) chunk() (line.Chunk, error) {
	b, err := hex.DecodeString(r.Hex)
	if err != nil {
		return line.Chunk{}, fmt.Errorf("row of a line: %w", err)
	}
	return line.Chunk{Bytes: b, At: r.At, Sent: r.Sent, Fresh: r.Fresh}, nil
}

// line returns the line a request is about, and answers where there is none.
func (d *Door) line(w http.ResponseWriter, r *http.Request) *line.Line {
	name := r.PathValue("line")
	l := d.Lines()[name]
	if l == nil {
		http.Error(w, fmt.Sprintf("the running sitepost has no line %q", name), http.StatusNotFound)
	}
	return l
}

// whileOwned is a request's context that also ends, with that reason, when nobody owns the
// line any more.
func whileOwned(r *http.Request, l *line.Line) (ctx context.Context, cancel func()) {
	owned, end := context.WithCancelCause(r.Context())
	over := l.Ended()
	go func() { // ends with the request
		select {
		case <-over:
			end(errors.New(lineEnded))
		case <-owned.Done():
		}
	}()
	return owned, func() { end(nil) }
}

// tellOver says why there is no more. A tool that has gone does not hear it.
func tellOver(ctx context.Context, w http.ResponseWriter) {
	over := doorEnded
	switch why := context.Cause(ctx); {
	case errors.Is(why, context.DeadlineExceeded):
		over = loanEnded
	case !errors.Is(why, context.Canceled):
		over = why.Error()
	}
	_ = errors.Join(json.NewEncoder(w).Encode(row{Over: over}), http.NewResponseController(w).Flush())
}

// bytes hands on what is said on a line until the tool hangs up, or nobody owns the line.
func (d *Door) bytes(w http.ResponseWriter, r *http.Request) {
	l := d.line(w, r)
	if l == nil {
		return
	}
	ctx, cancel := whileOwned(r, l)
	defer cancel()
	ear := l.Tap()
	defer ear.Close()
	out, rows := http.NewResponseController(w), json.NewEncoder(w)
	w.WriteHeader(http.StatusOK)
	for {
		if err := out.Flush(); err != nil {
			return // the tool has gone, or does not read
		}
		chunk, err := ear.Next(ctx)
		if err != nil {
			tellOver(ctx, w)
			return
		}
		if err := rows.Encode(rowOf(chunk)); err != nil {
			return
		}
	}
}

// loan lends a line until the tool hangs up, the daemon stops, nobody owns the line any
// more or the loan has lasted long enough.
func (d *Door) loan(w http.ResponseWriter, r *http.Request) {
	l := d.line(w, r)
	if l == nil {
		return
	}
	owned, end := whileOwned(r, l)
	defer end()
	ctx, cancel := context.WithTimeout(owned, longest)
	defer cancel()
	giveBack, err := l.Lend(ctx)
	if err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	defer giveBack()
	log := d.Log.With("line", r.PathValue("line"), "tool", peer(r.Context()))
	log.Info("line is lent to a tool")
	defer log.Info("line is back from a tool")
	w.WriteHeader(http.StatusOK)
	if err := http.NewResponseController(w).Flush(); err != nil {
		return
	}
	<-ctx.Done()
	tellOver(ctx, w)
}
