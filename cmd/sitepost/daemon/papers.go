package daemon

import (
	"fmt"
	"os"
	"strings"

	"sitepost/config"
)

// papers names the state of the files that secure the way to a broker. They are
// read anew at each dial; a connection that stands is made again when the name
// changes. "" means that they are of no use now: half of a renewal is written, or
// the key is still the old one. Then a connection that works is kept.
func papers(up config.Uplink, b config.Broker) string {
	if !b.TLS {
		return ""
	}
	if _, err := tlsOf(up, b); err != nil {
		return ""
	}
	var name strings.Builder
	key, _ := strings.CutPrefix(up.Key.String(), "file:")
	for _, path := range []string{up.CA, up.Certificate, key} {
		if i, err := os.Stat(path); err == nil {
			fmt.Fprintln(&name, path, i.ModTime().UnixNano(), i.Size())
		}
	}
	return name.String()
}
