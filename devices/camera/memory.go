package camera

import (
	"encoding/json"
	"sync"

	"sitepost/devices/camera/onvif"
	"sitepost/devices/camera/pullpoint"
)

// Known is what is kept of a camera or recorder between two runs of the daemon.
type Known struct {
	Configured string          `json:"configured,omitempty"` // its host in the site file when this was written
	Address    string          `json:"address,omitempty"`    // where it was followed to since, host:port; "" = it is where it was configured
	Inventory  onvif.Inventory `json:"inventory,omitzero"`
	Learned    onvif.Learned   `json:"learned,omitzero"`
	PullPoint  *pullpoint.Kept `json:"pull_point,omitempty"`

	StreamPin string           `json:"stream_pin,omitempty"` // of its RTSPS certificate, the first that was seen
	Streams   map[string]Shape `json:"streams,omitempty"`    // what the streams are made of, by the site's name of the camera
}

// mostKept is how large what is kept may be as JSON, with room left for what is
// beside it. A camera may tell a thousand profiles.
const mostKept = 56 << 10

// slim is what is kept: as many of the profiles and sources as there is room for,
// and all the rest. An inventory says itself that it has not all profiles.
func (k Known) slim() Known {
	for v := &k.Inventory; len(v.Profiles)+len(v.Sources) > 0; {
		if raw, err := json.Marshal(k); err != nil || len(raw) <= mostKept {
			break
		}
		half := len(v.Profiles) / 2
		v.ProfilesLeftOff += len(v.Profiles) - half
		v.Profiles, v.Sources = v.Profiles[:half], v.Sources[:len(v.Sources)/2]
	}
	return k
}

// A Memory holds what is known of one camera for all its conversations, and keeps
// it wherever keep puts it. It is safe for concurrent use.
type Memory struct {
	keep func(Known) error

	mu    sync.Mutex // protects known; held while keep runs, so that the last change is the one that is kept
	known Known
}

// NewMemory begins with what an earlier run kept.
func NewMemory(known Known, keep func(Known) error) *Memory {
	return &Memory{known: known, keep: keep}
}

// Known returns what is known now. It must not be changed.
func (m *Memory) Known() Known {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.known
}

// Change changes what is known and keeps it, as far as there is room, if that makes
// a difference. An error is that of keeping: the change counts for this run all the
// same.
func (m *Memory) Change(change func(*Known)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	before, err := json.Marshal(m.known)
	if err != nil {
		return err
	}
	change(&m.known)
	after, err := json.Marshal(m.known)
	if err != nil || string(before) == string(after) {
		return err
	}
	return m.keep(m.known.slim())
}
