package camera

import (
	"slices"
	"strings"
	"time"

	"sitepost/devices"
	"sitepost/devices/camera/notice"
)

// IsNoticed says whether a condition is ended by nobody but who listens to the
// events of the camera or recorder.
func (s Standing) IsNoticed() bool {
	if s.Code == devices.DeviceFault && (s.Point == pointEvents || s.Point == pointTooMany) {
		return true
	}
	return !s.IsOfIdentity() && slices.ContainsFunc(notice.Table(), func(r notice.Row) bool { return r.Code == s.Code })
}

// IsOfIdentity says whether a condition is ended by nobody but who asks the device
// itself who it is.
func (s Standing) IsOfIdentity() bool {
	return s.Code == devices.DeviceFault && s.Point == pointIdentity
}

// takeUpEnds gives a timer to the conditions that an earlier run raised and that
// end by one. What still stands is raised again by then: a camera tells how
// everything stands to a new listener.
func (l *listening) takeUpEnds() {
	ours := map[string]bool{l.options.Name: true}
	for _, camera := range l.options.Cameras {
		ours[camera] = true
	}
	now := time.Now()
	for _, s := range l.options.Open() {
		if s == (Standing{l.options.Name, devices.DeviceFault, pointTooMany}) {
			l.voice.clear(devices.DeviceFault, pointTooMany) // we begin with all the room
		}
		lasts := lastsOf(s)
		if !ours[s.Device] || lasts == 0 {
			continue
		}
		if s.Device == l.options.Name {
			s.Device = ""
		}
		key := conditionKey{s.Device, s.Code, s.Point}
		if _, runs := l.ends[key]; !runs {
			l.ends[key] = now.Add(lasts)
		}
	}
}

// lastsOf is how long a condition may stand that nobody is known to end, 0 for one
// that is always ended by who raised it. The kind that its point begins with says
// which it is: of a recorder that stands behind the channel.
func lastsOf(s Standing) (lasts time.Duration) {
	kind := ""
	for _, row := range notice.Table() {
		begins := strings.HasPrefix(s.Point+"/", row.Kind+"/") || strings.Contains(s.Point+"/", " "+row.Kind+"/")
		switch {
		case row.Code != s.Code || row.Kind != "" && !begins || len(row.Kind) < len(kind):
		case row.Kind != kind:
			kind, lasts = row.Kind, row.Lasts
		default:
			lasts = max(lasts, row.Lasts)
		}
	}
	return lasts
}

// untilNextEnd is how long nothing ends by itself.
func (l *listening) untilNextEnd() time.Duration {
	next := time.Hour
	for _, at := range l.ends {
		next = min(next, max(0, time.Until(at)))
	}
	return next
}

// endOverdue clears the conditions that were not raised again in time.
func (l *listening) endOverdue(now time.Time) {
	for key, at := range l.ends {
		if now.Before(at) {
			continue
		}
		delete(l.ends, key)
		l.voice.say(devices.Event{Time: now, Device: key.device, Code: key.code, Point: key.point, State: devices.Cleared, TimedOut: true})
		l.ended(key)
	}
}
