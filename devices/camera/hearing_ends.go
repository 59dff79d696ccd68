package camera

import (
	"fmt"
	"time"

	"sitepost/devices"
)

// mostStanding is how many conditions of one camera, or of one channel of a
// recorder, may stand at once. A camera has a dozen rules with a few objects each;
// one that invents points must not fill the site's list of what is open.
const mostStanding = 256

// room is for how many conditions there is room.
func (h *heard) room() int { return mostStanding * (1 + len(h.options.Cameras)) }

// hasRoom says whether a raised condition may leave, and tells once if not.
func (t *telling) hasRoom(e devices.Event) bool {
	key := conditionKey{e.Device, e.Code, e.Point}
	if t.stands[key] {
		return true
	}
	if len(t.stands) < t.room() {
		t.stands[key] = true
		return true
	}
	if !t.crowded {
		t.crowded = true
		t.say(devices.Event{
			Time: e.Time, Code: devices.DeviceFault, State: devices.Raised, Point: pointTooMany, Detail: "too many alarms",
			Text: fmt.Sprintf("more than %d of its conditions stand at once, further ones are left out: look at its rules, or whether somebody else speaks in its name", len(t.stands)),
		})
	}
	return false
}

// ended makes room where a condition stands no longer.
func (t *telling) ended(key conditionKey) {
	delete(t.stands, key)
	if t.crowded && len(t.stands) < t.room()/2 {
		t.uncrowd(time.Now())
	}
}

func (t *telling) uncrowd(at time.Time) {
	t.crowded = false
	t.say(devices.Event{Time: at, Code: devices.DeviceFault, State: devices.Cleared, Point: pointTooMany})
}

// takeUpEnds begins with all the room there is, and gives a timer to the conditions
// that an earlier run raised and that end by one. What still stands is raised again
// by then: a camera tells how everything stands to a new listener.
func (h *Hearing) takeUpEnds(emit func(devices.Event) error) {
	ours := map[string]bool{h.options.Name: true}
	for _, camera := range h.options.Cameras {
		ours[camera] = true
	}
	open := h.options.Open()
	h.mu.Lock()
	defer h.mu.Unlock()
	t := &telling{Hearing: h, emit: emit}
	now := time.Now()
	clear(h.stands)
	h.crowded = false
	for _, s := range open {
		if s == (Standing{h.options.Name, devices.DeviceFault, pointTooMany}) {
			t.uncrowd(now)
		}
		lasts := lastsOf(s)
		if !ours[s.Device] || lasts == 0 {
			continue
		}
		if s.Device == h.options.Name {
			s.Device = ""
		}
		key := conditionKey{s.Device, s.Code, s.Point}
		if _, runs := h.ends[key]; !runs {
			h.ends[key] = now.Add(lasts)
		}
	}
}

// untilNextEnd is how long nothing ends by itself.
func (h *heard) untilNextEnd() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	next := time.Hour
	for _, at := range h.ends {
		next = min(next, max(0, time.Until(at)))
	}
	return next
}

// endOverdue clears the conditions that were not raised again in time.
func (t *telling) endOverdue(now time.Time) {
	for key, at := range t.ends {
		if now.Before(at) {
			continue
		}
		delete(t.ends, key)
		t.say(devices.Event{Time: now, Device: key.device, Code: key.code, Point: key.point, State: devices.Cleared, TimedOut: true})
		t.ended(key)
	}
}
