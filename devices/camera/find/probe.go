package find

import (
	"net/netip"
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

// prolog is the XML declaration, which a document may have or not.
const prolog = `<?xml version="1.0" encoding="UTF-8"?>`

// probe writes a WS-Discovery probe (WS-Discovery 1.0, 5.2) in one line: some
// Hikvision firmware does not read one with line ends.
func probe(messageID, types string) string { return prolog + bareProbe(messageID, types) }

// bareProbe is probe without the prolog, at which some Hikvision firmware stops
// when it is asked by unicast (edgexfoundry/device-onvif-camera#134).
func bareProbe(messageID, types string) string {
	return `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing">` +
		`<s:Header><a:Action s:mustUnderstand="1">http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</a:Action>` +
		`<a:MessageID>` + messageID + `</a:MessageID>` +
		`<a:ReplyTo><a:Address>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address></a:ReplyTo>` +
		`<a:To s:mustUnderstand="1">urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To></s:Header>` +
		`<s:Body><d:Probe xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"` + types + `</d:Probe></s:Body></s:Envelope>`
}

// maxMatches bounds how many cameras one datagram may announce.
const maxMatches = 16

// A match is what a camera says of itself in an answer to a probe, in a Hello and
// in a Bye (WS-Discovery 1.0, 5.3, 4.1, 4.2), as it came. A Bye tells mostly
// nothing but the endpoint.
type match struct {
	EndpointReference struct{ Address string }
	Types             string
	Scopes            string
	XAddrs            string
}

// A saying is one datagram of WS-Discovery as far as it matters here.
type saying struct {
	relatesTo  string
	matches    []match // answers to the probe relatesTo
	hello, bye *match
}

// read reads a datagram by the local names of its elements: versions of
// WS-Discovery differ in their namespaces, and some cameras mix them.
func read(datagram []byte) (saying, error) {
	var m struct {
		Header struct{ RelatesTo string }
		Body   struct {
			Hello, Bye   *match
			ProbeMatches struct{ ProbeMatch []match }
		}
	}
	if err := onvif.Decode(datagram, &m); err != nil {
		return saying{}, err
	}
	all := m.Body.ProbeMatches.ProbeMatch
	return saying{
		relatesTo: strings.TrimSpace(m.Header.RelatesTo), matches: all[:min(len(all), maxMatches)],
		hello: m.Body.Hello, bye: m.Body.Bye,
	}, nil
}

// isCamera keeps printers and computers out, which answer the untyped probe.
func (m match) isCamera() bool {
	return strings.Contains(m.Types, "NetworkVideo") ||
		strings.Contains(strings.ToLower(m.Scopes), "onvif://") ||
		strings.Contains(strings.ToLower(m.XAddrs), "/onvif/")
}

// saysNothing is true of a Hello or a Bye that tells only who, as the
// specification allows.
func (m match) saysNothing() bool {
	return strings.TrimSpace(m.Types+m.Scopes+m.XAddrs) == ""
}

// found makes a Found of a match that came from source. ok is false for what is
// no camera.
func (m match) found(source netip.Addr, networks []netip.Prefix) (f Found, ok bool) {
	if !m.isCamera() {
		return Found{}, false
	}
	return m.foundAt(source, networks), true
}

func (m match) foundAt(source netip.Addr, networks []netip.Prefix) Found {
	at := chooseXAddr(m.XAddrs, source, networks)
	f := Found{
		Endpoint: onvif.Words(m.EndpointReference.Address),
		Address:  at.Host, XAddr: at.String(),
	}
	f.Vendor, f.Model = named(m.Scopes)
	return f
}
