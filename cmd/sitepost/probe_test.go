package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/devices/camera/norm"
	"sitepost/devices/camera/stream"
)

func figureOf[T any](v T) *T { return &v }

// night is a camera after dark: its exposure is longer than a frame, and nobody
// has set its clock.
func night() devices.Stream {
	return devices.Stream{
		State: devices.StreamLive, URI: "rtsp://10.37.20.11/Streaming/Channels/101", Transport: "tcp", Seconds: 10.002,
		Codec: "H265", Profile: "Main", Level: "4.0", Width: 1920, Height: 1080, FPSNominal: figureOf(25.0), Parameters: "stream",
		FPS: figureOf(12.502), Frames: 125, BitrateBPS: figureOf(2.114e6), PeakBPS: figureOf(2.731e6), GOPFrames: figureOf(50), KeySeconds: figureOf(4.0), KeyFrames: 3,
		RateMode: "vbr", SmallFrames: figureOf(0.016), InterFrames: 122,
		Packets: 2105, Loss: figureOf(0.0), JitterMS: figureOf(6.31), Conform: figureOf(true),
		FirstFrameMS: figureOf(1874.0), ConnectMS: figureOf(2.0), DescribeMS: figureOf(41.0), PlayMS: figureOf(66.0), FirstPacketMS: figureOf(38.0), KeyFrameMS: figureOf(1727.0),
		ClockErrorMS: figureOf(-94210.0), SenderReports: 2, Audio: figureOf(true), Metadata: figureOf(true),
	}
}

// probed is what probe prints of a stream, by the defaults.
func probed(t *testing.T, s devices.Stream, failed error, asJSON bool) (printed string, good bool) {
	t.Helper()
	var out bytes.Buffer
	p := &probe{tool: &tool{stdout: &out, stderr: io.Discard, json: asJSON}, limits: norm.Defaults(), judgedBy: byDefaults}
	v := p.judge(s, failed)
	if err := p.print(v); err != nil {
		t.Fatal(err)
	}
	return out.String(), v.Good
}

// TestProbePrint promises every line: of a good stream, of one that says more
// than the norm asks, and of one that failed after it was seen.
func TestProbePrint(t *testing.T) {
	t.Parallel()
	day := night()
	day.FPS, day.ClockErrorMS, day.Packets, day.SenderReports = figureOf(25.0), figureOf(12.0), 5210, 1
	day.Resets, day.Conform, day.Audio = 1, nil, figureOf(false)
	flood := day
	flood.State, flood.Why = devices.StreamIsDegraded, []string{"the camera sends more than 25 Mbit/s; reading was slowed to that"}
	const figures = `stream   codec            H265 Main 4.0      from the stream
         size             1920x1080          from the stream
         nominal rate     25.00 frames/s     from the stream
         sound            none
         ONVIF metadata   offered
arrival  transport        tcp                10.0 s
         frame rate       25.00 frames/s     125 frames
         bit rate         2.114 Mbit/s vbr   10.0 s
         peak             2.731 Mbit/s       busiest second
         key frame every  50 frames, 4.00 s  3 key frames
         small frames     1.6 %              122 frames between key frames
         loss             0.000 %            5210 packets
         came twice       0                  5210 packets
         new beginnings   1                  of the packets' numbers
         jitter           6.31 ms            125 frames
start    connecting       2 ms
         DESCRIBE         41 ms
         SETUP, PLAY      66 ms
         first packet     38 ms
         key frame whole  1727 ms
         first picture    1874 ms            all of these
clock    camera           12 ms ahead        1 sender report
`
	const judged = `not judged: time stamps: not measured
not judged: HD: the site has no figure
judged by GB/T 28181-2016 chapter 5, clock and first picture by sitepost's own limits
`
	gone := devices.Stream{State: devices.StreamAuthFailed, URI: "rtsp://10.37.20.11/", Why: []string{"login: refused"}, ConnectMS: figureOf(2.0)}
	refused := &stream.Failure{Layer: stream.Login, State: devices.StreamAuthFailed, Text: "refused"}
	for _, c := range []struct {
		name   string
		s      devices.Stream
		failed error
		want   string
		good   bool
	}{
		{"good", day, nil, "rtsp://10.37.20.11/Streaming/Channels/101: live\n" + figures +
			"good: loss, jitter, frame rate, bit rate, first picture, key frames, clock, movement are as they should be\n" + judged, true},
		{"flood", flood, nil, "rtsp://10.37.20.11/Streaming/Channels/101: degraded\n" + figures +
			"bad: the camera sends more than 25 Mbit/s; reading was slowed to that\n" +
			"good otherwise: loss, jitter, frame rate, bit rate, first picture, key frames, clock, movement\n" + judged, false},
		{"failed", gone, errors.Join(refused), "rtsp://10.37.20.11/: auth_failed\nstart  connecting  2 ms\nbad: login: refused\n", false},
	} {
		got, good := probed(t, c.s, c.failed, false)
		if diff := cmp.Diff(c.want, got); diff != "" || good != c.good {
			t.Errorf("%s: good %v, -want +got:\n%s", c.name, good, diff)
		}
	}
}

// TestProbeNoKeyFrame says what the meter said already only once.
func TestProbeNoKeyFrame(t *testing.T) {
	t.Parallel()
	s := night()
	s.State, s.Why, s.KeyFrames = devices.StreamIsDegraded, []string{"no key frame in 10.0 s"}, 0
	out, _ := probed(t, s, nil, true)
	var v struct {
		Verdict []norm.Finding
		Good    bool
	}
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		t.Fatal(err)
	}
	var about []string
	for _, f := range v.Verdict {
		about = append(about, f.About)
	}
	if diff := cmp.Diff([]string{norm.FPS, norm.NoKeyFrame, norm.Clock}, about); diff != "" || v.Good {
		t.Errorf("good %v, -want +got:\n%s", v.Good, diff)
	}
}

// TestCountDown tells each second what is left, and leaves nothing behind.
func TestCountDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var line bytes.Buffer
		ctx, cancel := context.WithTimeout(t.Context(), 3500*time.Millisecond)
		defer cancel()
		(&tool{}).countDown(ctx, &line, 2*time.Second)
		const wipe = "\r\x1b[K"
		want := wipe + "looking, 2s left" + wipe + "looking, 1s left" + wipe + "looking, done as soon as it answers" +
			wipe + "looking, done as soon as it answers" + wipe
		if got := line.String(); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	})
}

// TestProbeCertificate prints the certificate of a camera that nobody pinned, takes
// it when it is pinned, and no other.
func TestProbeCertificate(t *testing.T) {
	t.Parallel()
	camera := httptest.NewTLSServer(http.NotFoundHandler()) // no RTSP, but a certificate
	defer camera.Close()
	address := "rtsps://" + camera.Listener.Addr().String() + "/live"
	look := func(more ...string) (v verdict) {
		var out bytes.Buffer
		if code := run(append([]string{"probe", address, "--json", "--for", "1s"}, more...), &out, io.Discard); code != exitFindings {
			t.Errorf("got exit code %d, want %d", code, exitFindings)
		}
		if err := json.Unmarshal(out.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	first := look()
	if want := fmt.Sprintf("sha256:%x", sha256.Sum256(camera.Certificate().Raw)); first.Certificate != want {
		t.Errorf("got the certificate %q, want %q", first.Certificate, want)
	}
	pinned := look("--pin", first.Certificate)
	if diff := cmp.Diff(first.Verdict, pinned.Verdict); diff != "" || pinned.Certificate != "" {
		t.Errorf("pinned: certificate %q, -unpinned +pinned:\n%s", pinned.Certificate, diff)
	}
	other := look("--pin", "sha256:"+strings.Repeat("00", 32))
	if len(other.Verdict) != 1 || !strings.HasPrefix(other.Verdict[0].Text, "tls: ") {
		t.Errorf("another pin: got %v, want a failure of tls", other.Verdict)
	}
}

// TestProbeLimits takes the limits of the site file at the usual place, and says
// so when it cannot.
func TestProbeLimits(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := write("good.toml", "version = 1\n[site]\nname = \"demo\"\n[stream]\njitter = \"80ms\"\n[hd]\nsize = \"1280x720\"\n")
	wrong := write("wrong.toml", "version = 1\n[site]\nnmae = \"demo\"\n")
	ofSite := norm.Defaults()
	ofSite.Jitter, ofSite.HDWidth, ofSite.HDHeight = 80*time.Millisecond, 1280, 720
	for _, c := range []struct {
		path, by, said string
		want           norm.Limits
	}{
		{good, good, "", ofSite},
		{filepath.Join(dir, "missing.toml"), byDefaults, "", norm.Defaults()},
		{wrong, byDefaults, "sitepost: " + wrong + " cannot be used, see sitepost check; judged by the defaults\n", norm.Defaults()},
	} {
		var errs bytes.Buffer
		p := &probe{tool: &tool{stdout: io.Discard, stderr: &errs, config: c.path}}
		if err := p.chooseLimits(false); err != nil {
			t.Error(err)
		}
		if p.judgedBy != c.by || errs.String() != c.said {
			t.Errorf("%s: got judged by %q and %q, want %q and %q", c.path, p.judgedBy, errs.String(), c.by, c.said)
		}
		if diff := cmp.Diff(c.want, p.limits); diff != "" {
			t.Errorf("%s: -want +got:\n%s", c.path, diff)
		}
	}
}
