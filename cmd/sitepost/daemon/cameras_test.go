package daemon_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"sitepost/cmd/sitepost/control"
	"sitepost/devices/camera/cameratest"
	"sitepost/devices/virtual"
)

// serveCamera starts a camera with everything at an address of its own.
func serveCamera(t *testing.T, n int, o cameratest.Options) *virtual.Camera {
	t.Helper()
	o.HTTP, o.Interface, o.Endpoint = "127.0.0."+string(rune('0'+n/10))+string(rune('0'+n%10))+":0", "lo", cameratest.Endpoint()
	o.Vendor, o.Model, o.Serial, o.Firmware, o.User, o.Password = "virtual", "V-1", cameratest.Endpoint()[9:17], "1.0", "onvif", cameraPassword
	c, err := virtual.ServeCamera(virtual.CameraOptions{ONVIF: o, RTSP: virtual.RTSPOptions{User: "onvif", Password: cameraPassword}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// TestCamerasEndToEnd: what cameras notice is with the city, in the name of the
// right camera; an alarm brings a picture of every camera that looks there, and
// only the site's own leave the box; a recorder speaks for its channels and is
// asked how far back it has recorded; what changed while the daemon was off is
// told, and no pull point is left behind.
func TestCamerasEndToEnd(t *testing.T) {
	quay := serveCamera(t, 41, cameratest.Options{Auth: "wsse", Clock: -time.Hour, MACs: []string{"00:11:22:33:44:55"}, Events: &cameratest.Events{}})
	hall := serveCamera(t, 42, cameratest.Options{Auth: "digest-sha256", Events: &cameratest.Events{ByReference: true}})
	nvr := serveCamera(t, 43, cameratest.Options{
		Auth: "digest", Profiles: cameratest.Channels(2), Events: &cameratest.Events{States: []cameratest.Notice{
			{Topic: "tns1:VideoSource/SignalLoss", Source: "VideoSourceToken=VideoSource_2", Data: []string{"State=true"}},
		}},
		Archive: &cameratest.Archive{Recordings: []cameratest.Recording{
			{Token: "r2", Source: "VideoSource_2", Earliest: time.Now().Add(-31 * 24 * time.Hour)},
		}},
	})
	s := newStandOf(t, "testdata/cameras.toml", map[string]string{
		"Quay": quay.ONVIF.Address(), "Hall": hall.ONVIF.Address(), "Recorder": nvr.ONVIF.Address(),
	})
	stop := s.run()
	ctx := cameratest.Soon(t)
	for _, c := range []*virtual.Camera{quay, hall, nvr} {
		if !c.ONVIF.AwaitEvents(ctx, func(c cameratest.EventCount) bool { return c.Waiting > 0 }) {
			t.Fatal("a camera is not listened to")
		}
	}
	quay.ONVIF.Notify("tns1:RuleEngine/LineDetector/Crossed", "Rule=Edge", "ObjectId=1")
	s.must("of two pictures", func(b *book) bool {
		return has(b, "hall-1 event", "snapshot.taken") && has(b, "quay-1 event", "snapshot.taken")
	})
	quay.ONVIF.Notify("tns1:VideoSource/MotionAlarm", "VideoSourceToken=video_0", "State=true")
	s.must("of the motion, with its pictures", func(b *book) bool { return times(b, "snapshot.taken") == 4 })
	s.must("of what the recorder keeps", func(b *book) bool { return has(b, "nvr-1 alarm", "recording.retention.short") })
	stop()
	quay.ONVIF.SetFirmware("2.0")
	stop = s.run()
	s.must("of the new firmware", func(b *book) bool { return has(b, "quay-1 event", "camera.changed") })
	s.must("of it in the inventory", func(b *book) bool { return listed(b, "quay-1")["firmware"] == "2.0" })
	stop()
	s.should("the box stop", stopped)
	s.book.audit(t)

	if one := listed(s.book, "quay-1"); one["vendor"] != "virtual" || !gocmp.Equal(one["macs"], []any{"00:11:22:33:44:55"}) {
		t.Errorf("the inventory has %v, want the camera's vendor and MAC address", one)
	}
	snapshot := said{Type: "snapshot.taken"}
	want := map[string][]said{
		"quay-1 alarm":  {{Type: "camera.line_crossed", Subject: "Edge"}, {Type: "camera.motion"}},
		"quay-1 event":  {snapshot, snapshot, {Type: "camera.changed", Detail: "firmware"}},
		"hall-1 event":  {snapshot, snapshot},
		"berth-1 alarm": {{Type: "camera.video_lost", State: "raised"}},
		"nvr-1 alarm":   {{Type: "recording.retention.short", State: "raised", Subject: "2"}},
	}
	got := s.book.lists()
	for list, words := range want {
		for i := range words {
			words[i].Device = list[:len(list)-len(" alarm")]
		}
		heard := slices.DeleteFunc(got[list], func(w said) bool { return w.Type == "stream.clock_skew" || w.Type == "stream.offline" })
		if diff := gocmp.Diff(words, heard); diff != "" {
			t.Errorf("%s (-want +got):\n%s", list, diff)
		}
	}
	for _, h := range s.book.inOrder() {
		if h.Type != "snapshot.taken" {
			continue
		}
		if topic := topicOf("snapshot/" + h.Data.Device.Name + "/" + h.Data.Incident); bytes.Equal(s.book.pictures[topic], cameratest.Picture()) != (h.Data.Device.Name == "quay-1") {
			t.Errorf("%s: a picture of %d bytes left, want those of quay-1 alone", topic, len(s.book.pictures[topic]))
		}
	}
	for name, c := range map[string]*virtual.Camera{"quay-1": quay, "hall-1": hall, "nvr-1": nvr} {
		if e := c.ONVIF.EventCount(); e.Live != 0 || e.Misaddressed != 0 {
			t.Errorf("%s: %d pull points are left and %d questions were misaddressed, want none", name, e.Live, e.Misaddressed)
		}
		if l := c.ONVIF.Logins(); l.Refused != 0 || l.Twice != 0 {
			t.Errorf("%s: got %+v, want no login refused and none sent twice over", name, l)
		}
	}
}

// listed is what the inventory says of a device.
func listed(b *book, name string) map[string]any {
	b.mu.Lock()
	defer b.mu.Unlock()
	var doc struct{ Devices []map[string]any }
	_ = json.Unmarshal(b.retained[topicOf("inventory")], &doc) // the contract was held against it
	for _, one := range doc.Devices {
		if one["name"] == name {
			return one
		}
	}
	return nil
}

// has says whether something was said in a list.
func has(b *book, list, code string) bool {
	return slices.ContainsFunc(b.lists()[list], func(w said) bool { return w.Type == code })
}

// times says how often something was said.
func times(b *book, code string) (n int) {
	for _, all := range b.lists() {
		for _, w := range all {
			if w.Type == code {
				n++
			}
		}
	}
	return n
}

// TestLoginAgain: a camera that refuses the login is told, and after the password
// was corrected a person need not wait: it is tried when he says so, and listened
// to at once.
func TestLoginAgain(t *testing.T) {
	c := serveCamera(t, 44, cameratest.Options{Auth: "digest", Events: &cameratest.Events{}})
	s := newStand(t, c.ONVIF.Address())
	secret := filepath.Join(filepath.Dir(s.path), "camera-password")
	s.write(secret, []byte("wrong\n"))
	stop := s.run()
	s.must("of the refused login", func(b *book) bool { return has(b, "check-1-top alarm", "camera.login_refused") })
	tool := control.Client{Path: s.control}
	one, err := tool.Login(t.Context(), "check-1-top")
	if err != nil || !strings.Contains(one.Refused, `refuses user "onvif"`) {
		t.Errorf("with the wrong password: got %+v, %v, want that it is refused", one, err)
	}
	s.write(secret, []byte(cameraPassword+"\n"))
	if one, err = tool.Login(t.Context(), "check-1-top"); err != nil || one.Refused != "" || one.Vendor != "virtual" {
		t.Errorf("with the right password: got %+v, %v", one, err)
	}
	if !c.ONVIF.AwaitEvents(cameratest.Soon(t), func(c cameratest.EventCount) bool { return c.Live > 0 }) {
		t.Error("the camera is not listened to")
	}
	s.must("that it is over", func(b *book) bool {
		return slices.Contains(b.lists()["check-1-top alarm"], said{Device: "check-1-top", Type: "camera.login_refused", State: "cleared"})
	})
	stop()
	s.should("the box stop", stopped)
	s.book.audit(t)
	if n := c.ONVIF.Logins().Refused; n > 4 { // two, and two more because a person asked
		t.Errorf("the camera refused %d logins, want at most 4", n)
	}
}
