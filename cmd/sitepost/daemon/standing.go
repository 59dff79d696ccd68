package daemon

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"sitepost/config"
	"sitepost/devices"
	"sitepost/ingest/store"
)

// A standing is the document of up/device/<name> for a device that is not asked
// at all.
type standing struct {
	State string    `json:"state"`
	Since time.Time `json:"since,omitzero"`
	Why   string    `json:"why,omitempty"`
	Next  string    `json:"next_step,omitempty"`
}

// disabled is the state of a device that is not asked at all, and inUse what a
// person does about it.
const (
	disabled = "disabled"
	inUse    = "to use it again change its entry in the site file"
)

// showStanding puts on the retained topics what stands before anything moves:
// the inventory, the devices out of use, and nothing of what is gone. Nor does a
// condition stay open that nobody is left to end.
func (s *site) showStanding() error {
	if err := s.showInventory(); err != nil {
		return err
	}
	unused, docs := outOfUse(s.file()), map[string]any{}
	for name, doc := range unused {
		doc.Next = inUse
		docs["device/"+name] = doc
	}
	for _, k := range s.file().Cameras {
		doc, idle := unused[k.Name]
		if idle {
			docs["stream/"+k.Name] = devices.Stream{State: devices.StreamDisabled, Since: doc.Since, Why: []string{doc.Why}}
		}
	}
	if err := s.putAll(docs); err != nil {
		return err
	}
	if err := s.emptyGone(); err != nil {
		return err
	}
	return s.store.Retire(s.inForce().who.Judged)
}

// staysOpen says of a condition whether somebody is left to end it: its device is
// in use, and it is still judged by what the condition is about. says is what each
// instrument may say.
func staysOpen(c *config.Config, says map[string][]devices.Code) func(store.Standing) bool {
	known, unused, judged := places(c), outOfUse(c), cameraJudges(c)
	return func(o store.Standing) bool {
		_, stands := known[o.Device]
		_, idle := unused[o.Device]
		return stands && !idle && judged(o) && boxJudges(c, o) && instrumentJudges(says, o)
	}
}

// outOfUse lists the devices that are in the config and not asked.
func outOfUse(c *config.Config) map[string]standing {
	all := map[string]standing{}
	note := func(name string, d *config.Disabled) {
		if d != nil {
			all[name] = standing{State: disabled, Since: d.Since, Why: d.Why}
		}
	}
	for _, i := range c.Instruments {
		note(i.Name, i.Disabled)
	}
	for _, r := range c.Recorders {
		note(r.Name, r.Disabled)
	}
	for _, k := range c.Cameras {
		if by, without := all[k.Recorder]; without { // it is reached through nothing else
			all[k.Name] = standing{State: disabled, Since: by.Since, Why: fmt.Sprintf("its recorder %q is disabled: %s", k.Recorder, by.Why)}
		}
		if k.Watch == config.WatchOff {
			all[k.Name] = standing{State: disabled, Why: k.WatchWhy}
		}
		note(k.Name, k.Disabled)
	}
	return all
}

// emptyGone empties the retained topics that are not true any more, also when
// that came about while the daemon was off: those of devices that were taken
// out of the config, streams of what is no camera now, and the word that a device
// is out of use where it is not.
func (s *site) emptyGone() error {
	all, err := s.store.Currents(true)
	if err != nil {
		return err
	}
	known, unused, docs := places(s.file()), outOfUse(s.file()), map[string]any{}
	for _, c := range all {
		what, device, _ := strings.Cut(c.Key, "/")
		_, stands := known[device]
		_, stillUnused := unused[device]
		gone := false
		switch what {
		case "device":
			gone = !stands || wasUnused(c) && !stillUnused
		case "stream":
			gone = known[device].Device.Kind != devices.Camera
		case "inventory":
			gone = device != "" && !stands
		}
		if gone {
			docs[c.Key] = nil
		}
	}
	return s.putAll(docs)
}

// putAll puts documents on their retained topics, all at once: one after the other, each
// waits for the disk, and what begins anew in a reload waits for them.
func (s *site) putAll(docs map[string]any) error {
	var putting sync.WaitGroup
	all := names(docs)
	failed := make([]error, len(all))
	for i, key := range all {
		putting.Go(func() { failed[i] = s.store.Put(key, docs[key]) })
	}
	putting.Wait()
	return errors.Join(failed...)
}

// wasUnused says whether a device's topic tells that it is out of use.
func wasUnused(c store.Current) bool {
	var doc standing
	return json.Unmarshal(c.Doc, &doc) == nil && doc.State == disabled
}
