package find

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// What a [Finding] may say in State.
const (
	New       = "new"       // a camera that the site does not know
	Recalled  = "known"     // a camera of the site, at its address
	Moved     = "moved"     // a camera of the site, at another address
	Refused   = "refused"   // a camera of the site that refuses its login
	Suspected = "suspected" // something that looks like a camera, and could not be asked or is not what it claims to be
)

// Known is a camera of the site.
type Known struct {
	Name     string
	Host     string // address, with a port where it is not the usual one
	Endpoint string // "" not known, as the next two
	Serial   string
	MACs     []string // of all its network cards
	Refused  string   // why it refuses its login; "" it does not, or nobody tried
}

// A Finding is a camera that was found, beside what the site knows.
type Finding struct {
	Found
	State  string `json:"state"`  // New, Recalled, Moved, Refused or Suspected
	Name   string `json:"name"`   // in the site file; "" if it is not one of its cameras
	Access string `json:"access"` // Open, NeedsLogin or NotReached
	Why    string `json:"why,omitempty"`
}

// Match says of each found camera whether the site knows it. Identity is the
// endpoint reference; where one of the two sides has none, the serial; then the
// hardware address; then, for a camera of which nothing else is known, its
// address.
//
// What several found cameras share proves nothing: cheap makes give all their
// cameras the same serial (edgexfoundry/device-onvif-camera#2), and some the same
// hardware address (home-assistant/core#162687).
func Match(found []Found, known []Known) []Finding {
	m := newMatcher(found, known)
	all := make([]Finding, len(found))
	for i, f := range found {
		all[i] = m.judge(f)
	}
	return all
}

// A matcher counts what is told more than once.
type matcher struct {
	known   []Known
	claimed map[string]int  // by endpoint: addresses at which it is told
	twice   map[string]bool // "serial …" and "mac …" that several cameras tell
}

func newMatcher(found []Found, known []Known) *matcher {
	m := &matcher{known: known, claimed: map[string]int{}, twice: map[string]bool{}}
	once := map[string]string{} // serial or hardware address → who told it
	share := func(kind, what, who string) {
		if first, told := once[kind+what]; told && first != who {
			m.twice[kind+what] = true
		}
		once[kind+what] = who
	}
	for _, f := range found {
		m.claimed[plain(f.Endpoint)]++
		share("serial ", f.Serial, cmp.Or(plain(f.Endpoint), f.Address))
		host, _ := f.host()
		share("mac ", plainMAC(f.MAC), host.String())
	}
	knownSerials := map[string]bool{}
	for _, k := range known {
		m.twice["serial "+k.Serial] = m.twice["serial "+k.Serial] || knownSerials[k.Serial]
		knownSerials[k.Serial] = true
	}
	return m
}

func (m *matcher) judge(f Found) Finding {
	out := Finding{Found: f, State: New, Access: f.State, Why: f.Why}
	k, sure := m.who(f)
	if k != nil {
		out.Name = k.Name
	}
	endpoint := plain(f.Endpoint)
	switch {
	case endpoint != "" && m.claimed[endpoint] > 1 && !(k != nil && k.at(f)):
		out.State, out.Name = Suspected, ""
		out.Why = "another address claims the same endpoint, so it may be a copy or pretend to be it: look at both cameras' own pages"
	case k == nil && m.tenant(f) != nil:
		out.State = Suspected
		out.Why = fmt.Sprintf("it stands at the address of camera %q and is another one: if it was exchanged, correct endpoint and serial in the site file", m.tenant(f).Name)
	case k == nil && f.State == NotReached:
		out.State = Suspected
	case k == nil:
		out.Why = ""
	case !k.at(f):
		out.State = Moved
		out.Why = fmt.Sprintf("the site file has it at %s: write host = %q there", k.Host, f.hostText())
	case k.Refused != "":
		out.State, out.Why = Refused, k.Refused
	default:
		out.State = Recalled
		if !sure {
			out.Why = fmt.Sprintf("recognised by its address alone: write endpoint = %q into its table, so that it is found again elsewhere", f.Endpoint)
		}
	}
	return out
}

// who returns the camera of the site that f is, nil for none. It is not sure of
// one of which nothing but the address is known.
func (m *matcher) who(f Found) (k *Known, sure bool) {
	for _, same := range []func(*Known, Found) bool{m.sameEndpoint, m.sameSerial, m.sameMAC} {
		for i := range m.known {
			if same(&m.known[i], f) {
				return &m.known[i], true
			}
		}
	}
	if k := m.tenant(f); k != nil && plain(k.Endpoint) == "" && (k.Serial == "" || f.Serial == "" || m.twice["serial "+k.Serial]) {
		return k, false
	}
	return nil, false
}

// tenant returns the camera that the site has at the address of f.
func (m *matcher) tenant(f Found) *Known {
	for i := range m.known {
		if m.known[i].at(f) {
			return &m.known[i]
		}
	}
	return nil
}

func (m *matcher) sameEndpoint(k *Known, f Found) bool {
	return plain(k.Endpoint) != "" && plain(k.Endpoint) == plain(f.Endpoint)
}

func (m *matcher) sameSerial(k *Known, f Found) bool {
	return k.Serial != "" && k.Serial == f.Serial && !m.twice["serial "+k.Serial] && !m.comparable(k, f)
}

func (m *matcher) sameMAC(k *Known, f Found) bool {
	mac := plainMAC(f.MAC)
	return mac != "" && !m.twice["mac "+mac] && !m.comparable(k, f) &&
		slices.ContainsFunc(k.MACs, func(known string) bool { return plainMAC(known) == mac })
}

// comparable says that both sides have an endpoint, which then decides alone.
func (m *matcher) comparable(k *Known, f Found) bool {
	return plain(k.Endpoint) != "" && plain(f.Endpoint) != ""
}

// at says whether the site has k at the address of f. Ports differ between what a
// site file says and what a camera tells.
func (k *Known) at(f Found) bool {
	host, ok := f.host()
	if !ok {
		return false
	}
	if at, err := netip.ParseAddrPort(k.Host); err == nil {
		return at.String() == f.Address
	}
	at, err := netip.ParseAddr(strings.Trim(k.Host, "[]"))
	return err == nil && at.Unmap() == host
}

// hostText is the address as a site file has it: without the usual port.
func (f *Found) hostText() string { return strings.TrimSuffix(f.Address, ":80") }

// PlainEndpoint returns an endpoint in one spelling, by which two can be compared;
// "" for one that is none.
func PlainEndpoint(endpoint string) string { return plain(endpoint) }

// plain returns the endpoint in one spelling, "" for none: a UUID is told with
// "urn:uuid:", with "uuid:" and bare, in small and in capital letters.
func plain(endpoint string) string {
	e := strings.ToLower(strings.TrimSpace(endpoint))
	e = strings.TrimPrefix(strings.TrimPrefix(e, "urn:"), "uuid:")
	if strings.Trim(e, "0-") == "" {
		return "" // empty, or the UUID of zeros
	}
	return e
}
