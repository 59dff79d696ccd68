package config

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// roundsSite has lines of every sort. At 9600 8N1 a character takes 1.0417 ms.
const roundsSite = `version = 1
[site]
name = "demo"
[network]
device_networks = ["10.0.0.0/24"]
[[zone]]
name = "a"
class = "quay"

[[line]]
name = "bus"
port = "/dev/ttyS1"
settings = "9600 8N1"
[[instrument]]
name = "gas-1"
zone = "a"
profile = "honeywell-xcd"
line = "bus"
address = 1
[[instrument]]
name = "xray-1"
kind = "xray"
zone = "a"
profile = "contacts-8"
line = "bus"
address = 11
[[instrument.input]]
terminal = 1
code = "screening.xray.alarm"
[[instrument]]
name = "panic-1"
kind = "panic_button"
zone = "a"
profile = "contacts-8"
line = "bus"
address = 11
[[instrument.input]]
terminal = 2
code = "panic.pressed"
[[instrument]]
name = "gas-2"
zone = "a"
profile = "honeywell-xcd"
line = "bus"
address = 2
disabled = {since = 2026-11-01, why = "pier"}

[[line]]
name = "plc"
port = "modbus-tcp://10.0.0.61"
[[instrument]]
name = "gas-3"
zone = "a"
profile = "own-panel"
line = "plc"
address = 255
channel = 1
[[instrument]]
name = "gas-4"
zone = "a"
profile = "own-panel"
line = "plc"
address = 255
channel = 2

[[line]]
name = "doors"
port = "/dev/ttyS2"
settings = "9600 8N1"
[[instrument]]
name = "door-1"
zone = "a"
protocol = "osdp"
line = "doors"
address = 0
secure_key = "env:PATH"

[[line]]
name = "heard"
port = "/dev/ttyS3"
settings = "9600 8N1"
use = "listen"
[[instrument]]
name = "gas-5"
zone = "a"
profile = "honeywell-xcd"
line = "heard"
address = 1

[[line]]
name = "slow"
port = "/dev/ttyS4"
settings = "1200 8N1"
pause = "50ms"
[[instrument]]
name = "gate-1"
zone = "a"
profile = "own-arch"
line = "slow"
may_send = ["'AC' 0D"]

[[line]]
name = "empty"
port = "/dev/ttyS5"
settings = "9600 8N1"
`

// TestRounds holds what each line takes: once for all that is wired to a
// contact module, for each channel of a controller, never for what is disabled
// or only heard.
func TestRounds(t *testing.T) {
	t.Parallel()
	env := Env{Profiles: shelf{}}
	c, findings := Parse("a.toml", []byte(roundsSite), env)
	if c == nil {
		t.Fatal(findings)
	}
	const ms = time.Millisecond
	characters := func(n int, baud float64) time.Duration {
		return time.Duration(float64(n) * 10 / baud * float64(time.Second))
	}
	var (
		gas      = characters(8+23, 9600) + 25*ms // question, answer, turnaround of 15 ms, pause of 10 ms
		contacts = characters(8+6, 9600) + 25*ms
		panel    = 15 * ms
		door     = characters(14+14, 9600) + 25*ms
		arch     = characters(3+64, 1200) + 65*ms
	)
	share := func(d, every time.Duration) float64 { return float64(d) / float64(every) }
	want := []Round{
		{Line: "bus", Instruments: 3, Round: gas + contacts, Load: share(gas, time.Second) + share(contacts, 100*ms)},
		{Line: "plc", Instruments: 2, Round: 2 * panel, Load: 2 * share(panel, time.Second)},
		{Line: "doors", Instruments: 1, Round: door, Load: share(door, 200*ms)},
		{Line: "heard", Instruments: 1},
		{Line: "slow", Instruments: 1, Round: arch, Load: share(arch, 5*time.Second)},
		{Line: "empty"},
	}
	near := cmp.Options{
		cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-4 }),
		cmp.Comparer(func(a, b time.Duration) bool { return (a - b).Abs() < time.Microsecond }),
	}
	if diff := cmp.Diff(want, Rounds(c, env), near); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := Rounds(c, Env{}); got != nil {
		t.Errorf("got %v without profiles, want nothing", got)
	}
}

// TestHurried holds from when on a pace is told as one that is not kept: when a
// whole turn falls out, and not when one comes late.
func TestHurried(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	asked := func(every, takes time.Duration) turn {
		return turn{name: every.String(), costs: []cost{{every: every, takes: takes}}}
	}
	reader := asked(200*ms, 50*ms)
	reader.rarest = time.Second
	for _, row := range []struct {
		name string
		line turns
		want late
	}{
		{"alone", turns{asked(100*ms, 40*ms)}, late{}},
		{"late, and no turn lost", turns{asked(100*ms, 40*ms), asked(time.Second, 160*ms)}, late{}},
		{"a turn lost", turns{asked(100*ms, 40*ms), asked(time.Second, 161*ms)}, late{name: "100ms", every: 100 * ms, waits: 201 * ms}},
		{"the shortest of two", turns{asked(50*ms, 10*ms), asked(20*ms, 10*ms), asked(time.Second, 161*ms)}, late{name: "20ms", every: 20 * ms, waits: 181 * ms}},
		{"a reader can wait", turns{reader, asked(time.Second, 400*ms)}, late{}},
	} {
		if got := row.line.hurried(); got != row.want {
			t.Errorf("%s: got %+v, want %+v", row.name, got, row.want)
		}
	}
}

// TestStalled holds from when on a dead neighbour makes a device look silent.
func TestStalled(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	device := func(name string, silence time.Duration) turn {
		return turn{name: name, silence: silence, costs: []cost{{every: time.Second, takes: 50 * ms, dead: 600 * ms}}}
	}
	heard := turn{name: "heard", silence: ms}
	for _, row := range []struct {
		name string
		line turns
		want late
	}{
		{"alone", turns{device("a", 1050*ms)}, late{}},
		{"long enough", turns{device("a", 1650*ms), device("b", 0)}, late{}},
		{"too short", turns{device("a", 1649*ms), device("b", 0)}, late{name: "a", every: time.Second, waits: 650 * ms, silence: 1649 * ms}},
		{"the shortest of two", turns{device("a", 1600*ms), device("b", 1500*ms)}, late{name: "b", every: time.Second, waits: 650 * ms, silence: 1500 * ms}},
		{"shorter than its pace is told elsewhere", turns{device("a", 999*ms), device("b", 0)}, late{}},
		{"nobody asks it", turns{heard, device("b", 0)}, late{}},
	} {
		if got := row.line.stalled(); got != row.want {
			t.Errorf("%s: got %+v, want %+v", row.name, got, row.want)
		}
	}
}
