package cameratest

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// misbehave answers wrongly on purpose, if the camera is told to, and says
// whether it did.
func (v *Camera) misbehave(w http.ResponseWriter, r *http.Request) bool {
	switch v.options.Trouble {
	case HTMLAnswer:
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<html><head><title>Login</title></head><body>Please log in</body></html>")
	case Redirects:
		http.Redirect(w, r, "http://192.0.2.99/onvif/device_service", http.StatusTemporaryRedirect)
	case EndlessBody:
		v.endless(w)
	case Slow:
		v.drip(w, r)
	case DeepXML:
		_, _ = io.WriteString(w, strings.Repeat("<Envelope>", 50_000)+strings.Repeat("</Envelope>", 50_000))
	case AttributeBomb:
		var b strings.Builder
		for i := range 50_000 {
			fmt.Fprintf(&b, " a%d='x'", i)
		}
		_, _ = io.WriteString(w, "<Envelope"+b.String()+"/>")
	default:
		return false
	}
	return true
}

// endless writes until the asker goes away.
func (v *Camera) endless(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/soap+xml")
	piece := strings.Repeat("<a>endless</a>", 5000)
	_, err := io.WriteString(w, "<Envelope><Body>")
	for err == nil {
		select {
		case <-v.closed:
			return
		default:
			_, err = io.WriteString(w, piece)
		}
	}
}

// drip writes one byte a second until the asker goes away.
func (v *Camera) drip(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/soap+xml")
	for v.pause(r.Context(), time.Second) {
		if _, err := io.WriteString(w, " "); err != nil {
			return
		}
		_ = http.NewResponseController(w).Flush()
	}
}
