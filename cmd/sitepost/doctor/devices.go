package doctor

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"

	"sitepost/cmd/sitepost/status"
	"sitepost/config"
)

// devices says how each device is. A running sitepost knows; else cameras are looked at
// without a login, and nothing that hangs on a line can be.
func (e *examination) devices(ctx context.Context) []Row {
	if e.Snapshot != nil {
		return e.devicesTold()
	}
	if e.Site == nil {
		return []Row{unread}
	}
	rows := e.cameras(ctx)
	asked := 0
	for _, i := range e.Site.Instruments {
		if i.Disabled == nil && (e.Device == "" || e.Device == i.Name || e.Device == i.Line) {
			asked++
		}
	}
	if asked > 0 {
		rows = append(rows, Row{State: Unseen, Code: "unseen", Text: fmt.Sprintf("devices on lines: %d; they are asked only by a running sitepost", asked), Next: "start sitepost; or look by hand: sitepost scan LINE, sitepost listen LINE"})
	}
	return rows
}

// devicesTold is what the running sitepost knows of its devices.
func (e *examination) devicesTold() []Row {
	rows := e.told("device", "open")
	if e.Device != "" {
		rows = slices.DeleteFunc(rows, func(r Row) bool { return r.Place != e.Device })
		if v, known := e.Snapshot.View(e.Device); known && len(rows) == 0 {
			rows = append(rows, Row{State: Good, Place: e.Device, Text: v.Device.State})
		}
		return rows
	}
	n := map[string]int{}
	for _, d := range e.Snapshot.Devices {
		n[d.State]++
	}
	text := fmt.Sprintf("online: %d of %d", n["online"], len(e.Snapshot.Devices))
	for _, state := range []string{"maintenance", "disabled", status.Unknown} {
		if n[state] > 0 {
			text += fmt.Sprintf(", %s: %d", state, n[state])
		}
	}
	return append(rows, Row{State: Good, Text: text})
}

// mostAtOnce is how many cameras are dialled at the same time.
const mostAtOnce = 32

// A host is a camera or recorder with an address of its own.
type host struct{ name, address string }

// cameras dials the port of each camera and recorder and says nothing there.
func (e *examination) cameras(ctx context.Context) []Row {
	hosts := e.hosts()
	found, places := make([]*Row, len(hosts)), make(chan struct{}, mostAtOnce)
	done := make(chan int, len(hosts))
	for i, h := range hosts {
		go func() {
			places <- struct{}{}
			defer func() { <-places; done <- i }()
			found[i] = e.camera(ctx, h)
		}()
	}
	for range hosts {
		<-done // each ends with ctx
	}
	var rows []Row
	for _, r := range found {
		if r != nil {
			rows = append(rows, *r)
		}
	}
	if n := len(hosts) - len(rows); n > 0 {
		rows = append(rows, Row{State: Good, Text: fmt.Sprintf("cameras and recorders whose port is open: %d of %d (no login was tried)", n, len(hosts))})
	}
	return rows
}

func (e *examination) camera(ctx context.Context, h host) *Row {
	conn, err := e.Machine.Dial(ctx, "tcp", h.address)
	if err == nil {
		_ = conn.Close()
		return nil
	}
	layer, why := layerOf(err)
	return &Row{State: Wrong, Code: "device.unreachable", Place: h.name, Layer: layer, Text: fmt.Sprintf("%s: %s", h.address, why), Next: "is it powered, and in this network? ping it; sitepost discover finds one that has moved"}
}

// hosts lists who has an address of its own, inside the device networks only.
func (e *examination) hosts() (all []host) {
	add := func(name, address string, https bool, off *config.Disabled) {
		if address == "" || off != nil || e.Device != "" && e.Device != name {
			return
		}
		if _, _, err := net.SplitHostPort(address); err != nil {
			port := "80"
			if https {
				port = "443"
			}
			address = net.JoinHostPort(strings.Trim(address, "[]"), port)
		}
		all = append(all, host{name, address})
	}
	for _, r := range e.Site.Recorders {
		add(r.Name, r.Host, r.HTTPS, r.Disabled)
	}
	for _, k := range e.Site.Cameras {
		if k.Watch != config.WatchOff || k.Events {
			add(k.Name, k.Host, k.HTTPS, k.Disabled)
		}
	}
	return all
}
