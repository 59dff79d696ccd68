package virtual

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/devices/camera"
	"sitepost/devices/camera/cameratest"
	"sitepost/devices/camera/metadata"
	"sitepost/devices/camera/onvif"
	"sitepost/devices/camera/stream"
)

// listenTo asks a camera for its metadata track and nothing else, until the test
// ends, and hands over each packet. It returns when the first has come.
func listenTo(t *testing.T, cam *RTSP, hear func(metadata.Chunk)) {
	t.Helper()
	ctx, end := context.WithCancel(t.Context())
	ended, begun := make(chan error, 1), make(chan struct{})
	var once sync.Once
	go func() {
		ended <- stream.Listen(ctx, stream.Target{URL: cam.URL(), Metadata: func(c stream.Chunk) {
			once.Do(func() { close(begun) })
			hear(metadata.Chunk(c))
		}})
	}()
	t.Cleanup(func() {
		end()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	select {
	case <-begun:
	case err := <-ended:
		ended <- err
		t.Fatal("nothing came")
	case <-time.After(15 * time.Second):
		t.Fatal("nothing came")
	}
}

// TestMetadataTrack listens to a camera that tells what it sees, in the clear and
// packed: somebody walks through the picture, and an event of several packets comes
// whole.
func TestMetadataTrack(t *testing.T) {
	for _, how := range []Metadata{PlainMetadata, PackedMetadata} {
		t.Run(string(how), func(t *testing.T) {
			cam := serve(t, RTSPOptions{Metadata: how})
			seen := make(chan string, 100)
			reader := metadata.NewReader()
			listenTo(t, cam, func(c metadata.Chunk) {
				found, err := reader.Take(c)
				if err != nil {
					t.Error(err)
				}
				for _, n := range found.Notifications {
					seen <- fmt.Sprint(n.Raw, " ", n.Source, " ", len(n.Data))
				}
				for _, n := range found.Counts {
					seen <- fmt.Sprint(n.Class, " ", n.Objects)
				}
			})
			items := []string{"State=true"}
			for i := range 60 {
				items = append(items, fmt.Sprintf("Item%d=<%d>", i, i*i*i*7919))
			}
			cam.Notify(time.Now(), "tns1:VideoSource/MotionAlarm", "VideoSourceToken=v & w", items...)
			want := []string{"person 1", "tns1:VideoSource/MotionAlarm [VideoSourceToken=v & w] 61"}
			var got []string
			for tooLate := time.After(15 * time.Second); len(got) < len(want); {
				select {
				case what := <-seen:
					if !slices.Contains(got, what) {
						got = append(got, what)
					}
				case <-tooLate:
					t.Fatalf("got %q, want %q", got, want)
				}
			}
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestPictureBesideMetadata measures the picture of a camera that has a metadata
// track too: the one does not touch the other.
func TestPictureBesideMetadata(t *testing.T) {
	cam := serve(t, RTSPOptions{Metadata: PlainMetadata})
	s, err := stream.Measure(t.Context(), stream.Target{URL: cam.URL()}, 2*time.Second)
	if err != nil || s.Frames == 0 || *s.Loss != 0 || s.Codec != "H264" {
		t.Errorf("got %+v, %v", s, err)
	}
}

// TestBothWays lets a whole camera notice something that comes over its pull point
// and its metadata track: it is one event, whichever was first.
func TestBothWays(t *testing.T) {
	cam, err := ServeCamera(CameraOptions{
		ONVIF: cameratest.Options{HTTP: "127.0.0.1:0", User: "onvif", Password: "secret", Events: &cameratest.Events{}},
		RTSP:  RTSPOptions{Metadata: PlainMetadata},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cam.Close() })
	client, err := onvif.New(onvif.Options{
		Host: cam.ONVIF.Address(), User: "onvif", Password: func() (string, error) { return "secret", nil },
		Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	hearing := camera.NewHearing(camera.HearingOptions{Name: "cam-1"})
	said := make(chan string, 1000)
	emit := func(e devices.Event) error {
		if e.Code != "" && e.Code != devices.DeviceFault {
			said <- fmt.Sprint(e.Code, " ", e.Point)
		}
		return nil
	}
	ctx, end := context.WithTimeout(t.Context(), 20*time.Second)
	ended := make(chan error, 1)
	go func() {
		ended <- camera.Attend(camera.AttendOptions{
			Name: "cam-1", Client: client, Hearing: hearing, Memory: camera.NewMemory(camera.Known{}, func(camera.Known) error { return nil }),
		}).Run(ctx, emit)
	}()
	t.Cleanup(func() {
		end()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	reader, heard := metadata.NewReader(), make(chan struct{}, 1000)
	listenTo(t, cam.RTSP, func(c metadata.Chunk) {
		found, err := reader.Take(c)
		if err == nil && len(found.Notifications) > 0 {
			err = hearing.Take(found.Notifications, c.At, emit)
			heard <- struct{}{}
		}
		if err != nil {
			t.Error(err)
		}
	})
	cam.ONVIF.AwaitEvents(ctx, func(c cameratest.EventCount) bool { return c.Waiting > 0 })
	const rounds = 5
	var want []string
	for n := range rounds {
		cam.Notify("tns1:RuleEngine/LineDetector/Crossed", fmt.Sprint("Rule=", n), "ObjectId=7")
		want = append(want, fmt.Sprint("camera.line_crossed ", n))
	}
	cam.ONVIF.Notify("tns1:RuleEngine/LineDetector/Crossed", "Rule=last", "ObjectId=7") // pulled after all others
	for range rounds {
		<-heard
	}
	var got []string
	for !slices.Contains(got, "camera.line_crossed last") {
		select {
		case what := <-said:
			got = append(got, what)
		case <-ctx.Done():
			t.Fatalf("got only %q", got)
		}
	}
	for len(said) > 0 {
		got = append(got, <-said)
	}
	slices.Sort(got)
	if diff := cmp.Diff(append(want, "camera.line_crossed last"), got); diff != "" {
		t.Error(diff)
	}
}
