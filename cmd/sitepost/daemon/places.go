package daemon

import (
	"sitepost/config"
	"sitepost/devices"
)

// places says of every device, line and the box itself where it stands.
func places(c *config.Config) map[string]devices.Place {
	site := devices.Site{Name: c.Site.Name, Code: c.Site.Code, SecurityLevel: c.Site.SecurityLevel}
	zones := map[string]*devices.Zone{}
	for _, z := range c.Zones {
		zones[z.Name] = &devices.Zone{Name: z.Name, Class: z.Class, Also: z.Also}
	}
	all := map[string]devices.Place{
		boxName: {Site: site, Device: devices.Named{Name: boxName, Kind: devices.Box}},
	}
	for _, l := range c.Lines {
		all[l.Name] = devices.Place{Site: site, Device: devices.Named{Name: l.Name, Title: l.Title, Kind: devices.LineKind}}
	}
	for _, r := range c.Recorders {
		all[r.Name] = devices.Place{Site: site, Device: devices.Named{Name: r.Name, Title: r.Title, Kind: devices.Recorder, Code: r.Code}}
	}
	for _, i := range c.Instruments {
		all[i.Name] = devices.Place{
			Site: site, Zone: zones[i.Zone], From: zones[i.From], To: zones[i.To],
			Device: devices.Named{Name: i.Name, Title: i.Title, Kind: i.Kind, Code: i.Code, Profile: i.Profile},
		}
	}
	for _, k := range c.Cameras {
		all[k.Name] = devices.Place{
			Site: site, Zone: zones[k.Zone], From: zones[k.From], To: zones[k.To],
			Device: devices.Named{Name: k.Name, Title: k.Title, Kind: devices.Camera, Code: k.Code},
		}
	}
	return all
}
