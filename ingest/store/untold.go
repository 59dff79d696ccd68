package store

import (
	"cmp"
	"maps"
	"slices"
)

// What nobody told yet goes from file to file. A disk that damages one after the other
// while there is no city must not fill them with it.
const (
	mostOldGaps    = 256 // of epochs before; beyond it each lane of an epoch has one
	mostOldDamages = 32  // the youngest
)

// oldGaps are gaps that were not told, under the epoch they are of.
func (w *wreck) oldGaps() map[string]Gap {
	all := make(map[string]Gap)
	for _, g := range w.gaps {
		if g.Epoch == "" {
			g.Epoch = w.epoch
		}
		all[g.name()] = g
	}
	if len(all) <= mostOldGaps {
		return all
	}
	joined := make(map[string]Gap)
	for _, g := range sortGaps(all) {
		key := string(g.Lane) + "." + string(g.Epoch)
		before, is := joined[key]
		if is {
			g.First, g.Last = before.First, max(before.Last, g.Last)
		}
		joined[key] = g
	}
	clear(all)
	for _, key := range slices.Sorted(maps.Keys(joined)) {
		if g := joined[key]; len(all) < mostOldGaps || g.Epoch == w.epoch {
			all[g.name()] = g
		}
	}
	return all
}

// oldDamages are those that were not told.
func (w *wreck) oldDamages() map[string]Damage {
	names := slices.SortedFunc(maps.Keys(w.damages), func(a, b string) int {
		return cmp.Or(w.damages[b].Time.Compare(w.damages[a].Time), cmp.Compare(a, b))
	})
	all := make(map[string]Damage)
	for _, name := range names[:min(len(names), mostOldDamages)] {
		all[name] = w.damages[name]
	}
	return all
}
