package contract

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"sitepost/devices"
)

// A record is what the rules read of a message of a lane.
type record struct {
	ID, Source, Time, Epoch, Mode string

	Type     devices.Code
	Lane     devices.Lane
	Sequence string
	Said     struct {
		State    devices.State
		Reminder int
		Incident string
		Severity devices.Severity
		Site     struct{ Name string }
		Device   struct{ Name string }
		Clock    struct{ Synced bool }
		Counts   *devices.Day
		Picture  *devices.Picture
		GB28181  *struct {
			AlarmPriority, AlarmMethod, AlarmType int
			AlarmTime                             string
		}
	} `json:"data"`
}

// faultList collects the faults of one message.
type faultList []fault

// want notes a fault unless the promise holds.
func (l *faultList) want(holds bool, pointer, what string, args ...any) {
	if !holds {
		*l = append(*l, fault{pointer, fmt.Sprintf(what, args...)})
	}
}

// recordRules are the rules of a lane: what its schema cannot say.
func recordRules(at map[string]string, doc []byte) ([]fault, error) {
	var r record
	if err := json.Unmarshal(doc, &r); err != nil {
		return nil, err
	}
	var l faultList
	r.checkIdentity(at, &l)
	meaning, known := r.Type.Meaning()
	l.want(known, "/type", "%q is not in the dictionary", r.Type)
	if known {
		r.checkForm(meaning, &l)
		r.checkAlarmBlock(meaning, &l)
	}
	return l, nil
}

// checkIdentity: who says it and which number it is, told more than once, is
// told alike.
func (r *record) checkIdentity(at map[string]string, l *faultList) {
	id := fmt.Sprintf("%s-%s-%s", r.Epoch, r.Lane, r.Sequence)
	l.want(r.ID == id, "/id", "got %q, want %q: epoch-lane-sequence", r.ID, id)
	source := "/sites/" + at["site"] + "/devices/" + at["device"]
	l.want(r.Source == source, "/source", "got %q, want %q as in the topic", r.Source, source)
	l.want(r.Said.Site.Name == at["site"], "/data/site/name", "got %q, want %q as in the topic", r.Said.Site.Name, at["site"])
	l.want(r.Said.Device.Name == at["device"], "/data/device/name", "got %q, want %q as in the topic", r.Said.Device.Name, at["device"])
}

// checkForm: the code decides the lane, and whether there is a state to clear.
func (r *record) checkForm(m devices.Meaning, l *faultList) {
	lane := m.Form.Lane()
	// A site may call motion in a camera's picture an alarm.
	motion := m.Code == "camera.motion" && r.Lane == devices.AlarmLane
	l.want(r.Lane == lane || motion, "/lane", "got %q, want %q for %q", r.Lane, lane, r.Type)
	condition, state := m.Form == devices.Condition, r.Said.State
	l.want(condition || state == "", "/data/state", "%q is no condition and has no state", r.Type)
	l.want(!condition || state != "", "/data", "the condition %q has no state", r.Type)
	counts := r.Type == devices.DeviceCounts
	l.want(counts == (r.Said.Counts != nil), "/data/counts", "only %q has the counts of a day, and always", devices.DeviceCounts)
	taken := r.Type == devices.SnapshotTaken
	l.want(taken == (r.Said.Picture != nil), "/data/picture", "only %q has the figures of a picture, and always", devices.SnapshotTaken)
	r.checkIncident(taken, l)
}

// checkIncident: a clearing and a reminder name the raising, a picture names what
// it is of, and everything else names itself.
func (r *record) checkIncident(taken bool, l *faultList) {
	own, state := r.Said.Incident == r.ID, r.Said.State
	if taken {
		return
	}
	if state == devices.Cleared || r.Said.Reminder > 0 {
		l.want(!own && strings.Contains(r.Said.Incident, "-alarm-"), "/data/incident", "got %q, want the id of the raising", r.Said.Incident)
		return
	}
	l.want(own, "/data/incident", "got %q, want its own id %q", r.Said.Incident, r.ID)
}

// checkAlarmBlock: the gb28181 block stands where a platform should make an
// alarm of it, and nowhere else.
func (r *record) checkAlarmBlock(m devices.Meaning, l *faultList) {
	const at = "/data/gb28181"
	block, due := r.Said.GB28181, m.Method != 0 && r.Mode == "normal" && r.Said.State != devices.Cleared
	if block == nil || !due {
		l.want(block != nil || !due, "/data", "an alarm of %q without gb28181", r.Type)
		l.want(block == nil || m.Method != 0, at, "%q has no AlarmMethod", r.Type)
		l.want(block == nil || r.Mode == "normal", at, "must not be here in mode %q", r.Mode)
		l.want(block == nil || r.Said.State != devices.Cleared, at, "must not be here in a clearing")
		return
	}
	priority := r.Said.Severity.AlarmPriority()
	l.want(block.AlarmPriority == priority, at+"/AlarmPriority", "got %d, want %d for %q", block.AlarmPriority, priority, r.Said.Severity)
	l.want(block.AlarmMethod == m.Method, at+"/AlarmMethod", "got %d, want %d", block.AlarmMethod, m.Method)
	l.want(block.AlarmType == m.Type, at+"/AlarmType", "got %d, want %d (0 is absent)", block.AlarmType, m.Type)
	if !r.Said.Clock.Synced {
		l.want(block.AlarmTime == "", at+"/AlarmTime", "must not be here: the clock is not synchronised")
		return
	}
	said, err := time.Parse(time.RFC3339, r.Time)
	local := said.In(time.FixedZone("", 8*60*60)).Format("2006-01-02T15:04:05")
	l.want(err == nil && block.AlarmTime == local, at+"/AlarmTime", "got %q, want %q", block.AlarmTime, local)
}

// openRules: only conditions can be open, each once.
func openRules(_ map[string]string, doc []byte) ([]fault, error) {
	var list struct {
		Open []struct {
			Incident string
			Type     devices.Code
		}
	}
	if err := json.Unmarshal(doc, &list); err != nil {
		return nil, err
	}
	var l faultList
	seen := make(map[string]bool)
	for i, o := range list.Open {
		at := fmt.Sprintf("/open/%d", i)
		l.want(o.Type.Form() == devices.Condition, at+"/type", "%q is no condition of the dictionary", o.Type)
		l.want(strings.Contains(o.Incident, "-alarm-"), at+"/incident", "%q is not of the alarm lane", o.Incident)
		l.want(!seen[o.Incident], at+"/incident", "%q stands twice", o.Incident)
		seen[o.Incident] = true
	}
	return l, nil
}

// inventoryRules: the site is the topic's, and so is the device where the
// inventory is split.
func inventoryRules(at map[string]string, doc []byte) ([]fault, error) {
	type named struct{ Name string }
	var list struct {
		Site    named
		Devices []named
	}
	if err := json.Unmarshal(doc, &list); err != nil {
		return nil, err
	}
	var l faultList
	l.want(list.Site.Name == at["site"], "/site/name", "got %q, want %q as in the topic", list.Site.Name, at["site"])
	if device, split := at["device"]; split {
		l.want(len(list.Devices) == 1 && list.Devices[0].Name == device, "/devices", "want %q alone, as in the topic", device)
	}
	return l, nil
}

// replyRules: a reply answers the command of its topic.
func replyRules(at map[string]string, doc []byte) ([]fault, error) {
	var r struct{ ID string }
	if err := json.Unmarshal(doc, &r); err != nil {
		return nil, err
	}
	var l faultList
	l.want(r.ID == at["id"], "/id", "got %q, want %q as in the topic", r.ID, at["id"])
	return l, nil
}

// commandRules: a command is named once, and is for the site of its topic.
func commandRules(at map[string]string, doc []byte) ([]fault, error) {
	var c struct{ Name, Site string }
	if err := json.Unmarshal(doc, &c); err != nil {
		return nil, err
	}
	var l faultList
	l.want(c.Name == at["name"], "/name", "got %q, want %q as in the topic", c.Name, at["name"])
	l.want(c.Site == "" || c.Site == at["site"], "/site", "got %q, want %q as in the topic", c.Site, at["site"])
	return l, nil
}
