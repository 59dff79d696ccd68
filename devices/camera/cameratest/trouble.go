package cameratest

import (
	"cmp"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
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
	case WantsHTTPS:
		host, _, _ := net.SplitHostPort(r.Host)
		http.Redirect(w, r, "https://"+cmp.Or(host, r.Host)+r.URL.Path, http.StatusMovedPermanently)
	case BasicOnly:
		w.Header().Set("WWW-Authenticate", `Basic realm="virtual camera"`)
		w.WriteHeader(http.StatusUnauthorized)
	default:
		return v.misbehaveBelow(w, r)
	}
	return true
}

// misbehaveBelow does what is not even proper HTTP, or hardly.
func (v *Camera) misbehaveBelow(w http.ResponseWriter, r *http.Request) bool {
	switch v.options.Trouble {
	case ClosesAtOnce:
		panic(http.ErrAbortHandler)
	case Hangs:
		_, _ = io.Copy(io.Discard, r.Body) // or the asker's leaving goes unnoticed
		v.pause(r.Context(), time.Hour)
		panic(http.ErrAbortHandler)
	case ShortBody:
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, "<Envelope><Body>")
	case LongBody:
		v.raw(w, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n<Envelope><Body/></Envelope>")
	case Huge:
		w.Header().Set("Content-Length", strconv.Itoa(200<<20))
		v.endless(w)
	case GzipBomb:
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		piece := make([]byte, 64<<10)
		for range 128 {
			_, _ = z.Write(piece)
		}
		_ = z.Close()
	case HugeHeader:
		for i := range 64 {
			w.Header().Set(fmt.Sprintf("X-%d", i), strings.Repeat("x", 16<<10))
		}
	default:
		return false
	}
	return true
}

// raw writes bytes of its own choice and hangs up.
func (v *Camera) raw(w http.ResponseWriter, all string) {
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	_, _ = io.WriteString(c, all)
	_ = c.Close()
}

// refuseOddly refuses a login in the manner of the camera's trouble, if it has one
// of its own.
func (v *Camera) refuseOddly(w http.ResponseWriter) bool {
	switch v.options.Trouble {
	case FaultAt200:
		v.fault(w, http.StatusOK, "ter:NotAuthorized", "")
	case HTMLRefusal:
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, "<html><body>401</body></html>")
	case WordyRefusal:
		v.fault(w, http.StatusBadRequest, "ter:Action", "Sender not authorized")
	case LocksOut:
		if v.door.count().Refused == 0 {
			return false
		}
		v.fault(w, http.StatusBadRequest, "ter:Action", "the device is locked, try again in 5 minutes")
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
