package stream

import (
	"net/url"
	"regexp"
	"strings"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
)

// parse reads the target's URL and gives it the target's login. The login is
// put beside the URL, never through its text, so a password may hold any
// character. The error has no word of the URL in it, which may hold a password.
func parse(t Target) (*base.URL, error) {
	u, err := base.ParseURL(strings.TrimSpace(t.URL))
	if err != nil || u.Hostname() == "" {
		return nil, &Failure{
			Layer: Address, State: Unsupported,
			Text: "this is no stream address; it must look like rtsp://HOST:PORT/PATH",
		}
	}
	u.User = nil
	if t.User != "" {
		u.User = url.UserPassword(t.User, t.Password.Reveal())
	}
	return u, nil
}

// inPath finds logins that some makes (XM, older Dahua) carry in path or query:
// /user=admin_password=secret_channel=1, ?user=admin&passwd=secret.
var inPath = regexp.MustCompile(`(?i)((?:user(?:name)?|pass(?:word|wd)?|pwd|psw|token)(?:=|%3[dD]))[^&/?]*`)

// shown is the URL as a person and the city may see it: without credentials.
func shown(u *base.URL) string {
	if u == nil {
		return ""
	}
	return inPath.ReplaceAllString(u.CloneWithoutCredentials().String(), "${1}***")
}
