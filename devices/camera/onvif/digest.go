package onvif

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strings"

	"sitepost/devices"
)

// A challenge is one offer of a WWW-Authenticate header (RFC 7235 2.1).
type challenge struct {
	scheme string            // lower case: "digest", "basic"
	params map[string]string // names in lower case
}

// What a WWW-Authenticate header may hold.
const (
	maxChallenges = 16
	maxParams     = 32
)

// challenges reads WWW-Authenticate headers. Several offers may stand in one
// header and several headers in one answer:
//
//	Digest realm="a, b", nonce="x", qop="auth,auth-int", Basic realm="c"
//
// What cannot be read is passed over.
func challenges(headers []string) []challenge {
	var all []challenge
	for _, h := range headers {
		all = appendChallenges(all, h)
	}
	return all
}

func appendChallenges(all []challenge, h string) []challenge {
	rest := strings.TrimLeft(h, " \t,")
	fresh := true // params belong to an offer of this header, not of the last one
	for rest != "" && len(all) < maxChallenges {
		word, after := cutToken(rest)
		after = strings.TrimLeft(after, " \t")
		value, isParam := strings.CutPrefix(after, "=")
		switch {
		case word == "":
			rest = rest[1:] // not a token: pass over it
		case !isParam:
			all = append(all, challenge{scheme: strings.ToLower(word), params: map[string]string{}})
			rest, fresh = after, false
		default:
			value, rest = cutValue(strings.TrimLeft(value, " \t"))
			if !fresh && len(all[len(all)-1].params) < maxParams {
				all[len(all)-1].params[strings.ToLower(word)] = value
			}
		}
		rest = strings.TrimLeft(rest, " \t,")
	}
	return all
}

// cutToken takes the token characters of RFC 7230 off the front.
func cutToken(s string) (token, rest string) {
	end := strings.IndexFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7F || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
	if end < 0 {
		end = len(s)
	}
	return s[:end], s[end:]
}

// cutValue takes a token or a quoted string off the front.
func cutValue(s string) (value, rest string) {
	if !strings.HasPrefix(s, `"`) {
		end := strings.IndexAny(s, ", \t")
		if end < 0 {
			end = len(s)
		}
		return s[:end], s[end:]
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String(), s[i+1:]
		case '\\':
			if i++; i == len(s) {
				return b.String(), ""
			}
		}
		b.WriteByte(s[i])
	}
	return b.String(), "" // a quote that never closes
}

// digestOffer picks the best offer that can be answered: SHA-256 before MD5.
// Basic is never answered.
func digestOffer(all []challenge) (challenge, bool) {
	for _, algorithm := range []string{"SHA-256", "SHA-256-SESS", "MD5", "MD5-SESS"} {
		for _, c := range all {
			if c.scheme == "digest" && c.algorithm() == algorithm {
				return c, true
			}
		}
	}
	return challenge{}, false
}

func (c challenge) algorithm() string {
	if a := c.params["algorithm"]; a != "" {
		return strings.ToUpper(a)
	}
	return "MD5"
}

func (c challenge) stale() bool { return strings.EqualFold(c.params["stale"], "true") }

var errIntegrity = errors.New("the camera wants digest with qop auth-int only, which is not supported")

// answer writes the Authorization header for one request (RFC 7616 3.4). uri is
// the request's own, exactly as sent. A challenge is answered once.
func (c challenge) answer(method, uri, user string, password devices.Secret) (string, error) {
	return c.answerWith(method, uri, user, password, rand.Text())
}

func (c challenge) answerWith(method, uri, user string, password devices.Secret, cnonce string) (string, error) {
	const count = "00000001"
	h := c.hashes()
	p := c.params
	name := user
	if strings.EqualFold(p["userhash"], "true") {
		name = h(user + ":" + p["realm"])
	}
	a1 := h(user + ":" + p["realm"] + ":" + password.Reveal())
	if strings.HasSuffix(c.algorithm(), "-SESS") {
		a1 = h(a1 + ":" + p["nonce"] + ":" + cnonce)
	}
	a2 := h(method + ":" + uri)
	parts := []string{quoted("username", name), quoted("realm", p["realm"]), quoted("nonce", p["nonce"]), quoted("uri", uri)}
	if p["algorithm"] != "" {
		parts = append(parts, "algorithm="+c.algorithm())
	}
	if p["opaque"] != "" {
		parts = append(parts, quoted("opaque", p["opaque"]))
	}
	if name != user {
		parts = append(parts, "userhash=true")
	}
	switch offered := strings.FieldsFunc(strings.ToLower(p["qop"]), func(r rune) bool { return r == ',' || r == ' ' }); {
	case len(offered) == 0: // RFC 2069
		parts = append(parts, quoted("response", h(a1+":"+p["nonce"]+":"+a2)))
	case slices.Contains(offered, "auth"):
		response := h(strings.Join([]string{a1, p["nonce"], count, cnonce, "auth", a2}, ":"))
		parts = append(parts, quoted("response", response), "qop=auth", "nc="+count, quoted("cnonce", cnonce))
	default:
		return "", errIntegrity
	}
	return "Digest " + strings.Join(parts, ", "), nil
}

// hashes returns the hash function of the challenge's algorithm, in hex.
func (c challenge) hashes() func(string) string {
	return func(s string) string {
		var h hash.Hash = md5.New()
		if strings.HasPrefix(c.algorithm(), "SHA-256") {
			h = sha256.New()
		}
		h.Write([]byte(s))
		return hex.EncodeToString(h.Sum(nil))
	}
}

// quoted writes name="value". What came in a challenge may hold anything, but
// no line end can come out of it.
func quoted(name, value string) string {
	value = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\r", "", "\n", "", "\x00", "").Replace(value)
	return fmt.Sprintf(`%s="%s"`, name, value)
}
