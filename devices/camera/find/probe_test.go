package find

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestQuirk5OneLine promises that a probe is one line, with and without prolog: some
// Hikvision firmware reads no further than the first line end
// (edgexfoundry/device-onvif-camera#134).
func TestQuirk5OneLine(t *testing.T) {
	t.Parallel()
	for _, types := range probeTypes {
		for _, p := range []string{probe("urn:uuid:1", types), bareProbe("urn:uuid:1", types)} {
			if strings.ContainsAny(p, "\r\n") || !strings.HasSuffix(p, "</s:Envelope>") {
				t.Errorf("got %q, want one line to its end", p)
			}
		}
	}
}

// TestChooseXAddr promises that of the addresses a camera tells one is chosen
// that can mean only this find. The cases are those of the field, named by the
// trackers they were reported in.
func TestChooseXAddr(t *testing.T) {
	t.Parallel()
	source := netip.MustParseAddr("10.37.20.11")
	networks := []netip.Prefix{netip.MustParsePrefix("10.37.20.0/24")}
	const own, guess = "http://10.37.20.11:8080/onvif/device_service", "http://10.37.20.11:80/onvif/device_service"
	for _, c := range []struct{ name, told, want string }{
		{"its own", own, own},
		{"link local and IPv6 first (agsh/onvif#63)", "http://169.254.1.2:8080/onvif/device_service http://[fe80::1]/onvif/device_service http://10.37.20.11/o", "http://10.37.20.11:8080/onvif/device_service"},
		{"0.0.0.0 (go2rtc)", "http://0.0.0.0:8080/onvif/device_service", own},
		{"127.0.0.1 (yi-hack-MStar#148)", "http://127.0.0.1:8080/onvif/device_service", own},
		{"a name", "http://camera:8080/onvif/device_service", own},
		{"two, divided by two spaces (go2rtc#884)", "http://192.168.9.9/onvif/device_service  " + own, own},
		{"two, divided by %20", "http://192.168.9.9/onvif/device_service%20%20" + own, own},
		{"a line end between", "http://192.168.9.9/a\r\n" + own, own},
		{"space before", "  " + own, own},
		{"another address of the network", "http://10.37.20.12/onvif/device_service", "http://10.37.20.12:80/onvif/device_service"},
		{"the source is better than another", "http://10.37.20.12/a " + own, own},
		{"a stranger", "http://203.0.113.5/admin", guess},
		{"http is better than https", "https://10.37.20.11/o " + own, own},
		{"https only", "https://10.37.20.11/onvif/device_service", "https://10.37.20.11:443/onvif/device_service"},
		{"Axis", "http://10.37.20.11/onvif/services", "http://10.37.20.11:80/onvif/services"},
		{"empty", "", guess},
		{"no scheme", "10.37.20.11:8080/onvif/device_service", guess},
		{"no such port", "http://10.37.20.11:99999/o http://10.37.20.11:0/o", guess},
		{"another scheme", "ftp://10.37.20.11/o", guess},
		{"a port that is none", "http://10.37.20.11:808110/o http://10.37.20.11:0/o", guess},
		{"a login in it", "http://u:p@10.37.20.11:8080/onvif/device_service?x=1", own},
		{"a flood", strings.Repeat("x ", 10_000) + own, guess},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := chooseXAddr(c.told, source, networks).String(); got != c.want {
				t.Errorf("%q: got %q, want %q", c.told, got, c.want)
			}
		})
	}
}

// TestNamed promises vendor and model out of the scopes of several makes.
func TestNamed(t *testing.T) {
	t.Parallel()
	const at = "onvif://www.onvif.org/"
	for _, c := range []struct{ scopes, vendor, model string }{
		{at + "name/HIKVISION%20DS-2CD2042 " + at + "hardware/DS-2CD2042 " + at + "location/city", "HIKVISION", "DS-2CD2042"},
		{at + "name/Dahua " + at + "hardware/IPC-HFW", "Dahua", "IPC-HFW"},
		{at + "name/IPC-1 " + at + "hardware/IPC-1", "", "IPC-1"},
		{at + "mfgr/%E5%AE%87%E8%A7%86 " + at + "hardware/IPC%2F1 " + at + "name/x", "宇视", "IPC/1"},
		{at + "hardware/a%0Ab%zz " + at + "name", "", "a%0Ab%zz"},
		{"", "", ""},
	} {
		vendor, model := named(c.scopes)
		if vendor != c.vendor || model != c.model {
			t.Errorf("%q: got %q %q, want %q %q", c.scopes, vendor, model, c.vendor, c.model)
		}
	}
}

// TestHarvestIsBounded promises that one source cannot fill the list, whatever it
// sends, and that others are still heard. (security.md 2)
func TestHarvestIsBounded(t *testing.T) {
	t.Parallel()
	h := newHarvest(nil, nil, nil)
	own := []netip.Prefix{netip.MustParsePrefix("10.0.0.1/24")}
	hostile, honest := netip.MustParseAddr("10.0.0.66"), netip.MustParseAddr("10.0.0.7")
	read := 0
	for i := range 100_000 {
		if !h.room(hostile) {
			continue
		}
		read++
		var m match
		m.EndpointReference.Address = strings.Repeat("x", i%50)
		m.XAddrs = "http://10.0.0.66/onvif/device_service"
		h.add([]match{m, m}, hostile, own)
	}
	if !h.room(honest) || !h.add([]match{{XAddrs: "http://10.0.0.7/onvif/device_service"}}, honest, own) {
		t.Error("the honest camera was not heard")
	}
	if got := h.count(); read != perSource || got != newPerSource+1 {
		t.Errorf("got %d datagrams read and %d cameras, want %d and %d", read, got, perSource, newPerSource+1)
	}
}

// TestStrangerIsNotAsked promises that a camera whose address is in no network of
// ours is listed and not called. (security.md 2)
func TestStrangerIsNotAsked(t *testing.T) {
	t.Parallel()
	h := newHarvest(nil, []netip.Prefix{netip.MustParsePrefix("10.37.20.0/24")}, nil)
	own := []netip.Prefix{netip.MustParsePrefix("10.0.0.1/24")}
	all := h.gather(t.Context(), func() {
		h.add([]match{{XAddrs: "http://192.168.1.64/onvif/device_service"}}, netip.MustParseAddr("192.168.1.64"), own)
	})
	want := []Found{{Address: "192.168.1.64:80", XAddr: "http://192.168.1.64:80/onvif/device_service", State: NotReached,
		Why: "its address is outside network.device_networks and the interface's own network, so it was not asked"}}
	if diff := cmp.Diff(want, all, cmp.AllowUnexported(Found{})); diff != "" {
		t.Error(diff)
	}
}

// TestHearsay promises that who answers for a camera that answers for itself can
// neither give it another endpoint nor take its place in the list; one that does not
// answer itself is listed as it was told.
func TestHearsay(t *testing.T) {
	t.Parallel()
	networks := []netip.Prefix{netip.MustParsePrefix("10.37.20.0/24")}
	h := newHarvest(nil, networks, nil)
	liar, honest := netip.MustParseAddr("10.37.20.66"), netip.MustParseAddr("10.37.20.7")
	tell := func(source netip.Addr, endpoint, xaddr string) {
		var m match
		m.EndpointReference.Address, m.XAddrs = endpoint, xaddr
		h.add([]match{m}, source, nil)
	}
	all := h.gather(t.Context(), func() {
		tell(liar, "urn:uuid:evil", "http://10.37.20.7/onvif/device_service")
		tell(liar, "urn:uuid:7", "http://10.37.20.7/onvif/nowhere")
		tell(liar, "urn:uuid:8", "http://10.37.20.8/onvif/device_service")
		tell(honest, "urn:uuid:7", "http://10.37.20.7/onvif/device_service")
	})
	var got []string
	for _, f := range all {
		got = append(got, f.Endpoint+" "+f.XAddr)
	}
	want := []string{"urn:uuid:7 http://10.37.20.7:80/onvif/device_service", "urn:uuid:8 http://10.37.20.8:80/onvif/device_service"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestFloodIsTold promises that a list which cannot be whole says so.
func TestFloodIsTold(t *testing.T) {
	t.Parallel()
	h := newHarvest(nil, nil, nil)
	a := netip.MustParseAddr("10.0.0.0")
	for range maxDatagrams {
		if a = a.Next(); !h.room(a) || h.complete() != nil {
			t.Fatalf("got %v refused, or told: %v", a, h.complete())
		}
	}
	if h.room(a.Next()) || h.complete() == nil {
		t.Errorf("got it read, or not told: %v", h.complete())
	}
}
