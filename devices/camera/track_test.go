package camera_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/devices/camera"
	"sitepost/devices/camera/stream"
)

// listen is a session for the metadata track alone: it sends the scene's document
// every second.
func (s *scene) listen(ctx context.Context, t stream.Target) error {
	s.begin("track", t)
	defer s.end()
	t.Step(devices.StreamStarting)
	for n := uint16(0); ; n++ {
		if err := s.dial(ctx, 65*time.Second); err != nil {
			return err
		}
		s.mu.Lock()
		document := s.document
		s.mu.Unlock()
		t.Metadata(stream.Chunk{Sequence: n, Last: true, Payload: []byte(document), At: time.Now()})
		if !sleep(ctx, time.Second) {
			return nil
		}
	}
}

// walking is a document of a person, with an event that says that one came at a second.
func walking(second int) string {
	return fmt.Sprintf(`<?xml version="1.0"?><tt:MetadataStream xmlns:tt="http://www.onvif.org/ver10/schema" xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2" xmlns:tns1="http://www.onvif.org/ver10/topics">
<tt:VideoAnalytics><tt:Frame UtcTime="2000-01-01T00:00:%02dZ"><tt:Object ObjectId="1"><tt:Appearance><tt:Class><tt:Type Likelihood="0.9">Human</tt:Type></tt:Class></tt:Appearance></tt:Object></tt:Frame></tt:VideoAnalytics>
<tt:Event><wsnt:NotificationMessage><wsnt:Topic>tns1:RuleEngine/LineDetector/Crossed</wsnt:Topic><wsnt:Message><tt:Message UtcTime="2000-01-01T00:00:%02dZ"><tt:Source><tt:SimpleItem Name="Rule" Value="Edge"/></tt:Source><tt:Data><tt:SimpleItem Name="ObjectId" Value="1"/></tt:Data></tt:Message></wsnt:Message></wsnt:NotificationMessage></tt:Event>
</tt:MetadataStream>`, second, second)
}

func hearing() *camera.Hearing { return camera.NewHearing(camera.HearingOptions{Name: "cam-1"}) }

// TestTrack promises that the metadata track is listened to between the visits, in one
// session at a time, that its events and counts are told, and that of a deaf camera only
// the counts are.
func TestTrack(t *testing.T) {
	for _, deaf := range []bool{false, true} {
		tracked := func() camera.WatchOptions {
			o := sampled
			o.Hearing, o.Deaf = hearing(), deaf
			return o
		}
		yes := true
		s, d := inBubbleWith(t, tracked, with(func(s *devices.Stream) { s.Metadata = &yes }), func(s *scene, _ *diary) {
			time.Sleep(90 * time.Second)
			s.change(func() { s.document = walking(7) })
			time.Sleep(time.Second)
			s.change(func() { s.document = "" })
			time.Sleep(2 * time.Minute)
		})
		if s.most != 1 || !slices.ContainsFunc(s.visits, func(v string) bool { return strings.HasPrefix(v, "track") }) {
			t.Errorf("got %d sessions at once: %v", s.most, s.visits)
		}
		var said []string
		for _, e := range d.said {
			switch {
			case e.event.Code == devices.CameraObjects:
				said = append(said, fmt.Sprintf("%s %s %v", e.event.Code, e.event.Point, e.event.Value.Number))
			case e.event.Code == "camera.line_crossed":
				said = append(said, fmt.Sprintf("%s %s", e.event.Code, e.event.Point))
			}
		}
		want := []string{"camera.line_crossed Edge", "camera.objects person 1"}
		if deaf {
			want = want[1:]
		}
		slices.Sort(said)
		if diff := cmp.Diff(want, said); diff != "" {
			t.Error(diff)
		}
	}
}

// TestTrackless promises that a camera without the track that the site wants says so,
// is not asked for it alone, and ends that when it has one.
func TestTrackless(t *testing.T) {
	tracked := func() camera.WatchOptions {
		o := sampled
		o.Hearing = hearing()
		return o
	}
	no, yes := false, true
	s, d := inBubbleWith(t, tracked, with(func(s *devices.Stream) { s.Metadata = &no }), func(s *scene, _ *diary) {
		time.Sleep(5 * time.Minute)
		s.change(func() {
			for _, v := range s.visits {
				if !strings.HasPrefix(v, "visit") {
					t.Errorf("got a %s", v)
				}
			}
			s.see.Metadata = &yes
		})
		time.Sleep(5 * time.Minute)
	})
	if diff := cmp.Diff([]string{"device.fault raised", "device.fault cleared"}, d.conditions()); diff != "" {
		t.Error(diff)
	}
	if s.most != 1 {
		t.Errorf("got %d sessions at once", s.most)
	}
}

// TestTrackGone promises that a camera is found to be gone as soon as ever while only
// its track is listened to.
func TestTrackGone(t *testing.T) {
	tracked := func() camera.WatchOptions {
		o := sampled
		o.Hearing = hearing()
		return o
	}
	yes := true
	var gone time.Time
	_, d := inBubbleWith(t, tracked, with(func(s *devices.Stream) { s.Metadata = &yes }), func(s *scene, _ *diary) {
		time.Sleep(100 * time.Second)
		s.change(func() { s.gone = true })
		gone = time.Now()
		time.Sleep(5 * time.Minute)
	})
	if after := d.when("stream.offline raised", gone).Sub(gone); after < 0 || after > 15*time.Second {
		t.Errorf("offline after %v", after)
	}
}

// TestTrackFull promises that a conversation ends when nothing more is taken of its
// track.
func TestTrackFull(t *testing.T) {
	full := errors.New("full")
	synctest.Test(t, func(t *testing.T) {
		yes := true
		s := newScene(with(func(s *devices.Stream) { s.Metadata = &yes }))
		s.document = walking(1)
		o := sampled
		o.Hearing = hearing()
		err := camera.Watch(s.watched(o)).Run(t.Context(), func(e devices.Event) error {
			if e.Code == devices.CameraObjects {
				return full
			}
			return nil
		})
		if err != full {
			t.Errorf("got %v, want %v", err, full)
		}
	})
}
