package stream

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/headers"
)

// answers listens in on what the library asks and what the camera answers. The
// library calls it before it acts upon an answer, and acts upon what answers
// leaves of it: that is how a login in clear text and a redirect to a stranger
// never happen, and how a broken description becomes a readable one.
type answers struct {
	visit *visit

	mu       sync.Mutex
	refusal  *Failure // what answers would not let happen; the first counts
	askedAt  time.Time
	method   base.Method
	loggedIn bool          // the login was sent
	audio    bool          // the description offers sound
	trip     time.Duration // the shortest way there and back; 0 until one was seen
	sealed   bool          // the TLS handshake is done
	playing  bool          // PLAY was answered
	keyless  bool          // the track is encrypted, and the description has no key for it
	unasked  int           // what the camera said since it was asked last
}

// refuse remembers why; later reasons are consequences of the first.
func (a *answers) refuse(f *Failure) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.refusal == nil {
		a.refusal = f
	}
}

// asked is called before a request goes out.
func (a *answers) asked(q *base.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.askedAt, a.method, a.unasked = time.Now(), q.Method, 0
	if q.Header["Authorization"] != nil {
		a.loggedIn = true
	}
}

// roundTrip is the way to the camera and back, 0 if unknown: the shortest of all
// that were seen. An answer takes as long as the camera thinks too, the first one
// over rtsps as long as the handshake; that a connection stands its kernel says
// without thinking.
func (a *answers) roundTrip() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	return shorter(a.trip, a.visit.guard.roundTrip())
}

// since is how long ago it was, and never 0, which is unknown.
func since(t time.Time) time.Duration { return max(1, time.Since(t)) }

// shorter is the shorter of two times, of which 0 is unknown.
func shorter(a, b time.Duration) time.Duration {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// mostUnasked is how much a camera may answer and ask between two of our questions:
// 100,000 small answers a second fit into what it may send.
const mostUnasked = 100

// spoken counts what the camera says besides packets.
func (a *answers) spoken() {
	a.mu.Lock()
	a.unasked++
	tooMuch := a.unasked > mostUnasked
	a.mu.Unlock()
	if tooMuch {
		a.refuse(&Failure{Layer: Play, State: Unsupported, Text: "the camera talks without being asked, and without an end; restart it"})
		a.visit.guard.kill()
	}
}

// answered is called before the library looks at a response.
func (a *answers) answered(r *base.Response) {
	a.spoken()
	a.mu.Lock()
	a.trip = shorter(a.trip, since(a.askedAt))
	method, loggedIn, playing := a.method, a.loggedIn, a.playing
	a.playing = playing || method == base.Play && r.StatusCode == base.StatusOK
	a.mu.Unlock()
	hasten(r)
	switch {
	case r.StatusCode == base.StatusUnauthorized && playing:
		a.visit.anew(errStale) // 4.16.2 answers no second challenge
	case r.StatusCode == base.StatusUnauthorized:
		a.challenged(r, loggedIn)
	case r.StatusCode >= base.StatusMovedPermanently && r.StatusCode <= base.StatusUseProxy:
		a.redirected(r)
	case r.StatusCode == base.StatusOK && method == base.Describe:
		a.described(r)
	case r.StatusCode == base.StatusOK && method == base.Setup:
		a.routed(r)
	}
}

// longest is the longest timeout of a session, in seconds, that is let through to
// the library: it keeps a session alive every 0.8 of it, and over less than the
// guard's patience with a session in which nothing moves.
const longest = 60

// hasten shortens the timeout of the session.
func hasten(r *base.Response) {
	var s headers.Session
	if s.Unmarshal(r.Header["Session"]) == nil && s.Timeout != nil && *s.Timeout > longest {
		*s.Timeout = longest
		r.Header["Session"] = s.Marshal()
	}
}

// challenged leaves only those offers of a login that may be answered: Digest
// always, Basic where nobody but the camera can read it.
func (a *answers) challenged(r *base.Response, loggedIn bool) {
	if a.visit.address.User == nil {
		a.refuse(&Failure{Layer: Login, State: AuthFailed, Err: ErrLogin,
			Text: "the camera wants a login and none is configured; give it one under login"})
		return
	}
	var offers base.HeaderValue
	basic, stale := false, false
	private := a.visit.address.Scheme == "rtsps" && a.visit.target.Pin != "" && !a.visit.target.Unproved
	for _, offer := range r.Header["WWW-Authenticate"] {
		var o headers.Authenticate
		if o.Unmarshal(base.HeaderValue{offer}) != nil {
			continue
		}
		if o.Method == headers.AuthMethodBasic && !private {
			basic = true
			continue
		}
		stale = stale || o.Stale != nil && strings.EqualFold(*o.Stale, "true")
		offers = append(offers, offer)
	}
	r.Header["WWW-Authenticate"] = offers
	switch {
	case loggedIn && stale:
		a.refuse(&Failure{Layer: Login, State: Offline,
			Text: "the camera renews its challenge with every request, which is not supported"})
	case loggedIn:
		a.refuse(&Failure{Layer: Login, State: AuthFailed, Err: ErrLogin,
			Text: "the camera refuses this user or password; correct the login, and mind that the ONVIF user is often not the web user"})
	case len(offers) == 0 && basic:
		a.refuse(&Failure{Layer: Login, State: AuthFailed, Err: ErrBasic,
			Text: "the camera wants the password in clear text (Basic); set it to Digest, or use rtsps with its certificate pinned"})
	case len(offers) == 0:
		a.refuse(&Failure{Layer: Login, State: AuthFailed, Err: ErrLogin,
			Text: "the camera offers no way to log in that we know; set it to Digest"})
	}
}

// redirected takes a redirect away that leads to another host or out of the
// encryption. The guard refuses to dial them too; this also keeps the words.
func (a *answers) redirected(r *base.Response) {
	if len(r.Header["Location"]) != 1 {
		return
	}
	to, err := base.ParseURL(r.Header["Location"][0])
	switch {
	case err != nil:
		a.refuse(&Failure{Layer: Describe, State: Unsupported, Err: ErrRedirect, Text: "the camera redirects us to something that is no stream address"})
	case !a.visit.guard.sameHost(to.Hostname()):
		a.refuse(elsewhere(to.Hostname()))
	case a.visit.address.Scheme == "rtsps" && to.Scheme != "rtsps":
		a.refuse(&Failure{Layer: Describe, State: Unsupported, Err: ErrRedirect, Text: "the camera redirects us to an unencrypted stream"})
	default:
		return
	}
	delete(r.Header, "Location")
}

// described mends the description and the headers that stand in its way.
func (a *answers) described(r *base.Response) {
	a.mu.Lock()
	a.audio = offersAudio(r.Body)
	a.mu.Unlock()
	clean := mend(r.Body)
	if clean == nil {
		a.refuse(&Failure{Layer: Describe, State: Unsupported, Text: "no media in the camera's description can be read"})
		return
	}
	r.Body = clean
	r.Header["Content-Type"] = base.HeaderValue{"application/sdp"}
	if b := r.Header["Content-Base"]; b != nil && !goodBase(b) {
		delete(r.Header, "Content-Base") // the request's own URL is as good
	}
}

// offersAudio says whether the description had sound. A further description that
// nobody waits for may still be coming.
func (a *answers) offersAudio() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.audio
}

func goodBase(b base.HeaderValue) bool {
	if len(b) != 1 {
		return false
	}
	at := b[0]
	if strings.HasPrefix(at, "/") {
		at = "rtsp://camera" + at
	}
	_, err := base.ParseURL(at)
	return err == nil
}

// tls is the configuration of an encrypted visit. Cameras sign their own
// certificates, so names and authorities say nothing: the pin does.
func (a *answers) tls() *tls.Config {
	return &tls.Config{InsecureSkipVerify: true, VerifyConnection: a.verify}
}

func (a *answers) verify(c tls.ConnectionState) error {
	if len(c.PeerCertificates) == 0 {
		return &Failure{Layer: TLS, State: Unsupported, Err: ErrCertificate, Text: "the camera shows no certificate"}
	}
	sum := sha256.Sum256(c.PeerCertificates[0].Raw)
	pin := "sha256:" + hex.EncodeToString(sum[:])
	if want := a.visit.target.Pin; want != "" && !strings.EqualFold(want, pin) {
		f := &Failure{Layer: TLS, State: Unsupported, Err: ErrCertificate,
			Text: fmt.Sprintf("the camera shows the certificate %s, not the pinned one; if it was changed on purpose, pin the new one", pin)}
		a.refuse(f)
		return f
	}
	a.mu.Lock()
	a.sealed = true
	a.mu.Unlock()
	if a.visit.target.Seen != nil {
		a.visit.target.Seen(pin)
	}
	return nil
}
