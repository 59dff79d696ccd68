package config

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
)

// TestInstrumentsMeaning holds what the keys of gas detectors, controllers and
// readers mean, and which limits are taken where none are written.
func TestInstrumentsMeaning(t *testing.T) {
	t.Parallel()
	c, findings := Parse("a.toml", []byte(`version = 1
[site]
name = "demo"
[network]
device_networks = ["10.0.0.0/24"]
[[zone]]
name = "a"
class = "quay"
[[line]]
name = "plc"
port = "modbus-tcp://10.0.0.61"
[[line]]
name = "gateway"
port = "modbus-tcp://10.0.0.62:503"
pause = "20ms"
[[line]]
name = "doors"
port = "/dev/ttyS2"
settings = "9600 8N1"
[[instrument]]
name = "written"
zone = "a"
profile = "own-panel"
line = "plc"
address = 255
channel = 1
limits = {low = 20, high = 40, hysteresis = 2, unit = "%LEL"}
[[instrument]]
name = "default"
zone = "a"
profile = "own-panel"
line = "plc"
address = 255
channel = 16
[[instrument]]
name = "hysteresis"
zone = "a"
profile = "own-panel"
line = "plc"
address = 1
channel = 1
limits = {low = 20, high = 40, unit = "%LEL"}
[[instrument]]
name = "low"
zone = "a"
profile = "own-panel"
line = "plc"
address = 1
channel = 2
limits = {low = 4, high = 8, unit = "%LEL"}
[[instrument]]
name = "none"
zone = "a"
profile = "own-panel"
line = "plc"
address = 1
channel = 3
limits = {low = 4, high = 8, hysteresis = 0, unit = "%LEL"}
[[instrument]]
name = "toxic"
zone = "a"
profile = "own-toxic"
line = "gateway"
address = 2
limits = {low = 10, high = 20, unit = "ppm"}
[[instrument]]
name = "current"
zone = "a"
profile = "own-current"
line = "gateway"
address = 3
span = {low = -10, high = 100.5, unit = "%LEL"}
[[instrument]]
name = "alarms"
zone = "a"
profile = "honeywell-xcd"
line = "gateway"
address = 4
[[instrument]]
name = "door-1"
zone = "a"
protocol = "osdp"
line = "doors"
address = 0
install = true
`), Env{Profiles: shelf{}})
	if c == nil {
		t.Fatal(findings)
	}
	gas := func(name, profile, line string, address, channel int, limits *Limits) Instrument {
		return Instrument{
			Name: name, Kind: devices.GasDetector, Zone: "a", Profile: profile, Line: line, Address: address, Channel: channel, Limits: limits,
		}
	}
	current := gas("current", "own-current", "gateway", 3, 0, &Limits{25, 50, 5, "%LEL"})
	current.Span = &Span{-10, 100.5, "%LEL"}
	want := []Instrument{
		gas("written", "own-panel", "plc", 255, 1, &Limits{20, 40, 2, "%LEL"}),
		gas("default", "own-panel", "plc", 255, 16, &Limits{25, 50, 5, "%LEL"}),
		gas("hysteresis", "own-panel", "plc", 1, 1, &Limits{20, 40, 5, "%LEL"}),
		gas("low", "own-panel", "plc", 1, 2, &Limits{4, 8, 2, "%LEL"}),
		gas("none", "own-panel", "plc", 1, 3, &Limits{4, 8, 0, "%LEL"}),
		gas("toxic", "own-toxic", "gateway", 2, 0, &Limits{10, 20, 1, "ppm"}),
		current,
		gas("alarms", "honeywell-xcd", "gateway", 4, 0, nil),
		{Name: "door-1", Kind: devices.CardReader, Zone: "a", Protocol: OSDP, Line: "doors", Role: RoleAccess, Install: true},
	}
	if diff := cmp.Diff(want, c.Instruments, compare); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	lines := []Line{
		{Name: "plc", Address: "10.0.0.61:502", ModbusTCP: true, Use: Ask},
		{Name: "gateway", Address: "10.0.0.62:503", ModbusTCP: true, Use: Ask, Pause: 20 * time.Millisecond},
		{Name: "doors", Port: "/dev/ttyS2", Settings: Settings{9600, 8, 'N', 1}, Use: Ask, Pause: 10 * time.Millisecond},
	}
	if diff := cmp.Diff(lines, c.Lines); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
