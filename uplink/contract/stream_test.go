package contract_test

import (
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/uplink/contract"
)

// states are all that a stream may be, in the order of its life.
var states = []string{
	devices.StreamDisabled, devices.StreamResolving, devices.StreamConnecting, devices.StreamDescribed, devices.StreamStarting, devices.StreamLive,
	devices.StreamIsDegraded, devices.StreamIsStalled, devices.StreamIsOffline, devices.StreamAuthFailed, devices.StreamUnusable, devices.StreamConflict,
}

// TestStreamKeys: the schema of a stream has the keys of a stream and no others,
// and its states; and the golden live one has every figure that a healthy one has.
func TestStreamKeys(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("schemas/parts.json")
	if err != nil {
		t.Fatal(err)
	}
	var parts struct {
		Defs struct {
			Stream struct {
				Properties map[string]struct{ Enum []string }
			}
		} `json:"$defs"`
	}
	if err := json.Unmarshal(raw, &parts); err != nil {
		t.Fatal(err)
	}
	got := parts.Defs.Stream.Properties
	if diff := cmp.Diff(states, got["state"].Enum); diff != "" {
		t.Errorf("states (-want +got)\n%s", diff)
	}
	want := []string{"schema", "epoch", "revision"}
	for field := range reflect.TypeFor[devices.Stream]().Fields() {
		key, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		want = append(want, key)
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(got))); diff != "" {
		t.Errorf("keys (-want +got)\n%s", diff)
	}
	var live map[string]any
	if err := json.Unmarshal(oneLine(t, liveStream), &live); err != nil {
		t.Fatal(err)
	}
	trouble := []string{"schema", "epoch", "revision", "why", "dropped", "duplicates", "resets"}
	want = slices.DeleteFunc(want, func(key string) bool { return slices.Contains(trouble, key) })
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(live))); diff != "" {
		t.Errorf("figures of the golden live stream (-want +got)\n%s", diff)
	}
}

// TestStreamsThatCannotBe: a stream has no figure outside of its range and no word
// that is none, and what passes by is no record.
func TestStreamsThatCannotBe(t *testing.T) {
	t.Parallel()
	for doc, want := range map[string]string{
		`"state":"live"`:                       "",
		`"state":"up"`:                         `/state: value must be one of 'disabled'`,
		`"state":"live","transport":"http"`:    `/transport: value must be one of 'tcp', 'udp', 'multicast'`,
		`"state":"live","rate_mode":"abr"`:     `/rate_mode: value must be one of 'cbr', 'vbr'`,
		`"state":"live","parameters":"guess"`:  `/parameters: value must be one of 'stream', 'description'`,
		`"state":"live","small_frames":1.5`:    `/small_frames: maximum: got 1.5, want 1`,
		`"state":"live","loss":-0.1`:           `/loss: minimum: got -0.1, want 0`,
		`"state":"live","inter_frames":0`:      `/inter_frames: minimum: got 0, want 1`,
		`"state":"live","sender_reports":0`:    `/sender_reports: minimum: got 0, want 1`,
		`"state":"live","key_seconds":-1`:      `/key_seconds: minimum: got -1, want 0`,
		`"state":"live","first_packet_ms":-1`:  `/first_packet_ms: minimum: got -1, want 0`,
		`"state":"live","key_frame_ms":-1`:     `/key_frame_ms: minimum: got -1, want 0`,
		`"state":"live","rtp_ts_conform":1`:    `/rtp_ts_conform: got number, want boolean`,
		`"state":"live","metadata":"offered"`:  `/metadata: got string, want boolean`,
		`"state":"live","uri":"rtsp://a:b@h/"`: `/uri: 'rtsp://a:b@h/' does not match pattern`,
	} {
		payload := `{"schema":"urn:sitepost:1.0","epoch":"7f3a9c51d20b44e6","revision":3,` + doc + `}`
		err := contract.Validate("sitepost/1/a/up/stream/cam-1", true, []byte(payload))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %q", doc, err, want)
		}
	}
	for _, state := range states {
		s := devices.Stream{State: state}
		r := example(t, devices.StreamReading, 7)
		r.Event.Stream = &s
		m := encode(t, r, 0, false)
		err := contract.Validate(m.Topic, m.Retain, m.Payload)
		if s.Passes() != (err != nil) {
			t.Errorf("a record of a stream that is %q: got %v, want refused %t", state, err, s.Passes())
		}
	}
}
