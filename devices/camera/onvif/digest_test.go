package onvif

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestChallenges promises that every offer in a WWW-Authenticate header is seen,
// however several are packed.
func TestChallenges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		headers []string
		want    []challenge
	}{
		{"two in one header, a comma in a quote", []string{`Digest realm="a, b", nonce="x\"y", qop="auth,auth-int", Basic realm="c"`},
			[]challenge{{"digest", map[string]string{"realm": "a, b", "nonce": `x"y`, "qop": "auth,auth-int"}}, {"basic", map[string]string{"realm": "c"}}}},
		{"two headers", []string{`Digest realm=r, algorithm=SHA-256 , nonce = n==`, `DIGEST realm="r", algorithm=MD5`},
			[]challenge{{"digest", map[string]string{"realm": "r", "algorithm": "SHA-256", "nonce": "n=="}}, {"digest", map[string]string{"realm": "r", "algorithm": "MD5"}}}},
		{"no params", []string{"Negotiate"}, []challenge{{"negotiate", map[string]string{}}}},
		{"rubbish", []string{`,,;"=`, `=`, `realm="lost"`}, nil},
		{"a quote that never closes", []string{`Digest realm="a`}, []challenge{{"digest", map[string]string{"realm": "a"}}}},
		{"too many", []string{strings.Repeat("Digest, ", 100)}, repeat(challenge{"digest", map[string]string{}}, maxChallenges)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, challenges(c.headers), cmp.AllowUnexported(challenge{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func repeat(c challenge, n int) (all []challenge) {
	for range n {
		all = append(all, c)
	}
	return all
}

// TestDigestAnswer promises the answers of RFC 7616 3.9.1 and RFC 2069's form,
// and that no line end of a challenge gets into a header.
func TestDigestAnswer(t *testing.T) {
	t.Parallel()
	const nonce, opaque = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"
	const cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
	rfc := func(algorithm string) challenge {
		return challenge{"digest", map[string]string{"realm": "http-auth@example.org", "qop": "auth, auth-int", "algorithm": algorithm, "nonce": nonce, "opaque": opaque}}
	}
	for _, c := range []struct {
		name      string
		challenge challenge
		want      string // a part of the header
		err       error
	}{
		{"MD5", rfc("MD5"), `response="8ca523f5e9506fed4657c9700eebdbec", qop=auth, nc=00000001`, nil},
		{"SHA-256", rfc("SHA-256"), `response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1", qop=auth`, nil},
		{"no qop", challenge{"digest", map[string]string{"realm": "r", "nonce": "n"}}, `uri="/dir/index.html", response="`, nil},
		{"auth-int only", challenge{"digest", map[string]string{"qop": "auth-int"}}, "", errIntegrity},
		{"line ends and quotes", challenge{"digest", map[string]string{"realm": "a\r\nX: \"y", "nonce": "n"}}, `realm="aX: \"y"`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := c.challenge.answerWith("GET", "/dir/index.html", "Mufasa", "Circle of Life", cnonce)
			if err != c.err || !strings.Contains(got, c.want) || strings.ContainsAny(got, "\r\n") {
				t.Errorf("got %q, %v, want …%s…, %v", got, err, c.want, c.err)
			}
		})
	}
}

// TestDigestOffer promises SHA-256 before MD5, whatever their order, and never Basic.
func TestDigestOffer(t *testing.T) {
	t.Parallel()
	offer, ok := digestOffer(challenges([]string{`Basic realm="a"`, `Digest realm="a", algorithm=MD5`, `Digest realm="a", algorithm="SHA-256"`}))
	if !ok || offer.algorithm() != "SHA-256" {
		t.Errorf("got %v %v, want SHA-256", offer, ok)
	}
	if offer, ok := digestOffer(challenges([]string{`Basic realm="a"`, `Digest algorithm=TIGER`})); ok {
		t.Errorf("got %v, want none", offer)
	}
}

// TestUsernameToken promises the digest of the WS-Security profile, with a user
// name that needs escaping. The expected value is that of
// printf '0123456789abcdef2026-11-21T10:00:00.000Zpa&ss' | openssl sha1 -binary | base64.
func TestUsernameToken(t *testing.T) {
	t.Parallel()
	got := tokenOf("a<b", "pa&ss", time.Date(2026, 11, 21, 18, 0, 0, 0, time.FixedZone("CST", 8*3600)), []byte("0123456789abcdef"))
	for _, part := range []string{
		"<wsse:Username>a&lt;b</wsse:Username>", "<wsu:Created>2026-11-21T10:00:00.000Z</wsu:Created>",
		">MDEyMzQ1Njc4OWFiY2RlZg==</wsse:Nonce>", ">hUJQDghu1bg6WnaCCNli25RSTYg=</wsse:Password>",
	} {
		if !strings.Contains(got, part) {
			t.Errorf("got %s, want in it %s", got, part)
		}
	}
	if strings.Contains(got, "pa&") {
		t.Errorf("got %s, which tells the password", got)
	}
}

// FuzzChallenge promises that no header makes the reader panic or grow, and that
// what is answered is one line.
func FuzzChallenge(f *testing.F) {
	f.Add(`Digest realm="a, b", nonce="x\"y", qop="auth,auth-int", Basic realm="c"`)
	f.Add(`Digest realm=r, algorithm=SHA-256-sess , nonce = n==, userhash=true`)
	f.Add(`Negotiate abc==, Digest a="`)
	f.Add(`Digest realm="a stranger", charset="UTF-8", algorithm=SHA-256, nonce="6926:x", qop="auth"`) // lighttpd 1.4.69
	f.Add("Digest realm=\"a\\\r\n\", nonce=\"\", opaque=\"\x00\", stale=TRUE, qop=auth-int,auth")
	f.Add(`Digest nonce=a,nonce=b,qop=,algorithm=md5-sess`)
	f.Fuzz(func(t *testing.T, header string) {
		all := challenges([]string{header})
		if len(all) > maxChallenges {
			t.Fatalf("got %d challenges", len(all))
		}
		if offer, ok := digestOffer(all); ok {
			if got, err := offer.answer("POST", "/onvif/device_service", "user", "password"); err == nil && strings.ContainsAny(got, "\r\n") {
				t.Errorf("got %q", got)
			}
		}
	})
}
