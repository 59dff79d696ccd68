package control

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"sitepost/cmd/sitepost/status"
	"sitepost/devices/line"
)

const (
	// mostTools bounds how many tools are served at once.
	mostTools = 16
	// readWithin is how long a tool may leave unread what it is sent. One that
	// was stopped with Ctrl-Z must not keep its place, nor the daemon from
	// stopping.
	readWithin = 5 * time.Second
	// mostPath is how long the path of a socket may be (sun_path in unix(7)).
	mostPath = 107
)

// A Door is the daemon's side.
type Door struct {
	Lines   func() map[string]*line.Line // that there are now, by name
	Cameras Cameras                      // nil: none
	Status  func() status.Snapshot
	Reload  Reloader // nil: it cannot be reloaded
	Upkeep  Upkeep   // nil: nobody asks
	Trials  Trials   // nil: nobody asks
	Events  Events   // nil: none
	// Retire gives the site up, and tells of every step; it returns when the site is
	// given up, or is not. nil: it cannot be.
	Retire func(ctx context.Context, ask RetireAsked, tell func(Retiring))
	Log    *slog.Logger
}

// Listen makes the socket at a path, for the owner and the group of its folder.
// A socket that a killed daemon left behind is replaced; one that is answered
// is somebody else's, and what is no socket stays as it is.
func Listen(path string) (net.Listener, error) {
	if len(path) > mostPath {
		return nil, tooLong(path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	if there, err := os.Lstat(path); err == nil && there.Mode()&fs.ModeSocket == 0 {
		return nil, fmt.Errorf("control socket %q: something else has this name: give another one with --control", path)
	}
	if conn, err := net.Dial("unix", path); err == nil {
		_ = conn.Close()
		return nil, fmt.Errorf("control socket %q: another sitepost answers there", path)
	} else if errors.Is(err, syscall.ECONNREFUSED) {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("control socket: %w", err)
		}
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	if err := os.Chmod(path, 0o660); err != nil {
		return nil, fmt.Errorf("control socket: %w", errors.Join(err, l.Close()))
	}
	return l, nil
}

func tooLong(path string) error {
	return fmt.Errorf("control socket %q: the path has more than %d characters: give a shorter one with --control", path, mostPath)
}

// Serve answers tools until ctx ends, and takes back what it has lent before it
// returns. It closes the listener, which removes the socket.
func (d *Door) Serve(ctx context.Context, l net.Listener) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /lines/{line}/bytes", d.bytes)
	mux.HandleFunc("POST /lines/{line}/loan", d.loan)
	mux.HandleFunc("GET /cameras", d.cameras)
	mux.HandleFunc("POST /cameras/{camera}/login", d.login)
	if d.Reload != nil {
		mux.HandleFunc("POST /reload", d.reload)
	}
	if d.Status != nil {
		mux.HandleFunc("GET /status", d.status)
		mux.Handle("GET /metrics", status.Metrics(d.Status))
	}
	if d.Upkeep != nil {
		mux.HandleFunc("PUT /devices/{device}/maintenance", d.maintain)
		mux.HandleFunc("DELETE /devices/{device}/maintenance", d.endMaintenance)
		mux.HandleFunc("GET /maintenance", d.maintenances)
	}
	if d.Trials != nil {
		mux.HandleFunc("POST /devices/{device}/test", d.try)
	}
	if d.Events != nil {
		mux.HandleFunc("GET /events", d.events)
	}
	if d.Retire != nil {
		mux.HandleFunc("POST /retire", d.retire)
	}
	places := make(chan struct{}, mostTools)
	var server http.Server
	server.BaseContext = func(net.Listener) context.Context { return ctx }
	server.ConnContext = withPeer
	server.ReadHeaderTimeout = 5 * time.Second
	server.IdleTimeout = 5 * time.Second
	server.MaxHeaderBytes = 16 << 10
	server.ErrorLog = slog.NewLogLogger(d.Log.Handler(), slog.LevelWarn)
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 { // until it is read, nobody sees that the tool has gone
			w.Header().Set("Connection", "close")
			http.Error(w, "a tool has nothing to send", http.StatusBadRequest)
			return
		}
		select {
		case places <- struct{}{}:
			defer func() { <-places }()
			mux.ServeHTTP(w, r)
		default:
			http.Error(w, "too many tools are at work", http.StatusServiceUnavailable)
		}
	})
	closed := make(chan struct{})
	defer context.AfterFunc(ctx, func() {
		defer close(closed)
		// Requests end with ctx, each by itself; Shutdown waits for them.
		_ = server.Shutdown(context.WithoutCancel(ctx))
	})()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("control socket: %w", err)
	}
	<-closed
	return nil
}
