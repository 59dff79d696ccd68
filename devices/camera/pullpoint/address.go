package pullpoint

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"sitepost/devices/camera/onvif"
)

// doubledPort finds "http://10.37.20.11:8106:8106/…" (Home Assistant #92603).
var doubledPort = regexp.MustCompile(`^(http://[^/?#]*?:\d+)(?::\d+)+($|[/?#])`)

// address turns the address that a camera told for its pull point into one that
// can be asked. An empty one, which go2rtc#2302 met, is that of the event service.
func address(c *onvif.Client, service, told string) (string, error) {
	told = doubledPort.ReplaceAllString(strings.TrimSpace(told), "$1$2")
	if strings.HasSuffix(told, "/addressing/anonymous") { // WS-Addressing 1.0, 2.1: no address of its own
		told = ""
	}
	base, err := url.Parse(service)
	if err != nil {
		return "", err
	}
	whole, err := base.Parse(told)
	if err != nil {
		return "", fmt.Errorf("the camera tells an unusable address %q for its pull point", onvif.Words(told))
	}
	return c.Home(whole.String())
}
