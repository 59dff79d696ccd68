package camera_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/devices/camera"
	"sitepost/devices/camera/cameratest"
	"sitepost/devices/camera/onvif"
)

// A recorderTalk is a conversation with a virtual recorder, and what it says.
type recorderTalk struct {
	device devices.Device
	log    bytes.Buffer
	said   []devices.Event // without times
}

func talkTo(t *testing.T, v *cameratest.Camera, password string, channels ...int) *recorderTalk {
	t.Helper()
	r := &recorderTalk{}
	plain := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}
	r.device = camera.Audit(camera.AuditOptions{
		Name: "nvr-1", Client: client(t, v, func() (string, error) { return password, nil }, cameratest.Loopback),
		KeepDays: 90, Channels: channels, Every: time.Millisecond, Log: slog.New(slog.NewTextHandler(&r.log, &slog.HandlerOptions{ReplaceAttr: plain})),
	})
	return r
}

// until runs it until something has happened, or it ends by itself.
func (r *recorderTalk) until(t *testing.T, happened func() bool) error {
	t.Helper()
	ctx, end := context.WithCancel(cameratest.Soon(t))
	defer end()
	go func() {
		for ctx.Err() == nil && !happened() {
			runtime.Gosched()
		}
		end()
	}()
	return r.device.Run(ctx, func(e devices.Event) error {
		e.Time = time.Time{}
		r.said = append(r.said, e)
		return nil
	})
}

// archive has recordings of channels 1 and 3, the latter of 61 days, and an empty
// one of channel 4.
func archive(shift time.Duration) *cameratest.Archive {
	ago := func(days int) time.Time {
		return time.Now().Add(shift - time.Duration(days)*24*time.Hour + time.Hour)
	}
	return &cameratest.Archive{Recordings: []cameratest.Recording{
		{Token: "a", Source: "VideoSource_1", Earliest: ago(100)}, {Token: "b", Source: "VideoSource_3", Earliest: ago(61)},
		{Token: "c", Source: "VideoSource_4"},
	}}
}

// TestAudit promises that each channel's retention is told once, by the recorder's
// own clock, that the one that cannot be known is neither raised nor cleared, and
// that this is logged once, over several runs.
func TestAudit(t *testing.T) {
	t.Parallel()
	shift := -5 * 24 * time.Hour // of its clock; its recordings are dated by it
	kept := archive(shift)
	v := cameratest.Start(t, cameratest.Options{Password: "secret", Profiles: cameratest.Channels(4, 3), Archive: kept, Clock: shift})
	r := talkTo(t, v, "secret", 1, 3, 4)
	for _, times := range []int{3, 5} {
		err := r.until(t, func() bool { opened, _ := v.Searches(); return opened >= times })
		if err != nil {
			t.Fatal(err)
		}
	}
	limit := 90.0
	oldest := kept.Recordings[1].Earliest.UTC().Format(time.DateOnly)
	once := []devices.Event{
		{Code: devices.RetentionShort, State: devices.Cleared, Point: "1"},
		{Code: devices.RetentionShort, State: devices.Raised, Point: "3",
			Value: &devices.Value{Quantity: "oldest recording", Unit: "d", Number: 61, Limit: &limit},
			Text:  "the oldest recording is of " + oldest + "; a recorder or disk that is newer than 90 days is short until it has filled"},
	}
	if diff := cmp.Diff(append(once, once...), r.said); diff != "" {
		t.Error(diff)
	}
	want := `level=WARN msg="how far back the recordings go cannot be known" recorder=nvr-1 channel=4 ` +
		`reason="it tells no beginning of any recording of this channel"` + "\n"
	if diff := cmp.Diff(want, r.log.String()); diff != "" {
		t.Error(diff)
	}
}

// TestAuditUnknown promises that a recorder that does not tell raises nothing and
// clears nothing, and is logged once.
func TestAuditUnknown(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		archive *cameratest.Archive
		why     string
	}{
		"no Search service": {nil, "the recorder cannot be asked for its recordings (it tells no ONVIF Search service)"},
		"a fault":           {&cameratest.Archive{NoSearch: true, Recordings: []cameratest.Recording{{Token: "a"}}}, `the camera answers with HTTP 500 Sender ActionNotSupported \"not a question of this camera\"`},
		"no right":          {&cameratest.Archive{NotForUs: true}, "this login may not ask for recordings (give the user the right to play back)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := cameratest.Start(t, cameratest.Options{Password: "secret", Archive: c.archive})
			r := talkTo(t, v, "secret", 1)
			if err := r.until(t, func() bool { return v.Questions() > 40 }); err != nil || r.said != nil {
				t.Errorf("got %v, %v", r.said, err)
			}
			want := fmt.Sprintf("level=WARN msg=\"how far back the recordings go cannot be known\" recorder=nvr-1 channel=0 reason=\"%s\"\n", c.why)
			if diff := cmp.Diff(want, r.log.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestAuditEnds promises that a recorder that is gone or refuses the login ends the
// conversation without a word about its recordings, and that what nobody takes any
// more ends it, too.
func TestAuditEnds(t *testing.T) {
	t.Parallel()
	v := cameratest.Start(t, cameratest.Options{Password: "secret", Profiles: cameratest.Channels(4), Archive: archive(0)})
	never := func() bool { return false }
	r := talkTo(t, v, "wrong", 1)
	if _, refused := errors.AsType[*onvif.LoginRefused](r.until(t, never)); !refused || r.said != nil {
		t.Errorf("not refused, said %v", r.said)
	}
	full := errors.New("closed")
	if err := talkTo(t, v, "secret", 1).device.Run(cameratest.Soon(t), func(devices.Event) error { return full }); !errors.Is(err, full) {
		t.Errorf("got %v, want %v", err, full)
	}
	v.Offline(true)
	r = talkTo(t, v, "secret", 1)
	if _, gone := errors.AsType[*onvif.Unreachable](r.until(t, never)); !gone || r.said != nil {
		t.Errorf("not gone, said %v", r.said)
	}
}
