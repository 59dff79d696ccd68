package daemon

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"sitepost/cmd/sitepost/status"
	"sitepost/devices"
	"sitepost/ingest/store"
)

// A dropped counts what the city was told, since the start, that it does not get.
type dropped struct {
	mu   sync.Mutex // guards all
	told map[reason]uint64
	last string // lane and numbers told last: for a moment the store lists them too
}

// A reason is why records of a lane were dropped, in a word of a closed list.
type reason struct {
	lane devices.Lane
	why  string
}

// noRoom is why records go whose room on disk was used up.
const noRoom = "no room"

// note counts what a store.gap tells of, once if it is told again.
func (d *dropped) note(e devices.Event) {
	gap := e.Point + " " + e.Detail
	if e.Code != devices.StoreGap {
		return
	}
	first, last, isRange := strings.Cut(e.Detail, "-")
	from, err := strconv.ParseUint(first, 10, 64)
	upto, err2 := strconv.ParseUint(last, 10, 64)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.told == nil {
		d.told = map[reason]uint64{}
	}
	if gap == d.last {
		return
	}
	d.last = gap
	switch {
	case isRange && err == nil && err2 == nil && from <= upto:
		d.told[reason{laneOf(e.Point), noRoom}] += upto - from + 1
	default: // one record, by its identity: EPOCH-LANE-NUMBER
		_, rest, _ := strings.Cut(e.Detail, "-")
		lane, _, _ := strings.Cut(rest, "-")
		d.told[reason{laneOf(lane), "cannot be said"}]++
	}
}

// laneOf keeps words that are no lane out of the figures.
func laneOf(word string) devices.Lane {
	if lane := devices.Lane(word); slices.Contains(devices.Lanes(), lane) {
		return lane
	}
	return ""
}

// list is what was told, and what is still to be told.
func (d *dropped) list(untold []store.Gap) []status.Dropped {
	d.mu.Lock()
	sum, last := maps.Clone(d.told), d.last
	d.mu.Unlock()
	if sum == nil {
		sum = map[reason]uint64{}
	}
	for _, g := range untold {
		if fmt.Sprintf("%s %d-%d", g.Lane, g.First, g.Last) == last {
			continue
		}
		sum[reason{g.Lane, noRoom}] += g.Count()
	}
	all := []status.Dropped{}
	for r, n := range sum {
		all = append(all, status.Dropped{Lane: r.lane, Why: r.why, Records: n})
	}
	slices.SortFunc(all, func(a, b status.Dropped) int {
		return cmp.Or(cmp.Compare(a.Lane, b.Lane), cmp.Compare(a.Why, b.Why))
	})
	return all
}
