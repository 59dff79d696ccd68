package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestMaskedText: a secret that stands in a file, in whatever form, is not shown; all else
// is, line by line.
func TestMaskedText(t *testing.T) {
	t.Parallel()
	text := `version = 1
# password = "geheim-1"
[[login]]
user = "onvif"
password = "geheim-2" # a note
pasword = """
geheim-3
geheim-4"""
user = "next"
secret = [
  "geheim-5",
]
broker = {url = "mqtts://box:geheim-6@city", x = 1}
token = '''geheim-7'''
password = "file:/etc/sitepost/secrets/cameras"
title = "渡口	x"` + "\x1b[2J\r\n"
	want := `version = 1
# password = ***
[[login]]
user = "onvif"
password = ***
pasword = """
***
***
user = "next"
secret = ***
***
***
broker = {url = "mqtts://***@city", x = 1}
token = ***
password = "file:/etc/sitepost/secrets/cameras"
title = "渡口	x"` + "?[2J\r\n"
	if diff := cmp.Diff(want, string(Masked([]byte(text)))); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if got := string(Masked(Reference())); got != string(Reference()) {
		t.Errorf("the manual holds no secret (-want +got)\n%s", cmp.Diff(string(Reference()), got))
	}
	if got := Masked([]byte(strings.Repeat("password = [\n", 1000))); strings.Count(string(got), "\n") != 1000 {
		t.Errorf("%d lines are left of 1,000", strings.Count(string(got), "\n"))
	}
}
