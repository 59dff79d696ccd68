package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

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
		rows = append(rows, Row{State: Unseen, Code: "unseen", Text: fmt.Sprintf("devices on lines: %d; they are asked only by a running sitepost", asked), Next: e.orAsk("start sitepost; or look by hand: sitepost scan LINE, sitepost listen LINE")})
	}
	isIt := func(l config.Line) bool { return l.Name == e.Device }
	if len(rows) == 0 && e.Device != "" && !slices.ContainsFunc(e.Site.Lines, isIt) {
		rows = append(rows, Row{State: Unseen, Code: "unseen", Place: e.Device, Text: "nobody asks it: it is disabled, or its watch is off", Next: "to use it again change its entry in the site file"})
	}
	return rows
}

// devicesTold is what the running sitepost knows of its devices.
func (e *examination) devicesTold() []Row {
	rows, all := e.told("device", "open"), e.Snapshot.Devices
	if e.Device != "" {
		rows = slices.DeleteFunc(rows, func(r Row) bool { return r.Place != e.Device })
		i := slices.IndexFunc(all, func(d status.Device) bool { return d.Name == e.Device })
		if i >= 0 && len(rows) == 0 { // a line has its own look
			rows = append(rows, asItIs(all[i]))
		}
		return rows
	}
	n := map[string]int{}
	for _, d := range all {
		n[d.State]++
	}
	text := fmt.Sprintf("online: %d of %d", n["online"], len(all))
	for _, state := range []string{"maintenance", "disabled", status.Unknown} {
		if n[state] > 0 {
			text += fmt.Sprintf(", %s: %d", state, n[state])
		}
	}
	return append(rows, Row{State: Good, Text: text})
}

// asItIs is a device of which nothing wrong is known. That is good only of one that is
// heard.
func asItIs(d status.Device) Row {
	if d.State == "online" {
		return Row{State: Good, Place: d.Name, Text: d.State}
	}
	r := Row{State: Unseen, Code: "unseen", Place: d.Name, Text: d.State, Next: cmp.Or(d.Next, "wait a minute, then look again")}
	if d.Why != "" {
		r.Text += ": " + d.Why
	}
	return r
}

// mostAtOnce is how many cameras are dialled at the same time.
const mostAtOnce = 32

// A host is a camera or recorder with an address of its own.
type host struct{ name, address string }

// devicesWithin is how long it may take to dial them all, if none answers.
func (e *examination) devicesWithin() time.Duration {
	if e.Snapshot != nil || e.Site == nil {
		return lookWithin
	}
	rounds := (len(e.hosts()) + mostAtOnce - 1) / mostAtOnce
	return min(lookWithin+time.Duration(rounds)*dialWithin, allWithin-lookWithin)
}

// cameras dials the port of each camera and recorder and says nothing there. Each has
// its own time; those that were not dialled when all of it is over are told as that.
func (e *examination) cameras(ctx context.Context) []Row {
	hosts := e.hosts()
	found, places := make([]error, len(hosts)), make(chan struct{}, mostAtOnce)
	var dialling sync.WaitGroup
	for i, h := range hosts {
		dialling.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			if ctx.Err() == nil {
				found[i] = e.knockAt(ctx, h.address)
			}
			if ctx.Err() != nil {
				found[i] = errNoTime
			}
		})
	}
	dialling.Wait() // each ends with ctx
	var rows []Row
	open, left := 0, 0
	for i, err := range found {
		switch {
		case err == nil:
			open++
		case err == errNoTime:
			left++
		default:
			rows = append(rows, unreachable(hosts[i], err))
		}
	}
	if left > 0 {
		rows = append(rows, Row{State: Unseen, Code: "unseen", Text: fmt.Sprintf("cameras and recorders for which there was no time: %d of %d", left, len(hosts)), Next: "look at one alone: sitepost doctor CAMERA"})
	}
	if open > 0 {
		rows = append(rows, Row{State: Good, Text: fmt.Sprintf("cameras and recorders whose port is open: %d of %d (no login was tried)", open, len(hosts))})
	}
	return rows
}

var errNoTime = errors.New("there was no time to dial it")

func unreachable(h host, err error) Row {
	layer, why := layerOf(err)
	return Row{State: Wrong, Code: "device.unreachable", Place: h.name, Layer: layer, Text: fmt.Sprintf("%s: %s", h.address, why), Next: "is it powered, and in this network? ping it; sitepost discover finds one that has moved"}
}

// hosts lists who has an address of its own, inside the device networks only. Of one
// device it is that, and the recorder behind which it is.
func (e *examination) hosts() (all []host) {
	recorder := e.Device
	for _, k := range e.Site.Cameras {
		if k.Name == e.Device && k.Disabled == nil && k.Recorder != "" {
			recorder = k.Recorder
		}
	}
	add := func(name, address string, https bool, off *config.Disabled) {
		if address == "" || off != nil || e.Device != "" && e.Device != name && recorder != name {
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
