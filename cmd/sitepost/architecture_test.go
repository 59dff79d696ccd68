package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sitepost/config"
	"sitepost/devices/instrument"
	notes "sitepost/firmware-notes"
)

// mayImport says who may know whom. Imports point down; data flows from
// devices through ingest to uplink. A package that is missing here is not
// welcome yet: give it a place first.
var mayImport = map[string][]string{
	"devices":                     {},
	"devices/line":                {"devices"},
	"devices/line/linetest":       {"devices/line"},
	"devices/modbus":              {"devices/line"},
	"devices/instrument":          {"devices", "devices/line", "devices/modbus"},
	"devices/osdp":                {"devices", "devices/line"},
	"devices/osdp/osdptest":       {},
	"devices/survey":              {"devices", "devices/line", "devices/modbus", "devices/instrument"},
	"devices/camera":              {"devices", "devices/camera/onvif", "devices/camera/find", "devices/camera/metadata", "devices/camera/notice", "devices/camera/norm", "devices/camera/pullpoint", "devices/camera/stream"},
	"devices/camera/norm":         {"devices"},
	"devices/camera/onvif":        {"devices"},
	"devices/camera/find":         {"devices/camera/onvif"},
	"devices/camera/notice":       {"devices", "devices/camera/onvif"},
	"devices/camera/metadata":     {"devices/camera/notice", "devices/camera/onvif"},
	"devices/camera/pullpoint":    {"devices/camera/notice", "devices/camera/onvif"},
	"devices/camera/stream":       {"devices", "devices/camera/stream/meter"},
	"devices/camera/stream/meter": {"devices"},
	"devices/camera/cameratest":   {},
	"devices/virtual": {"devices", "devices/line", "devices/modbus", "devices/instrument", "devices/osdp/osdptest",
		"devices/camera/cameratest", "config"},
	"config":                {"config/near", "devices"},
	"config/near":           {},
	"ingest/store":          {"devices", "ingest/store/album", "ingest/store/segment", "ingest/store/sound"},
	"ingest/store/album":    {"devices", "ingest/store/sound"},
	"ingest/store/segment":  {"ingest/store/sound"},
	"ingest/store/sound":    {},
	"ingest/store/disktest": {},
	"ingest":                {"devices", "ingest/store"},
	"uplink":                {"devices", "ingest/store", "ingest/store/album", "uplink/command", "uplink/encode", "uplink/strict"},
	"uplink/command":        {"uplink/strict"},
	"uplink/encode":         {"devices", "ingest/store"},
	"uplink/strict":         {},
	"uplink/uplinktest":     {"uplink"},
	"uplink/mqtt":           {"uplink"},
	"uplink/mqtt/mqtttest":  {},
	"uplink/contract":       {"devices", "uplink/strict"},
	"firmware-notes":        {},
	"cmd/sitepost/box":      {"devices", "ingest/store"},
	"cmd/sitepost/status":   {"cmd/sitepost/box", "cmd/sitepost/words", "devices", "ingest/store", "uplink"},
	"cmd/sitepost/bundle":   {},
	"cmd/sitepost/papers":   {},
	"cmd/sitepost/points":   {},
	"cmd/sitepost/causes":   {"devices"},
	"cmd/sitepost/doctor":   {"cmd/sitepost/box", "cmd/sitepost/status", "cmd/sitepost/words", "config", "devices", "uplink"},
	"cmd/sitepost/words":    {},
	"cmd/sitepost/history":  {"cmd/sitepost/words"},
	"cmd/sitepost/journal":  {"cmd/sitepost/words"},
	"cmd/sitepost/page":     {"cmd/sitepost/status"},
	"cmd/sitepost/control":  {"cmd/sitepost/status", "devices", "devices/line"},
	"cmd/sitepost/daemon": {"cmd/sitepost/box", "cmd/sitepost/control", "cmd/sitepost/page", "cmd/sitepost/status", "config", "devices", "devices/line", "devices/modbus", "devices/instrument",
		"devices/osdp", "devices/camera", "devices/camera/onvif", "devices/camera/find", "devices/camera/norm", "devices/camera/stream", "ingest", "ingest/store", "uplink", "uplink/mqtt"},
	"cmd/sitepost": {"cmd/sitepost/box", "cmd/sitepost/bundle", "cmd/sitepost/causes", "cmd/sitepost/doctor", "cmd/sitepost/papers", "cmd/sitepost/points", "config/near", "cmd/sitepost/control", "cmd/sitepost/daemon", "cmd/sitepost/history", "cmd/sitepost/journal", "cmd/sitepost/status", "cmd/sitepost/words", "config", "devices", "devices/line", "devices/modbus",
		"devices/instrument", "devices/osdp", "devices/survey", "devices/camera/find", "devices/camera/norm", "devices/camera/onvif", "devices/camera/stream", "firmware-notes", "ingest/store"},
	"cmd/sitepost/package":            {},
	"cmd/sitepost/package/debiantest": {},
	"cmd/reliability":                 {"cmd/reliability/figure"},
	"cmd/reliability/figure":          {},
	"cmd/virtualsite":                 {"cmd/sitepost/daemon", "config", "devices", "devices/camera/cameratest", "devices/virtual"},
}

// fenced lists the libraries with known traps. Each has one room that knows
// how to use it; the simulators may use the server halves.
var fenced = map[string][]string{
	"github.com/use-go/onvif":              {"devices/camera/onvif"},
	"github.com/eclipse/paho.mqtt.golang":  {"uplink/mqtt", "uplink/mqtt/mqtttest"},
	"github.com/tarm/serial":               {"devices/line"},
	"github.com/bluenviron/gortsplib/v4":   {"devices/camera/stream", "devices/virtual"},
	"go.etcd.io/bbolt":                     {"ingest/store", "ingest/store/segment", "ingest/store/sound"},
	"github.com/mochi-mqtt/server/v2":      {"cmd/virtualsite"},
	"github.com/hanwen/go-fuse/v2":         {"ingest/store/disktest"},
	"github.com/coreos/go-systemd/v22":     {"cmd/sitepost"},
	"github.com/prometheus/client_golang":  {"cmd/sitepost/status"},
	"github.com/bluenviron/mediacommon/v2": {"devices/camera/stream/meter", "devices/virtual"},
}

const module = "sitepost/"

// A room is one package as the go tool sees it.
type room struct {
	ImportPath, Doc string
	Imports         []string
}

func rooms(t *testing.T) []room {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,Doc", "../../...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []room
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var r room
		if err := dec.Decode(&r); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		r.ImportPath = strings.TrimPrefix(r.ImportPath, module)
		all = append(all, r)
	}
}

// TestWhoMayKnowWhom keeps the plan of the house: an unlisted package, a
// forbidden import, a second importer of a fenced library and a package that
// does not say its job fail it.
func TestWhoMayKnowWhom(t *testing.T) {
	for _, r := range rooms(t) {
		allowed, known := mayImport[r.ImportPath]
		if !known {
			t.Errorf("%s has no place in the house", r.ImportPath)
		}
		if r.Doc == "" {
			t.Errorf("%s does not say what it is for", r.ImportPath)
		}
		for _, imp := range r.Imports {
			if dep, ours := strings.CutPrefix(imp, module); ours && !slices.Contains(allowed, dep) {
				t.Errorf("%s must not know %s", r.ImportPath, dep)
			}
			for lib, owners := range fenced {
				if (imp == lib || strings.HasPrefix(imp, lib+"/")) && !slices.Contains(owners, r.ImportPath) {
					t.Errorf("%s must not use %s: only %s may", r.ImportPath, lib, strings.Join(owners, ", "))
				}
			}
		}
	}
}

// vague lists words that say nothing about what a room is for.
var vague = []string{
	"manager", "handler", "service", "processor", "helper", "util", "utils", "base", "data", "info", "common",
	"types", "models", "pkg", "internal", "impl", "components",
}

// TestNames keeps vague words out of the names of rooms.
func TestNames(t *testing.T) {
	for _, r := range rooms(t) {
		for word := range strings.SplitSeq(r.ImportPath, "/") {
			if slices.Contains(vague, word) {
				t.Errorf("%s: %q says nothing about what the room is for", r.ImportPath, word)
			}
		}
	}
}

// TestPins keeps the five packages of the house at the versions that were
// measured. gortsplib v4.16.3 in particular is an empty module: it downloads,
// and then nothing compiles.
func TestPins(t *testing.T) {
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for _, pin := range []string{
		"github.com/use-go/onvif v0.0.9",
		"github.com/eclipse/paho.mqtt.golang v1.5.1",
		"github.com/tarm/serial v0.0.0-20180830185346-98f6abe2eb07",
		"github.com/bluenviron/gortsplib/v4 v4.16.2",
		"go.etcd.io/bbolt v1.5.0",
	} {
		if !bytes.Contains(mod, []byte("\t"+pin+"\n")) {
			t.Errorf("go.mod does not pin %s", pin)
		}
	}
}

// TestOneNameTwoPlaces keeps a note for every profile and a profile for every
// note; a protocol that is code of ours has a note too.
func TestOneNameTwoPlaces(t *testing.T) {
	names := append(instrument.Shipped(), string(config.OSDP), "onvif", "rtsp")
	slices.Sort(names)
	if diff := cmp.Diff(names, notes.Names()); diff != "" {
		t.Errorf("-profiles +notes:\n%s", diff)
	}
}
