package notice

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/simplifiedchinese"

	"sitepost/devices"
)

// answer is an answer to PullMessages that holds one message; %s are its topic, its
// attributes and what stands inside it.
const answer = `<s:Envelope><s:Body><tev:PullMessagesResponse><wsnt:NotificationMessage><wsnt:Topic>%s</wsnt:Topic>` +
	`<wsnt:Message><tt:Message %s>%s</tt:Message></wsnt:Message></wsnt:NotificationMessage></tev:PullMessagesResponse></s:Body></s:Envelope>`

// changed is a message about R1 of V1 whose data are the items given.
func changed(topic string, data ...Item) Notification {
	return Notification{Topic: Canonical(topic), Raw: topic, Operation: Changed, Source: []Item{{"VideoSourceToken", "V1"}, {"Rule", "R1"}}, Data: data}
}

// lines are sayings as the golden files have them.
func lines(said []Saying) []string {
	var all []string
	for _, s := range said {
		all = append(all, s.write())
	}
	return all
}

// TestQuirk36 promises one spelling for all ways in which cameras write a topic.
func TestQuirk36(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]string{
		{"tns1:VideoSource/MotionAlarm", "VideoSource/MotionAlarm"},
		{" tns1:Device/Trigger/DigitalInput//. ", "Device/Trigger/DigitalInput"},
		{"tns1:RuleEngine/CellMotionDetector/Motion/.", "RuleEngine/CellMotionDetector/Motion"},
		{"tns1:VideoSource/SignalLoss/", "VideoSource/SignalLoss"},
		{"tns1:Device/tns1:Trigger/tnssamsung:DigitalInput", "Device/Trigger/DigitalInput"},
		{"tnsaxis:CameraApplicationPlatform/VMD/Camera1ProfileANY", "CameraApplicationPlatform/VMD/Camera1ProfileANY"},
		{"tns1:VideoSource/tns1:Device/Trigger/DigitalInput", "VideoSource/Device/Trigger/DigitalInput"},
		{"\n\ttns1:Device/Trigger/\x00Relay", "Device/Trigger/Relay"},
		{"//.", ""},
		{"", ""},
		{strings.Repeat("a", 400), strings.Repeat("a", maxTopic)},
		{strings.Repeat("x/", 99) + "VideoSource/MotionAlarm", strings.Repeat("x/", maxSegments-2) + "VideoSource/MotionAlarm"},
	} {
		if got := Canonical(c[0]); got != c[1] {
			t.Errorf("%q: got %q, want %q", c[0], got, c[1])
		}
	}
}

// TestMatches promises that a row is found by the end of a topic and no other way.
func TestMatches(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, topic, rest string
		ok                   bool
	}{
		{"Trigger/DigitalInput", "Device/Trigger/DigitalInput", "", true},
		{"Trigger/DigitalInput", "VideoSource/Device/Trigger/DigitalInput", "", true},
		{"Trigger/DigitalInput", "device/trigger/digitalinput", "", true},
		{"Trigger/DigitalInput", "Device/Trigger/DigitalInput/More", "", false},
		{"Trigger/DigitalInput", "Device/NoTrigger/DigitalInput", "", false},
		{"Trigger/DigitalInput", "DigitalInput", "", false},
		{"Trigger/DigitalInput", "", "", false},
		{"Access/Denied/**", "Access/Denied", "", true},
		{"Access/Denied/**", "X/Access/Denied/Not/Found", "Not/Found", true},
		{"Access/Denied/**", "Access/Granted", "", false},
		{"RuleEngine/VMD*/**", "RuleEngine/VMD3/vmd3_video_1", "vmd3_video_1", true},
		{"RuleEngine/VMD*/**", "RuleEngine/[/vmd3", "", false},
	} {
		if rest, ok := matches(c.pattern, c.topic); ok != c.ok || rest != c.rest {
			t.Errorf("%q in %q: got %q %v, want %q %v", c.pattern, c.topic, rest, ok, c.rest, c.ok)
		}
	}
}

// TestQuirk37 promises a word for the makes' own topics, and that a topic without
// a word leaves as it came.
func TestQuirk37(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		topic string
		data  []Item
		want  []string
	}{
		{"tns1:Device/Trigger/tnshik:AlarmIn", []Item{{"State", "true"}}, []string{`camera.digital_input   on  point "alarm in"  detail "alarm in"  source "V1"`}},
		{"tns1:VideoAnalytics/tnshik:MotionAlarm", []Item{{"State", "true"}}, []string{`camera.motion  point "R1"  source "V1"`}},
		{"tns1:UserAlarm/VideoCover", []Item{{"State", "active"}}, []string{`camera.occluded        raised  point "R1"  source "V1"`}},
		{"tns1:UserAlarm/IVA/HumanShapeDetect", []Item{{"State", "true"}}, []string{`camera.event  point "R1"  detail "tns1:UserAlarm/IVA/HumanShapeDetect"  text "State=true"  source "V1"`}},
		{"tns1:RuleEngine/CellMotionDetector/People", []Item{{"IsPeople", "true"}}, []string{`camera.event  point "R1"  detail "tns1:RuleEngine/CellMotionDetector/People"  text "IsPeople=true"  source "V1"`}},
		{"tns1:RuleEngine/tnsajax:ObjectDetector/Detection", []Item{{"Kind", "dog"}, {"Score", "0.9"}}, []string{`camera.event  point "R1"  detail "tns1:RuleEngine/tnsajax:ObjectDetector/Detection"  text "Kind=dog, Score=0.9"  source "V1"`}},
		{"tns1:VideoSource/New", []Item{{"State", "false"}}, []string{`camera.event  point "R1"  detail "tns1:VideoSource/New"  text "State=false"  source "V1"`}},
		{"", []Item{{"State", "true"}}, []string{`camera.event  point "R1"  text "State=true"  source "V1"`}},
		{"", nil, nil},
	} {
		if diff := cmp.Diff(c.want, lines(changed(c.topic, c.data...).Say())); diff != "" {
			t.Errorf("%s: %s", c.topic, diff)
		}
	}
}

// TestQuirk38Booleans promises that a yes and a no are read in all the makes' words,
// and that any other word makes no edge and is kept.
func TestQuirk38Booleans(t *testing.T) {
	t.Parallel()
	words := map[truth][]string{
		yes:    {"true", "TRUE", "True", "1", "active", "Active", "on", "yes"},
		no:     {"false", "FALSE", "0", "inactive", "off", "No"},
		unread: {"", "2", "-1", "tru", "maybe", "null", "未知"},
	}
	want := map[truth][]string{
		yes: {`camera.video_lost      raised  point "R1"  source "V1"`},
		no:  {`camera.video_lost      cleared  point "R1"  source "V1"`},
	}
	for said, list := range words {
		for _, word := range list {
			expected := want[said]
			if said == unread {
				expected = []string{fmt.Sprintf("camera.event  point %q  detail %q  text %q  source %q", "R1", "tns1:VideoSource/SignalLoss", "State="+word, "V1")}
			}
			if diff := cmp.Diff(expected, lines(changed("tns1:VideoSource/SignalLoss", Item{"State", word}).Say())); diff != "" {
				t.Errorf("%q: %s", word, diff)
			}
		}
	}
}

// TestQuirk38Times promises that a time is read leniently, and that one that cannot
// be meant is none.
func TestQuirk38Times(t *testing.T) {
	t.Parallel()
	meant := time.Date(2026, 11, 21, 14, 40, 0, 0, time.UTC)
	for _, c := range []struct {
		written string
		want    time.Time
	}{
		{"2026-11-21T14:40:00Z", meant},
		{"2026-11-21T22:40:00+08:00", meant},
		{"2026-11-21T22:40:00+0800", meant},
		{"2026-11-21T14:40:00", meant},
		{" 2026-11-21 14:40:00 ", meant},
		{"2026-11-21T14:40:00.250Z", meant.Add(250 * time.Millisecond)},
		{"2026-11-21T14:40:00.25", meant.Add(250 * time.Millisecond)},
		{"0000-00-00T00:00:00Z", time.Time{}},
		{"2026-11-21T14:61:00Z", time.Time{}},
		{"2023-05-15T-07:10:32Z", time.Time{}},
		{"1970-01-01T00:00:00Z", time.Time{}},
		{"2000-01-06T23:24:25.472Z", time.Time{}},
		{"9999-12-31T23:59:59Z", time.Time{}},
		{"yesterday", time.Time{}},
		{"", time.Time{}},
	} {
		document := fmt.Sprintf(answer, "tns1:VideoSource/MotionAlarm", fmt.Sprintf("UtcTime=%q PropertyOperation='changed'", c.written), `<tt:Data><tt:SimpleItem Name="State" Value="1"/></tt:Data>`)
		want := []Saying{{Event: devices.Event{Code: devices.CameraMotion, DeviceTime: c.want}}}
		if diff := cmp.Diff(want, readAnswer(t, []byte(document))[0].Say()); diff != "" {
			t.Errorf("%q: %s", c.written, diff)
		}
	}
}

// TestQuirk39 promises that a raising which no camera is known to end says how long
// it stands.
func TestQuirk39(t *testing.T) {
	t.Parallel()
	var got []string
	for _, r := range Table() {
		if r.Lasts > 0 {
			got = append(got, fmt.Sprintf("%s %s", r.Topic, r.Lasts))
		}
	}
	want := []string{
		"VideoSource/Tampering 1m0s", "RuleEngine/FieldDetector/ObjectsInside 10m0s", "CellMotionDetector/Intrusion 10m0s",
		"IntrusionDetector/** 10m0s", "LoiteringDetector/** 10m0s", "IVA/LoiteringDetection 10m0s", "CrowdDetect*/** 10m0s",
		"RuleEngine/Occupancy*/** 10m0s", "Radiometry/BodyTemperatureAlarm 1m0s", "AccessControl/Duress/** 10m0s",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestQuirk40 promises that Initialized is how things stand: a condition is raised
// or cleared by it and says so, and nothing that merely happens is told.
func TestQuirk40(t *testing.T) {
	t.Parallel()
	for _, r := range Table() {
		for _, n := range examples(&r) {
			if n.Operation != Initialized {
				continue
			}
			for _, s := range n.Say() {
				e := s.Event
				form := e.Code.Form()
				if form != devices.Condition && form != devices.StateForm {
					t.Errorf("%s, %s: got %q, which is no state", r.Topic, head(n), s.write())
				}
				if e.State == devices.Raised && e.Text != stood {
					t.Errorf("%s, %s: got the text %q, want %q", r.Topic, head(n), e.Text, stood)
				}
			}
		}
	}
	unknown := changed("tns1:VideoSource/New", Item{"State", "true"})
	for _, o := range []Operation{Initialized, Deleted} {
		if unknown.Operation = o; unknown.Say() != nil {
			t.Errorf("got %v of a topic without a word that was %s, want nothing", unknown.Say(), o)
		}
	}
}

// TestQuirk41 promises that the token of a recorder's channel is never dropped, by
// whatever name it goes.
func TestQuirk41(t *testing.T) {
	t.Parallel()
	for _, name := range sources {
		for _, topic := range []string{"tns1:VideoSource/MotionAlarm", "tns1:VideoSource/SignalLoss", "tns1:VideoSource/New"} {
			n := Notification{Topic: Canonical(topic), Raw: topic, Source: []Item{{name, "00007"}}, Data: []Item{{"State", "true"}}}
			if said := n.Say(); len(said) != 1 || said[0].Source != "00007" {
				t.Errorf("%s with %s: got %v, want the source 00007", topic, name, said)
			}
		}
	}
	both := changed("tns1:VideoSource/SignalLoss", Item{"State", "true"})
	both.Source = []Item{{"VideoAnalyticsConfigurationToken", "analytics"}, {"VideoSourceConfigurationToken", "config"}, {"VideoSourceToken", "source"}}
	if got := both.Say()[0].Source; got != "source" {
		t.Errorf("got %q of three, want the surest, %q", got, "source")
	}
}

// TestQuirk42 promises that neither foreign bytes nor a foreign charset costs a
// message (HA#89620).
func TestQuirk42(t *testing.T) {
	t.Parallel()
	body := fmt.Sprintf(answer, "tns1:RuleEngine/LineDetector/Crossed", "", `<tt:Source><tt:SimpleItem Name="Rule" Value="东门"/></tt:Source>`)
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(body)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, document, want string }{
		{"UTF-8", body, "东门"},
		{"GB 18030, declared", `<?xml version="1.0" encoding="GB18030"?>` + gb, "东门"},
		{"GB 18030, not declared", gb, "东门"},
		{"control characters", strings.ReplaceAll(body, "东门", "a\x01\x02b\u202ec"), "a b c"},
	} {
		want := []string{fmt.Sprintf("camera.line_crossed  point %q", c.want)}
		if diff := cmp.Diff(want, lines(readAnswer(t, []byte(c.document))[0].Say())); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

// TestBounds promises that no answer makes more of itself than is read of one, and
// that what is left out is counted.
func TestBounds(t *testing.T) {
	t.Parallel()
	var m Messages
	long := holder{Topic: strings.Repeat("t/", 400)}
	for range 100 {
		long.Message.Data.SimpleItem = append(long.Message.Data.SimpleItem, simpleItem{Name: strings.Repeat("n", 4000), Value: strings.Repeat("值", 4000)})
	}
	m.NotificationMessage = append(m.NotificationMessage, long)
	for range maxMessages + 6 {
		m.NotificationMessage = append(m.NotificationMessage, holder{Topic: "t"})
	}
	all := m.Read()
	if len(all) != maxMessages || m.Beyond() != 7 {
		t.Errorf("got %d messages and %d beyond, want %d and 7", len(all), m.Beyond(), maxMessages)
	}
	n := all[0]
	said := n.Say()
	got := []int{len(n.Raw), len(n.Data), len([]rune(n.Data[0].Value)), len([]rune(said[0].Event.Text))}
	if diff := cmp.Diff([]int{maxTopic, maxItems, maxValue, maxValue}, got); diff != "" {
		t.Errorf("topic, items, a value, a text: %s", diff)
	}
	if got := (Messages{}).Beyond(); got != 0 {
		t.Errorf("got %d beyond of nothing", got)
	}
}
