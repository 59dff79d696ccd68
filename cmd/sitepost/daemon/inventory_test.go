package daemon

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/config"
	"sitepost/ingest/store"
)

// TestLargeInventory promises that a site whose inventory has no room in one message
// shows one for each device, with the zones of that device, and that each has room.
func TestLargeInventory(t *testing.T) {
	t.Parallel()
	c := &config.Config{Site: config.Site{Name: "large"}}
	for i := range 500 {
		zone := fmt.Sprintf("zone-%03d", i)
		c.Zones = append(c.Zones, config.Zone{Name: zone, Class: "screened", Title: "some words that a person would read"})
		c.Cameras = append(c.Cameras, config.Camera{Name: fmt.Sprintf("cam-%03d", i), Zone: zone, AlsoSees: []string{"zone-000"}, Watch: config.WatchSampled})
	}
	st, err := store.Open(store.Options{Directory: t.TempDir(), Site: "large"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	s := &site{opt: Options{Config: c}, store: st, showing: make(chan struct{}, 1)}
	began := time.Now()
	if err := s.showInventory(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 5*time.Second { // nothing moves on the site until then
		t.Errorf("it took %v", took)
	}
	all, err := st.Currents(true)
	if err != nil || len(all) != 1+500+1+1 { // the box, and what is open
		t.Fatalf("got %d documents, %v", len(all), err)
	}
	for _, one := range all {
		var doc inventory
		if err := json.Unmarshal(one.Doc, &doc); err != nil || len(one.Doc) > 64<<10 {
			t.Errorf("%s: %d bytes, %v", one.Key, len(one.Doc), err)
		}
		if one.Key != "inventory/cam-007" {
			continue
		}
		var zones []string
		for _, z := range doc.Zones {
			zones = append(zones, z.Name)
		}
		if diff := cmp.Diff([]string{"zone-000", "zone-007"}, zones); diff != "" || len(doc.Devices) != 1 {
			t.Errorf("%d devices; %s", len(doc.Devices), diff)
		}
	}
}
