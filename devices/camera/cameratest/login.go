package cameratest

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"
)

// freshness is how far a UsernameToken's Created may be from the camera's own
// clock. Axis refuses at 20 s; 5 s is the strictest that was heard of.
const freshness = 5 * time.Second

// A token is the WS-UsernameToken of a request.
type token struct {
	Username, Password, Nonce, Created string
}

// A door knows one login and checks what comes: a UsernameToken (Web Services
// Security UsernameToken Profile 1.0, with freshness and replay check) or an
// HTTP Digest (RFC 7616, each nonce good for one path and one use).
type door struct {
	user, auth string
	now        func() time.Time
	staleOnce  bool
	staleEver  bool // a wrong password is called stale, too

	mu       sync.Mutex // protects all below
	password string
	counted  LoginCount
	seen     map[string]time.Time // nonces of UsernameTokens, for the freshness window
	given    map[string]string    // digest nonces that were not used yet, with their path
}

func newDoor(user, password, auth string, now func() time.Time) *door {
	return &door{user: user, password: password, auth: auth, now: now, seen: map[string]time.Time{}, given: map[string]string{}}
}

func (d *door) setPassword(password string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.password = password
}

func (d *door) count() LoginCount {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.counted
}

func (d *door) digests() bool { return d.auth != "wsse" && d.auth != "open" }

// admits says whether the request carries the login, and whether a digest was
// merely stale.
func (d *door) admits(r *http.Request, t *token) (ok, stale bool) {
	if d.auth == "open" {
		return true, false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	authorization := r.Header.Get("Authorization")
	if authorization != "" && t != nil {
		d.counted.Twice++
	}
	switch {
	case authorization != "" && d.digests():
		ok, stale = d.digestFits(r.Method, r.URL.RequestURI(), authorization)
		if stale {
			return false, true
		}
	case t != nil && d.auth != "digest" && d.auth != "digest-sha256":
		ok = d.tokenFits(t)
	case t == nil && authorization == "":
		return false, false
	}
	d.counted.Tried++
	if !ok {
		d.counted.Refused++
	}
	return ok, !ok && d.staleEver
}

// tokenFits checks PasswordDigest = Base64(SHA-1(nonce + created + password)).
func (d *door) tokenFits(t *token) bool {
	nonce, err := base64.StdEncoding.DecodeString(strings.TrimSpace(t.Nonce))
	if err != nil {
		return false
	}
	created, err := time.Parse(time.RFC3339Nano, t.Created)
	if err != nil || created.Sub(d.now()).Abs() > freshness {
		return false
	}
	for old, at := range d.seen {
		if d.now().Sub(at) > 2*freshness {
			delete(d.seen, old)
		}
	}
	if _, replayed := d.seen[t.Nonce]; replayed {
		return false
	}
	d.seen[t.Nonce] = d.now()
	sum := sha1.Sum([]byte(string(nonce) + t.Created + d.password))
	want := base64.StdEncoding.EncodeToString(sum[:])
	return t.Username == d.user && subtle.ConstantTimeCompare([]byte(want), []byte(t.Password)) == 1
}

// challenge returns the WWW-Authenticate header for a path, or "".
func (d *door) challenge(path string, stale bool) string {
	if !d.digests() {
		return ""
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.given) > 1024 {
		clear(d.given)
	}
	nonce := rand.Text()
	d.given[nonce] = path
	return fmt.Sprintf(`Digest realm="virtual camera, %s", qop="auth", nonce="%s", opaque="%s", algorithm=%s, stale=%t`,
		d.auth, nonce, hex.EncodeToString([]byte(path)), d.algorithm(), stale)
}

func (d *door) algorithm() string {
	if d.auth == "digest-sha256" {
		return "SHA-256"
	}
	return "MD5"
}

func (d *door) hash(s string) string {
	var h hash.Hash = md5.New()
	if d.auth == "digest-sha256" {
		h = sha256.New()
	}
	h.Write([]byte(s))
	return hex.EncodeToString(h.Sum(nil))
}

var digestPart = regexp.MustCompile(`(\w+)=(?:"([^"]*)"|([^\s,]+))`)

// digestFits checks an Authorization header against RFC 7616 3.4.
func (d *door) digestFits(method, uri, authorization string) (ok, stale bool) {
	p := map[string]string{}
	for _, m := range digestPart.FindAllStringSubmatch(authorization, 32) {
		p[m[1]] = m[2] + m[3]
	}
	path, known := d.given[p["nonce"]]
	delete(d.given, p["nonce"])
	if d.staleOnce && known {
		d.staleOnce = false
		return false, true
	}
	if !known || path != uri || p["uri"] != uri || p["username"] != d.user || p["qop"] != "auth" || p["algorithm"] != d.algorithm() {
		return false, false
	}
	ha1 := d.hash(d.user + ":" + p["realm"] + ":" + d.password)
	ha2 := d.hash(method + ":" + uri)
	want := d.hash(strings.Join([]string{ha1, p["nonce"], p["nc"], p["cnonce"], p["qop"], ha2}, ":"))
	return subtle.ConstantTimeCompare([]byte(want), []byte(p["response"])) == 1, false
}
