package daemon

import (
	"fmt"
	"time"

	"sitepost/cmd/sitepost/control"
)

// A workshop is the maintenance of the site's devices as the tools see it. Its rules are
// those of package ingest.
type workshop struct{ site *site }

// Maintain puts a device into maintenance. One that is out of use by the site file needs
// none: it is not asked, and wakes nobody.
func (w workshop) Maintain(device string, long time.Duration, who, why string) (control.Maintenance, error) {
	if doc, idle := outOfUse(w.site.file())[device]; idle {
		return control.Maintenance{}, fmt.Errorf("%q is disabled in the site file and not asked: %s", device, doc.Why)
	}
	m, err := w.site.ingest.Maintain(device, long, who, why)
	return control.Maintenance(m), err
}

// EndMaintenance ends it.
func (w workshop) EndMaintenance(device, who string) (control.Maintenance, error) {
	m, err := w.site.ingest.EndMaintenance(device, who)
	return control.Maintenance(m), err
}

// Maintenances lists what is in maintenance.
func (w workshop) Maintenances() []control.Maintenance {
	var all []control.Maintenance
	for _, m := range w.site.ingest.Maintenances() {
		all = append(all, control.Maintenance(m))
	}
	return all
}
