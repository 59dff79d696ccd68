package page

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write testdata anew: read the difference")

// TestHeaders keeps what stands above an answer, good or bad (security row 11). A header
// that goes is a door that opens; one that comes is to be thought about.
func TestHeaders(t *testing.T) {
	s := newStand(t, &Page{})
	var out strings.Builder
	for _, r := range []string{"GET /healthz", "HEAD /healthz", "GET /readyz", "GET /metrics", "GET /", "POST /healthz"} {
		answer, _ := s.ask(r + " HTTP/1.1\r\nHost: localhost\r\n\r\n")
		fmt.Fprintf(&out, "%s: %s\n", r, answer.Status)
		for _, name := range slices.Sorted(maps.Keys(answer.Header)) {
			if name != "Date" && name != "Content-Length" {
				fmt.Fprintf(&out, "  %s: %s\n", name, strings.Join(answer.Header[name], " | "))
			}
		}
	}
	const golden = "testdata/headers.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if diff := cmp.Diff(string(want), out.String()); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
}

// TestBadRequests: what may not be asked is not answered, and says nothing of the site
// (security row 11).
func TestBadRequests(t *testing.T) {
	s := newStand(t, &Page{Address: "box.example:8480"})
	const ok = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n"
	for name, c := range map[string]struct {
		request string
		want    int
	}{
		"a name of this machine":          {ok, 200},
		"through a tunnel":                {"GET /metrics HTTP/1.1\r\nHost: localhost:9000\r\n", 200},
		"by address":                      {"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:8480\r\n", 200},
		"by address of the other kind":    {"GET /metrics HTTP/1.1\r\nHost: [::1]:8480\r\n", 200},
		"the same without a port":         {"GET /metrics HTTP/1.1\r\nHost: [::1]\r\n", 200},
		"in capitals":                     {"GET /metrics HTTP/1.1\r\nHost: LocalHost:8480\r\n", 200},
		"the name of the site file":       {"GET /metrics HTTP/1.1\r\nHost: box.example\r\n", 200},
		"a page of our own":               {ok + "Origin: http://localhost\r\nSec-Fetch-Site: same-origin\r\n", 200},
		"typed by a person":               {ok + "Sec-Fetch-Site: none\r\n", 200},
		"DNS rebinding":                   {"GET /metrics HTTP/1.1\r\nHost: evil.example:8480\r\n", 421},
		"a name that begins as ours":      {"GET /metrics HTTP/1.1\r\nHost: localhost.evil.example\r\n", 421},
		"a name that ends as ours":        {"GET /metrics HTTP/1.1\r\nHost: evil.localhost\r\n", 421},
		"a user in the name":              {"GET /metrics HTTP/1.1\r\nHost: localhost@evil.example\r\n", 400},
		"another address":                 {"GET /metrics HTTP/1.1\r\nHost: 10.37.20.2:8480\r\n", 421},
		"zero":                            {"GET /metrics HTTP/1.1\r\nHost: 0.0.0.0:8480\r\n", 421},
		"a whole address as a proxy gets": {"GET http://evil.example/metrics HTTP/1.1\r\nHost: localhost\r\n", 421},
		"no name":                         {"GET /metrics HTTP/1.0\r\n", 421},
		"an empty name":                   {"GET /metrics HTTP/1.1\r\nHost: \r\n", 421},
		"two names":                       {ok + "Host: evil.example\r\n", 400},
		"POST":                            {"POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n", 405},
		"PUT":                             {"PUT /metrics HTTP/1.1\r\nHost: localhost\r\n", 405},
		"DELETE":                          {"DELETE /metrics HTTP/1.1\r\nHost: localhost\r\n", 405},
		"OPTIONS":                         {"OPTIONS /metrics HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\nAccess-Control-Request-Method: GET\r\n", 405},
		"OPTIONS of all":                  {"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n", 405},
		"TRACE":                           {"TRACE /metrics HTTP/1.1\r\nHost: localhost\r\n", 405},
		"CONNECT":                         {"CONNECT localhost:22 HTTP/1.1\r\nHost: localhost\r\n", 405},
		"a method of its own":             {"BREW /metrics HTTP/1.1\r\nHost: localhost\r\n", 405},
		"lower case":                      {"get /metrics HTTP/1.1\r\nHost: localhost\r\n", 405},
		"a foreign origin":                {ok + "Origin: http://evil.example\r\n", 403},
		"an origin of another port":       {ok + "Origin: http://localhost:3000\r\n", 403},
		"an origin of nobody":             {ok + "Origin: null\r\n", 403},
		"ours and a foreign origin":       {ok + "Origin: http://localhost\r\nOrigin: http://evil.example\r\n", 403},
		"cross-site":                      {ok + "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n", 403},
		"same-site":                       {ok + "Sec-Fetch-Site: same-site\r\n", 403},
		"a body":                          {ok + "Content-Length: 5\r\n", 400},
		"a body without an end":           {ok + "Transfer-Encoding: chunked\r\n", 400},
		"a body that asks first":          {ok + "Expect: 100-continue\r\nContent-Length: 5\r\n", 400},
		"two lengths":                     {ok + "Content-Length: 0\r\nContent-Length: 5\r\n", 400},
		"length and chunks":               {ok + "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", 400},
		"nothing":                         {"GET / HTTP/1.1\r\nHost: localhost\r\n", 404},
		"a file of the box":               {"GET /etc/passwd HTTP/1.1\r\nHost: localhost\r\n", 404},
		"traversal":                       {"GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n", 404},
		"traversal, encoded":              {"GET /metrics/..%2f..%2fetc/passwd HTTP/1.1\r\nHost: localhost\r\n", 404},
		"traversal to what there is":      {"GET /x/../metrics HTTP/1.1\r\nHost: localhost\r\n", 404},
		"two slashes":                     {"GET //metrics HTTP/1.1\r\nHost: localhost\r\n", 404},
		"a slash behind":                  {"GET /metrics/ HTTP/1.1\r\nHost: localhost\r\n", 404},
		"encoded":                         {"GET /%6detrics HTTP/1.1\r\nHost: localhost\r\n", 404},
		"NUL behind":                      {"GET /metrics%00 HTTP/1.1\r\nHost: localhost\r\n", 404},
		"backslashes":                     {"GET /..\\..\\metrics HTTP/1.1\r\nHost: localhost\r\n", 404},
		"the profiler":                    {"GET /debug/pprof/ HTTP/1.1\r\nHost: localhost\r\n", 404},
		"the tools' door":                 {"GET /status HTTP/1.1\r\nHost: localhost\r\n", 404},
		"a long name":                     {"GET /" + strings.Repeat("x", 9000) + " HTTP/1.1\r\nHost: localhost\r\n", 404},
		"a longer one":                    {"GET /" + strings.Repeat("x", 64<<10) + " HTTP/1.1\r\nHost: localhost\r\n", 431},
		"long headers":                    {ok + "X: " + strings.Repeat("x", 64<<10) + "\r\n", 431},
		"no version":                      {"GET /metrics\r\n", 400},
		"another version":                 {"GET /metrics HTTP/3.0\r\nHost: localhost\r\n", 505},
		"HTTP/2 without asking":           {"PRI * HTTP/2.0\r\n", 421},
		"TLS":                             {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n", 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &stand{t: t, address: s.address}
			answer, body := s.ask(c.request + "\r\n")
			if answer.StatusCode != c.want {
				t.Errorf("got %s, want %d: %.200q", answer.Status, c.want, body)
			}
			if tells := strings.Contains(body, "sitepost_") || strings.Contains(body, "demo"); tells != (c.want == 200) {
				t.Errorf("the answer with %d tells of the site: %.200q", answer.StatusCode, body)
			}
			for name := range answer.Header {
				if strings.HasPrefix(name, "Access-Control-") || name == "Location" {
					t.Errorf("got header %s: %s", name, answer.Header.Get(name))
				}
			}
			if !answer.Close && answer.StatusCode != 400 {
				t.Errorf("the connection is kept")
			}
		})
	}
}
