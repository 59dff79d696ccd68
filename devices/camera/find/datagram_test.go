package find

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	probeID = "urn:uuid:ours"
	soap    = `<?xml version="1.0"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"><s:Header><RelatesTo>` + probeID + `</RelatesTo></s:Header>`
)

// said writes a datagram of one camera: a ProbeMatches, a Hello or a Bye.
func said(action, endpoint, xaddrs, scopes string) string {
	self := `<a:EndpointReference><a:Address>` + endpoint + `</a:Address></a:EndpointReference>` +
		`<d:Types>dn:NetworkVideoTransmitter</d:Types><d:Scopes>` + scopes + `</d:Scopes><d:XAddrs>` + xaddrs + `</d:XAddrs>`
	if action == "ProbeMatches" {
		self = `<d:ProbeMatch>` + self + `</d:ProbeMatch>`
	}
	return fmt.Sprintf(`%s<s:Body><d:%[2]s>%[3]s</d:%[2]s></s:Body></s:Envelope>`, soap, action, self)
}

// hostile are the datagrams of section 7 of the field notes: what was met, and
// what is left of it: the address of the camera; "" for nothing.
func hostile() []hostileDatagram {
	const own, guess = "http://10.37.20.11:8080/onvif/device_service", "http://10.37.20.11:80/onvif/device_service"
	good := said("ProbeMatches", "urn:uuid:1", own, "")
	return []hostileDatagram{
		{"good", good, own},
		{"empty XAddrs", said("ProbeMatches", "urn:uuid:1", "", ""), guess},
		{"no scheme", said("ProbeMatches", "urn:uuid:1", "camera1", ""), guess},
		{"leading space", said("ProbeMatches", "urn:uuid:1", " "+own, ""), own},
		{"newline between URLs", said("ProbeMatches", "urn:uuid:1", "http://192.168.9.9/onvif/device_service\n"+own, ""), own},
		{"comment only", "<!-- nothing -->", ""},
		{"text only", "hello", ""},
		{"no byte", "", ""},
		{"zero bytes", strings.Repeat("\x00", 512), ""},
		{"mismatched tags", "<a><b></a>", ""},
		{"broken attribute", "<a><b attr=", ""},
		{"half", good[:len(good)/2], ""},
		{"good and broken in one", good + "<a><b attr=", own},
		{"no Body", soap + "</s:Envelope>", ""},
		{"empty Body", soap + "<s:Body/></s:Envelope>", ""},
		{"empty ProbeMatches (libonvif#54)", soap + "<s:Body><d:ProbeMatches/></s:Body></s:Envelope>", ""},
		{"scopes beyond 8 KiB", said("ProbeMatches", "urn:uuid:1", own, strings.Repeat("onvif://www.onvif.org/type/x ", 500)), own},
		{"a black hole", said("ProbeMatches", "urn:uuid:1", "http://192.0.2.1/onvif/device_service", ""), guess},
		{"a stranger", said("ProbeMatches", "urn:uuid:1", "http://203.0.113.5:22/onvif/device_service", ""), guess},
		{"5,000 attributes", "<Envelope" + strings.Repeat(" a='x'", 5000) + "/>", ""},
		{"6,000 deep", strings.Repeat("<Envelope>", 6000), ""},
		{"a document type", `<!DOCTYPE a [<!ENTITY b "c">]>` + good, ""},
		{"not UTF-8", said("ProbeMatches", "urn:uuid:1", own, "onvif://www.onvif.org/name/\xba\xa3\xbf\xb5"), own},
		{"a printer", strings.ReplaceAll(said("ProbeMatches", "urn:uuid:1", "http://10.37.20.11/print", ""), "dn:NetworkVideoTransmitter", "p:Printer"), ""},
		{"17 cameras", strings.Replace(good, "<d:ProbeMatch>", strings.Repeat("<d:ProbeMatch/>", 16)+"<d:ProbeMatch>", 1), ""},
		{"Hello", said("Hello", "urn:uuid:1", own, ""), own},
		{"Hello, empty XAddrs", said("Hello", "urn:uuid:1", "", ""), guess},
		{"Bye", said("Bye", "urn:uuid:1", own, ""), own},
		{"Bye that tells only who", soap + `<s:Body><d:Bye><EndpointReference><Address>urn:uuid:1</Address></EndpointReference></d:Bye></s:Body></s:Envelope>`, guess},
		{"Bye of nobody", soap + `<s:Body><d:Bye/></s:Body></s:Envelope>`, ""},
		{"Hello in other namespaces (ex_nvr#161)", `<Envelope xmlns="x"><Body><Hello xmlns="y"><EndpointReference><Address>urn:uuid:1</Address></EndpointReference><XAddrs>` + own + `</XAddrs></Hello></Body></Envelope>`, own},
	}
}

type hostileDatagram struct{ name, datagram, want string }

// TestHostileDatagrams promises of each datagram that was met in the field what is
// made of it: the one address that can be meant, or nothing.
func TestHostileDatagrams(t *testing.T) {
	t.Parallel()
	source := netip.MustParseAddr("10.37.20.11")
	networks := []netip.Prefix{netip.MustParsePrefix("10.37.20.0/24")}
	for _, c := range hostile() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, err := read([]byte(c.datagram))
			var got string
			for _, one := range sightings(s, source, networks, "eth1", time.Time{}) {
				got += one.XAddr
			}
			if got != c.want || err != nil && got != "" {
				t.Errorf("got %q and %v, want %q", got, err, c.want)
			}
		})
	}
}

// TestListenRations promises that a flood is read up to its bound, that it keeps
// out nobody else, and that the next minute begins anew.
func TestListenRations(t *testing.T) {
	t.Parallel()
	r := ration{perSource: map[netip.Addr]int{}}
	now := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	count := func(source string, n int) (read int) {
		for range n {
			if r.allows(netip.MustParseAddr(source), now) {
				read++
			}
		}
		return read
	}
	var got []int
	got = append(got, count("10.0.0.66", 10_000), count("10.0.0.7", 10))
	for i := range 200 {
		count(fmt.Sprintf("10.0.1.%d", i), sourcePerMinute)
	}
	got = append(got, r.all, len(r.perSource))
	now = now.Add(time.Minute)
	got = append(got, count("10.0.0.66", 3), r.all, len(r.perSource))
	if diff := cmp.Diff([]int{sourcePerMinute, 10, heardPerMinute, 101, 3, 3, 1}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// FuzzDatagram promises that no datagram makes the reader panic, and that what it
// finds is bounded and never leads to a stranger. (security.md 2)
func FuzzDatagram(f *testing.F) {
	for _, c := range hostile() {
		f.Add([]byte(c.datagram))
	}
	f.Add([]byte(said("ProbeMatches", "urn:uuid:1", "http://10.37.20.11/onvif/device_service  http://[fe80::1%25eth0]/o", "onvif://www.onvif.org/name/%E5")))
	source := netip.MustParseAddr("10.37.20.11")
	networks := []netip.Prefix{netip.MustParsePrefix("10.37.20.0/24")}
	f.Fuzz(func(t *testing.T, datagram []byte) {
		s, err := read(datagram)
		all := sightings(s, source, networks, "eth1", time.Time{})
		if err != nil && len(all) > 0 || len(all) > maxMatches+2 {
			t.Fatalf("got %d sightings and %v", len(all), err)
		}
		for _, one := range all {
			if at, ok := one.host(); !ok || !networks[0].Contains(at) {
				t.Errorf("got %v, which is a stranger", one)
			}
		}
	})
}
