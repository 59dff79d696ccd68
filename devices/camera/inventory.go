package camera

import (
	"cmp"
	"fmt"
	"slices"
	"unicode/utf8"

	"sitepost/devices"
	"sitepost/devices/camera/find"
	"sitepost/devices/camera/onvif"
)

// The details of a camera.changed event.
const (
	firmwareChanged      = "firmware"
	configurationChanged = "configuration"
	cameraReplaced       = "replaced"
)

// What an event lists of a changed configuration. Its text has room for 1,024
// characters; one change takes up to 400.
const (
	changesShown = 8
	textShown    = 500
)

// Compare says what became different in a camera between two inventories, as
// camera.changed events without a time. Nothing is said for a camera that was not
// known before.
//
// What only one of the two was told is no change: a question may fail. Nor is the
// clock, the order of a list, or a video source that came or went beside others:
// recorders list only what is online (onvif/specs#470).
func Compare(before, now onvif.Inventory) []devices.Event {
	changed := func(detail, text string) devices.Event {
		return devices.Event{Code: devices.CameraChanged, Detail: detail, Text: text}
	}
	if text := replaced(before, now); text != "" {
		return []devices.Event{changed(cameraReplaced, text)} // all else differs because it is another one
	}
	var events []devices.Event
	if text := became("", before.Identity.Firmware, now.Identity.Firmware); text != "" {
		events = append(events, changed(firmwareChanged, text))
	}
	if all := configuration(before, now); len(all) > 0 {
		events = append(events, changed(configurationChanged, listed(all)))
	}
	return events
}

// completed is an inventory with what was told before and not this time: a question
// may fail, and what changed since shall be seen when it is answered again. Of
// another camera nothing is taken over.
func completed(before, now onvif.Inventory) onvif.Inventory {
	if replaced(before, now) != "" {
		return now
	}
	is, was := &now.Identity, before.Identity
	is.Endpoint, is.Serial, is.Firmware = cmp.Or(is.Endpoint, was.Endpoint), cmp.Or(is.Serial, was.Serial), cmp.Or(is.Firmware, was.Firmware)
	if len(now.MACs) == 0 {
		now.MACs = before.MACs
	}
	if len(now.Profiles) == 0 {
		now.Profiles, now.ProfilesLeftOff = before.Profiles, before.ProfilesLeftOff
	}
	now.DigitalInputs = cmp.Or(now.DigitalInputs, before.DigitalInputs)
	return now
}

// listed writes as many of the changes as an event has room for.
func listed(all []string) string {
	text := all[0]
	for i, change := range all[1:] {
		if i+1 == changesShown || utf8.RuneCountInString(text) > textShown {
			return text + fmt.Sprintf("; and %d more", len(all)-i-1)
		}
		text += "; " + change
	}
	return text
}

// became is "A is B now", "" if nothing changed or one of the two is not known.
func became(what, before, now string) string {
	before, now = onvif.Words(before), onvif.Words(now)
	if before == "" || now == "" || before == now {
		return ""
	}
	return what + before + " is " + now + " now"
}

// replaced says that another camera stands in the place of the old one. Some makes
// give every camera the same serial number, so the endpoint reference counts as
// well; others make that one up at each start, so it does not count against the
// same serial number and MAC.
func replaced(before, now onvif.Inventory) string {
	b, n := before.Identity, now.Identity
	if text := became("serial number ", b.Serial, n.Serial); text != "" {
		return text
	}
	sameMAC := slices.ContainsFunc(before.MACs, func(mac string) bool { return slices.Contains(now.MACs, mac) })
	if b.Serial != "" && b.Serial == n.Serial && sameMAC {
		return ""
	}
	if one, other := find.PlainEndpoint(b.Endpoint), find.PlainEndpoint(n.Endpoint); one == "" || other == "" || one == other {
		return ""
	}
	return became("endpoint ", b.Endpoint, n.Endpoint)
}

// configuration lists what changed in the profiles and inputs.
func configuration(before, now onvif.Inventory) (all []string) {
	for _, b := range before.Profiles {
		n, found := profileOf(now, b.Token)
		switch {
		case found:
			all = append(all, profileChanges(b, n)...)
		case counts(before, now, b.Source):
			all = append(all, fmt.Sprintf("profile %q is gone", onvif.Words(b.Token)))
		}
	}
	for _, n := range now.Profiles {
		if _, found := profileOf(before, n.Token); !found && counts(now, before, n.Source) {
			all = append(all, fmt.Sprintf("profile %q is new", onvif.Words(n.Token)))
		}
	}
	if b, n := before.DigitalInputs, now.DigitalInputs; b != nil && n != nil {
		if text := became("digital inputs ", fmt.Sprint(*b), fmt.Sprint(*n)); text != "" {
			all = append(all, text)
		}
	}
	return all
}

func profileOf(v onvif.Inventory, token string) (onvif.Profile, bool) {
	i := slices.IndexFunc(v.Profiles, func(p onvif.Profile) bool { return p.Token == token })
	if i < 0 {
		return onvif.Profile{}, false
	}
	return v.Profiles[i], true
}

// counts says whether a profile that only one inventory has is a change: not if
// the other one was told no profiles or not all, and not if its whole source is
// missing there beside others.
func counts(has, lacks onvif.Inventory, source string) bool {
	if len(lacks.Profiles) == 0 || lacks.ProfilesLeftOff > 0 {
		return false
	}
	of := func(v onvif.Inventory) (sources []string) {
		for _, p := range v.Profiles {
			if !slices.Contains(sources, p.Source) {
				sources = append(sources, p.Source)
			}
		}
		return sources
	}
	here, there := of(has), of(lacks)
	return slices.Contains(there, source) || len(here) < 2 && len(there) < 2
}

// profileChanges lists what became different in one profile.
func profileChanges(before, now onvif.Profile) (all []string) {
	of := fmt.Sprintf("profile %q: ", onvif.Words(before.Token))
	for _, text := range []string{
		became(of+"codec ", before.Codec, now.Codec),
		became(of+"size ", size(before), size(now)),
		became(of+"frame rate limit ", figure(before.FPS), figure(now.FPS)),
		became(of+"bit rate limit ", figure(before.Bitrate), figure(now.Bitrate)),
		became(of+"video source ", before.Source, now.Source),
		became(of+"name ", before.Name, now.Name),
	} {
		if text != "" {
			all = append(all, text)
		}
	}
	return all
}

func size(p onvif.Profile) string {
	if p.Width == 0 || p.Height == 0 {
		return ""
	}
	return fmt.Sprintf("%dx%d", p.Width, p.Height)
}

func figure(f float64) string {
	if f == 0 {
		return ""
	}
	return fmt.Sprintf("%g", f)
}
