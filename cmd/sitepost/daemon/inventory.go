package daemon

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"sitepost/config"
	"sitepost/devices"
)

// An inventory is the document of up/inventory: what stands on the site. Devices
// that would make it too large have one of their own below up/inventory/.
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

// An item is one device: what the site file says of it, and what a camera or
// recorder has told of itself.
type item struct {
	devices.Named
	Zone     string       `json:"zone,omitempty"`
	From     string       `json:"from,omitempty"`
	To       string       `json:"to,omitempty"`
	AlsoSees []string     `json:"also_sees,omitempty"`
	Recorder string       `json:"recorder,omitempty"`
	Channel  int          `json:"channel,omitempty"`
	Watch    config.Watch `json:"watch,omitempty"`
	Vendor   string       `json:"vendor,omitempty"`
	Model    string       `json:"model,omitempty"`
	Serial   string       `json:"serial,omitempty"`
	Firmware string       `json:"firmware,omitempty"`
	Endpoint string       `json:"endpoint,omitempty"`
	MACs     []string     `json:"macs,omitempty"`
}

// mostInventory is how large the document may be before it is split, in bytes:
// a message has at most 64 KiB, with the few that stand in front of it.
const mostInventory = 63 << 10

// showInventory puts the inventory on its retained topic, as one document or, on
// a large site, as one more for each device.
func (s *site) showInventory() error {
	s.showing <- struct{}{} // what is newest is put last
	defer func() { <-s.showing }()
	doc := s.inventory()
	raw, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	all, zones := doc.Devices, doc.Zones
	split := len(raw) > mostInventory
	if split {
		doc.Devices = []item{}
	}
	if err := s.store.Put("inventory", doc); err != nil {
		return err
	}
	docs := map[string]any{}
	for _, one := range all {
		docs["inventory/"+one.Name] = nil
		if split {
			doc.Devices, doc.Zones = []item{one}, zonesOf(one, zones)
			docs["inventory/"+one.Name] = doc
		}
	}
	return s.putAll(docs)
}

// zonesOf are the zones that a device stands at or sees.
func zonesOf(one item, all []zoneItem) []zoneItem {
	its := append([]string{one.Zone, one.From, one.To}, one.AlsoSees...)
	return slices.DeleteFunc(slices.Clone(all), func(z zoneItem) bool { return !slices.Contains(its, z.Name) })
}

// showAgain is how soon one tries again to show what the disk did not take.
const showAgain = 5 * time.Second

// keepInventory shows it again when a camera has told something new, until ctx
// ends; and all that stands, where a reload could not show it.
func (s *site) keepInventory(ctx context.Context) {
	again := time.NewTimer(0)
	defer again.Stop()
	for first := true; ; first = false {
		select {
		case <-ctx.Done():
			return
		case <-s.learnt:
		case <-again.C:
			if first || !s.owes.Load() {
				continue
			}
		}
		show := s.showInventory
		if s.owes.Swap(false) {
			show = s.showStanding
		}
		if err := show(); err != nil {
			s.opt.Log.Error("inventory not shown", "err", err)
			s.owes.Store(true)
			again.Reset(showAgain)
		}
	}
}

func (s *site) inventory() inventory {
	c := s.file()
	doc := inventory{
		Site:    siteItem{Name: c.Site.Name, Title: c.Site.Title, Code: c.Site.Code, Kinds: c.Site.Kinds},
		Version: s.opt.Version, Config: c.Hash, Zones: []zoneItem{}, Devices: []item{},
	}
	for _, z := range c.Zones {
		doc.Zones = append(doc.Zones, zoneItem{Name: z.Name, Title: z.Title, Class: z.Class, Also: z.Also, Place: z.Place})
	}
	known := places(c)
	for _, device := range names(known) {
		p := known[device]
		doc.Devices = append(doc.Devices, item{Named: p.Device, Zone: nameOf(p.Zone), From: nameOf(p.From), To: nameOf(p.To)})
	}
	for i := range doc.Devices {
		s.addCamera(&doc.Devices[i])
	}
	return doc
}

// addCamera adds what is known of a camera or recorder.
func (s *site) addCamera(one *item) {
	for _, k := range s.file().Cameras {
		if k.Name == one.Name {
			one.AlsoSees, one.Recorder, one.Channel, one.Watch = k.AlsoSees, k.Recorder, k.Channel, k.Watch
		}
	}
	if a := s.inForce().asked[one.Name]; a != nil {
		told := a.memory.Known().Inventory
		one.Vendor, one.Model, one.Serial, one.Firmware = told.Identity.Vendor, told.Identity.Model, told.Identity.Serial, told.Identity.Firmware
		one.Endpoint, one.MACs = told.Identity.Endpoint, told.MACs
	}
}

func nameOf(z *devices.Zone) string {
	if z == nil {
		return ""
	}
	return z.Name
}
