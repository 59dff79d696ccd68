package contract_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/ingest/store"
	"sitepost/uplink"
	"sitepost/uplink/contract"
)

// A golden is a message as it stands in golden/.
type golden struct {
	Topic    string          `json:"topic"`
	Retained bool            `json:"retained"`
	Payload  json.RawMessage `json:"payload"` // null: the topic is emptied
}

// TestGolden: every code of the dictionary, every case that differs and every
// retained topic has its message in golden/, byte for byte as the encoder makes
// it, and it keeps the contract.
func TestGolden(t *testing.T) {
	messages := everyCode(t)
	maps.Copy(messages, cases(t))
	maps.Copy(messages, retained(t))
	maps.Copy(messages, written())
	want := map[string]string{}
	for name, m := range messages {
		if err := contract.Validate(m.Topic, m.Retain, m.Payload); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		want[name+".json"] = inGolden(t, m)
	}
	if *update && !t.Failed() {
		writeGolden(t, want)
	}
	got := map[string]string{}
	names, err := filepath.Glob("golden/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		got[filepath.Base(name)] = string(raw)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("golden/ is not what is sent: run go generate ./uplink/contract and read the difference (-want +got)\n%s", diff)
	}
}

// everyCode makes one message per code of the dictionary.
func everyCode(t *testing.T) map[string]uplink.Message {
	t.Helper()
	all := map[string]uplink.Message{}
	next := map[devices.Lane]uint64{}
	for _, m := range devices.Codes() {
		next[m.Form.Lane()]++
		all[string(m.Code)] = encode(t, example(t, m.Code, next[m.Form.Lane()]), time.Second, false)
	}
	return all
}

// cases makes the messages that differ from their code's typical one.
func cases(t *testing.T) map[string]uplink.Message {
	t.Helper()
	all := map[string]uplink.Message{}
	vary := func(name string, code devices.Code, seq uint64, change func(*store.Record)) {
		r := example(t, code, seq)
		change(&r)
		all[string(code)+"--"+name] = encode(t, r, time.Second, false)
	}
	vary("cleared", "gas.alarm.high", 1240, func(r *store.Record) {
		r.Event.State, r.Event.Value = devices.Cleared, &devices.Value{Quantity: "combustible gas", Unit: "%LEL", Number: 41}
		r.Event.Time, r.Accepted = night.Add(12*time.Minute), night.Add(12*time.Minute)
		r.Incident, r.Since, r.ClearedBy = string(epoch)+"-alarm-2", night, "device"
	})
	vary("warm-up", "gas.alarm.high", 1241, func(r *store.Record) { r.Event.Mode = devices.WarmUp })
	vary("unsynced", "gas.alarm.high", 1242, func(r *store.Record) { r.Clock = store.Clock{Source: "none", UptimeMS: 4200} })
	vary("volatile", "gas.alarm.high", 1, func(r *store.Record) {
		r.Epoch, r.Volatile = "c0ffee00c0ffee00", true
		r.Incident = r.ID()
	})
	vary("was-volatile", "gas.alarm.high", 1246, func(r *store.Record) {
		r.Accepted, r.Was = night.Add(2*time.Millisecond), "c0ffee00c0ffee00-alarm-1"
		r.Incident = r.ID()
	})
	vary("disk-refused", "store.gap", 1247, func(r *store.Record) {
		r.Event.Point, r.Event.Detail = "event", "disk refused"
		r.Event.Value = &devices.Value{Quantity: "records", Number: 12}
		r.Event.Text = "12 records lost, which have no numbers: disk refused"
		r.Incident = r.ID()
	})
	vary("of-a-file-before", "store.gap", 1248, func(r *store.Record) {
		r.Event.Point, r.Event.Detail = "event", "0c11d5e6a7f80912 812-815"
		r.Event.Text = "4 records are missing: damaged (their epoch is 0c11d5e6a7f80912)"
		r.Incident = r.ID()
	})
	vary("cleared", "alarm.chattering", 1249, func(r *store.Record) {
		r.Event.State, r.Event.Count = devices.Cleared, &devices.Count{Raw: 412, Step: 412}
		r.Event.Time, r.Accepted = night.Add(4*time.Minute), night.Add(4*time.Minute)
		r.Event.Text = "412 edges held back since 22:40:00"
		r.Incident, r.Since, r.ClearedBy = string(epoch)+"-alarm-43", night, "device"
	})
	vary("above-dead-band", "gas.reading", 981, func(r *store.Record) {
		r.Event.Value = &devices.Value{Quantity: "combustible gas", Unit: "%LEL", Number: 18.25}
	})
	vary("back", "access.passage", 77002, func(r *store.Record) { r.Event.Point, r.Event.Direction = "right", devices.Back })
	vary("direction-unknown", "access.passage", 77003, func(r *store.Record) { r.Event.Direction = "" })
	vary("device-time", "access.denied", 77004, func(r *store.Record) { r.Event.DeviceTime = night.Add(-95 * time.Second) })
	vary("as-alarm", "camera.motion", 1243, func(r *store.Record) {
		r.Lane, r.Event.Urgent = devices.AlarmLane, true
		r.Incident = r.ID()
	})
	vary("timed-out", "camera.intrusion", 1245, func(r *store.Record) {
		r.Event.State, r.Event.TimedOut = devices.Cleared, true
		r.Event.Time, r.Accepted = night.Add(30*time.Second), night.Add(30*time.Second)
		r.Incident, r.Since, r.ClearedBy = string(epoch)+"-alarm-19", night, "timeout"
	})
	vary("reminder", "device.silent", 1244, func(r *store.Record) {
		r.Event.Time, r.Accepted, r.Event.Reminder = night.Add(30*time.Minute), night.Add(30*time.Minute), 1
		r.Incident, r.Since = string(epoch)+"-alarm-37", night
	})
	vary("maintenance", "device.mode", 77006, func(r *store.Record) {
		r.Event.Point, r.Event.Is, r.Event.Mode, r.Event.Upkeep = "operator", "maintenance", devices.Maintenance, true
		r.Event.Until = night.Add(30 * time.Minute)
		r.Event.Text = "in maintenance until 2026-11-21 23:10 by root (uid 0): 检修"
	})
	vary("maintenance-over", "device.mode", 77007, func(r *store.Record) {
		r.Event.Point, r.Event.Is = "operator", "normal"
		r.Event.Text = "maintenance is over, its time has come; it was since 2026-11-21 22:40 by root (uid 0): 检修"
	})
	vary("in-maintenance", "gas.alarm.high", 1250, func(r *store.Record) { r.Event.Mode, r.Event.Upkeep = devices.Maintenance, true })
	vary("after-maintenance", "gas.alarm.high", 1251, func(r *store.Record) {
		r.Event.Time, r.Accepted, r.Event.Reminder = night.Add(30*time.Minute), night.Add(30*time.Minute), 1
		r.Incident, r.Since, r.Claimed, r.Event.Value = string(epoch)+"-alarm-1250", night, true, nil
		r.Event.Text = "it stands since 2026-11-21 22:40, when the device was in maintenance"
	})
	vary("incomplete", "device.counts", 77005, func(r *store.Record) {
		r.Event.Day = &devices.Day{Date: "2026-11-19", Counts: map[devices.Code]uint64{"gas.alarm.low": 0}, Heard: 9120}
	})
	vary("offline", "stream.reading", 982, func(r *store.Record) {
		r.Event.Stream = &devices.Stream{State: "offline", Since: night, Why: []string{"route: 10.37.20.12:554 does not answer; look at the camera's power and cable, and for a firewall"}}
	})
	vary("degraded", "stream.reading", 983, func(r *store.Record) { r.Event.Stream = &lossyStream })
	vary("nobody-left", "camera.objects", 984, func(r *store.Record) {
		r.Event.Value = &devices.Value{Quantity: "objects", Summary: &devices.Summary{Max: 3, Mean: 1.5, N: 12}}
	})
	all["gas.alarm.high--after-an-outage"] = encode(t, example(t, "gas.alarm.high", 1234), time.Hour, true)
	return all
}

// retained makes the messages of the retained topics that come out of the store.
func retained(t *testing.T) map[string]uplink.Message {
	t.Helper()
	all := map[string]uplink.Message{}
	for name, c := range map[string]store.Current{
		"up-open":          {Key: "open", Revision: 43, Doc: []byte(`{"open":[{"incident":"7f3a9c51d20b44e6-alarm-1234","type":"gas.alarm.high","device":"gas-1","since":"2026-11-21T22:40:00.123+08:00","severity":"critical","unconfirmed":true}]}`)},
		"up-open--nothing": {Key: "open", Revision: 44, Doc: []byte(`{"open":[]}`)},
		"up-device":        {Key: "device/gas-1", Revision: 41, Doc: []byte(`{"state":"silent","since":"2026-11-21T22:41:10.5+08:00","why":"nothing heard for 10s","next_step":"check the cable and the detector's power"}`)},
		"up-device--counted": {Key: "device/gas-1", Revision: 46, Doc: []byte(`{"state":"online","since":"2026-11-21T08:00:04+08:00",` +
			`"today":{"date":"2026-11-21","complete":false,"counts":{"device.silent":0,"gas.alarm.high":1,"gas.alarm.low":1},"heard":104400,"away_s":0},` +
			`"yesterday":{"date":"2026-11-20","complete":true,"counts":{"device.silent":1,"gas.alarm.high":0,"gas.alarm.low":2},"heard":172620,"away_s":94}}`)},
		"up-device--maintenance": {Key: "device/gas-1", Revision: 49, Doc: []byte(`{"state":"maintenance","since":"2026-11-21T22:40:00.123+08:00",` +
			`"why":"root (uid 0) works at it until 2026-11-21 23:10: 检修","next_step":"it ends by itself; if the work is done before, say ` + "`sitepost maintain gas-1 --end`" + `"}`)},
		"up-device--emptied":  {Key: "device/gas-9", Revision: 45},
		"up-stream":           {Key: "stream/check-1-top", Revision: 42, Doc: oneLine(t, liveStream)},
		"up-stream--disabled": {Key: "stream/berth-1-e", Revision: 47, Doc: oneLine(t, disabledStream)},
		"up-stream--offline":  {Key: "stream/check-1-top", Revision: 48, Doc: oneLine(t, offlineStream)},
		"up-inventory": {Key: "inventory", Revision: 2, Doc: []byte(`{"site":{"name":"xinggang-ferry","title":"星港客运站","code":"34020000141188000001","kinds":["passenger_terminal","roro_terminal"]},` +
			`"zones":[{"name":"berth-1","title":"一号泊位滚装车道","class":"roro_lane","also":["quay"]}],` +
			`"devices":[{"name":"gas-1","title":"滚装车道可燃气1","kind":"gas_detector","code":"34020000141348000003","profile":"honeywell-xcd","zone":"berth-1","line":"bus-a"},` +
			`{"name":"check-1-top","title":"一号安检口顶","kind":"camera","code":"34020000141328000002","zone":"check-1","also_sees":["hall"],"watch":"sampled",` +
			`"vendor":"HIKVISION","model":"DS-2CD2T47","serial":"0A11","firmware":"V5.7.15 build 230626","endpoint":"urn:uuid:00000000-0000-4000-8000-0000000000a1","macs":["00:11:22:33:44:55"]},` +
			`{"name":"hall-1","kind":"camera","zone":"hall","watch":"sampled","recorder":"nvr-1","channel":3}],` +
			`"version":"1.0.0","config_hash":"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}`)},
	} {
		m, err := uplink.EncodeCurrent(site, epoch, c)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = m
	}
	return all
}

// written are messages that the encoder does not make: the link's own, and the
// city's.
func written() map[string]uplink.Message {
	up := func(below, payload string, retain bool) uplink.Message {
		return uplink.Message{Topic: uplink.Topic(site, below), Payload: []byte(payload), Retain: retain}
	}
	down := func(below, payload string) uplink.Message {
		return uplink.Message{Topic: "sitepost/1/" + site + "/down/" + below, Payload: []byte(payload)}
	}
	const life = `"epoch":"7f3a9c51d20b44e6","birth":12,"box":"xinggang-ferry-box1","started":"2026-11-21T08:00:00.000+08:00","version":"1.0.0"`
	const lanes = `,"time":"2026-11-21T22:40:01.000+08:00","lanes":{"alarm":{"first":1,"last":1240,"sent":1240,"received":1240},` +
		`"event":{"first":76000,"last":77001,"sent":77001,"received":76990},"reading":{"first":1,"last":980,"sent":979,"received":0}}}`
	return map[string]uplink.Message{
		"up-state--birth":     up("state", `{"schema":"urn:sitepost:1.0","state":"up",`+life+lanes, true),
		"up-state--will":      up("state", `{"schema":"urn:sitepost:1.0","state":"down",`+life+`}`, true),
		"up-state--stopped":   up("state", `{"schema":"urn:sitepost:1.0","state":"stopped",`+life+lanes, true),
		"up-state--moved":     up("state", `{"schema":"urn:sitepost:1.0","state":"moved",`+life+lanes, true),
		"up-state--retired":   up("state", `{"schema":"urn:sitepost:1.0","state":"retired",`+life+lanes, true),
		"up-canary":           up("canary", `{"schema":"urn:sitepost:1.0","epoch":"7f3a9c51d20b44e6","birth":12,"time":"2026-11-21T22:40:00.900+08:00"}`, false),
		"up-reply":            up("reply/c-0816", `{"id":"c-0816","result":"ok","code":"set","text":"what waits goes with 10 messages a second from 2026-11-21T23:00:00.000+08:00 on"}`, false),
		"up-reply--part":      up("reply/c-0817", `{"id":"c-0817","result":"ok","code":"sent_in_part","text":"98 records sent again, 2 are not kept any more"}`, false),
		"up-reply--refused":   up("reply/c-0816", `{"id":"c-0816","result":"refused","code":"replayed","text":"counter must be above 7"}`, false),
		"up-reply--unknown":   up("reply/c-0815", `{"id":"c-0815","result":"unsupported","code":"unknown_command","text":"command \"roll_call\" is not supported"}`, false),
		"down-ack":            down("ack", `{"epoch":"7f3a9c51d20b44e6","lane":"alarm","upto":1240,"missing":[[1235,1236]],"received_at":"2026-11-21T22:53:00+08:00"}`),
		"down-ack--strings":   down("ack", `{"epoch":"7f3a9c51d20b44e6","lane":"event","upto":"77001","missing":[["76995","76999"],["77001","77001"]]}`),
		"down-command-drain":  down("command/drain", `{"id":"c-0816","name":"drain","issued":"2026-11-21T22:53:00+08:00","expires_in_s":60,"args":{"rate":10,"hold_until":"2026-11-21T23:00:00+08:00"},"counter":7}`),
		"down-command-resend": down("command/resend", `{"id":"c-0817","name":"resend","issued":"2026-11-21T22:54:00+08:00","expires_in_s":60,"args":{"lane":"alarm","from":"1101","to":"1200"},"counter":8,"site":"xinggang-ferry"}`),
	}
}

// encode sends a record some time after it was accepted.
func encode(t *testing.T, r store.Record, waited time.Duration, redelivery bool) uplink.Message {
	t.Helper()
	m, err := uplink.Encode(site, r, r.Accepted.Add(waited), redelivery)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// inGolden spells a message as it stands in golden/: indented for people, keys
// in the order in which they are sent.
func inGolden(t *testing.T, m uplink.Message) string {
	t.Helper()
	g := golden{m.Topic, m.Retain, m.Payload}
	if len(m.Payload) == 0 {
		g.Payload = json.RawMessage("null")
	}
	var b bytes.Buffer
	if err := json.Indent(&b, oneLine(t, g), "", "  "); err != nil {
		t.Fatal(err)
	}
	return b.String() + "\n"
}

// writeGolden makes golden/ hold these files and no other.
func writeGolden(t *testing.T, want map[string]string) {
	t.Helper()
	old, err := filepath.Glob("golden/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range old {
		if _, keep := want[filepath.Base(name)]; keep {
			continue
		}
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range want {
		if err := os.WriteFile(filepath.Join("golden", name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
