package daemon

import (
	"encoding/json"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"sitepost/cmd/sitepost/status"
	"sitepost/devices"
)

// snapshot is how the site stands now.
func (s *site) snapshot() status.Snapshot {
	c := s.opt.Config
	snap := status.Snapshot{
		Schema: status.Schema, Time: s.opt.Host.Wall(), Site: c.Site.Name, Title: c.Site.Title, Version: s.opt.Version, Config: c.Hash,
		State: s.box.State(), Store: s.storeNow(),
		Open: []status.Open{}, Devices: []status.Device{}, Lines: []status.Device{},
	}
	if s.link != nil {
		snap.Uplink = &status.Uplink{Status: s.link.Status(), Brokers: s.link.Names}
	}
	s.addStandings(&snap)
	snap.Judge()
	return snap
}

// storeNow is how the store does. What it says of its own parts has its place here.
func (s *site) storeNow() status.Store {
	p := s.store.Pulse()
	now := status.Store{
		Epoch: s.store.Epoch(), Bytes: bytesIn(s.opt.Config.Store.Directory), Size: s.opt.Config.Store.Size,
		Failing: p.Failing, ReadingsLost: p.ReadingsLost, Commits: p.Commits,
		Lanes: map[devices.Lane]status.Lane{}, Dropped: s.dropped.list(s.store.Stock().Dropped),
	}
	for _, lane := range devices.Lanes() {
		l := status.Lane{Marks: s.store.Marks(lane)}
		if next := max(l.Sent+1, l.First); next <= l.Last {
			l.Waiting, l.Oldest = l.Last-next+1, s.oldest(lane, l.Sent)
		}
		now.Lanes[lane] = l
	}
	return now
}

// oldest is when the oldest record that no broker has was accepted.
func (s *site) oldest(lane devices.Lane, sent uint64) time.Time {
	waiting, err := s.store.Read(lane, sent, 1)
	if err != nil || len(waiting) == 0 {
		return time.Time{}
	}
	return waiting[0].Accepted
}

// bytesIn adds up the files below a folder. One that goes meanwhile counts nothing.
func bytesIn(folder string) (sum int64) {
	_ = filepath.WalkDir(folder, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil
		}
		if about, err := d.Info(); err == nil {
			sum += about.Size()
		}
		return nil
	})
	return sum
}

// addStandings adds how each device and line stands, and what is open, as the city
// is shown it.
func (s *site) addStandings(snap *status.Snapshot) {
	shown, open := map[string]standing{}, struct{ Open []status.Open }{}
	all, err := s.store.Currents(true)
	if err != nil { // it is being closed
		return
	}
	for _, c := range all {
		what, device, _ := strings.Cut(c.Key, "/")
		var doc standing
		switch {
		case what == "open":
			_ = json.Unmarshal(c.Doc, &open) // our own words
		case what == "device" && json.Unmarshal(c.Doc, &doc) == nil:
			shown[device] = doc
		}
	}
	snap.Open = append(snap.Open, open.Open...)
	known := places(s.opt.Config)
	for _, name := range names(known) {
		d := status.Device{Name: name, Kind: known[name].Device.Kind, State: status.Unknown}
		if doc, is := shown[name]; is && doc.State != "" {
			d.State, d.Since, d.Why, d.Next = doc.State, doc.Since, doc.Why, doc.Next
		}
		if d.Kind == devices.LineKind {
			snap.Lines = append(snap.Lines, d)
		} else {
			snap.Devices = append(snap.Devices, d)
		}
	}
}
