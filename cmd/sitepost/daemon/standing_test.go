package daemon

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/config"
	"sitepost/devices/line"
	"sitepost/devices/line/linetest"
	"sitepost/ingest/store"
	"sitepost/uplink"
	"sitepost/uplink/contract"
	"sitepost/uplink/uplinktest"
)

// TestOutOfUse: what is in the site file and not asked is called disabled, with
// the site's own words where it has any.
func TestOutOfUse(t *testing.T) {
	t.Parallel()
	since := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	rebuilt := &config.Disabled{Since: since, Why: "rebuilt"}
	for _, c := range []struct {
		name string
		site config.Config
		want map[string]standing
	}{
		{"all in use", config.Config{
			Instruments: []config.Instrument{{Name: "gas-1", Profile: "honeywell-xcd"}, {Name: "door-1", Protocol: config.OSDP}},
			Cameras:     []config.Camera{{Name: "cam-1", Watch: config.WatchSampled}, {Name: "cam-2", Watch: config.WatchAlways}},
		}, map[string]standing{}},
		{"disabled", config.Config{
			Instruments: []config.Instrument{{Name: "gas-1", Profile: "honeywell-xcd", Disabled: rebuilt}},
			Cameras:     []config.Camera{{Name: "cam-1", Disabled: rebuilt}},
		}, map[string]standing{
			"gas-1": {State: "disabled", Since: since, Why: "rebuilt"},
			"cam-1": {State: "disabled", Since: since, Why: "rebuilt"},
		}},
		{"not watched", config.Config{Cameras: []config.Camera{
			{Name: "cam-1", Watch: config.WatchOff, WatchWhy: "the recorder watches it"},
			{Name: "cam-2", Watch: config.WatchOff, WatchWhy: "the recorder watches it", Disabled: rebuilt},
		}}, map[string]standing{
			"cam-1": {State: "disabled", Why: "the recorder watches it"},
			"cam-2": {State: "disabled", Since: since, Why: "rebuilt"},
		}},
		{"a recorder, and what is reached through it", config.Config{
			Recorders: []config.Recorder{{Name: "nvr-1", Disabled: rebuilt}, {Name: "nvr-2"}},
			Cameras: []config.Camera{
				{Name: "cam-1", Recorder: "nvr-1", Channel: 1, Watch: config.WatchSampled}, {Name: "cam-2", Recorder: "nvr-2", Channel: 1, Watch: config.WatchSampled},
				{Name: "cam-3", Recorder: "nvr-1", Channel: 2, Watch: config.WatchOff, WatchWhy: "mirrored"},
			},
		}, map[string]standing{
			"nvr-1": {State: "disabled", Since: since, Why: "rebuilt"},
			"cam-1": {State: "disabled", Since: since, Why: `its recorder "nvr-1" is disabled: rebuilt`},
			"cam-3": {State: "disabled", Why: "mirrored"},
		}},
	} {
		if diff := cmp.Diff(c.want, outOfUse(&c.site)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// The site of TestGone, and what may stand on it. DIR is the test's own folder.
const (
	goneSite = `
version = 1
[site]
name = "gone"
[store]
directory = "DIR"
[uplink]
client_id = "gone-box1"
drain_start = "0s"
[network]
device_networks = ["10.0.0.0/24"]
[[zone]]
name = "hall"
class = "screened"
`
	goneGas = `
[[line]]
name = "bus"
port = "DIR/bus"
settings = "9600 8N1"
[[instrument]]
name = "gas-1"
zone = "hall"
profile = "honeywell-xcd"
line = "bus"
address = 1
`
	goneDoor = `
[[line]]
name = "cards"
port = "DIR/cards"
settings = "9600 8N1"
[[instrument]]
name = "door-1"
zone = "hall"
profile = "em4100-ascii"
line = "cards"
`
	goneCamera = `
[[login]]
name = "cameras"
user = "onvif"
password = "env:HOME"
[[camera]]
name = "cam-1"
zone = "hall"
host = "10.0.0.1"
login = "cameras"
`
	goneOff = `
disabled = {since = 2026-11-01, why = "rebuilt"}
`
)

// TestGone: what stands on the retained topics is what is true of the present
// site file, whatever stood there when an earlier daemon stopped, and also where
// the city was away meanwhile.
func TestGone(t *testing.T) {
	t.Parallel()
	live := map[string]any{"state": "live", "since": "2026-11-21T22:40:00+08:00"}
	online := map[string]any{"state": "online", "since": "2026-11-21T22:40:00+08:00"}
	for _, c := range []struct {
		name          string
		before, after string         // site files
		left          map[string]any // by an earlier daemon that saw more than this test can
		away          bool           // the city, when the second daemon starts
		want          map[string]string
	}{
		{name: "a device and its line", before: goneGas + goneDoor, after: goneDoor,
			want: map[string]string{"cards": "online"}},
		{name: "a device and its line while the city is away", before: goneGas + goneDoor, after: goneDoor, away: true,
			want: map[string]string{"cards": "online"}},
		{name: "a camera", left: map[string]any{"stream/cam-1": live, "device/cam-1": online},
			want: map[string]string{}},
		{name: "a camera that is not watched any more", after: goneCamera + goneOff, left: map[string]any{"stream/cam-1": live, "device/cam-1": online},
			want: map[string]string{"cam-1": "disabled", "stream/cam-1": "disabled"}},
		{name: "a camera whose name an instrument has now", after: goneGas, left: map[string]any{"stream/gas-1": live},
			want: map[string]string{"bus": "online", "gas-1": "silent"}},
		{name: "a device goes out of use", before: goneDoor, after: goneDoor + goneOff,
			want: map[string]string{"cards": "online", "door-1": "disabled"}},
		{name: "a device is in use again, and has nothing to say yet", before: goneDoor + goneOff, after: goneDoor,
			want: map[string]string{"cards": "online"}},
		{name: "nothing", before: goneGas, after: goneGas,
			want: map[string]string{"bus": "online", "gas-1": "silent"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dir := t.TempDir()
				city := uplinktest.New()
				leave(t, dir, city, c.left)
				lives := func(text string) { liveFor(t, time.Minute, siteOf(t, dir, text), city) }
				if c.before != "" {
					lives(c.before)
				}
				if c.away {
					city.Away(uplinktest.ErrAway)
					time.AfterFunc(20*time.Second, func() { city.Away(nil) })
				}
				lives(c.after)
				c.want["box"] = "online"
				if diff := cmp.Diff(c.want, standingAt(t, city)); diff != "" {
					t.Errorf("retained (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// leave puts retained documents into the store and to the city, as an earlier
// daemon did.
func leave(t *testing.T, dir string, city *uplinktest.Broker, docs map[string]any) {
	t.Helper()
	st, err := store.Open(store.Options{Directory: dir, Site: "gone"})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	for key, doc := range docs {
		if err := st.Put(key, doc); err != nil {
			t.Fatal(err)
		}
	}
	all, err := st.Currents(true)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		m, err := uplink.EncodeCurrent("gone", st.Epoch(), c)
		if err != nil {
			t.Fatal(err)
		}
		city.Publish(m)
		st.CurrentSent(c.Key, c.Revision)
	}
}

func siteOf(t *testing.T, dir, text string) *config.Config {
	t.Helper()
	c, found := config.Parse("site.toml", []byte(strings.ReplaceAll(goneSite+text, "DIR", dir)), config.Env{Profiles: Shelf("")})
	if len(found.Errors()) > 0 {
		t.Fatal(found)
	}
	return c
}

// liveFor runs a daemon on lines where nobody answers.
func liveFor(t *testing.T, long time.Duration, c *config.Config, city *uplinktest.Broker) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	err := Run(ctx, Options{
		Config: c, Version: "test",
		Open:  func(config.Line) line.Opener { return linetest.NewCable().Open },
		Dials: []uplink.Dial{city.Dial(c.Uplink.ClientID, uplink.Subscriptions(c.Site.Name))},
	})
	if err != nil {
		t.Errorf("Run: got %v, want nil", err)
	}
}

// standingAt returns the states of what stands on the topics of devices and
// streams, and holds all that was ever said against the contract.
func standingAt(t *testing.T, city *uplinktest.Broker) map[string]string {
	t.Helper()
	for _, m := range city.Messages() {
		if err := contract.Validate(m.Topic, m.Retain, m.Payload); err != nil {
			t.Errorf("%v\n%s", err, m.Payload)
		}
	}
	states := map[string]string{}
	for topic, payload := range city.Retained() {
		below := strings.TrimPrefix(topic, uplink.Topic("gone", ""))
		what, name, found := strings.Cut(below, "/")
		if !found {
			continue
		}
		var doc struct{ State string }
		if err := json.Unmarshal(payload, &doc); err != nil {
			t.Errorf("%s: %v", topic, err)
		}
		if what == "stream" {
			name = below
		}
		states[name] = doc.State
	}
	return states
}
