package ingest

import (
	"maps"
	"slices"

	"sitepost/devices"
)

// find returns a device of the site, nil if it has none of that name.
func (in *Ingest) find(name string) *watched { return in.watched[name] }

// placeOf is where a device of the site stands.
func (in *Ingest) placeOf(name string) devices.Place { return in.opt.Places[name] }

// everybody returns all who stand on the site.
func (in *Ingest) everybody() []*watched { return slices.Collect(maps.Values(in.watched)) }
