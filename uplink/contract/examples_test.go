package contract_test

import (
	"cmp"
	"strings"
	"testing"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// The site of the golden messages: a ferry terminal on a November night.
const (
	site  = "xinggang-ferry"
	epoch = store.Epoch("7f3a9c51d20b44e6")
)

var (
	night = time.Date(2026, 11, 21, 22, 40, 0, 123456789, time.FixedZone("", 8*60*60))

	berth   = devices.Zone{Name: "berth-1", Class: "roro_lane", Also: []string{"quay"}}
	check   = devices.Zone{Name: "check-1", Class: "screening"}
	outside = devices.Zone{Name: "hall-outside", Class: "unscreened"}
	hall    = devices.Zone{Name: "hall", Class: "screened", Also: []string{"crowded"}}

	gas1 = devices.Place{Zone: &berth, Device: devices.Named{Name: "gas-1", Title: "滚装车道可燃气1",
		Kind: devices.GasDetector, Code: "34020000141348000003", Profile: "honeywell-xcd"}}
	xray1 = devices.Place{Zone: &check, Device: devices.Named{Name: "xray-1", Title: "一号安检机",
		Kind: devices.XRay, Profile: "contacts-8"}}
	wtmd1 = devices.Place{Zone: &check, Device: devices.Named{Name: "wtmd-1", Title: "一号安检门",
		Kind: devices.MetalDetectorGate, Profile: "ceia-02pn20"}}
	panic1 = devices.Place{Zone: &check, Device: devices.Named{Name: "panic-1", Title: "安检口紧急按钮",
		Kind: devices.PanicButton, Profile: "contacts-8"}}
	contacts1 = devices.Place{Zone: &berth, Device: devices.Named{Name: "contacts-1", Title: "码头开关量箱",
		Kind: devices.Contacts, Profile: "contacts-8"}}
	gate1 = devices.Place{From: &outside, To: &hall, Device: devices.Named{Name: "gate-1", Title: "检票闸机1",
		Kind: devices.Gate, Profile: "gate-7e7f"}}
	door1 = devices.Place{Zone: &hall, Device: devices.Named{Name: "door-1", Title: "员工通道读卡器",
		Kind: devices.CardReader}}
	camera1 = devices.Place{Zone: &check, Device: devices.Named{Name: "check-1-top", Title: "一号安检口顶",
		Kind: devices.Camera, Code: "34020000141328000002"}}
	recorder1 = devices.Place{Device: devices.Named{Name: "nvr-1", Title: "机房录像机", Kind: devices.Recorder}}
	busA      = devices.Place{Device: devices.Named{Name: "bus-a", Kind: devices.LineKind}}
	box       = devices.Place{Device: devices.Named{Name: "box", Kind: devices.Box}}
)

// speakers says who speaks the codes that begin so; the longest beginning wins.
var speakers = map[string]devices.Place{
	"gas.": gas1, "screening.": xray1, "screening.metal.": wtmd1, "screening.pass": wtmd1, "screening.separation.": gate1,
	"access.": gate1, "access.card": door1, "access.id_card": door1, "access.keypad": door1, "access.granted": door1,
	"access.denied": door1, "access.forced": door1, "access.held_open": door1,
	"panic.": panic1, "intrusion.": contacts1, "fire.": contacts1, "tamper.": contacts1, "contact.": contacts1,
	"camera.": camera1, "stream.": camera1, "snapshot.": camera1, "recording.": recorder1, "device.": gas1, "line.": busA,
	"alarm.": gas1, "box.": box, "uplink.": box, "clock.": box, "store.": box, "power.": box, "config.": box, "certificate.": box,
}

// said is what each code typically carries beside its place and state.
var said = map[devices.Code]devices.Event{
	"gas.reading":               {Value: &devices.Value{Quantity: "combustible gas", Unit: "%LEL", Number: 3.5, Summary: &devices.Summary{Last: 3.5, Min: 2, Max: 4.5, Mean: 3.1, N: 60}}},
	"gas.alarm.low":             {Value: &devices.Value{Quantity: "combustible gas", Unit: "%LEL", Number: 27, Limit: new(25.0)}},
	"gas.alarm.high":            {Value: &devices.Value{Quantity: "combustible gas", Unit: "%LEL", Number: 52, Limit: new(50.0)}},
	"screening.pass":            {Point: "in", Count: &devices.Count{Raw: 8120, Step: 2}},
	"screening.metal.alarm":     {Count: &devices.Count{Raw: 311, Step: 1}},
	"screening.xray.alarm":      {Point: "1"},
	"screening.xray.running":    {Is: "on"},
	"access.passage":            {Point: "left", Direction: devices.Forward, Count: &devices.Count{Raw: 4711, Step: 1}},
	"access.card":               {Card: &devices.Card{Hash: strings.Repeat("5f3c9e07", 8), KeyID: "city-2026"}},
	"access.id_card":            {Is: "present"},
	"access.leaf":               {Point: "left", Is: "closed"},
	"contact.input":             {Point: "7", Is: "on"},
	"tamper.contact":            {Point: "8"},
	"camera.digital_input":      {Point: "1", Is: "on"},
	"camera.event":              {Detail: "tns1:RuleEngine/MyRuleDetector/Visitor", Text: "State=true"},
	"camera.objects":            {Point: "person", Value: &devices.Value{Quantity: "objects", Number: 14, Summary: &devices.Summary{Last: 14, Min: 9, Max: 17, Mean: 13.2, N: 60}}},
	"camera.moved":              {Text: "10.37.20.12 is 10.37.20.22 now"},
	"camera.changed":            {Detail: "firmware", Text: "V5.7.3 build 220112 is V5.7.15 build 230626 now"},
	"camera.login_refused":      {Detail: "401", Text: "the camera refuses the login \"cameras\": check user and password of its ONVIF account"},
	"stream.reading":            {Stream: &liveStream},
	"stream.offline":            {Text: `stream "rtsp://10.37.20.12:554/Streaming/Channels/101": route: 10.37.20.12:554 does not answer; look at the camera's power and cable, and for a firewall`},
	"stream.stalled":            {Text: `stream "rtsp://10.37.20.12:554/Streaming/Channels/101": no data: no picture for 3.0 s`},
	"stream.degraded":           {Text: "86 of 21500 packets lost (0.4 %), more than 0.1 %: look at cable, plugs and the error counters of the switch ports between the camera and here; compare with TCP"},
	"stream.frozen_hint":        {Text: `97 % of 245 frames hold next to nothing under vbr: the picture does not move, or is none: look at the picture: it may be frozen, covered, dark, or a made one such as "no video"; an empty scene under strong noise reduction looks the same`},
	"stream.parameters_changed": {Detail: "codec, profile, size, fps", Text: "H265 Main 4.0 2560x1440 at 20, before H264 High 4.0 1920x1080 at 25"},
	"stream.below_hd":           {Text: "1280x720 at 24.9 frames a second, the site wants 1920x1080 at 25"},
	"stream.clock_skew":         {Text: "the camera's clock is 37s behind (told by RTCP), more than 5s: set up NTP in the camera"},
	"recording.retention.short": {Point: "3", Value: &devices.Value{Quantity: "oldest recording", Unit: "d", Number: 61, Limit: new(90.0)}},
	"snapshot.taken": {Incident: string(epoch) + "-alarm-3", Picture: &devices.Picture{
		SHA256: strings.Repeat("5f3c9e07", 8), Bytes: 184_320, Type: "image/jpeg", Width: 1920, Height: 1080}},
	"device.silent":  {Text: "nothing heard for 10s"},
	"device.fault":   {Detail: "1103", Text: "SENSOR FAIL"},
	"device.offline": {Text: "dial tcp 10.37.20.60:4001: connect: no route to host"},
	"device.counts":  {Day: &gasDay},
	"device.mode":    {Mode: devices.WarmUp, Is: "warm-up"},
	"line.lost":      {Text: "open /dev/ttyUSB0: no such file or directory"},
	"alarm.chattering": {Point: "gas.alarm.low/3", Detail: "gas.alarm.low", Count: &devices.Count{Raw: 31, Step: 31},
		Text: "more than 30 edges in a minute: look for a loose contact, or a value that sits on its limit; what stands is told when it is calm"},
	"alarm.test":        {Mode: devices.Test, Text: "made by a technician"},
	"box.started":       {Detail: "power cut", Text: "sitepost 1.2.0: the machine went without a goodbye (power cut, reset or hang), last known alive at 2026-11-21 22:31:00 +08:00, 9m0s before this start"},
	"box.stopping":      {Detail: "upgrade"},
	"uplink.lost":       {Text: "not connected for 3m20s"},
	"uplink.refused":    {Point: "city-a", Text: "refused by the broker: not Authorized (check user and password of this broker, and ask the city whether this box is registered)"},
	"uplink.taken_over": {Text: "a canary on our topic that is not ours (find the other box that is configured as this site, or runs a copy of its disk, and give it a name and client_id of its own)"},
	"clock.corrected": {Detail: "3f0c9a3e-6f0e-4a0e-9a55-1d2c7c0f5b11", Value: &devices.Value{Quantity: "offset", Unit: "s", Number: 3.25},
		Text: "the box's clock is right now: +3.25s to what it told before"},
	"clock.jumped": {Value: &devices.Value{Quantity: "offset", Unit: "s", Number: -3600},
		Text: "the box's clock was set by -1h0m0s, from 2026-11-21 23:40:00 +08:00 to 2026-11-21 22:40:00 +08:00"},
	"clock.unsynced":    {Text: "the box's clock is not synchronised: set up chrony or systemd-timesyncd"},
	"power.battery.low": {Value: &devices.Value{Quantity: "battery", Unit: "%", Number: 18}, Text: `battery "BAT0" is low`},
	"store.wear": {Value: &devices.Value{Quantity: "written", Unit: "GB/d", Number: 31},
		Text: "31.0 GB a day are written, projected from the last hour: send fewer readings, or use storage that bears it"},
	"store.full": {Text: "/var/lib/sitepost: the disk refuses: no space left on device; meanwhile alarms go to the city from memory, events and readings are lost: make room on the disk"},
	"store.damaged": {Detail: "0c11d5e6a7f80912", Text: "store.db was damaged and has been replaced; the old one lies in /var/lib/sitepost/damaged/store-20261121T144000Z-1.db: copy it away, and have the disk and the power supply of the box checked. " +
		"What became of its records: 3 of lane alarm were saved; lane event lost 812-815. What was wrong: page 5: says it is page 0 with 0 more"},
	"store.gap":            {Point: "reading", Detail: "1201-1350", Text: "150 records are missing: dropped: no room"},
	"config.changed":       {Text: "by root, 2 instruments added"},
	"config.rejected":      {Text: "/etc/sitepost/site.toml:41:1: unknown key \"settigns\""},
	"certificate.expiring": {Point: "box", Value: &devices.Value{Quantity: "left", Unit: "d", Number: 29, Limit: new(30.0)}},
}

// gasDay is a whole day of a detector that went silent for a minute and a half.
var gasDay = devices.Day{
	Date: "2026-11-20", Complete: true, Heard: 172_620, AwayS: 94,
	Counts: map[devices.Code]uint64{
		"gas.alarm.low": 2, "gas.alarm.high": 0, "device.fault": 0, "device.mode": 2, "device.silent": 1,
	},
}

// liveStream has every figure that a stream can have, but for those that tell of
// trouble.
var liveStream = devices.Stream{
	State: devices.StreamLive, Since: night.Add(-14 * time.Hour), URI: "rtsp://10.37.20.12:554/Streaming/Channels/101", Transport: "tcp", Seconds: 10,
	Codec: "H264", Profile: "High", Level: "4.0", Width: 1920, Height: 1080, FPSNominal: new(25.0), Parameters: "stream", HD: new(true),
	FPS: new(25.0), Frames: 250, BitrateBPS: new(4012345.0), PeakBPS: new(4400120.0), GOPFrames: new(50), KeySeconds: new(2.0), KeyFrames: 5,
	RateMode: "vbr", SmallFrames: new(0.0), InterFrames: 245, Packets: 3600, Loss: new(0.0), JitterMS: new(1.2), Conform: new(true),
	FirstFrameMS: new(412.0), ConnectMS: new(1.5), DescribeMS: new(10.5), PlayMS: new(20.0), FirstPacketMS: new(40.0), KeyFrameMS: new(340.0),
	ClockErrorMS: new(-80.0), SenderReports: 2, Audio: new(false), Metadata: new(true),
}

// disabledStream, offlineStream and lossyStream are of the other kinds.
var (
	disabledStream = devices.Stream{State: devices.StreamDisabled, Since: night.Add(-20 * 24 * time.Hour), Why: []string{"栈桥改造，12月15日恢复"}}
	offlineStream  = devices.Stream{State: devices.StreamIsOffline, Since: night, URI: liveStream.URI, Transport: "tcp",
		Why: []string{"route: 10.37.20.12:554 does not answer; look at the camera's power and cable, and for a firewall"}}
	lossyStream = devices.Stream{
		State: devices.StreamIsDegraded, Since: night, URI: liveStream.URI, Transport: "udp", Seconds: 60,
		Why:   []string{"86 of 21500 packets lost (0.4 %), more than 0.1 %"},
		Codec: "H265", Profile: "Main", Level: "4.0", Width: 1280, Height: 720, Parameters: "description", HD: new(false),
		FPS: new(24.9), Frames: 1494, RateMode: "cbr", Packets: 21_500, Loss: new(0.004), Duplicates: 3, Resets: 1, JitterMS: new(18.5), Conform: new(false),
	}
)

// example makes a typical record of a code, with a number of its own.
func example(t testing.TB, code devices.Code, seq uint64) store.Record {
	t.Helper()
	meaning, ok := code.Meaning()
	if !ok {
		t.Fatalf("%q is not in the dictionary", code)
	}
	var place devices.Place
	longest := ""
	for beginning, who := range speakers {
		if strings.HasPrefix(string(code), beginning) && len(beginning) > len(longest) {
			longest, place = beginning, who
		}
	}
	if longest == "" {
		t.Fatalf("nobody speaks %q: add it to speakers", code)
	}
	place.Site = devices.Site{Name: site, Code: "34020000141188000001", SecurityLevel: 1}
	e := said[code]
	e.Code, e.Time = code, night
	if meaning.Form == devices.Condition {
		e.State = devices.Raised
	}
	r := store.Record{
		Epoch: epoch, Lane: meaning.Form.Lane(), Seq: seq, Place: place, Event: e, Accepted: night.Add(2 * time.Millisecond),
		Clock: store.Clock{Source: "ntp", Synced: true, Boot: "3f0c9a3e-6f0e-4a0e-9a55-1d2c7c0f5b11", UptimeMS: 86_400_000},
	}
	r.Incident = cmp.Or(e.Incident, r.ID())
	return r
}
