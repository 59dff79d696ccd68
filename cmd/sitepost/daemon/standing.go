package daemon

import (
	"fmt"
	"strings"
	"time"

	"sitepost/config"
	"sitepost/devices"
	"sitepost/ingest/store"
)

// An inventory is the document of up/inventory: what stands on the site.
type inventory struct {
	Site    siteItem   `json:"site"`
	Version string     `json:"version"`
	Config  string     `json:"config_hash"`
	Zones   []zoneItem `json:"zones"`
	Devices []item     `json:"devices"`
}

type siteItem struct {
	Name  string   `json:"name"`
	Title string   `json:"title,omitempty"`
	Code  string   `json:"code,omitempty"`
	Kinds []string `json:"kinds,omitempty"`
}

type zoneItem struct {
	Name  string   `json:"name"`
	Title string   `json:"title,omitempty"`
	Class string   `json:"class"`
	Also  []string `json:"also,omitempty"`
	Place string   `json:"place,omitempty"`
}

type item struct {
	devices.Named
	Zone string `json:"zone,omitempty"`
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
}

// A standing is the document of up/device/<name> for a device that is not asked
// at all.
type standing struct {
	State string    `json:"state"`
	Since time.Time `json:"since,omitzero"`
	Why   string    `json:"why,omitempty"`
	Next  string    `json:"next_step,omitempty"`
}

// showStanding puts on the retained topics what stands before anything moves:
// the inventory, the devices out of use, and nothing of devices that are gone.
func (s *site) showStanding() error {
	if err := s.store.Put("inventory", s.inventory()); err != nil {
		return err
	}
	for name, doc := range outOfUse(s.opt.Config) {
		if err := s.store.Put("device/"+name, doc); err != nil {
			return fmt.Errorf("device %q: %w", name, err)
		}
	}
	return s.emptyGone()
}

func (s *site) inventory() inventory {
	c := s.opt.Config
	doc := inventory{
		Site:    siteItem{Name: c.Site.Name, Title: c.Site.Title, Code: c.Site.Code, Kinds: c.Site.Kinds},
		Version: s.opt.Version, Config: c.Hash, Zones: []zoneItem{}, Devices: []item{},
	}
	for _, z := range c.Zones {
		doc.Zones = append(doc.Zones, zoneItem{Name: z.Name, Title: z.Title, Class: z.Class, Also: z.Also, Place: z.Place})
	}
	name := func(z *devices.Zone) string {
		if z == nil {
			return ""
		}
		return z.Name
	}
	known := places(c)
	for _, device := range names(known) {
		p := known[device]
		doc.Devices = append(doc.Devices, item{Named: p.Device, Zone: name(p.Zone), From: name(p.From), To: name(p.To)})
	}
	return doc
}

// outOfUse lists the devices that are in the config and not asked.
func outOfUse(c *config.Config) map[string]standing {
	all := map[string]standing{}
	disabled := func(name string, d *config.Disabled) {
		if d != nil {
			all[name] = standing{State: "disabled", Since: d.Since, Why: d.Why}
		}
	}
	for _, i := range c.Instruments {
		if i.Protocol == config.OSDP {
			all[i.Name] = standing{State: "disabled", Why: "this version does not speak OSDP", Next: "the reader comes into use with an update"}
		}
		disabled(i.Name, i.Disabled)
	}
	for _, k := range c.Cameras {
		if k.Watch == config.WatchOff {
			all[k.Name] = standing{State: "disabled", Why: k.WatchWhy}
		}
		disabled(k.Name, k.Disabled)
	}
	return all
}

// emptyGone empties the retained topics of devices that were taken out of the
// config, also when that happened while the daemon was off.
func (s *site) emptyGone() error {
	known := places(s.opt.Config)
	all, err := s.store.Currents(true)
	if err != nil {
		return err
	}
	for _, c := range all {
		device := deviceOf(c)
		if _, still := known[device]; device == "" || still {
			continue
		}
		if err := s.store.Put(c.Key, nil); err != nil {
			return err
		}
	}
	return nil
}

// deviceOf returns the device that a retained topic belongs to, "" for none.
func deviceOf(c store.Current) string {
	what, device, _ := strings.Cut(c.Key, "/")
	if c.Doc == nil || what != "device" && what != "stream" {
		return ""
	}
	return device
}
