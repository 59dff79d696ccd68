package daemon

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"

	"sitepost/cmd/sitepost/status"
	"sitepost/devices"
	"sitepost/ingest/store"
)

// A dropped counts what the city was told, since the start, that it does not get and
// that has no gap in the store: what had no number, and what cannot be said.
type dropped struct {
	mu   sync.Mutex // guards told
	told map[store.Drop]uint64
}

// note counts what a store.gap tells of. Numbers from and to are those of a gap, which
// the store counts.
func (d *dropped) note(e devices.Event) {
	if e.Code != devices.StoreGap {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.told == nil {
		d.told = map[store.Drop]uint64{}
	}
	switch parts := strings.Split(e.Detail, "-"); {
	case e.Value != nil:
		d.told[store.Drop{Lane: laneOf(e.Point), Why: store.WhyRefused}] += uint64(e.Value.Number)
	case len(parts) == 3: // one record, by its identity: EPOCH-LANE-NUMBER
		d.told[store.Drop{Lane: laneOf(parts[1]), Why: "cannot be said"}]++
	}
}

// laneOf keeps words that are no lane out of the figures.
func laneOf(word string) devices.Lane {
	if lane := devices.Lane(word); slices.Contains(devices.Lanes(), lane) {
		return lane
	}
	return ""
}

// list is that, and what the store counted. Its reasons are a closed list, but for
// what stands behind a colon.
func (d *dropped) list(counted []store.Dropped) []status.Dropped {
	d.mu.Lock()
	sum := maps.Clone(d.told)
	d.mu.Unlock()
	if sum == nil {
		sum = map[store.Drop]uint64{}
	}
	for _, one := range counted {
		one.Why = strings.TrimPrefix(one.Why, "dropped: ")
		one.Why, _, _ = strings.Cut(one.Why, ":")
		sum[one.Drop] += one.Count
	}
	all := []status.Dropped{}
	for r, n := range sum {
		all = append(all, status.Dropped{Lane: r.Lane, Why: r.Why, Records: n})
	}
	slices.SortFunc(all, func(a, b status.Dropped) int {
		return cmp.Or(cmp.Compare(a.Lane, b.Lane), cmp.Compare(a.Why, b.Why))
	})
	return all
}
