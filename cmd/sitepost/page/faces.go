package page

import (
	"fmt"
	"net/http"

	"sitepost/cmd/sitepost/status"
)

// faces are all that can be asked for: exactly these paths, written so.
func (p *Page) faces() http.Handler {
	all := map[string]http.Handler{
		"/healthz": http.HandlerFunc(p.health),
		"/readyz":  http.HandlerFunc(p.ready),
		"/metrics": status.Metrics(p.Take),
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		face := all[r.URL.EscapedPath()]
		if face == nil {
			http.Error(w, "there is nothing here: ask for /healthz, /readyz or /metrics", http.StatusNotFound)
			return
		}
		face.ServeHTTP(w, r)
	})
}

// health says whether the process is alive and its loops turn. Why not is for a person:
// what may be done about it is to start it anew.
func (p *Page) health(w http.ResponseWriter, _ *http.Request) {
	if err := p.Turning(); err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, "hangs:", err)
		return
	}
	fmt.Fprintln(w, "alive")
}

// ready says whether an alarm would be kept if it came now, and where it would go.
//
//	            city up   city away
//	disk        ready     ready, kept on disk
//	memory      ready     not ready: a power cut now would take it
func (p *Page) ready(w http.ResponseWriter, _ *http.Request) {
	if err := p.Turning(); err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, "not ready: hangs:", err)
		return
	}
	s := p.Take()
	word, disk := "ready", "store: writable"
	if s.Store.Failing {
		disk = "store: buffering in memory, the disk refuses"
	}
	if s.Store.Failing && (s.Uplink == nil || !s.Uplink.Up) {
		word = "not ready"
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	fmt.Fprintf(w, "%s\nconfig: %s\n%s\n%s\n", word, s.Config, disk, city(s))
}

// city says where an alarm would go.
func city(s status.Snapshot) string {
	switch u := s.Uplink; {
	case u == nil:
		return "city: buffering, no broker is configured"
	case u.Up:
		return "city: broker " + u.Broker
	default:
		return "city: buffering, no broker is up"
	}
}
