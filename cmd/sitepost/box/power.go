package box

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"sitepost/devices"
)

const (
	powerEvery = 5 * time.Second
	batteryLow = 20 // percent
	batteryOK  = 25 // from here on it is not low any more
	mostSupply = 64 // supplies that are read
	mostWord   = 64 // bytes of one figure
)

// A power follows the host's power supplies. A host without any says nothing.
type power struct {
	mu   sync.Mutex // guards all
	told bool
	is   PowerState
}

// A PowerState is what the host's power supplies say.
type PowerState struct {
	Supplies int  `json:"supplies"` // 0: the host tells nothing, and the rest means nothing
	Mains    bool `json:"mains"`
	Battery  *int `json:"battery,omitempty"` // percent, of the emptiest
	Low      bool `json:"battery_low"`
}

func (p *power) now() PowerState {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.is
}

// lookAtPower reads the supplies and says what is new. What cannot be read is no
// news: it stays as it was.
func (b *Box) lookAtPower() error {
	all, err := supplies(b.opt.Host.Power)
	if err != nil {
		return nil // a supply that goes while it is read; in 5 s again
	}
	var failed error
	for _, e := range b.power.look(all) {
		e.Time = b.opt.Host.Wall()
		failed = errors.Join(failed, b.opt.Say(e))
	}
	return failed
}

// A supply is one folder of /sys/class/power_supply.
// (c.f. Documentation/ABI/testing/sysfs-class-power)
type supply struct {
	name, kind string // kind: Mains, USB, USB_C …; Battery, UPS
	online     string // of a line: "1" is plugged in, "2" that with a fixed voltage
	status     string // of a battery: Charging, Discharging, Not charging, Full, Unknown
	capacity   int    // of a battery, in percent; -1: it does not tell
}

func (s supply) stores() bool { return s.kind == "Battery" || s.kind == "UPS" }
func (s supply) feeds() bool  { return s.online == "1" || s.online == "2" }

// supplies reads all that feed the box. Batteries of mice and of other devices
// (scope Device) do not.
func supplies(root fs.FS) (all []supply, err error) {
	if root == nil {
		return nil, nil
	}
	folders, err := fs.ReadDir(root, ".")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, folder := range folders[:min(len(folders), mostSupply)] {
		read := func(figure string) string {
			word, readErr := word(root, folder.Name()+"/"+figure)
			if readErr != nil && !errors.Is(readErr, fs.ErrNotExist) {
				err = errors.Join(err, readErr)
			}
			return word
		}
		s := supply{name: folder.Name(), kind: read("type"), online: read("online"), status: read("status"), capacity: -1}
		if percent, convErr := strconv.Atoi(read("capacity")); convErr == nil && percent >= 0 && percent <= 100 {
			s.capacity = percent
		}
		if s.kind != "" && read("scope") != "Device" {
			all = append(all, s)
		}
	}
	return all, err
}

// word reads one figure.
func word(root fs.FS, path string) (string, error) {
	f, err := root.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, mostWord))
	return strings.TrimSpace(string(text)), err
}

// ReadPower says once how the supplies of a machine stand, for who does not watch them.
// What cannot be read tells nothing.
func ReadPower(root fs.FS) PowerState {
	all, _ := supplies(root)
	var p power
	p.look(all)
	return p.now()
}

// look follows the supplies and returns what is to be said. The first look says
// how it stands in any case: an earlier run may have left a condition open.
func (p *power) look(all []supply) (events []devices.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	is := PowerState{Supplies: len(all), Mains: mains(all)}
	emptiest := ""
	for _, s := range all {
		if s.stores() && s.capacity >= 0 && (is.Battery == nil || s.capacity < *is.Battery) {
			is.Battery, emptiest = new(s.capacity), s.name
		}
	}
	is.Low = is.Battery != nil && (*is.Battery <= batteryLow || p.is.Low && *is.Battery < batteryOK)
	if !p.told || is.Mains != p.is.Mains {
		events = append(events, condition(devices.PowerMainsLost, !is.Mains, "the box has no mains"))
	}
	if !p.told || is.Low != p.is.Low {
		e := condition(devices.PowerBatteryLow, is.Low, fmt.Sprintf("battery %q is low", emptiest))
		if is.Battery != nil {
			e.Value = &devices.Value{Quantity: "battery", Unit: "%", Number: float64(*is.Battery)}
		}
		events = append(events, e)
	}
	p.is, p.told = is, true
	return events
}

// mains says whether a line feeds the box. Where no line shows itself, a battery
// that empties tells. A USB socket that feeds nobody tells nothing where there is no
// battery: boxes with such sockets have another plug, which does not show itself.
func mains(all []supply) bool {
	battery := slices.ContainsFunc(all, supply.stores)
	lines := func(s supply) bool {
		return !s.stores() && s.online != "" && (battery || s.feeds() || s.kind == "Mains")
	}
	if slices.ContainsFunc(all, lines) {
		return slices.ContainsFunc(all, func(s supply) bool { return lines(s) && s.feeds() })
	}
	return !slices.ContainsFunc(all, func(s supply) bool { return s.stores() && s.status == "Discharging" })
}

// condition is one that is raised with these words, or cleared.
func condition(code devices.Code, raised bool, text string) devices.Event {
	if !raised {
		return devices.Event{Code: code, State: devices.Cleared}
	}
	return devices.Event{Code: code, State: devices.Raised, Text: text}
}
