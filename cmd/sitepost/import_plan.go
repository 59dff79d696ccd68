package main

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"sitepost/cmd/sitepost/points"
	"sitepost/config"
	"sitepost/devices/camera/find"
)

// A plan is what becomes of a table: which of its points the site file knows, what they
// lack there, and what is new.
type plan struct {
	*importing
	table *points.Table
	patch *patch
	spots config.Spots
	known []find.Known // cameras with an address, and what the running daemon learnt of them

	rows    map[string]int // camera of the site file → row that was taken for it
	shared  map[string]int // address → how many points with a channel have it
	zones   []newZone
	areas   map[string]string // title of an area → name of its new zone
	number  int               // of the last of these names
	changes []change
}

// A change is what import does to one camera.
type change struct {
	Name  string   `json:"name"`
	Row   int      `json:"row"`
	Title string   `json:"title,omitempty"`
	New   bool     `json:"new"`
	Set   []string `json:"set"` // keys that are written

	point points.Point
	where reach
}

// A newZone is an area that the site file does not know.
type newZone struct {
	Name  string `json:"name"`
	Title string `json:"title"`
}

// A reach is how a new camera is reached, and where it stands.
type reach struct {
	zone, login, recorder string
}

func (i *importing) newPlan(ctx context.Context, table *points.Table, text []byte) *plan {
	d := discovery{tool: i.tool, site: i.site}
	p := &plan{
		importing: i, table: table, patch: &patch{text: text}, spots: config.FindSpots(text), known: d.known(ctx),
		rows: map[string]int{}, shared: map[string]int{}, areas: map[string]string{},
	}
	for _, point := range table.Points {
		if point.Channel > 0 {
			p.shared[point.Host]++
		}
	}
	return p
}

// make goes through the points. What is wrong with one is told in the table's list; an
// error is something that the command line must say.
func (p *plan) make() error {
	var fresh []points.Point
	for _, point := range p.table.Points {
		switch {
		case !p.isCamera(point):
		case !p.fill(point):
			fresh = append(fresh, point)
		}
	}
	if err := p.chooseOnly(fresh); err != nil {
		return err
	}
	if err := p.chooseSystem(); err != nil {
		return err
	}
	taken, number := takenNames(p.site), 0
	for _, point := range fresh {
		where, ok := p.reachOf(point)
		if !ok {
			continue
		}
		var name string
		for name == "" || taken[name] {
			number++
			name = fmt.Sprintf("%s-%03d", p.prefix, number)
		}
		p.changes = append(p.changes, change{Name: name, Row: point.Row, Title: point.Name, New: true, point: point, where: where})
	}
	p.append()
	return nil
}

// isCamera holds for a point without a code, and one whose code is a camera's
// (GB/T 28181-2022 Annex E: 131 camera, 132 network camera).
func (p *plan) isCamera(point points.Point) bool {
	if point.Code == "" || point.Code[10:13] == "131" || point.Code[10:13] == "132" {
		return true
	}
	p.table.Note(point.Row, points.Code, "the code %s is of type %s, not of a camera (131, 132), and the row is left out: write the code into the table of its device by hand", point.Code, point.Code[10:13])
	return false
}

// chooseOnly takes login and zone from the command line, or the only ones there are.
func (p *plan) chooseOnly(fresh []points.Point) (err error) {
	direct := slices.ContainsFunc(fresh, func(q points.Point) bool { return q.Host != "" && p.recorder(q) == nil })
	if direct || p.login != "" {
		if p.login, err = only("login", p.login, names(p.site.Logins, func(l config.Login) string { return l.Name })); err != nil {
			return err
		}
	}
	all := names(p.site.Zones, func(z config.Zone) string { return z.Name })
	switch {
	case len(fresh) > 0 && !p.table.Has(points.Zone), p.zone != "":
		p.zone, err = only("zone", p.zone, all)
	case len(all) == 1:
		p.zone = all[0]
	}
	return err
}

// chooseSystem settles in which system the positions are. Without one they are left out:
// in the wrong one they are hundreds of metres off, and nobody notices.
func (p *plan) chooseSystem() error {
	typed := systems[p.system]
	switch told := p.table.System; {
	case typed != "" && told != "" && typed != told:
		return fmt.Errorf("--coordinates says %s, and a heading of the table says %s: correct one of them", typed, told)
	case typed != "":
		p.table.System = typed
	}
	i := slices.IndexFunc(p.table.Points, func(q points.Point) bool { return q.Longitude != 0 })
	if i >= 0 && p.table.System == "" {
		column := points.Longitude
		if !p.table.Has(column) {
			column = points.Position
		}
		p.table.Note(p.table.Points[i].Row, column, "the table does not say in which system its positions are, and they are left out: ask, and say --coordinates wgs84 or gcj02")
	}
	return nil
}

// reachOf says how a new camera is reached and where it stands. What is missing for
// that is told.
func (p *plan) reachOf(point points.Point) (where reach, ok bool) {
	zone, zoneOK := p.zoneOf(point)
	where.zone = zone
	switch r := p.recorder(point); {
	case r != nil && point.Channel == 0:
		p.table.Wrong(point.Row, points.Channel, "%q is behind recorder %q and has no channel: fill in 通道号, as the recorder's screen counts", point.Name, r.Name)
	case r != nil:
		where.recorder = r.Name
		return where, zoneOK
	case point.Host != "" && p.shared[point.Host] > 1:
		p.table.Wrong(point.Row, points.Host, "several points with channels of their own have the address %s: write a [[recorder]] with it into the site file first", point.Host)
	case point.Host != "" && !p.inside(point.Host):
		p.table.Wrong(point.Row, points.Host, "%s is outside of device_networks, and sitepost dials nothing there: correct the address, or add its network to [network] device_networks", point.Host)
	case point.Host != "":
		where.login = p.login
		return where, zoneOK
	case point.Recorder != "":
		p.table.Wrong(point.Row, points.Recorder, "there is no recorder %q in the site file: write a [[recorder]] with it as title first", point.Recorder)
	default:
		p.table.Wrong(point.Row, points.Host, "the point has no address and no recorder: fill in IP地址, or 录像机 and 通道号")
	}
	return where, false
}

// recorder is the one a point names, or whose address it has.
func (p *plan) recorder(point points.Point) *config.Recorder {
	for i := range p.site.Recorders {
		r := &p.site.Recorders[i]
		named := point.Recorder != "" && slices.Contains([]string{r.Name, r.Title, withoutPort(r.Host)}, point.Recorder)
		if named && point.Host == "" || point.Host != "" && withoutPort(r.Host) == point.Host {
			return r
		}
	}
	return nil
}

// withoutPort is a host as a table of points has it: 80 goes without saying.
func withoutPort(host string) string { return strings.TrimSuffix(host, ":80") }

func (p *plan) inside(host string) bool {
	addr, err := netip.ParseAddr(hostOf(host))
	return err == nil && slices.ContainsFunc(p.site.Network.DeviceNetworks, func(n netip.Prefix) bool { return n.Contains(addr) })
}

// zoneOf is the zone of a new camera; an area that the site file does not know becomes
// one.
func (p *plan) zoneOf(point points.Point) (name string, ok bool) {
	if point.Zone == "" {
		if p.zone == "" {
			p.table.Wrong(point.Row, points.Zone, "which zone? fill in the column %q, or say --zone", p.table.Head(points.Zone))
		}
		return p.zone, p.zone != ""
	}
	for _, z := range p.site.Zones {
		if z.Name == point.Zone || z.Title == point.Zone {
			return z.Name, true
		}
	}
	if name, is := p.areas[point.Zone]; is {
		return name, true
	}
	z := newZone{p.nextZone(), point.Zone}
	p.zones, p.areas[point.Zone] = append(p.zones, z), z.Name
	return z.Name, true
}

// nextZone is a name that no zone has yet.
func (p *plan) nextZone() (name string) {
	taken := func(z config.Zone) bool { return z.Name == name }
	for name == "" || slices.ContainsFunc(p.site.Zones, taken) {
		p.number++
		name = fmt.Sprintf("zone-%03d", p.number)
	}
	return name
}
