package control

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// A Maintenance is one of a device, and of all that hangs on it.
type Maintenance struct {
	Device string    `json:"device"`
	Since  time.Time `json:"since"`
	Until  time.Time `json:"until"`
	Who    string    `json:"who"`
	Why    string    `json:"why"`
}

// Upkeep is what the door needs of the maintenance of devices. who is the person at the
// other end. An error is for that person: what is asked cannot be, and why.
type Upkeep interface {
	// Maintain puts a device into maintenance for so long; one that is in it gets
	// another end and reason.
	Maintain(device string, long time.Duration, who, why string) (Maintenance, error)
	// EndMaintenance ends it now, and returns what it was.
	EndMaintenance(device, who string) (Maintenance, error)
	// Maintenances lists what is in maintenance, by device.
	Maintenances() []Maintenance
}

// maintain puts a device into maintenance.
func (d *Door) maintain(w http.ResponseWriter, r *http.Request) {
	asked := r.URL.Query()
	long, err := time.ParseDuration(asked.Get("for"))
	if err != nil {
		http.Error(w, fmt.Sprintf("for=%.32q is no duration: write one such as 30m", asked.Get("for")), http.StatusBadRequest)
		return
	}
	m, err := d.Upkeep.Maintain(r.PathValue("device"), long, person(r.Context()), asked.Get("why"))
	d.answerUpkeep(w, r, m, err)
}

// endMaintenance ends it.
func (d *Door) endMaintenance(w http.ResponseWriter, r *http.Request) {
	m, err := d.Upkeep.EndMaintenance(r.PathValue("device"), person(r.Context()))
	d.answerUpkeep(w, r, m, err)
}

func (d *Door) answerUpkeep(w http.ResponseWriter, r *http.Request, m Maintenance, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	d.Log.Info("a tool changes a maintenance", "device", m.Device, "asked", r.Method, "tool", peer(r.Context()))
	answerJSON(w, m)
}

// maintenances lists what is in maintenance.
func (d *Door) maintenances(w http.ResponseWriter, _ *http.Request) {
	answerJSON(w, append([]Maintenance{}, d.Upkeep.Maintenances()...))
}

// Maintain puts a device of the running daemon into maintenance. ErrNobody means that no
// daemon is there.
func (c Client) Maintain(ctx context.Context, device string, long time.Duration, why string) (Maintenance, error) {
	var m Maintenance
	asked := url.Values{"for": {long.String()}, "why": {why}}
	err := c.fetch(ctx, http.MethodPut, "/devices/"+url.PathEscape(device)+"/maintenance?"+asked.Encode(), &m)
	return m, err
}

// EndMaintenance ends that of a device now, and returns what it was.
func (c Client) EndMaintenance(ctx context.Context, device string) (Maintenance, error) {
	var m Maintenance
	err := c.fetch(ctx, http.MethodDelete, "/devices/"+url.PathEscape(device)+"/maintenance", &m)
	return m, err
}

// Maintenances lists what is in maintenance at the running daemon, by device.
func (c Client) Maintenances(ctx context.Context) ([]Maintenance, error) {
	var all []Maintenance
	err := c.fetch(ctx, http.MethodGet, "/maintenance", &all)
	return all, err
}
