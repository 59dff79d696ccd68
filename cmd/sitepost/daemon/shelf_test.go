package daemon

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sitepost/config"
	"sitepost/devices"
)

// TestShelfFacts holds that the rules of a site file are told what a profile
// says, the site's own ones included.
func TestShelfFacts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name+".toml"), []byte("profile = \""+name+"\"\n"+text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const head = `title    = "invented for this test"
kind     = "gas_detector"
source   = "none"
trust    = "observed"
settings = "9600 8N1"
silence  = "10s"
`
	write("own-panel", head+`channels = 16
stride   = 4
[[modbus]]
ask    = "holding"
offset = 0
count  = 2
every  = "1s"
[read]
gas = {register = 0, unit = "ppm"}
[[report]]
code  = "gas.reading"
value = "gas"
[[try]]
registers = {0 = [12, 0]}
gives = ["gas.reading 12 ppm"]
`)
	write("own-current", head+`[[modbus]]
ask    = "input"
offset = 0
count  = 1
every  = "2s"
within = "150ms"
[read]
gas = {register = 0, loop = "4..20mA", scale = 0.001, span = "site"}
[[report]]
code  = "gas.reading"
value = "gas"
`)
	own := shelf{dir}
	ours := config.ProfileFacts{
		Kind: devices.GasDetector, Trust: "observed", Settings: "9600 8N1", Silence: 10 * time.Second,
		Modbus: true, Addressed: true, SiteOwn: true,
	}
	panel, current := ours, ours
	panel.Channels, panel.GasUnits = 16, []string{"ppm"}
	panel.Codes = []devices.Code{"device.fault", "gas.reading"}
	panel.Questions = []config.Question{{Send: []byte{1, 3, 0, 0, 0, 2, 0xC4, 0x0B}, AnswerBytes: 9, Every: time.Second, Within: 300 * time.Millisecond}}
	current.Span = true
	current.Codes = panel.Codes
	current.Questions = []config.Question{{Send: []byte{1, 4, 0, 0, 0, 1, 0x31, 0xCA}, AnswerBytes: 7, Every: 2 * time.Second, Within: 150 * time.Millisecond}}
	for name, want := range map[string]config.ProfileFacts{"own-panel": panel, "own-current": current} {
		got, err := own.Lookup(name)
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
	if _, err := own.Lookup("none"); err == nil {
		t.Error("a profile that is not there was found")
	}
}
