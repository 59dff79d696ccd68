package contract_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sitepost/uplink/contract"
)

const (
	gasTopic  = "sitepost/1/xinggang-ferry/up/alarm/gas-1"
	gateTopic = "sitepost/1/xinggang-ferry/up/event/gate-1"
	raised    = `{"specversion":"1.0","dataschema":"urn:sitepost:1.0","datacontenttype":"application/json",` +
		`"id":"7f3a9c51d20b44e6-alarm-1234","source":"/sites/xinggang-ferry/devices/gas-1","type":"gas.alarm.high",` +
		`"time":"2026-11-21T22:40:00.123+08:00","epoch":"7f3a9c51d20b44e6","lane":"alarm","sequence":"1234",` +
		`"mode":"normal","historical":false,"redelivery":false,"data":{"state":"raised",` +
		`"incident":"7f3a9c51d20b44e6-alarm-1234","severity":"critical","site":{"name":"xinggang-ferry"},` +
		`"device":{"name":"gas-1"},"zone":{"name":"berth-1","class":"quay"},"value":{"unit":"%LEL","value":52},` +
		`"clock":{"source":"ntp","synced":true,"uptime_ms":0},"gb28181":{"AlarmPriority":1,"AlarmMethod":2,` +
		`"AlarmTime":"2026-11-21T22:40:00","AlarmDescription":"x"}}}`
	passage = `{"specversion":"1.0","dataschema":"urn:sitepost:1.0","datacontenttype":"application/json",` +
		`"id":"7f3a9c51d20b44e6-event-7","source":"/sites/xinggang-ferry/devices/gate-1","type":"access.passage",` +
		`"time":"2026-11-21T22:40:00.123+08:00","epoch":"7f3a9c51d20b44e6","lane":"event","sequence":"7",` +
		`"mode":"normal","historical":false,"redelivery":false,"data":{` +
		`"incident":"7f3a9c51d20b44e6-event-7","severity":"info","site":{"name":"xinggang-ferry"},` +
		`"device":{"name":"gate-1"},"from":{"name":"a","class":"quay"},"to":{"name":"b","class":"quay"},` +
		`"clock":{"source":"ntp","synced":true,"uptime_ms":0}}}`
	openThing = `{"incident":"7f3a9c51d20b44e6-alarm-1234","type":"gas.alarm.high","device":"gas-1",` +
		`"since":"2026-11-21T22:40:00+08:00","severity":"critical"}`
	openDoc   = `{"schema":"urn:sitepost:1.0","epoch":"7f3a9c51d20b44e6","revision":3,"open":[` + openThing + `]}`
	inventory = `{"schema":"urn:sitepost:1.0","epoch":"7f3a9c51d20b44e6","revision":3,"site":{"name":"a"},"zones":[],` +
		`"devices":[{"name":"gas-1","kind":"gas_detector"}],"version":"1.0.0","config_hash":"0123456789abcdef"}`
)

const picture = `"picture":{"sha256":"5f3c9e075f3c9e075f3c9e075f3c9e075f3c9e075f3c9e075f3c9e075f3c9e07","bytes":1,"type":"image/jpeg"}`

// snapshot is a picture of an alarm.
var snapshot = strings.NewReplacer(
	"access.passage", "snapshot.taken", `"from"`, picture+`,"from"`,
	`"incident":"7f3a9c51d20b44e6-event-7"`, `"incident":"7f3a9c51d20b44e6-alarm-1"`,
).Replace(passage)

// TestMistakesAreNamed: each thing the contract forbids is found, alone, with
// its topic, its place and what is wrong.
func TestMistakesAreNamed(t *testing.T) {
	t.Parallel()
	const clearing = `"state":"cleared","since":"2026-11-21T22:39:00.000+08:00","cleared_by":"device"`
	head, _, _ := strings.Cut(raised, `,"gb28181"`)
	withoutBlock := head + "}}"
	for _, c := range []struct {
		name, topic, doc, old, new string
		want                       string // ": pointer: what"
	}{
		{"foreign key above", gasTopic, raised, `"mode"`, `"extra":1,"mode"`, `: additional properties 'extra' not allowed`},
		{"foreign key in data", gasTopic, raised, `"state"`, `"extra":1,"state"`, `/data: additional properties 'extra' not allowed`},
		{"foreign key in a stream", gasTopic, raised, `"zone"`, `"stream":{"state":"live","password":"x"},"zone"`, `/data/stream: additional properties 'password' not allowed`},
		{"login in a stream's address", gasTopic, raised, `"zone"`, `"stream":{"state":"live","uri":"rtsp://u:p@h/1"},"zone"`, `/data/stream/uri: 'rtsp://u:p@h/1' does not match pattern`},
		{"id of other numbers", gasTopic, raised, `"sequence":"1234"`, `"sequence":"1235"`, `/id: got "7f3a9c51d20b44e6-alarm-1234", want "7f3a9c51d20b44e6-alarm-1235": epoch-lane-sequence`},
		{"sequence as a number", gasTopic, raised, `"sequence":"1234"`, `"sequence":1234`, `/sequence: got number, want string`},
		{"time in another zone", gasTopic, raised, `00.123+08:00`, `00.123Z`, `/time: '2026-11-21T22:40:00.123Z' does not match pattern`},
		{"no such day", gasTopic, raised, `"2026-11-21T22:40:00.123`, `"2026-11-31T22:40:00.123`, `/time: '2026-11-31T22:40:00.123+08:00' is not valid date-time`},
		{"word not in the dictionary", gasTopic, raised, `gas.alarm.high`, `gas.alarm.highest`, `/type: "gas.alarm.highest" is not in the dictionary`},
		{"code of another lane", gasTopic, raised, `gas.alarm.high`, `gas.reading`, `/lane: got "alarm", want "reading" for "gas.reading"`},
		{"device of another topic", strings.Replace(gasTopic, "gas-1", "gas-2", 1), raised, ``, ``, `/source: got "/sites/xinggang-ferry/devices/gas-1", want "/sites/xinggang-ferry/devices/gas-2" as in the topic`},
		{"lane of another topic", strings.Replace(gasTopic, "alarm", "event", 1), raised, ``, ``, `/data/state: must not be here; /lane: value must be 'event'`},
		{"condition without a state", gasTopic, raised, `"state":"raised",`, ``, `/data: the condition "gas.alarm.high" has no state`},
		{"state of what happens once", gasTopic, raised, `gas.alarm.high`, `screening.xray.alarm`, `/data/state: "screening.xray.alarm" is no condition and has no state`},
		{"clearing without since", gasTopic, raised, `"state":"raised"`, `"state":"cleared","cleared_by":"device"`, `/data: missing property 'since'`},
		{"clearing by nobody known", gasTopic, raised, `"state":"raised"`, strings.Replace(clearing, `device"`, `wind"`, 1), `/data/cleared_by: value must be one of`},
		{"clearing that names itself", gasTopic, raised, `"state":"raised"`, clearing, `/data/incident: got "7f3a9c51d20b44e6-alarm-1234", want the id of the raising`},
		{"raising with since", gasTopic, raised, `"state"`, `"since":"2026-11-21T22:39:00.000+08:00","state"`, `/data/since: must not be here`},
		{"raising of another incident", gasTopic, raised, `"incident":"7f3a9c51d20b44e6-alarm-1234"`, `"incident":"7f3a9c51d20b44e6-alarm-1"`, `/data/incident: got "7f3a9c51d20b44e6-alarm-1", want its own id "7f3a9c51d20b44e6-alarm-1234"`},
		{"reminder that names itself", gasTopic, raised, `"state"`, `"reminder":1,"since":"2026-11-21T22:39:00.000+08:00","state"`, `/data/incident: got "7f3a9c51d20b44e6-alarm-1234", want the id of the raising`},
		{"reminder without since", gasTopic, raised, `"state"`, `"reminder":1,"state"`, `/data: missing property 'since'`},
		{"reminder that is none", gasTopic, raised, `"state"`, `"reminder":0,"state"`, `/data: missing property 'since'; /data/reminder: minimum: got 0, want 1`},
		{"reminder of what has ended", gasTopic, raised, `"state":"raised"`, `"reminder":1,` + clearing, `/data/reminder: must not be here`},
		{"reminder of what happened", gateTopic, passage, `"from"`, `"reminder":1,"from"`, `/data: missing properties 'state', 'since'`},
		{"a day of something else", gateTopic, passage, `"from"`, `"counts":{"date":"2026-11-20","complete":true,"counts":{},"heard":0,"away_s":0},"from"`, `/data/counts: only "device.counts" has the counts of a day, and always`},
		{"a day of words nobody says", gateTopic, passage, `"from"`, `"counts":{"date":"2026-11-20","complete":true,"counts":{"x":1},"heard":0,"away_s":0},"from"`, `/data/counts/counts: additional properties 'x' not allowed`},
		{"no day where one is due", gateTopic, passage, `access.passage`, `device.counts`, `/data/counts: only "device.counts" has the counts of a day, and always`},
		{"a picture of something else", gateTopic, passage, `"from"`, picture + `,"from"`, `/data/picture: only "snapshot.taken" has the figures of a picture, and always`},
		{"no picture where one is due", gateTopic, passage, `access.passage`, `snapshot.taken`, `/data/picture: only "snapshot.taken" has the figures of a picture, and always`},
		{"a picture of no alarm", gateTopic, snapshot, `"incident":"7f3a9c51d20b44e6-alarm-1"`, `"incident":"door"`, `/data/incident: 'door' does not match pattern`},
		{"a picture with a half hash", gateTopic, snapshot, `5f3c9e075f3c9e07`, `5f3c9e07`, `/data/picture/sha256: '5f3c9e07`},
		{"a picture too large", gateTopic, snapshot, `"bytes":1`, `"bytes":1048577`, `/data/picture/bytes: maximum: got 1.048577`},
		{"a picture with its bytes", gateTopic, snapshot, `"bytes":1`, `"jpeg":"/9j/","bytes":1`, `/data/picture: additional properties 'jpeg' not allowed`},
		{"a day that no calendar has", gateTopic, passage, `"from"`, `"counts":{"date":"2026-11-31","complete":true,"counts":{"gas.alarm.low":-1},"heard":0,"away_s":0},"from"`, `/data/counts/counts/gas.alarm.low: minimum: got -1, want 0; /data/counts/date: '2026-11-31' is not valid date`},
		{"alarm block in a test", gasTopic, raised, `"mode":"normal"`, `"mode":"test"`, `/data/gb28181: must not be here in mode "test"`},
		{"no alarm block where one is due", gasTopic, withoutBlock, ``, ``, `/data: an alarm of "gas.alarm.high" without gb28181`},
		{"priority of another severity", gasTopic, raised, `"AlarmPriority":1`, `"AlarmPriority":2`, `/data/gb28181/AlarmPriority: got 2, want 1 for "critical"`},
		{"method of another code", gasTopic, raised, `"AlarmMethod":2`, `"AlarmMethod":5`, `/data/gb28181/AlarmMethod: got 5, want 2`},
		{"type the code has not", gasTopic, raised, `"AlarmMethod":2`, `"AlarmMethod":2,"AlarmType":1`, `/data/gb28181/AlarmType: got 1, want 0 (0 is absent)`},
		{"alarm time of a clock nobody set", gasTopic, raised, `"synced":true`, `"synced":false`, `/data/gb28181/AlarmTime: must not be here: the clock is not synchronised`},
		{"alarm time in UTC", gasTopic, raised, `"AlarmTime":"2026-11-21T22`, `"AlarmTime":"2026-11-21T14`, `/data/gb28181/AlarmTime: got "2026-11-21T14:40:00", want "2026-11-21T22:40:00"`},
		{"code with letters", gasTopic, raised, `{"name":"gas-1"}`, `{"name":"gas-1","code":"3402000014134800000x"}`, `/data/device/code: '3402000014134800000x' does not match pattern`},
		{"half a summary", gasTopic, raised, `"value":52`, `"value":52,"min":1`, `/data/value: properties 'last', 'max', 'mean', 'n' required, if 'min' exists`},
		{"a zone and two", gateTopic, passage, `"from"`, `"zone":{"name":"c","class":"quay"},"from"`, `/data/zone: must not be here`},
		{"a direction of its own", gateTopic, passage, `"from"`, `"direction":"left","from"`, `/data/direction: value must be one of 'forward', 'back'`},
		{"a state in the event lane", gateTopic, passage, `"from"`, `"state":"raised","from"`, `/data/state: must not be here`},
		{"a card number", gateTopic, passage, `"from"`, `"card":{"hmac":"W26:12,345"},"from"`, `/data/card/hmac: 'W26:12,345' does not match pattern`},
		{"key that stands twice", gasTopic, raised, `"mode"`, `"mode":"test","mode"`, `/mode: stands twice`},
		{"number beyond reason", gasTopic, raised, `"value":52`, `"value":1e1000001`, `/data/value/value: "1e1000001" is more than a float64 holds`},
		{"number before reason", gasTopic, raised, `"value":52`, `"value":1e-1000001`, `/data/value/value: "1e-1000001" is more than a float64 holds`},
		{"no JSON", gasTopic, raised, `"value":52`, `"value":NaN`, `the payload is not JSON`},
		{"no UTF-8", gasTopic, raised, `%LEL`, "\xc4\xe3", `the payload is not UTF-8`},
		{"an open thing that cannot be", "sitepost/1/a/up/open", openDoc, `gas.alarm.high`, `access.passage`, `/open/0/type: "access.passage" is no condition of the dictionary`},
		{"a thing open twice", "sitepost/1/a/up/open", openDoc, `"open":[`, `"open":[` + openThing + `,`, `/open/1/incident: "7f3a9c51d20b44e6-alarm-1234" stands twice`},
		{"open in another lane", "sitepost/1/a/up/open", openDoc, `-alarm-1234`, `-event-1234`, `/open/0/incident: "7f3a9c51d20b44e6-event-1234" is not of the alarm lane`},
		{"reply to another command", "sitepost/1/a/up/reply/c-1", `{"id":"c-2","result":"ok","code":"set"}`, ``, ``, `/id: got "c-2", want "c-1" as in the topic`},
		{"command of another topic", "sitepost/1/a/down/command/drain", `{"id":"c-2","name":"resend","issued":"2026-11-21T22:40:00Z","expires_in_s":1,"counter":1,"args":{"lane":"alarm","from":1,"to":1}}`, ``, ``, `/name: got "resend", want "drain" as in the topic`},
		{"inventory of another site", "sitepost/1/a/up/inventory", inventory, `"name":"a"`, `"name":"b"`, `/site/name: got "b", want "a" as in the topic`},
		{"part of an inventory with more", "sitepost/1/a/up/inventory/gas-1", inventory, `"devices":[`, `"devices":[{"name":"gas-2","kind":"gas_detector"},`, `/devices: want "gas-1" alone, as in the topic`},
		{"nested without end", "sitepost/1/a/up/report/x", `{"x":` + strings.Repeat(`[`, 40) + strings.Repeat(`]`, 40) + `}`, ``, ``, `/x` + strings.Repeat(`/0`, 32) + `: nested deeper than 32`},
		{"open without a revision", "sitepost/1/a/up/open", openDoc, `"revision":3,`, ``, `: missing property 'revision'`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			doc := strings.Replace(c.doc, c.old, c.new, 1)
			err := contract.Validate(c.topic, strings.Contains(c.topic, "/up/open") || strings.Contains(c.topic, "/up/inventory"), []byte(doc))
			if err == nil {
				t.Fatalf("got no error, want %q", c.want)
			}
			if got := err.Error(); !strings.HasPrefix(got, `topic "`+c.topic+`": `+c.want) {
				t.Errorf("got  %s\nwant topic %q: %s …", got, c.topic, c.want)
			}
		})
	}
}

// TestTopics: only the topics of the contract pass, with names of its shape and
// the retain flag of its table.
func TestTopics(t *testing.T) {
	t.Parallel()
	for topic, want := range map[string]string{
		"sitepost/1/xinggang-ferry/up/alarm":         "is no topic of the contract",
		"sitepost/1/xinggang-ferry/up/alarm/gas_1":   "is no topic of the contract",
		"sitepost/1/xinggang-ferry/up/alarm/":        "is no topic of the contract",
		"sitepost/1/xinggang-ferry/up/alarm/+":       "is no topic of the contract",
		"sitepost/1/Ferry/up/alarm/gas-1":            "is no topic of the contract",
		"sitepost/2/xinggang-ferry/up/alarm/gas-1":   "is no topic of the contract",
		"/sitepost/1/xinggang-ferry/up/alarm/gas-1":  "is no topic of the contract",
		"sitepost/1/xinggang-ferry/up/alarm/gas-1/x": "is no topic of the contract",
		"": "is no topic of the contract",
		"sitepost/1/" + strings.Repeat("a", 33) + "/up/open": "is no topic of the contract",
		strings.Repeat("a/", 1<<20):                          "is no topic of the contract",
		"sitepost/1/a/up/open":                               "retained: got false, want true",
		"sitepost/1/a/up/canary":                             "the payload is empty",
	} {
		if err := contract.Validate(topic, false, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80q: got %v, want %q", topic, err, want)
		}
	}
	const retained = true
	for topic, empties := range map[string]bool{
		"sitepost/1/a/up/open": true, "sitepost/1/a/up/device/d": true, "sitepost/1/a/up/stream/c": true,
		"sitepost/1/a/up/inventory": true, "sitepost/1/a/up/state": false,
	} {
		if err := contract.Validate(topic, retained, nil); (err == nil) != empties {
			t.Errorf("%q emptied: got %v, want allowed %t", topic, err, empties)
		}
	}
	for _, topic := range topics {
		name := strings.NewReplacer("{incident}", "7f3a9c51d20b44e6-alarm-1", "{", "", "}", "").Replace(topic.address)
		err := contract.Validate(name, !topic.retained, []byte("{}"))
		if err == nil || !strings.Contains(err.Error(), "retained: got") {
			t.Errorf("%q with the wrong flag: got %v", name, err)
		}
	}
}

// TestSizes: a message of a lane has at most 64 KiB, a picture 1 MiB.
func TestSizes(t *testing.T) {
	t.Parallel()
	long := []byte(`{"x":"` + strings.Repeat("a", 64<<10) + `"}`)
	if err := contract.Validate(gasTopic, false, long); err == nil || !strings.Contains(err.Error(), "want at most 65536") {
		t.Errorf("got %v, want at most 65536", err)
	}
	const picture = "sitepost/1/a/up/snapshot/c/7f3a9c51d20b44e6-alarm-1"
	if err := contract.Validate(picture, false, make([]byte, 1<<20)); err != nil {
		t.Error(err)
	}
	if err := contract.Validate(picture, false, make([]byte, 1<<20+1)); err == nil {
		t.Error("got no error for a picture above 1 MiB")
	}
}

// TestGoodMessages: what the mistakes are made of is good as it stands, and
// motion may be an alarm where a site wants that.
func TestGoodMessages(t *testing.T) {
	t.Parallel()
	motion := strings.NewReplacer(
		"gas.alarm.high", "camera.motion", `"state":"raised",`, ``, `"severity":"critical"`, `"severity":"notice"`,
		`"AlarmPriority":1,"AlarmMethod":2`, `"AlarmPriority":4,"AlarmMethod":5,"AlarmType":2`,
	).Replace(raised)
	for topic, docs := range map[string][]string{gasTopic: {raised, motion}, gateTopic: {passage, snapshot}} {
		for _, doc := range docs {
			if err := contract.Validate(topic, false, []byte(doc)); err != nil {
				t.Error(err)
			}
		}
	}
	for topic, doc := range map[string]string{
		"sitepost/1/a/up/open": openDoc, "sitepost/1/a/up/inventory": inventory, "sitepost/1/a/up/inventory/gas-1": inventory,
	} {
		if err := contract.Validate(topic, true, []byte(doc)); err != nil {
			t.Error(err)
		}
	}
}

// FuzzValidate: no topic and no payload makes Validate panic or dawdle, and
// what passes is JSON.
func FuzzValidate(f *testing.F) {
	for _, seed := range []struct{ topic, doc string }{
		{gasTopic, raised}, {gateTopic, passage}, {"sitepost/1/a/up/open", openDoc}, {"sitepost/1/a/up/state", `{"birth":1e1000001}`},
		{"sitepost/1/a/up/report/x", strings.Repeat(`[`, 9000) + strings.Repeat(`]`, 9000)}, {"sitepost/1/a/down/ack", `{"missing":[[-1e-999999,0]]}`},
	} {
		f.Add(seed.topic, strings.HasSuffix(seed.topic, "open"), []byte(seed.doc))
	}
	names, err := filepath.Glob("golden/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		var m golden
		if err := json.Unmarshal(raw, &m); err != nil {
			f.Fatal(err)
		}
		f.Add(m.Topic, m.Retained, bytes.TrimSpace(m.Payload))
	}
	f.Fuzz(func(t *testing.T, topic string, retained bool, payload []byte) {
		err := contract.Validate(topic, retained, payload)
		if err == nil && len(payload) > 0 && !strings.Contains(topic, "/snapshot/") && !json.Valid(payload) {
			t.Errorf("%q passed with %q", topic, payload)
		}
	})
}
