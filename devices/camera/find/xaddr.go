package find

import (
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"sitepost/devices/camera/onvif"
)

// chooseXAddr picks the address of the device service out of those a camera
// tells:
//
//   - several stand in one text, divided by any space, also a "%20";
//   - an address that means nothing here (0.0.0.0, 127.…, 169.254.…, a name)
//     stands for the camera itself: the source of the datagram;
//   - only the source itself and addresses inside the networks count: nobody
//     makes us call a stranger;
//   - the source is better than another address, http better than https.
//
// Where none is left, the source with the port and path of the specification is
// as good a guess as any.
func chooseXAddr(told string, source netip.Addr, networks []netip.Prefix) *url.URL {
	best := &url.URL{Scheme: "http", Host: hostPort(source, "80"), Path: onvif.DevicePath}
	rank := 0
	for i, word := range strings.Fields(strings.ReplaceAll(told, "%20", " ")) {
		if i == maxMatches {
			break
		}
		u, err := url.Parse(word)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || len(word) > 512 {
			continue
		}
		host, port := meant(u.Hostname(), source), portOf(u)
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			continue
		}
		r := 0
		switch {
		case host == source:
			r = 3
		case onvif.Within(host, networks):
			r = 1
		}
		if r > 0 && u.Scheme == "http" {
			r++
		}
		if r > rank {
			rank = r
			best = &url.URL{Scheme: u.Scheme, Host: hostPort(host, port), Path: u.Path}
		}
	}
	return best
}

// meant is the address that a camera means.
func meant(host string, source netip.Addr) netip.Addr {
	a, err := netip.ParseAddr(host)
	if err != nil || a.IsUnspecified() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		return source
	}
	return a.Unmap()
}

func portOf(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}

func hostPort(a netip.Addr, port string) string {
	if a.Is6() {
		return fmt.Sprintf("[%s]:%s", a, port)
	}
	return a.String() + ":" + port
}

// named reads vendor and model out of the scopes, which are all that a camera
// tells without a login:
//
//	onvif://www.onvif.org/name/HIKVISION%20DS-2CD2042 onvif://www.onvif.org/hardware/DS-2CD2042
func named(scopes string) (vendor, model string) {
	var name string
	for _, scope := range strings.Fields(scopes) {
		at := strings.Index(scope, "onvif.org/")
		if at < 0 {
			continue
		}
		kind, value, _ := strings.Cut(scope[at+len("onvif.org/"):], "/")
		if plain, err := url.PathUnescape(value); err == nil {
			value = plain
		}
		switch strings.ToLower(kind) {
		case "name":
			name = onvif.Words(value)
		case "hardware":
			model = onvif.Words(value)
		case "manufacturer", "mfgr":
			vendor = onvif.Words(value)
		}
	}
	if vendor == "" { // the name is mostly "vendor model"
		vendor = strings.TrimSpace(strings.TrimSuffix(name, model))
	}
	return vendor, model
}
