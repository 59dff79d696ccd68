package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// mostComplaints is how many were collected, and leastAnswered how many of them a
// test of ours must answer.
const (
	mostComplaints = 49
	leastAnswered  = 30
)

// A complaint is what users of other gateways, camera programs and serial tools
// asked for or complained of, by its number in our collection, where it can be read,
// and the tests that would fail if sitepost deserved it too.
type complaint struct {
	number       int
	where, about string
	tests        string // PACKAGE.TestName, several with a space between
}

// complaints are those that we answer. What is missing here is not answered by a
// test: 3, 30, 40.
var complaints = []complaint{
	{1, "frigate #1536 #2347 #7473 #19281", "nobody is told that a camera is down", "devices/camera.TestGone cmd/sitepost/daemon.TestCameraEndToEnd"},
	{2, "frigate #3910", "short gaps are told as if they were long ones", "ingest.TestOffline devices/camera.TestCalm"},
	{4, "frigate-notify #287", "who kills the camera first is not noticed", "ingest.TestSilence devices/camera.TestGone"},
	{5, "thingsboard-gateway #2065", "old values go out again with a new time", "devices/instrument.TestDeadInstrument"},
	{6, "rdtech-esphome #23 openhab1-addons #4552", "old values look fresh", "devices/instrument.TestDeadInstrument devices/instrument.TestFrozenDevice"},
	{7, "openhab-addons #10071", "a dead bus stays ONLINE", "ingest.TestSilence ingest.TestStreamIsNoLife"},
	{8, "zigbee2mqtt #27652 #2464", "when a device was last heard is forgotten at a restart", "ingest.TestOldSilenceEnds ingest.TestOfflineOfAnEarlierRun"},
	{9, "iot-edge-modbus #94", "nobody is told that the controller is lost", "devices/line.TestWatch ingest.TestLostLine"},
	{10, "thingsboard-gateway #298", "that it is over is never told", "ingest/store.TestDecisions cmd/sitepost/daemon.TestMaintenanceAtTheCity"},
	{11, "telegraf #11782", "one dead slave takes the data of all with it", "cmd/sitepost/daemon.TestTwoOfEightDead"},
	{12, "home-assistant #115982 neuron #1602 OpenEMS #6", "one dead slave stalls the bus", "cmd/sitepost/daemon.TestTwoOfEightDead devices/line.TestFairness"},
	{13, "neuron #2148", "a stray frame costs the whole port", "devices/line.TestTortureTTY devices/line.TestBabble"},
	{14, "thingsboard-gateway #1664 home-assistant #53871 libmodbus #556", "no silence between two questions", "devices/line.TestSilenceBetweenQuestions"},
	{15, "libmodbus #83", "a late answer is taken for the next one's", "devices/line.TestLateAnswer devices/line.TestLateForAnother"},
	{16, "openhab-addons #15810 supervisor #261", "ttyUSB numbers change after a restart", "cmd/sitepost/doctor.TestPorts"},
	{17, "klipper #4975 domoticz #5130", "two adapters without a serial number are one", "cmd/sitepost/doctor.TestPorts"},
	{18, "ch9344ser_linux #44 mqmgateway #9", "a pulled adapter comes back under another number, for its port is still held", "devices/line.TestTTYUnplugged devices/line.TestPTYUnplug"},
	{19, "node-red #111 JMRI #13587", "a pulled adapter costs all of the processor and the log", "devices/line.TestReopen devices/line.TestPTYUnplug"},
	{20, "node-red-nodes #537 #564 #580", "it hangs after hours and says that it is connected", "devices/line.TestHalfOpen devices/line.TestTTYStuck"},
	{21, "FastLED #4259", "a port in use is told as a broken driver", "devices/line.TestHolder devices/line.TestTTYSecondOpen cmd/sitepost/doctor.TestPorts"},
	{22, "sunsynk #271", "garbage after a reconnect", "devices/line.TestTTYBytesBeforeOpen"},
	{23, "home-assistant #36125 #51836 #91587 #121952", "a camera with a wrong clock refuses the login", "devices/camera/onvif.TestQuirk13ClockOfTheCamera"},
	{24, "home-assistant #36336 #37711", "no events after the camera was started anew", "devices/camera/pullpoint.TestRestartOfCamera"},
	{25, "home-assistant #92627", "to unsubscribe ends the subscriptions of others", "devices/camera/pullpoint.TestKeptIsDead"},
	{26, "home-assistant #90916 #124422 #146500", "motion that never ends", "devices/camera.TestEndsByItself"},
	{27, "home-assistant #69661 mavlink-camera-manager #636", "a new address is a new camera", "devices/camera.TestFollow devices/camera/find.TestMatch"},
	{28, "MiBeeNvr #41 onenvr #6", "a camera tells its old address", "devices/camera/find.TestChooseXAddr devices/camera/find.TestQuirk5OneLine"},
	{29, "device-onvif-camera #432 #73 #134", "nothing is found, and nobody says why", "devices/camera/find.TestDiscoverNowhere devices/camera/find.TestSweep cmd/sitepost/doctor.TestNetwork"},
	{31, "kerberos-io/agent #213", "it does not work, and nobody says at which layer", "cmd/sitepost/doctor.TestLayers cmd/sitepost/doctor.TestCameras"},
	{32, "telegraf #5494 #944 #12000", "a mistake without file and line", "config.TestBadFiles"},
	{33, "evcc #15336", "check says good, and the start refuses", "cmd/sitepost.TestExitCodes cmd/sitepost.TestCheckAndReloadAgree"},
	{34, "mediamtx #5549 #5592", "a bad file at a reload ends the server", "cmd/sitepost.TestCheckAndReloadAgree cmd/sitepost/daemon.TestThousandReloads"},
	{35, "evcc #21919 #11277", "after an upgrade the file is not understood any more", "config.TestMigrate cmd/sitepost/package.TestInstall"},
	{36, "evcc-io/docs #157", "why it does not run stands only in the log", "cmd/sitepost/daemon.TestReloadRefused cmd/sitepost/daemon.TestRejected"},
	{37, "evcc #5845", "an editor's encoding is told as an invalid octet", "config.TestBadFiles cmd/sitepost/points.TestEncodings"},
	{38, "zigbee2mqtt #6840 evcc #4485", "a message that only a developer can read", "config.TestBadFiles cmd/sitepost/daemon.TestNextStep cmd/sitepost.TestEveryCodeIsExplained"},
	{39, "zigbee2mqtt #13339 home-assistant #46547", "a tool rewrites the file and the comments are gone", "cmd/sitepost.TestScripts cmd/sitepost.TestRollbackKeepsRights"},
	{41, "home-assistant #55733 #113730", "a name that stands twice is only a warning", "config.TestBadFiles cmd/sitepost/points.TestTwins"},
	{42, "app-service-configurable #318 export #28", "what happens without a connection is not kept", "uplink.TestHourWithoutCity cmd/sitepost/daemon.TestCityIsGone"},
	{43, "thingsboard-gateway #2098 #2124 #284", "a queue that tells twice, or is made anew, or is stuck", "uplink.TestRandomKills ingest/store.TestReliableKilled"},
	{44, "telegraf #5536 #802", "what is dropped is not told", "uplink.TestLoss ingest/store.TestReliableFull"},
	{45, "thingsboard-gateway #2122", "every point is a write to flash", "ingest/store.TestReliableFlash"},
	{46, "Zwave2Mqtt #221 zigbee2mqtt #871 #2678 home-assistant #54357", "retained topics of what is gone stay for ever", "cmd/sitepost/daemon.TestGone cmd/sitepost/daemon.TestRetire"},
	{47, "mosquitto #1165", "offline for ever, or online for ever", "uplink.TestLastWords uplink.TestReturn"},
	{48, "rtlamr2mqtt #312 Zway-MQTT #49", "two boxes under one name push each other out", "uplink.TestMosquittoTakenOver"},
	{49, "mosquitto #524 #1877 thin-edge #3157", "a renewed certificate is not taken", "cmd/sitepost/daemon.TestRenewedCertificate"},
}

// TestComplaints: what others were blamed for is answered by tests that exist, for
// thirty of the complaints at least.
func TestComplaints(t *testing.T) {
	there := testsOfTheHouse(t)
	seen := map[int]bool{}
	for _, c := range complaints {
		if c.number < 1 || c.number > mostComplaints || seen[c.number] || c.where == "" || c.about == "" {
			t.Errorf("complaint %d stands twice, is none, or is not told", c.number)
		}
		seen[c.number] = true
		tests := strings.Fields(c.tests)
		if len(tests) == 0 {
			t.Errorf("complaint %d (%s) is answered by nothing", c.number, c.about)
		}
		for _, name := range tests {
			if !there[name] {
				t.Errorf("complaint %d (%s): there is no test %s", c.number, c.about, name)
			}
		}
	}
	if len(seen) < leastAnswered {
		t.Errorf("got %d answered, want %d at least", len(seen), leastAnswered)
	}
}

// testsOfTheHouse lists every test there is, as PACKAGE.TestName.
func testsOfTheHouse(t *testing.T) map[string]bool {
	t.Helper()
	root := filepath.Join("..", "..")
	all := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		room, err := filepath.Rel(root, filepath.Dir(path))
		for _, d := range file.Decls {
			if f, is := d.(*ast.FuncDecl); is && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Test") {
				all[filepath.ToSlash(room)+"."+f.Name.Name] = true
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
