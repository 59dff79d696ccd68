package daemon

import (
	"encoding/json"
	"path/filepath"
	"strings"

	"sitepost/cmd/sitepost/status"
	"sitepost/config"
	"sitepost/devices"
)

// snapshot is how the site stands now, by one site file: a reload may come in between.
func (s *site) snapshot() status.Snapshot {
	c := s.file()
	snap := status.Snapshot{
		Schema: status.Schema, Time: s.opt.Host.Wall(), Site: c.Site.Name, Title: c.Site.Title, Version: s.opt.Version, Config: c.Hash,
		State: s.box.State(), Store: s.storeNow(c.Store),
		Open: []status.Open{}, Devices: []status.Device{}, Lines: []status.Device{}, Page: s.pageNow(),
	}
	if link := s.link.Load(); link != nil {
		snap.Uplink = &status.Uplink{Status: link.Status(), Brokers: link.Names}
	}
	snap.Refused, snap.AtRestart = s.word.now()
	s.addStandings(&snap, c)
	snap.Judge()
	return snap
}

// storeNow is how the store does.
func (s *site) storeNow(c config.Store) status.Store {
	k := s.store.Stock()
	now := status.Store{
		Epoch: s.store.Epoch(), Size: c.Size, Failing: k.Failing, Commits: k.Commits,
		Shares: []status.Share{}, Lanes: map[devices.Lane]status.Lane{}, Dropped: []status.Dropped{}, SetAside: []string{},
	}
	aside, _ := filepath.Glob(filepath.Join(c.Directory, "damaged", "*.db")) // the pattern is well formed
	for _, path := range aside {
		now.SetAside = append(now.SetAside, filepath.Base(path))
	}
	for _, part := range k.Shares {
		now.Bytes += part.Bytes
		now.Shares = append(now.Shares, status.Share(part))
	}
	for _, l := range k.Lanes {
		now.Lanes[l.Lane] = status.Lane{Marks: l.Marks, Waiting: l.Waiting, Bytes: l.Bytes, Oldest: l.Oldest}
	}
	for _, d := range k.Dropped {
		now.Dropped = append(now.Dropped, status.Dropped{Lane: d.Lane, Why: d.Why, Records: d.Count})
	}
	return now
}

// addStandings adds how each device and line stands, and what is open, as the city
// is shown it.
func (s *site) addStandings(snap *status.Snapshot, c *config.Config) {
	shown, open := map[string]standing{}, struct{ Open []status.Open }{}
	all, err := s.store.Currents(true)
	if err != nil { // it is being closed
		return
	}
	for _, now := range all {
		what, device, _ := strings.Cut(now.Key, "/")
		var doc standing
		switch {
		case what == "open":
			_ = json.Unmarshal(now.Doc, &open) // our own words
		case what == "device" && json.Unmarshal(now.Doc, &doc) == nil:
			shown[device] = doc
		}
	}
	snap.Open = append(snap.Open, open.Open...)
	known, stands := places(c), whereabouts(c)
	for _, name := range names(known) {
		d := status.Device{Name: name, Kind: known[name].Device.Kind, State: status.Unknown}
		if doc, is := shown[name]; is && doc.State != "" {
			d.State, d.Since, d.Why, d.Next = doc.State, doc.Since, doc.Why, doc.Next
		}
		at := stands[name]
		d.Title, d.Line, d.Address = known[name].Device.Title, at.line, at.address
		d.Heard, d.Today = s.ingest.Heard(name)
		if d.Kind == devices.LineKind {
			snap.Lines = append(snap.Lines, d)
		} else {
			snap.Devices = append(snap.Devices, d)
		}
	}
}
