package page

import (
	"net"
	"net/http"
	"slices"
	"strings"
)

// safety is what stands above every answer.
//
//	Content-Security-Policy     nothing is loaded, framed or sent, whatever the answer says
//	X-Content-Type-Options      it is what it says it is
//	Cache-Control               it is not kept
//	Cross-Origin-Resource-…     no other page reads it, not even as a picture
//	Referrer-Policy             where it leads to does not hear of it
//
// There is no Access-Control-… : no other origin may read anything.
var safety = [][2]string{
	{"Cache-Control", "no-store"},
	{"Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
	{"Content-Type", "text/plain; charset=utf-8"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
	{"Referrer-Policy", "no-referrer"},
	{"X-Content-Type-Options", "nosniff"},
}

// guard lets through what may be asked.
func (p *Page) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, h := range safety {
			w.Header().Set(h[0], h[1])
		}
		switch {
		case !p.isOurs(r.Host):
			http.Error(w, "this name is not served here", http.StatusMisdirectedRequest)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "here one can only look", http.StatusMethodNotAllowed)
		case isForeign(r):
			http.Error(w, "not for other pages", http.StatusForbidden)
		case r.ContentLength != 0:
			http.Error(w, "a question has no body", http.StatusBadRequest)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// isOurs says whether a Host names this machine: the one of the site file, or a name of
// loopback, with any port, for who comes through a tunnel has another one.
func (p *Page) isOurs(host string) bool {
	name := strings.ToLower(nameOf(host))
	return slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, name) || name != "" && name == strings.ToLower(nameOf(p.Address))
}

// nameOf is a host without its port.
func nameOf(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	if n := len(host); n > 2 && host[0] == '[' && host[n-1] == ']' {
		return host[1 : n-1]
	}
	return host
}

// isForeign says whether a browser asks for another page than ours. A browser that is
// too old to say so sends Origin with nothing that could do harm here.
func isForeign(r *http.Request) bool {
	for _, site := range r.Header.Values("Sec-Fetch-Site") {
		if site != "none" && site != "same-origin" {
			return true
		}
	}
	for _, origin := range r.Header.Values("Origin") {
		if origin != "http://"+r.Host {
			return true
		}
	}
	return false
}
