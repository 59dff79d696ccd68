package encode

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/ingest/store"
	"sitepost/uplink/contract"
)

// evening is when the gas came.
var evening = time.Date(2026, 11, 21, 22, 40, 0, 123_000_000, time.FixedZone("CST", 8*60*60))

// gasRecord is a high gas alarm at a ferry's berth, accepted at once.
func gasRecord() store.Record {
	return store.Record{
		Epoch: "7f3a9c51d20b44e6", Lane: devices.AlarmLane, Seq: 1234, Incident: "7f3a9c51d20b44e6-alarm-1234",
		Place: devices.Place{
			Site: devices.Site{Name: "xinggang-ferry", Code: "34020000141188000001", SecurityLevel: 1},
			Device: devices.Named{Name: "gas-1", Title: "滚装车道可燃气1", Kind: devices.GasDetector,
				Code: "34020000141348000003", Profile: "honeywell-xcd"},
			Zone: &devices.Zone{Name: "berth-1", Class: "roro_lane", Also: []string{"quay"}},
		},
		Event: devices.Event{
			Time: evening, DeviceTime: evening.Add(-time.Second), Code: "gas.alarm.high", State: devices.Raised,
			Value: &devices.Value{Quantity: "combustible gas", Unit: "%LEL", Number: 52, Limit: new(50.0)},
			Text:  "A2 <HIGH>",
		},
		Accepted: evening, Clock: store.Clock{Source: "ntp", Synced: true, Boot: "b-1", UptimeMS: 0},
	}
}

// A said is a record as it leaves.
type said struct {
	Topic   string
	Payload []byte
}

// say encodes a record of the ferry.
func say(r store.Record, now time.Time, redelivery bool) (said, error) {
	below, payload, err := Record("xinggang-ferry", r, now, redelivery)
	if err != nil {
		return said{below, payload}, err
	}
	return said{"sitepost/1/xinggang-ferry/up/" + below, payload}, nil
}

// sent encodes a record the moment it was accepted, and holds it against the
// contract.
func sent(t testing.TB, r store.Record) said {
	t.Helper()
	m, err := say(r, r.Accepted, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := contract.Validate(m.Topic, false, m.Payload); err != nil {
		t.Errorf("%v\n%s", err, m.Payload)
	}
	return m
}

// inside returns the data of a sent record as a tree.
func inside(t testing.TB, r store.Record) map[string]any {
	t.Helper()
	var tree struct {
		Data map[string]any `json:"data"`
	}
	if err := json.Unmarshal(sent(t, r).Payload, &tree); err != nil {
		t.Fatal(err)
	}
	return tree.Data
}

// TestRecord: a record leaves with the names and in the order that the city was
// promised, byte for byte.
func TestRecord(t *testing.T) {
	t.Parallel()
	want := said{
		Topic: "sitepost/1/xinggang-ferry/up/alarm/gas-1",
		Payload: []byte(`{"specversion":"1.0","dataschema":"urn:sitepost:1.0","datacontenttype":"application/json",` +
			`"id":"7f3a9c51d20b44e6-alarm-1234","source":"/sites/xinggang-ferry/devices/gas-1","type":"gas.alarm.high",` +
			`"time":"2026-11-21T22:40:00.123+08:00","epoch":"7f3a9c51d20b44e6","lane":"alarm","sequence":"1234",` +
			`"mode":"normal","historical":false,"redelivery":false,"data":{"state":"raised",` +
			`"incident":"7f3a9c51d20b44e6-alarm-1234","severity":"critical",` +
			`"site":{"name":"xinggang-ferry","code":"34020000141188000001","security_level":1},` +
			`"device":{"name":"gas-1","kind":"gas_detector","code":"34020000141348000003","profile":"honeywell-xcd"},` +
			`"zone":{"name":"berth-1","class":"roro_lane","also":["quay"]},` +
			`"value":{"quantity":"combustible gas","unit":"%LEL","value":52,"limit":50},` +
			`"clock":{"source":"ntp","synced":true,"boot":"b-1","uptime_ms":0},"device_time":"2026-11-21T22:39:59.123+08:00",` +
			`"gb28181":{"AlarmPriority":1,"AlarmMethod":2,"AlarmTime":"2026-11-21T22:40:00",` +
			`"AlarmDescription":"可燃/有毒气体高限报警 滚装车道可燃气1 52%LEL"},"text":"A2 <HIGH>"}}`),
	}
	got := sent(t, gasRecord())
	if diff := cmp.Diff(string(want.Payload), string(got.Payload)); diff != "" || got.Topic != want.Topic {
		t.Errorf("got %s (-want +got)\n%s", got.Topic, diff)
	}
}

// TestBytesNeverChange: whether a record comes fresh from its device or out of
// the store of a box in another time zone, on the first send or the fifth, only
// historical and redelivery differ.
func TestBytesNeverChange(t *testing.T) {
	t.Parallel()
	r := gasRecord()
	first := sent(t, r)
	kept, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var again store.Record
	if err := json.Unmarshal(kept, &again); err != nil {
		t.Fatal(err)
	}
	again.Event.Time, again.Event.DeviceTime = again.Event.Time.UTC(), again.Event.DeviceTime.UTC()
	late, err := say(again, evening.Add(time.Hour), true)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Replace(string(first.Payload), `"historical":false,"redelivery":false`, `"historical":true,"redelivery":true`, 1)
	if diff := cmp.Diff(want, string(late.Payload)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestHistorical: a record is old news when it waited longer than 60 s; a clock
// that was set back makes none.
func TestHistorical(t *testing.T) {
	t.Parallel()
	for waited, want := range map[time.Duration]bool{
		-time.Hour: false, 0: false, 60 * time.Second: false, 60*time.Second + 1: true, 24 * time.Hour: true,
	} {
		m, err := say(gasRecord(), evening.Add(waited), false)
		if err != nil {
			t.Fatal(err)
		}
		if got := bytes.Contains(m.Payload, []byte(`"historical":true`)); got != want {
			t.Errorf("after %v: got historical %t, want %t", waited, got, want)
		}
	}
}

// TestAlarmBlock: a platform is given an alarm to copy exactly where a duty desk
// should hear of one, in the standard's own figures.
func TestAlarmBlock(t *testing.T) {
	t.Parallel()
	type block = map[string]any
	full := func(priority, method float64, description string, more ...any) block {
		b := block{"AlarmPriority": priority, "AlarmMethod": method, "AlarmTime": "2026-11-21T22:40:00", "AlarmDescription": description}
		for i := 0; i < len(more); i += 2 {
			b[more[i].(string)] = more[i+1]
		}
		return b
	}
	for _, c := range []struct {
		name   string
		change func(*store.Record)
		want   block // nil: none
	}{
		{"raised", func(*store.Record) {}, full(1, 2, "可燃/有毒气体高限报警 滚装车道可燃气1 52%LEL")},
		{"in UTC", func(r *store.Record) { r.Event.Time = evening.UTC() }, full(1, 2, "可燃/有毒气体高限报警 滚装车道可燃气1 52%LEL")},
		{"with a point, without title and value", func(r *store.Record) {
			r.Event.Point, r.Event.Value, r.Place.Device.Title = "3", nil, ""
		}, full(1, 2, "可燃/有毒气体高限报警 gas-1 3")},
		{"with a type", func(r *store.Record) {
			r.Event.Code, r.Event.Value = "camera.tamper", nil
		}, full(2, 2, "摄像机防拆 滚装车道可燃气1", "AlarmType", 2.0)},
		{"in the event lane", func(r *store.Record) {
			r.Event.Code, r.Event.State, r.Event.Value = "camera.motion", "", nil
			r.Lane, r.Incident = devices.EventLane, "7f3a9c51d20b44e6-event-1234"
		}, full(4, 5, "视频移动侦测 滚装车道可燃气1", "AlarmType", 2.0)},
		{"clock not synchronised", func(r *store.Record) { r.Clock.Synced = false }, block{
			"AlarmPriority": 1.0, "AlarmMethod": 2.0, "AlarmDescription": "可燃/有毒气体高限报警 滚装车道可燃气1 52%LEL"}},
		{"cleared", func(r *store.Record) {
			r.Event.State, r.Since, r.ClearedBy, r.Incident = devices.Cleared, evening, "device", "7f3a9c51d20b44e6-alarm-1"
		}, nil},
		{"warm-up", func(r *store.Record) { r.Event.Mode = devices.WarmUp }, nil},
		{"no method", func(r *store.Record) { r.Event.Code = "gas.calibration.due" }, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := gasRecord()
			c.change(&r)
			got, _ := inside(t, r)["gb28181"].(block)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestStatement: what differs from the plain alarm is said where the city looks
// for it, and what is not known is not said.
func TestStatement(t *testing.T) {
	t.Parallel()
	type tree = map[string]any
	hall, outside := &devices.Zone{Name: "hall", Class: "screened"}, &devices.Zone{Name: "hall-outside", Class: "unscreened"}
	hash := strings.Repeat("ab", 32)
	for _, c := range []struct {
		name   string
		change func(*store.Record)
		want   tree // nil: the key is absent
	}{
		{"cleared", func(r *store.Record) {
			r.Event.State, r.Since, r.ClearedBy, r.Incident = devices.Cleared, evening.UTC(), "timeout", "7f3a9c51d20b44e6-alarm-1"
		}, tree{"state": "cleared", "since": evening.Format("2006-01-02T15:04:05.000-07:00"), "cleared_by": "timeout", "incident": "7f3a9c51d20b44e6-alarm-1"}},
		{"reminder", func(r *store.Record) {
			r.Event.Reminder, r.Since, r.Incident = 2, evening.UTC().Add(-time.Hour), "7f3a9c51d20b44e6-alarm-1"
		}, tree{"state": "raised", "reminder": 2.0, "since": "2026-11-21T21:40:00.123+08:00", "cleared_by": nil, "incident": "7f3a9c51d20b44e6-alarm-1"}},
		{"raised for the first time", func(r *store.Record) { r.Since = evening }, tree{"reminder": nil, "since": nil}},
		{"counts of a day", func(r *store.Record) {
			r.Event, r.Lane, r.Incident = devices.Event{Time: evening, Code: devices.DeviceCounts, Day: &devices.Day{
				Date: "2026-11-20", Complete: true, Counts: map[devices.Code]uint64{"gas.alarm.low": 0, "gas.alarm.high": 2}, Heard: 7, AwayS: 90,
			}}, devices.EventLane, "7f3a9c51d20b44e6-event-1234"
		}, tree{"counts": tree{"date": "2026-11-20", "complete": true, "counts": tree{"gas.alarm.low": 0.0, "gas.alarm.high": 2.0}, "heard": 7.0, "away_s": 90.0}}},
		{"picture of an alarm", func(r *store.Record) {
			r.Event, r.Lane, r.Incident = devices.Event{Time: evening, Code: devices.SnapshotTaken, Incident: "7f3a9c51d20b44e6-alarm-3",
				Picture: &devices.Picture{SHA256: hash, Bytes: 7, Type: "image/jpeg", Width: 64}}, devices.EventLane, "7f3a9c51d20b44e6-alarm-3"
		}, tree{"incident": "7f3a9c51d20b44e6-alarm-3", "picture": tree{"sha256": hash, "bytes": 7.0, "type": "image/jpeg", "width": 64.0}}},
		{"what is urgent or has timed out", func(r *store.Record) {
			r.Event = devices.Event{Time: evening, Code: devices.CameraMotion, Urgent: true, TimedOut: true}
			r.Incident = r.ID()
		}, tree{"urgent": nil, "timed_out": nil, "state": nil, "severity": "notice", "picture": nil}},
		{"momentary", func(r *store.Record) {
			r.Event.Code, r.Incident = "screening.metal.alarm", "" // its driver said "raised"
		}, tree{"state": nil, "since": nil, "cleared_by": nil, "incident": "7f3a9c51d20b44e6-alarm-1234", "severity": "major"}},
		{"gate", func(r *store.Record) {
			r.Place.From, r.Place.To, r.Event.Direction = outside, hall, devices.Back
			r.Event.Count = &devices.Count{Raw: 1234, Step: 3}
		}, tree{"zone": nil, "from": tree{"name": "hall-outside", "class": "unscreened"}, "to": tree{"name": "hall", "class": "screened"},
			"direction": "back", "count": 3.0, "counter": 1234.0}},
		{"counter that starts anew", func(r *store.Record) { r.Event.Count = &devices.Count{} }, tree{"count": nil, "counter": 0.0}},
		{"no zone", func(r *store.Record) { r.Place.Zone = nil }, tree{"zone": nil, "from": nil, "to": nil, "direction": nil}},
		{"summary", func(r *store.Record) {
			r.Event.Value = &devices.Value{Number: 0, Summary: &devices.Summary{Last: 0, Min: -1, Max: 2, Mean: 0.5, N: 60}}
		}, tree{"value": tree{"value": 0.0, "last": 0.0, "min": -1.0, "max": 2.0, "mean": 0.5, "n": 60.0}}},
		{"card", func(r *store.Record) {
			r.Event.Card = &devices.Card{Number: "W26:12,345", Hash: hash, KeyID: "city-2026"}
		},
			tree{"card": tree{"hmac": hash, "key_id": "city-2026"}}},
		{"card that was not hashed", func(r *store.Record) { r.Event.Card = &devices.Card{Number: "W26:12,345"} }, tree{"card": nil}},
		{"word and detail", func(r *store.Record) { r.Event.Is, r.Event.Detail, r.Event.Text = "closed", "1103", "" },
			tree{"is": "closed", "detail": "1103", "text": nil}},
		{"stream", func(r *store.Record) {
			r.Event.Stream = &devices.Stream{State: "live", Since: evening.UTC(), URI: "rtsp://10.37.20.12/1"}
		}, tree{"stream": tree{"state": "live", "since": "2026-11-21T22:40:00.123+08:00", "uri": "rtsp://10.37.20.12/1"}}},
		{"stream with a login", func(r *store.Record) {
			r.Event.Stream = &devices.Stream{State: "live", URI: "rtsp://u:geheim@10.37.20.12/1"}
		},
			tree{"stream": tree{"state": "live"}}},
		{"a date no calendar has", func(r *store.Record) { r.Event.DeviceTime = time.Date(20260, 1, 1, 0, 0, 0, 0, time.UTC) },
			tree{"device_time": nil}},
		{"clock", func(r *store.Record) { r.Clock = store.Clock{} }, tree{"clock": tree{"synced": false, "uptime_ms": 0.0}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := gasRecord()
			c.change(&r)
			all, got := inside(t, r), tree{}
			for key := range c.want {
				got[key] = all[key]
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestEnvelope: point, mode and volatility stand on top.
func TestEnvelope(t *testing.T) {
	t.Parallel()
	r := gasRecord()
	r.Event.Point, r.Event.Mode, r.Volatile = "left\x00 side", devices.WarmUp, true
	head, _, _ := strings.Cut(string(sent(t, r).Payload), `"data"`)
	for _, want := range []string{`"subject":"left side"`, `"mode":"warm-up"`, `"volatile":true`} {
		if !strings.Contains(head, want) {
			t.Errorf("got %s, want %s in it", head, want)
		}
	}
}

// TestNeverSaid: what JSON, a topic or the city cannot take is an error that
// names the record and the reason, and no message.
func TestNeverSaid(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*store.Record){
		`code "gas.smell" is not in the dictionary`:                    func(r *store.Record) { r.Event.Code = "gas.smell" },
		`json: unsupported value: NaN`:                                 func(r *store.Record) { r.Event.Value.Number = math.NaN() },
		`json: unsupported value: -Inf`:                                func(r *store.Record) { r.Event.Value.Limit = new(math.Inf(-1)) },
		`json: unsupported value: +Inf`:                                func(r *store.Record) { r.Event.Stream = &devices.Stream{FPS: new(math.Inf(1))} },
		`device "gas/#" is not a name ([a-z0-9-], 1 to 32 characters)`: func(r *store.Record) { r.Place.Device.Name = "gas/#" },
		`accepted at site "other", which is not "xinggang-ferry"`:      func(r *store.Record) { r.Place.Site.Name = "other" },
		`lane "slow" does not exist`:                                   func(r *store.Record) { r.Lane = "slow" },
		`condition "gas.alarm.high" is neither raised nor cleared`:     func(r *store.Record) { r.Event.State = "" },
		`clearing of "gas.alarm.high" without incident, since or cleared_by`: func(r *store.Record) {
			r.Event.State, r.ClearedBy = devices.Cleared, "device"
		},
		`reminder 1 of "gas.alarm.high" that is not raised, or without incident or since`: func(r *store.Record) { r.Event.Reminder = 1 },
		`reminder -1 of "gas.alarm.high" that is not raised, or without incident or since`: func(r *store.Record) {
			r.Event.Reminder, r.Since = -1, evening
		},
		`code "device.counts" with the counts of a day false`: func(r *store.Record) { r.Event.Code = devices.DeviceCounts },
		`code "gas.alarm.high" with the counts of a day true`: func(r *store.Record) { r.Event.Day = &devices.Day{} },
		`code "snapshot.taken" with a picture false`:          func(r *store.Record) { r.Event.Code = devices.SnapshotTaken },
		`code "gas.alarm.high" with a picture true`:           func(r *store.Record) { r.Event.Picture = &devices.Picture{} },
		`bytes are more than 65536`: func(r *store.Record) {
			r.Event.Stream = &devices.Stream{State: "live", Why: strings.Split(strings.Repeat("loss ", 20_000), " ")}
		},
	} {
		r := gasRecord()
		change(&r)
		m, err := say(r, evening, false)
		if err == nil || !strings.HasSuffix(err.Error(), want) || !strings.HasPrefix(err.Error(), `encode record "7f3a9c51d20b44e6-`) {
			t.Errorf("got %v, want the record and %s", err, want)
		}
		if diff := cmp.Diff(said{}, m); diff != "" {
			t.Errorf("%s: a message beside the error (-want +got)\n%s", want, diff)
		}
	}
	if _, _, err := Record("a/b", gasRecord(), evening, false); err == nil {
		t.Error(`got no error for the site "a/b"`)
	}
}
