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
// hour: whatever becomes of the tool, the line comes back. A tool that has a line, or
// hears it, is told when that is over without its doing, and why.
//
// Who may use the door is decided by the file's permissions: its owner and its
// group. It offers nothing that writes to a line.
//
// It does not know what the bytes mean, what hangs on a line or how a camera is
// asked. Who comes it knows only for the log.
package control

import "errors"

// DefaultPath is where the daemon of a box can be reached.
const DefaultPath = "/run/sitepost/control.sock"

var (
	// ErrNobody is wrapped by the client's errors when no daemon is at the socket.
	ErrNobody = errors.New("no running sitepost is there")
	// ErrHangs is wrapped when one is there that takes a question and does not answer
	// it.
	ErrHangs = errors.New("the running sitepost does not answer")
)
