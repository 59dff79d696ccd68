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

// mostPath is how long the path of a socket may be (sun_path in unix(7)).
const mostPath = 107

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
	faces := d.faces()
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
		faces.ServeHTTP(w, r)
	})
	closed := make(chan struct{})
	defer context.AfterFunc(ctx, func() {
		defer close(closed)
		// Requests end with ctx, each by itself; Shutdown waits for them.
		_ = server.Shutdown(context.WithoutCancel(ctx))
	})()
	if err := server.Serve(hall{l, make(places, mostGuests)}); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("control socket: %w", err)
	}
	<-closed
	return nil
}

// faces are all that can be asked for. What lasts for as long as a tool likes has places
// of its own: however many follow and listen, a person can still ask how the site stands.
func (d *Door) faces() *http.ServeMux {
	brief, lasting := make(places, mostTools), make(places, mostTools)
	mux := http.NewServeMux()
	mux.Handle("GET /lines/{line}/bytes", lasting.seat(d.bytes))
	mux.Handle("POST /lines/{line}/loan", lasting.seat(d.loan))
	mux.Handle("GET /cameras", brief.seat(d.cameras))
	mux.Handle("POST /cameras/{camera}/login", brief.seat(d.login))
	if d.Reload != nil {
		mux.Handle("POST /reload", brief.seat(d.reload))
	}
	if d.Status != nil {
		mux.Handle("GET /status", brief.seat(d.status))
		mux.Handle("GET /metrics", brief.seat(status.Metrics(d.Status).ServeHTTP))
	}
	if d.Upkeep != nil {
		mux.Handle("PUT /devices/{device}/maintenance", brief.seat(d.maintain))
		mux.Handle("DELETE /devices/{device}/maintenance", brief.seat(d.endMaintenance))
		mux.Handle("GET /maintenance", brief.seat(d.maintenances))
	}
	if d.Trials != nil {
		mux.Handle("POST /devices/{device}/test", lasting.seat(d.try))
	}
	if d.Events != nil {
		mux.Handle("GET /events", lasting.seat(d.events))
	}
	if d.Retire != nil {
		mux.Handle("POST /retire", brief.seat(d.retire)) // it is one person's, and the daemon takes one
	}
	return mux
}
