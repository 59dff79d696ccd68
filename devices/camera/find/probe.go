package find

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"sitepost/devices/camera/onvif"
)

// The three probes. A camera answers those that name one of its types, and some
// only the one that names none.
var probeTypes = []string{
	` xmlns:dn="http://www.onvif.org/ver10/network/wsdl"><d:Types>dn:NetworkVideoTransmitter</d:Types>`,
	` xmlns:tds="http://www.onvif.org/ver10/device/wsdl"><d:Types>tds:Device</d:Types>`,
	`>`,
}

// probe writes a WS-Discovery probe (WS-Discovery 1.0, 5.2) in one line: some
// Hikvision firmware does not read one with line ends.
func probe(messageID, types string) string {
	return `<?xml version="1.0" encoding="UTF-8"?>` +
		`<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing">` +
		`<s:Header><a:Action s:mustUnderstand="1">http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</a:Action>` +
		`<a:MessageID>` + messageID + `</a:MessageID>` +
		`<a:ReplyTo><a:Address>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address></a:ReplyTo>` +
		`<a:To s:mustUnderstand="1">urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To></s:Header>` +
		`<s:Body><d:Probe xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"` + types + `</d:Probe></s:Body></s:Envelope>`
}

// maxMatches bounds how many cameras one datagram may announce.
const maxMatches = 16

// A match is one camera in an answer to a probe, as it came.
type match struct {
	EndpointReference struct{ Address string }
	Types             string
	Scopes            string
	XAddrs            string
}

// matches reads an answer to a probe: to which one, and the cameras in it.
func matches(datagram []byte) (relatesTo string, all []match, err error) {
	var m struct {
		Header struct{ RelatesTo string }
		Body   struct {
			ProbeMatches struct{ ProbeMatch []match }
		}
	}
	if err := onvif.Decode(datagram, &m); err != nil {
		return "", nil, err
	}
	all = m.Body.ProbeMatches.ProbeMatch
	return strings.TrimSpace(m.Header.RelatesTo), all[:min(len(all), maxMatches)], nil
}

// isCamera keeps printers and computers out, which answer the untyped probe.
func (m match) isCamera() bool {
	return strings.Contains(m.Types, "NetworkVideo") ||
		strings.Contains(strings.ToLower(m.Scopes), "onvif://") ||
		strings.Contains(strings.ToLower(m.XAddrs), "/onvif/")
}

// found makes a Found of a match that came from source. ok is false for what is
// no camera.
func (m match) found(source netip.Addr, networks []netip.Prefix) (f Found, ok bool) {
	if !m.isCamera() {
		return Found{}, false
	}
	at := chooseXAddr(m.XAddrs, source, networks)
	f = Found{
		Endpoint: onvif.Words(m.EndpointReference.Address),
		Address:  at.Host, XAddr: at.String(),
	}
	f.Vendor, f.Model = named(m.Scopes)
	return f, true
}

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
		host := meant(u.Hostname(), source)
		r := 0
		switch {
		case host == source:
			r = 3
		case within(host, networks):
			r = 1
		}
		if r > 0 && u.Scheme == "http" {
			r++
		}
		if r > rank {
			rank = r
			best = &url.URL{Scheme: u.Scheme, Host: hostPort(host, portOf(u)), Path: u.Path}
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
