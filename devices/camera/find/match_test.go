package find

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestMatch promises of each found camera what the site is told of it. "-" is a
// camera that is none of the site's.
func TestMatch(t *testing.T) {
	t.Parallel()
	at := func(endpoint, address, serial, mac string) Found {
		return Found{Endpoint: endpoint, Address: address, Serial: serial, MAC: mac, State: Open}
	}
	dead := Found{Endpoint: "urn:uuid:d", Address: "10.0.0.9:80", State: NotReached, Why: "no answer"}
	for _, c := range []struct {
		name  string
		found []Found
		known []Known
		want  string
	}{
		{"nobody is known", []Found{at("urn:uuid:a", "10.0.0.1:80", "1", "")}, nil, "new -"},
		{"by endpoint", []Found{at("urn:uuid:a", "10.0.0.1:80", "", "")}, []Known{{Name: "x", Host: "10.0.0.1", Endpoint: "urn:uuid:a"}}, "known x"},
		{"endpoint in another spelling", []Found{at("UUID:A-1", "10.0.0.1:80", "", "")}, []Known{{Name: "x", Host: "10.0.0.1", Endpoint: "urn:uuid:a-1"}}, "known x"},
		{"another port", []Found{at("urn:uuid:a", "10.0.0.1:8080", "", "")}, []Known{{Name: "x", Host: "10.0.0.1:8081", Endpoint: "urn:uuid:a"}}, "moved x"},
		{"port not written", []Found{at("urn:uuid:a", "10.0.0.1:8080", "", "")}, []Known{{Name: "x", Host: "10.0.0.1", Endpoint: "urn:uuid:a"}}, "known x"},
		{"moved", []Found{at("urn:uuid:a", "10.0.0.2:80", "", "")}, []Known{{Name: "x", Host: "10.0.0.1", Endpoint: "urn:uuid:a"}}, "moved x"},
		{"moved, and refused before", []Found{at("urn:uuid:a", "10.0.0.2:80", "", "")}, []Known{{Name: "x", Host: "10.0.0.1", Endpoint: "urn:uuid:a", Refused: "no"}}, "moved x"},
		{"refused", []Found{at("urn:uuid:a", "10.0.0.1:80", "", "")}, []Known{{Name: "x", Host: "10.0.0.1", Endpoint: "urn:uuid:a", Refused: "no"}}, "refused x"},
		{"by serial, moved", []Found{at("urn:uuid:a", "10.0.0.2:80", "S", "")}, []Known{{Name: "x", Host: "10.0.0.1", Serial: "S"}}, "moved x"},
		{"the same serial everywhere (edgex#2)", []Found{at("urn:uuid:a", "10.0.0.2:80", "123456", ""), at("urn:uuid:b", "10.0.0.3:80", "123456", "")},
			[]Known{{Name: "x", Host: "10.0.0.1", Serial: "123456"}}, "new -, new -"},
		{"the same serial in the site file", []Found{at("urn:uuid:a", "10.0.0.3:80", "S", "")},
			[]Known{{Name: "x", Host: "10.0.0.1", Serial: "S"}, {Name: "y", Host: "10.0.0.2", Serial: "S"}}, "new -"},
		{"the endpoint is stronger than the serial", []Found{at("urn:uuid:a", "10.0.0.2:80", "S", "")}, []Known{{Name: "x", Host: "10.0.0.1", Endpoint: "urn:uuid:b", Serial: "S"}}, "new -"},
		{"no serial is no serial", []Found{at("urn:uuid:a", "10.0.0.2:80", "", "")}, []Known{{Name: "x", Host: "10.0.0.1"}}, "new -"},
		{"by hardware address", []Found{at("", "10.0.0.2:80", "", "44:19:b6:01:02:03")}, []Known{{Name: "x", Host: "10.0.0.1", MACs: []string{"44-19-B6-01-02-03"}}}, "moved x"},
		{"the same hardware address (HA#162687)", []Found{at("", "10.0.0.2:80", "", "44:19:b6:01:02:03"), at("", "10.0.0.3:80", "", "44:19:b6:01:02:03")},
			[]Known{{Name: "x", Host: "10.0.0.1", MACs: []string{"44:19:b6:01:02:03"}}}, "new -, new -"},
		{"a malformed hardware address (HA#59218)", []Found{at("", "10.0.0.2:80", "", "00:00:00:00:00:00")}, []Known{{Name: "x", Host: "10.0.0.1", MACs: []string{"00:00:00:00:00:00"}}}, "new -"},
		{"by address alone", []Found{at("urn:uuid:a", "10.0.0.1:80", "S", "")}, []Known{{Name: "x", Host: "10.0.0.1"}}, "known x"},
		{"exchanged", []Found{at("urn:uuid:a", "10.0.0.1:80", "", "")}, []Known{{Name: "x", Host: "10.0.0.1", Endpoint: "urn:uuid:b"}}, "suspected -"},
		{"exchanged, by serial", []Found{at("urn:uuid:a", "10.0.0.1:80", "S", "")}, []Known{{Name: "x", Host: "10.0.0.1", Serial: "T"}}, "suspected -"},
		{"could not be asked", []Found{dead}, nil, "suspected -"},
		{"known and could not be asked", []Found{dead}, []Known{{Name: "x", Host: "10.0.0.9", Endpoint: "urn:uuid:d"}}, "known x"},
		{"two claim one endpoint", []Found{at("urn:uuid:a", "10.0.0.1:80", "", ""), at("urn:uuid:a", "10.0.0.2:80", "", "")}, nil, "suspected -, suspected -"},
		{"one is known, another claims to be it", []Found{at("urn:uuid:a", "10.0.0.1:80", "", ""), at("urn:uuid:a", "10.0.0.2:80", "", "")},
			[]Known{{Name: "x", Host: "10.0.0.1", Endpoint: "urn:uuid:a"}}, "known x, suspected -"},
		{"the endpoint of zeros is none", []Found{at("urn:uuid:00000000-0000-0000-0000-000000000000", "10.0.0.2:80", "", "")},
			[]Known{{Name: "x", Host: "10.0.0.1", Endpoint: "urn:uuid:00000000-0000-0000-0000-000000000000"}}, "new -"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for i, f := range Match(c.found, c.known) {
				name := f.Name
				if name == "" {
					name = "-"
				}
				got = append(got, f.State+" "+name)
				if f.Why == "" && f.State != New && f.State != Recalled {
					t.Errorf("%d: %s, and nobody says why", i, f.State)
				}
			}
			if diff := cmp.Diff(c.want, strings.Join(got, ", ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestNeighbours promises the hardware addresses out of the kernel's own table,
// and nothing of an entry that nobody answered or that cannot be read.
func TestNeighbours(t *testing.T) {
	t.Parallel()
	const table = `IP address       HW type     Flags       HW address            Mask     Device
10.37.20.11      0x1         0x2         44:19:B6:01:02:03     *        enp2s0
10.37.20.12      0x1         0x0         00:00:00:00:00:00     *        enp2s0
10.37.20.13      0x1         0x2         ff:ff:ff:ff:ff:ff     *        enp2s0
10.37.20.14      0x1         0x2         hello                 *        enp2s0
10.37.20.15
x                0x1         0x2         44:19:b6:01:02:03     *        enp2s0
`
	got := map[string]string{}
	for at, mac := range readNeighbours(strings.NewReader(table)) {
		got[at.String()] = mac
	}
	if diff := cmp.Diff(map[string]string{"10.37.20.11": "44:19:b6:01:02:03"}, got); diff != "" {
		t.Error(diff)
	}
}
