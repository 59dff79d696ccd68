// Package page is the face of the running daemon for programs of this machine: a port
// on loopback that is asked, and never told anything. The technician's page will stand
// beside these three.
//
//	GET /healthz   is it alive, and do its loops turn
//	GET /readyz    would an alarm be kept now, and where does it go: disk or memory, which broker
//	GET /metrics   figures for Prometheus (package status)
//
// Its rules, because a browser on the same machine is everybody's (security row 11):
//
//   - Only for a name of this machine in Host, which ends DNS rebinding, and not for
//     a page of another origin. GET and HEAD only, no body, no path but those three.
//   - No answer can be kept, framed, read by another origin, or taken for a document with
//     scripts.
//   - At most 32 connections, each with one request, which must come within 5 seconds.
//     Who comes when all places are taken is hung up on at once: nothing waits.
//   - A port that cannot be had is no reason not to guard the site.
//
// One camera that is off makes no answer a bad one: that is what findings are for.
//
// It does not know how a snapshot is taken, or what is in one beyond store and city.
package page

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"sitepost/cmd/sitepost/status"
)

const (
	// mostConnections bounds the connections, and with one request each also those.
	mostConnections = 32
	mostHeader      = 16 << 10 // bytes of a request; net/http reads up to 4 KiB more
	headerWithin    = 5 * time.Second
	answerWithin    = 15 * time.Second
)

// A Page is what stands behind the port.
type Page struct {
	Address string // of the site file: its host may be asked for by that name
	Take    func() status.Snapshot
	Turning func() error // which loop does not turn; nil: all do
	Log     *slog.Logger
}

// Listen opens the port. An address that leads off this machine is refused, whatever
// the site file has let through.
func Listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	if at, is := l.Addr().(*net.TCPAddr); !is || !at.IP.IsLoopback() {
		return nil, errors.Join(fmt.Errorf("%s is not an address of this machine alone", l.Addr()), l.Close())
	}
	return l, nil
}

// Serve answers until ctx ends, and waits for what is being answered then. It closes
// the listener.
func (p *Page) Serve(ctx context.Context, l net.Listener) error {
	working := make(chan struct{}, mostConnections)
	face := p.guard(p.faces())
	server := http.Server{
		ReadHeaderTimeout: headerWithin, ReadTimeout: headerWithin, IdleTimeout: headerWithin, WriteTimeout: answerWithin,
		MaxHeaderBytes: mostHeader, DisableGeneralOptionsHandler: true,
		ErrorLog: slog.NewLogLogger(p.Log.Handler(), slog.LevelDebug),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			select {
			case working <- struct{}{}:
				defer func() { <-working }()
				face.ServeHTTP(w, r)
			case <-ctx.Done():
			}
		}),
	}
	server.SetKeepAlivesEnabled(false) // each connection has one request
	closed := make(chan struct{})
	defer context.AfterFunc(ctx, func() {
		defer close(closed)
		_ = server.Close() // who has not been answered by now asks again
	})()
	err := server.Serve(narrow{l, make(chan struct{}, mostConnections)})
	if !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	<-closed
	for range mostConnections { // until nobody works
		working <- struct{}{}
	}
	return nil
}
