package config

import (
	"math"
	"slices"
	"strings"
)

// Rules of the tables that stand once, and of zones.

// siteKinds are the requirement profiles of the report.
var siteKinds = [...]string{
	"ordinary_unit", "key_unit", "port_open", "port_domestic", "passenger_terminal", "intl_passenger_terminal",
	"roro_terminal", "dangerous_goods_wharf", "guard_company_post", "joint_defence_unit",
}

// zoneClasses are the classes that requirement profiles know.
var zoneClasses = [...]string{
	"entrance", "crowded", "critical", "restricted", "screening", "screened", "unscreened", "dangerous_goods", "quay",
	"waterfront", "roro_lane", "perimeter", "duty_post", "control_room", "construction_boundary", "outside",
}

func (r *rules) checkSite() {
	if v := r.w.Version; v.OK && v.V != newest {
		r.add(Meaning, v.at, "version %d is not known to this sitepost, which reads version %d: install the sitepost this file was written for", v.V, newest)
	}
	for _, k := range r.w.Site.Kinds.Items {
		if k.OK && !slices.Contains(siteKinds[:], string(k.V)) {
			r.hint(Meaning, k.at, r.near(string(k.V), siteKinds[:]), "there is no kind of site %q: write %s", k.V, strings.Join(siteKinds[:], ", "))
		}
	}
	p := r.w.Site.Position
	switch at := p.values(); {
	case !p.written() || len(at) != len(p.Items):
	case len(at) != 2:
		r.add(Meaning, p.key, "position has %d figures: write [latitude, longitude] in degrees, WGS-84", len(at))
	case math.Abs(at[0]) > 90 && math.Abs(at[1]) <= 90:
		r.add(Meaning, p.Items[0].at, "latitude %v is beyond the pole: write latitude first, then longitude", at[0])
	case math.Abs(at[0]) > 90 || math.Abs(at[1]) > 180:
		r.add(Meaning, p.Items[0].at, "there is no such place: latitude goes from -90 to 90, longitude from -180 to 180")
	}
	if c := r.w.Clock; c.Warn.or(duration(clockWarn)) > c.Alarm.or(duration(clockAlarm)) {
		at := c.Warn
		if !at.written() {
			at = c.Alarm
		}
		r.add(Meaning, at.at, "the clock would alarm before it warns: make warn shorter than alarm")
	}
}

func (r *rules) checkNetwork() {
	n := r.w.Network
	if d := n.Discover; d.OK && d.V != DiscoverOff && len(n.DeviceInterfaces.Items) == 0 {
		r.add(Meaning, d.at, "discover = %q has no interface to go out on: write device_interfaces = [\"…\"], or discover = \"off\"", d.V)
	}
}

// inside holds that an address is in one of the device networks.
func (r *rules) inside(who string, at span, h host) {
	networks := r.w.Network.DeviceNetworks
	if len(networks.values()) != len(networks.Items) {
		return // the list itself is wrong and was told
	}
	for _, n := range networks.values() {
		if n.Contains(h.addr) {
			return
		}
	}
	r.add(Meaning, at, "%s is at %s, outside of device_networks, and sitepost dials nothing there: correct the address, or add its network to [network] device_networks", who, h.addr)
}

func (r *rules) checkUplink() {
	u := &r.w.Uplink
	if len(u.Brokers) == 0 && r.w.Site.there {
		r.add(Note, u.head, "there is no [[uplink.broker]]: everything is kept on this machine and nothing leaves it")
	}
	if id := u.ClientID; id.OK && (id.V == "" || len(id.V) > 64 || strings.ContainsAny(id.V, " #+/\"")) {
		r.add(Meaning, id.at, "client_id: %q is not one every broker takes: use letters, digits, - and _, at most 64", id.V)
	}
	switch {
	case u.Certificate.written() && !u.Key.written():
		r.add(Meaning, u.Certificate.key, "certificate has no key: write key = \"file:/etc/sitepost/secrets/box.key\"")
	case u.Key.written() && !u.Certificate.written():
		r.add(Meaning, u.Key.key, "key has no certificate: write certificate = \"/etc/sitepost/tls/box.pem\"")
	}
	urls := map[string]span{}
	for _, b := range u.Brokers {
		r.checkBroker(b)
		if first, twice := urls[b.URL.V.text]; twice && b.URL.OK {
			line, _ := r.src.position(first.off)
			r.add(Meaning, b.URL.at, "this broker stands in line %d already: take one of them out", line)
		} else if b.URL.OK {
			urls[b.URL.V.text] = b.URL.at
		}
	}
}

func (r *rules) checkBroker(b wBroker) {
	if b.URL.OK && b.URL.V.tls && !r.w.Uplink.CA.written() {
		r.add(Meaning, b.URL.at, "mqtts needs to know whom to trust: write ca = \"/etc/sitepost/tls/city-ca.pem\" in [uplink]")
	}
	if b.Password.written() && !b.User.written() {
		r.add(Meaning, b.Password.key, "broker %q has a password and no user: write user = \"…\"", b.Name.V)
	}
	if b.ServerName.OK && b.URL.OK && !b.URL.V.tls {
		r.add(Meaning, b.ServerName.key, "server_name is the name in a certificate, and mqtt:// has none: take it out, or write mqtts://")
	}
}

func (r *rules) checkZone(z *wZone) {
	for _, class := range append([]val[word]{z.Class}, z.Also.Items...) {
		if class.OK && !slices.Contains(zoneClasses[:], string(class.V)) {
			r.hint(Note, class.at, r.near(string(class.V), zoneClasses[:]), "no requirement knows the class %q; known are %s", class.V, strings.Join(zoneClasses[:], ", "))
		}
	}
}

// checkDisabled is for what is missing in the table; decode told that. Nothing
// else is left to check but an empty reason.
func (r *rules) checkDisabled(who string, d wDisabled) {
	if d.Why.OK && strings.TrimSpace(d.Why.V) == "" {
		r.add(Meaning, d.Why.at, "%s is disabled for no reason: write why", who)
	}
}
