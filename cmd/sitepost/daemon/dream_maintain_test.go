package daemon_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"sitepost/config"
	"sitepost/devices"
	"sitepost/uplink/uplinktest"
)

// TestMaintenanceAtTheCity: a technician calibrates a detector, with gas, over a restart
// of the daemon, and goes away. The city is woken by nothing of it meanwhile; when the
// time is over it has an alarm of the gas that is there, of the same incident, and the
// alarm of before is cleared. Answers complaints 10 and 26: an alarm and its end come
// in pairs, whatever happens in between.
func TestMaintenanceAtTheCity(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDream(t, gateLine, nil)
		d.set("gas-1", values{"gas": 30, "low": true})
		d.start()
		d.after(10 * time.Second)
		if _, err := d.upkeep.Maintain("gas-1", 10*time.Minute, "root (uid 0)", "标定"); err != nil {
			t.Fatal(err)
		}
		d.after(10 * time.Second)
		d.unconfirmed("gas-1 gas.alarm.low")
		d.set("gas-1", values{"gas": 52, "low": false, "high": true})
		d.after(time.Minute)
		d.halt()
		d.after(time.Minute)
		d.start()
		d.after(time.Minute)
		d.stands(map[string]string{"device/bus": "online", "device/gates": "online", "device/gas-1": "maintenance", "device/gate-1": "online", "device/box": "online", "state": "up"})
		d.broker.Away(uplinktest.ErrAway) // its end is told when the city is back
		d.after(10 * time.Minute)
		d.broker.Away(nil)
		d.after(2 * time.Minute)
		d.stands(map[string]string{"device/bus": "online", "device/gates": "online", "device/gas-1": "online", "device/gate-1": "online", "device/box": "online", "state": "up"})
		d.unconfirmed()
		d.set("gas-1", values{"gas": 4, "high": false})
		d.after(10 * time.Second)
		d.end()
		inIt, operator := raised(devices.GasAlarmHigh), inMode("gas-1", "maintenance")
		inIt.Mode, operator.Subject = "maintenance", "operator"
		over := inMode("gas-1", "normal")
		over.Subject = "operator"
		b := d.compare(append(append(aLife("bus", "gates"), aLife()...),
			on("gas-1", raised(devices.GasAlarmLow)), on("gas-1", inIt),
			on("gas-1", raised(devices.GasAlarmHigh)), on("gas-1", cleared(devices.GasAlarmLow)), on("gas-1", cleared(devices.GasAlarmHigh)),
			on("box", raised(devices.UplinkLost)), on("box", cleared(devices.UplinkLost)),
			inMode("gas-1", "normal"), operator, over, said{Device: "gate-1", Type: "access.leaf", Is: "closed"},
		)...)
		var incidents []string
		for _, h := range b.of(devices.GasAlarmHigh) {
			incidents = append(incidents, h.Data.Incident[strings.LastIndex(h.Data.Incident, "-")+1:])
		}
		if len(incidents) != 3 || incidents[0] != incidents[1] || incidents[0] != incidents[2] {
			t.Errorf("incidents of the gas: got %v, want one", incidents)
		}
		for _, m := range d.messages() {
			if strings.Contains(string(m.Payload), `"mode":"maintenance"`) && strings.Contains(string(m.Payload), `"gb28181"`) {
				t.Errorf("somebody is woken: %s", m.Payload)
			}
		}
	})
}

// TestMaintenanceOfDisabled: what is out of use needs no maintenance.
func TestMaintenanceOfDisabled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDream(t, gasLine+`disabled = {since = 2026-11-01, why = "rebuilt"}`+"\n", nil)
		d.start()
		d.after(time.Second)
		if _, err := d.upkeep.Maintain("gas-1", time.Hour, "root", "x"); err == nil || !strings.Contains(err.Error(), `"gas-1" is disabled in the site file and not asked: rebuilt`) {
			t.Errorf("got %v", err)
		}
		d.end()
	})
}

// TestMaintenanceOutOfUse: who works at a detector takes it out of use in the site file, and
// puts another one in its place; the daemon is begun anew meanwhile. When it is in use
// again it is still in maintenance, and so is the gas of its test; nobody is woken before
// the time that was said.
func TestMaintenanceOutOfUse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := newDream(t, gateLine, nil)
		d.set("gas-1", values{"gas": 4})
		d.start()
		d.after(10 * time.Second)
		if _, err := d.upkeep.Maintain("gas-1", 10*time.Minute, "root (uid 0)", "换探头"); err != nil {
			t.Fatal(err)
		}
		d.reload(strings.Replace(gateLine, "address = 1\n", "address = 1\ndisabled = {since = 2026-11-01, why = \"new head\"}\n", 1))
		d.halt()
		inUse := d.config
		var found config.Findings
		if d.config, found = config.Load(d.path(), d.env()); len(found.Errors()) > 0 {
			t.Fatal(found)
		}
		d.start()
		d.after(time.Minute)
		stands := map[string]string{"device/bus": "online", "device/gates": "online", "device/gas-1": "disabled", "device/gate-1": "online", "device/box": "online", "state": "up"}
		d.stands(stands)
		if all := d.upkeep.Maintenances(); len(all) != 1 || all[0].Device != "gas-1" {
			t.Errorf("in maintenance: got %+v, want gas-1", all)
		}
		d.set("gas-1", values{"gas": 52, "low": true, "high": true})
		d.reload(gateLine)
		d.config = inUse
		d.after(10 * time.Second)
		stands["device/gas-1"] = "maintenance"
		d.stands(stands)
		d.set("gas-1", values{"gas": 4, "low": false, "high": false})
		d.after(10 * time.Minute)
		stands["device/gas-1"] = "online"
		d.stands(stands)
		d.end()
		for _, m := range d.messages() {
			if strings.Contains(m.Topic, "gas-1") && strings.Contains(string(m.Payload), `"gb28181"`) {
				t.Errorf("somebody is woken: %s", m.Payload)
			}
		}
		var modes []string
		for _, h := range d.book().of(devices.DeviceMode) {
			if h.Subject == "operator" {
				modes = append(modes, h.Data.Is)
			}
		}
		if diff := gocmp.Diff([]string{"maintenance", "normal"}, modes); diff != "" {
			t.Errorf("maintenance as the city heard of it (-want +got):\n%s", diff)
		}
	})
}
