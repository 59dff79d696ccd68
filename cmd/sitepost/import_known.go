package main

import (
	"fmt"
	"slices"

	"sitepost/cmd/sitepost/points"
	"sitepost/config"
)

// fill gives the camera of the site file that a point is what it lacks there, and tells
// where the two differ. It is false for a point that the site file does not know.
func (p *plan) fill(point points.Point) bool {
	c, by := p.match(point)
	if c == nil {
		p.tellStrangers(point)
		return false
	}
	if first, twice := p.rows[c.Name]; twice {
		p.table.Wrong(point.Row, by, "this is camera %q (%s), as row %d is: take one of the rows out", c.Name, p.at(c), first)
		return true
	}
	p.rows[c.Name] = point.Row
	if p.tellDifferences(point, c, by) {
		return true
	}
	done := change{Name: c.Name, Row: point.Row, Title: c.Title, point: point}
	if c.Code == "" && point.Code != "" {
		done.Set = append(done.Set, "code")
	}
	if c.Title == "" && point.Name != "" {
		done.Title = point.Name
		done.Set = append(done.Set, "title")
	}
	if done.Set != nil {
		p.changes = append(p.changes, done)
	}
	return true
}

// match finds the camera a point is: by its code, else by what the device is, else by
// where it is reached. by is the field that told.
func (p *plan) match(point points.Point) (c *config.Camera, by points.Field) {
	for _, way := range []struct {
		by   points.Field
		is   func(*config.Camera) bool
		told bool
	}{
		{points.Code, func(c *config.Camera) bool { return c.Code == point.Code }, point.Code != ""},
		{points.MAC, func(c *config.Camera) bool { return p.hasMAC(c, point.MAC) }, point.MAC != "" && point.Channel == 0},
		{points.Serial, func(c *config.Camera) bool { return c.Serial == point.Serial }, point.Serial != "" && point.Channel == 0},
		{points.Host, func(c *config.Camera) bool { return withoutPort(c.Host) == point.Host }, point.Host != ""},
		{points.Channel, func(c *config.Camera) bool { return p.sameChannel(c, point) }, point.Channel > 0},
	} {
		if !way.told {
			continue
		}
		for i := range p.site.Cameras {
			if way.is(&p.site.Cameras[i]) {
				return &p.site.Cameras[i], way.by
			}
		}
	}
	return nil, 0
}

// hasMAC holds for a camera of which the running daemon learnt that MAC address.
func (p *plan) hasMAC(c *config.Camera, mac string) bool {
	for _, k := range p.known {
		if k.Name == c.Name {
			return slices.Contains(k.MACs, mac)
		}
	}
	return false
}

func (p *plan) sameChannel(c *config.Camera, point points.Point) bool {
	r := p.recorder(point)
	return r != nil && c.Recorder == r.Name && c.Channel == point.Channel
}

// tellDifferences tells where table and site file do not agree. It is true for what
// cannot both be.
func (p *plan) tellDifferences(point points.Point, c *config.Camera, by points.Field) (wrong bool) {
	if c.Code != "" && point.Code != "" && c.Code != point.Code {
		p.table.Wrong(point.Row, points.Code, "the code is %s here, and camera %q has %s (%s): ask the city which is right", point.Code, c.Name, c.Code, p.at(c))
		return true
	}
	if other := p.codeOfOther(point.Code); by != points.Code && other != "" {
		p.table.Wrong(point.Row, points.Code, "the code %s is that of %s in the site file: copy each as the city gave it", point.Code, other)
		return true
	}
	if point.Host != "" && c.Host != "" && withoutPort(c.Host) != point.Host {
		if other := p.atHost(point.Host); other != nil {
			p.table.Wrong(point.Row, points.Host, "this is camera %q (%s), and the address %s is that of camera %q (%s): correct the table, or the site file", c.Name, p.at(c), point.Host, other.Name, p.at(other))
			return true
		}
		p.table.Note(point.Row, points.Host, "camera %q is at %s in the site file (%s), which stays: correct it there if it moved", c.Name, c.Host, p.at(c))
	}
	if point.Name != "" && c.Title != "" && point.Name != c.Title {
		p.table.Note(point.Row, points.Name, "camera %q has the title %q in the site file (%s), which stays", c.Name, c.Title, p.at(c))
	}
	if z := p.zoneTitle(c.Zone); point.Zone != "" && point.Zone != c.Zone && point.Zone != z {
		p.table.Note(point.Row, points.Zone, "camera %q has another zone in the site file (%s), which stays", c.Name, p.at(c))
	}
	return false
}

// tellStrangers tells what a new point may not share with what is in the site file.
func (p *plan) tellStrangers(point points.Point) {
	if other := p.codeOfOther(point.Code); other != "" {
		p.table.Wrong(point.Row, points.Code, "the code %s is that of %s in the site file: copy each as the city gave it", point.Code, other)
	}
	for i := range p.site.Cameras {
		if c := &p.site.Cameras[i]; point.Name != "" && c.Title == point.Name {
			p.table.Note(point.Row, points.Name, "camera %q of the site file (%s) has the same title: is it this one? Then correct its address or code", c.Name, p.at(c))
		}
	}
}

// codeOfOther names what is not a camera and has a code: site "demo".
func (p *plan) codeOfOther(code string) string {
	if code == "" {
		return ""
	}
	if p.site.Site.Code == code {
		return fmt.Sprintf("site %q", p.site.Site.Name)
	}
	for _, r := range p.site.Recorders {
		if r.Code == code {
			return fmt.Sprintf("recorder %q", r.Name)
		}
	}
	for _, d := range p.site.Instruments {
		if d.Code == code {
			return fmt.Sprintf("instrument %q", d.Name)
		}
	}
	return ""
}

// atHost is the camera at an address.
func (p *plan) atHost(host string) *config.Camera {
	for i := range p.site.Cameras {
		if withoutPort(p.site.Cameras[i].Host) == host {
			return &p.site.Cameras[i]
		}
	}
	return nil
}

func (p *plan) zoneTitle(name string) string {
	for _, z := range p.site.Zones {
		if z.Name == name {
			return z.Title
		}
	}
	return ""
}
