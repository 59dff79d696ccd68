package camera

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"sitepost/devices"
	"sitepost/devices/camera/find"
	"sitepost/devices/camera/onvif"
)

// A Followed is a camera or recorder that is followed when its address changes.
type Followed struct {
	Name     string
	Client   *onvif.Client
	Memory   *Memory
	Endpoint string          // as the site file has it; "" = the one that is remembered
	Anew     chan<- struct{} // told when it has started anew; who fills it does not wait
}

// FollowOptions say whom to follow and where to listen.
type FollowOptions struct {
	Cameras []Followed
	Listen  find.ListenOptions
	// Probe calls for cameras every Every besides listening.
	Probe bool
	Every time.Duration // default 5 min
	Log   *slog.Logger  // nil = nowhere
}

// Follow makes the conversation that listens to what cameras say of themselves on
// the device network: camera.moved of a known camera with a new address. A camera
// that has started anew is told to whoever attends to it; one that the site file
// does not have is written to the log, once.
//
// What comes by WS-Discovery can be forged by anybody on that network. So a
// camera is followed only if it is gone from where it was, or another camera stands
// there now; if a camera answers at the new address that gives no other serial
// number; and never outside the networks. What is not followed is written to the log.
func Follow(o FollowOptions) devices.Device {
	if o.Every <= 0 {
		o.Every = 5 * time.Minute
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &following{options: o, strangers: map[string]bool{}, judged: map[string]time.Time{}, anew: map[string]time.Time{}}
}

// A following outlives its runs.
type following struct {
	options   FollowOptions
	strangers map[string]bool      // endpoints that were logged
	judged    map[string]time.Time // by camera: when a sighting was followed up last
	anew      map[string]time.Time // likewise: when it was told to have started anew
}

// firstCall is how soon cameras are called for after a start: they may have moved
// while nobody listened.
const firstCall = 10 * time.Second

// What a flood of sightings may cost.
const (
	maxStrangers = 256
	judgedAgain  = 10 * time.Second
	anewAgain    = time.Minute // no camera starts faster, and each time it is asked who it is
)

// Run listens until ctx ends, or the network cannot be listened to.
func (f *following) Run(ctx context.Context, emit func(devices.Event) error) error {
	listenCtx, stop := context.WithCancel(ctx)
	defer stop()
	sightings, ended := make(chan find.Sighting, 64), make(chan error, 1)
	go func() { // ends with listenCtx; ended is read below
		ended <- find.Listen(listenCtx, f.options.Listen, func(s find.Sighting) {
			select {
			case sightings <- s:
			default: // the next Hello, or the next call, says it again
			}
		})
	}()
	call := time.NewTimer(pause(min(firstCall, f.options.Every)))
	defer call.Stop()
	var full error
	for {
		select {
		case s := <-sightings:
			if s.Kind == find.Hello {
				full = f.follow(ctx, s.Found, true, emit)
			}
		case <-call.C:
			full = f.callAll(ctx, emit)
			call.Reset(pause(f.options.Every))
		case err := <-ended:
			if full != nil || ctx.Err() != nil {
				return full
			}
			return fmt.Errorf("listen for cameras: %w", err)
		}
		if full != nil {
			stop()
		}
	}
}

// callAll calls for cameras, if the site wants that.
func (f *following) callAll(ctx context.Context, emit func(devices.Event) error) error {
	if !f.options.Probe {
		return nil
	}
	all, err := find.Discover(ctx, find.DiscoverOptions{Interfaces: f.options.Listen.Interfaces, Networks: f.options.Listen.Networks})
	if _, nothing := errors.AsType[*find.NothingFound](err); err != nil && !nothing && ctx.Err() == nil {
		f.options.Log.Warn("cameras were not called", "err", err)
	}
	for _, found := range all {
		if err := f.follow(ctx, found, false, emit); err != nil {
			return err
		}
	}
	return nil
}

// follow looks at one camera that was seen. Only emit's error is returned.
func (f *following) follow(ctx context.Context, found find.Found, hello bool, emit func(devices.Event) error) error {
	known := f.whose(found)
	if known == nil {
		f.noteStranger(found)
		return nil
	}
	host, _, err := net.SplitHostPort(found.Address)
	if err != nil || time.Since(f.judged[known.Name]) < judgedAgain {
		return nil
	}
	f.judged[known.Name] = time.Now()
	if host == known.Client.Host() {
		if hello && time.Since(f.anew[known.Name]) >= anewAgain {
			f.anew[known.Name] = time.Now()
			f.options.Log.Info("camera says that it has started anew", "camera", known.Name)
			offer(known.Anew)
		}
		return nil
	}
	before := known.Client.Host()
	if err := f.move(ctx, known, found); ctx.Err() != nil {
		return nil
	} else if err != nil {
		f.options.Log.Warn("camera was seen at another address and not followed", "camera", known.Name, "at", found.Address, "why", err)
		return nil
	}
	return emit(devices.Event{Time: time.Now(), Device: known.Name, Code: devices.CameraMoved, Text: before + " is " + host + " now"})
}

// whose returns the camera that has the endpoint of a found one.
func (f *following) whose(found find.Found) *Followed {
	endpoint := find.PlainEndpoint(found.Endpoint)
	if endpoint == "" {
		return nil
	}
	for i := range f.options.Cameras {
		c := &f.options.Cameras[i]
		if endpoint == find.PlainEndpoint(cmp.Or(c.Endpoint, c.Memory.Known().Inventory.Identity.Endpoint)) {
			return c
		}
	}
	return nil
}

// move makes a camera's client ask at the address where it was found, if that is
// the same camera.
func (f *following) move(ctx context.Context, known *Followed, found find.Found) error {
	if known.isThere(ctx, found.Endpoint) {
		return fmt.Errorf("a camera still answers at %s: do two have the endpoint %q?", known.Client.Address(), found.Endpoint)
	}
	at, err := netip.ParseAddrPort(found.Address)
	if err != nil || !onvif.Within(at.Addr(), f.options.Listen.Networks) {
		return errors.New("the address is outside network.device_networks (add its network if it is meant)")
	}
	who, err := onvif.Stranger(ctx, found.Address, found.XAddr, f.options.Listen.Networks)
	if fault, ok := errors.AsType[*onvif.Fault](err); err != nil && (!ok || !fault.LoginRefused()) {
		return fmt.Errorf("what is there is no camera: %w", err)
	}
	if was := known.Memory.Known().Inventory.Identity.Serial; who.Serial != "" && was != "" && who.Serial != was {
		return fmt.Errorf("it has serial number %q, ours has %q", who.Serial, was)
	}
	if err := known.Client.MoveTo(found.Address); err != nil {
		return err
	}
	if err := known.Memory.Change(func(k *Known) { k.Address = found.Address }); err != nil {
		f.options.Log.Error("the new address was not kept", "camera", known.Name, "err", err)
	}
	return nil
}

// isThere says whether a camera answers where it was asked last, and is not another
// one: after a power cut two may have each other's addresses.
func (k *Followed) isThere(ctx context.Context, endpoint string) bool {
	id, err := k.Client.Identify(ctx)
	if told := find.PlainEndpoint(id.Endpoint); err == nil && told != "" {
		return told == find.PlainEndpoint(endpoint)
	}
	_, gone := errors.AsType[*onvif.Unreachable](err)
	return !gone
}

// noteStranger writes a camera that the site file does not have to the log.
func (f *following) noteStranger(found find.Found) {
	if found.Endpoint == "" || f.strangers[found.Endpoint] || len(f.strangers) >= maxStrangers {
		return
	}
	f.strangers[found.Endpoint] = true
	f.options.Log.Info("a camera that the site file does not have", "address", found.Address, "vendor", found.Vendor, "model", found.Model,
		"endpoint", found.Endpoint, "next", "sitepost discover --write")
}
