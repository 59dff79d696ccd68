package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices/camera/cameratest"
	"sitepost/devices/camera/find"
	"sitepost/devices/virtual"
)

const password = "p@ss/w:rd" // with everything that breaks a URL put together by hand

func serveCamera(t *testing.T, endpoint string) *virtual.Camera {
	t.Helper()
	c, err := virtual.ServeCamera(virtual.CameraOptions{
		ONVIF: cameratest.Options{
			Interface: "lo", HTTP: "127.0.0.21:0", Endpoint: endpoint,
			Vendor: "virtual", Model: "V-1", Serial: "0A21", User: "onvif", Password: password,
		},
		RTSP: virtual.RTSPOptions{User: "onvif", Password: password},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// TestDiscover lists a camera on the interface that a person named.
func TestDiscover(t *testing.T) {
	endpoint := cameratest.Endpoint()
	c := serveCamera(t, endpoint)
	var out, errs bytes.Buffer
	if code := run([]string{"discover", "--interface", "lo", "--json"}, &out, &errs); code != exitGood {
		t.Fatalf("got exit code %d and %s, want 0", code, errs.String())
	}
	var all []map[string]any
	if err := json.Unmarshal(out.Bytes(), &all); err != nil {
		t.Fatal(err)
	}
	ours := slices.DeleteFunc(all, func(f map[string]any) bool { return f["endpoint"] != endpoint })
	want := []map[string]any{{
		"state": find.New, "name": "", "access": find.NeedsLogin, "endpoint": endpoint, "address": c.ONVIF.Address(),
		"xaddr": "http://" + c.ONVIF.Address() + "/onvif/device_service", "vendor": "virtual", "model": "V-1", "serial": "",
	}}
	if diff := cmp.Diff(want, ours); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestProbe measures a stream, takes the password from a file, and never says
// it.
func TestProbe(t *testing.T) {
	c := serveCamera(t, cameratest.Endpoint())
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	args := []string{"probe", c.RTSP.URL(), "--user", "onvif", "--password-file", file, "--for", "5s", "--json"}
	if code := run(args, &out, &errs); code != exitGood {
		t.Fatalf("got exit code %d and %s, want 0", code, errs.String())
	}
	var s verdict
	if err := json.Unmarshal(out.Bytes(), &s); err != nil {
		t.Fatal(err)
	}
	if s.Codec != "H264" || s.Width != virtual.ClipWidth || s.Height != virtual.ClipHeight || s.FPS == nil || s.GOPFrames == nil || *s.GOPFrames != virtual.ClipGOP {
		t.Errorf("got %s, want H264 %dx%d with a key frame every %d", out.String(), virtual.ClipWidth, virtual.ClipHeight, virtual.ClipGOP)
	}
	if !s.Good || len(s.Verdict) > 0 || s.JudgedBy != byDefaults {
		t.Errorf("got %s, want it good by the defaults", out.String())
	}
	if said := out.String() + errs.String(); strings.Contains(said, password) {
		t.Errorf("the password was said: %s", said)
	}
}

// TestProbeRefused is a finding with the layer that failed, and no password in
// it.
func TestProbeRefused(t *testing.T) {
	c := serveCamera(t, cameratest.Endpoint())
	var out, errs bytes.Buffer
	typed := strings.Replace(c.RTSP.URL(), "rtsp://", "rtsp://onvif:wrong-secret@", 1)
	if code := run([]string{"probe", typed, "--for", "2s"}, &out, &errs); code != exitFindings {
		t.Errorf("got exit code %d, want %d", code, exitFindings)
	}
	if !strings.Contains(out.String(), "auth_failed") {
		t.Errorf("got %q, want the state auth_failed", out.String())
	}
	if strings.Contains(out.String()+errs.String(), "wrong-secret") {
		t.Errorf("the password was said: %s%s", out.String(), errs.String())
	}
	for _, bad := range []string{
		"http://127.0.0.1/", "rtsp://", "::", "http://onvif:wrong-secret@127.0.0.1/",
		"onvif:wrong-secret@127.0.0.1/1", "rtsp://onvif:wrong-secret%zz@127.0.0.1/1", "rtsp://onvif:a/wrong-secret@127.0.0.1/1",
	} {
		errs.Reset()
		if code := run([]string{"probe", bad}, io.Discard, &errs); code != exitUsage || strings.Contains(errs.String(), "wrong-secret") {
			t.Errorf("probe %q: got exit code %d and %s, want %d and no password", bad, code, errs.String(), exitUsage)
		}
	}
}
