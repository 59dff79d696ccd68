// Package control is the door at which the technician's tools reach the
// running daemon: a socket on this machine, at /run/sitepost/control.sock.
//
//	tool ── GET  /lines/bus-a/bytes ──► all that is said on the line, as it is said
//	tool ── POST /lines/bus-a/loan  ──► the line is the tool's until it hangs up
//	tool ── GET  /cameras           ──► how each camera stands
//	tool ── POST /cameras/cam-1/login ──► its login is tried anew, because a person asks
//	tool ── POST /reload            ──► the site file is read again
//	tool ── GET  /status            ──► how the site stands, as one JSON document (package status)
//	     ── GET  /metrics           ──► the same as figures for Prometheus
//	tool ── GET  /maintenance       ──► what is in maintenance
//	tool ── PUT, DELETE /devices/gas-1/maintenance ──► it begins, it ends
//	tool ── POST /devices/gas-1/test ──► a test alarm, and how far it is, as it gets on
//	tool ── GET  /events?lane=…&device=…&n=…&undelivered=1&follow=1 ──► the records on disk, newest last
//	tool ── POST /retire?within=…&now=1 ──► the site is given up, step by step
//
// It speaks HTTP, so that what comes later (a status page) finds its place beside
// it. A loan lasts as long as the connection and at most half an
// hour: whatever becomes of the tool, the line comes back.
//
// Who may use the door is decided by the file's permissions: its owner and its
// group. It offers nothing that writes to a line.
//
// It does not know what the bytes mean, what hangs on a line or how a camera is
// asked. Who comes it knows only for the log.
package control

import (
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"sitepost/devices/line"
)

// DefaultPath is where the daemon of a box can be reached.
const DefaultPath = "/run/sitepost/control.sock"

// longest is how long a line may be lent. A person who needs more asks again.
const longest = 30 * time.Minute

var (
	// ErrNobody is wrapped by the client's errors when no daemon is at the socket.
	ErrNobody = errors.New("no running sitepost is there")
	// ErrHangs is wrapped when one is there that takes a question and does not answer
	// it.
	ErrHangs = errors.New("the running sitepost does not answer")
)

// A row is one chunk on its way to a tool, as one line of JSON.
type row struct {
	At    time.Time `json:"at"`
	Hex   string    `json:"hex"`
	Sent  bool      `json:"sent,omitempty"`
	Fresh bool      `json:"fresh,omitempty"`
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
