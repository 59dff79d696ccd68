package onvif_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices/camera/cameratest"
	"sitepost/devices/camera/onvif"
)

// begins is when the recording of a channel begins in these tests.
func begins(channel int) time.Time {
	return time.Date(2026, 8, channel, 3, 0, 0, 0, time.UTC)
}

// kept are recordings of four channels, named as told.
func kept(inTracks bool, source, name string) (all []cameratest.Recording) {
	word := func(form string, channel int) string {
		if form == "" {
			return ""
		}
		return fmt.Sprintf(form, channel)
	}
	for channel := 1; channel <= 4; channel++ {
		all = append(all, cameratest.Recording{
			Token: fmt.Sprintf("rec%c", 'a'+channel), Source: word(source, channel), Name: word(name, channel), Earliest: begins(channel), InTracks: inTracks,
		})
	}
	return all
}

// TestRecordings promises the oldest recording of every channel, by whichever
// question the recorder knows, also of a channel that is offline; and that each
// search is ended.
func TestRecordings(t *testing.T) {
	t.Parallel()
	every := map[int]time.Time{1: begins(1), 2: begins(2), 3: begins(3), 4: begins(4)}
	unmatched := map[int]time.Time{0: begins(4)}
	for _, c := range []struct {
		name     string
		archive  cameratest.Archive
		o        cameratest.Options
		want     map[int]time.Time
		searches int
		fails    string
	}{
		{"by the source's token", cameratest.Archive{Recordings: kept(false, "VideoSource_%d", "Camera 01")}, cameratest.Options{}, every, 1, ""},
		{"by the profile's token", cameratest.Archive{Recordings: kept(false, "Profile_%d01", "")}, cameratest.Options{}, every, 1, ""},
		{"by the name", cameratest.Archive{Recordings: kept(false, "", "Channel %d")}, cameratest.Options{}, every, 1, ""},
		{"times in the tracks", cameratest.Archive{Recordings: kept(true, "VideoSource_%d", "")}, cameratest.Options{}, every, 1, ""},
		{"all cameras are called alike", cameratest.Archive{Recordings: kept(false, "", "Camera 01%.0s")}, cameratest.Options{}, unmatched, 1, ""},
		{"no FindRecordings", cameratest.Archive{NoFind: true, Recordings: kept(false, "VideoSource_%d", "")}, cameratest.Options{}, every, 0, ""},
		{"no GetServices", cameratest.Archive{Recordings: kept(false, "VideoSource_%d", "")}, cameratest.Options{NoServices: true}, every, 1, ""},
		{"a search breaks off", cameratest.Archive{BreaksOff: true, Recordings: kept(false, "VideoSource_%d", "")}, cameratest.Options{}, every, 1, ""},
		{"one channel, one recording", cameratest.Archive{Recordings: kept(false, "gate", "")[:1]}, cameratest.Options{Profiles: cameratest.Channels(1)},
			map[int]time.Time{1: begins(1)}, 1, ""},
		{"one recording, known by the summary only", cameratest.Archive{Summary: begins(9), Recordings: []cameratest.Recording{{Token: "r"}}},
			cameratest.Options{Profiles: cameratest.Channels(1)}, map[int]time.Time{1: begins(9)}, 1, ""},
		{"one channel online, recordings of several sources", cameratest.Archive{Recordings: []cameratest.Recording{
			{Token: "a", Source: "north", Earliest: begins(1)}, {Token: "b", Source: "south", Earliest: begins(4)}}},
			cameratest.Options{Profiles: cameratest.Channels(1)}, unmatched, 1, ""},
		{"empty", cameratest.Archive{}, cameratest.Options{}, map[int]time.Time{}, 1, ""},
		{"more than anybody has", cameratest.Archive{Flood: true}, cameratest.Options{}, nil, 1, "the recorder tells more than 4096 recordings"},
		{"Search answers nothing", cameratest.Archive{NoSearch: true, Recordings: kept(false, "", "")}, cameratest.Options{}, nil, 0,
			`the camera answers with HTTP 500 Sender ActionNotSupported "not a question of this camera"`},
		{"this login may not", cameratest.Archive{NotForUs: true}, cameratest.Options{}, nil, 0,
			"this login may not ask for recordings (give the user the right to play back)"},
		{"this login may not, by digest", cameratest.Archive{NotForUs: true}, cameratest.Options{Auth: "digest"}, nil, 0,
			"this login may not ask for recordings (give the user the right to play back)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.o.Profiles == nil {
				c.o.Profiles = cameratest.Channels(4, 2)
			}
			c.o.Archive, c.o.Password = &c.archive, "secret"
			v := cameratest.Start(t, c.o)
			all, err := client(t, v).Recordings(cameratest.Soon(t))
			if words := fmt.Sprint(err); err != nil && words != c.fails || err == nil && c.fails != "" {
				t.Fatalf("got %v, want %q", err, c.fails)
			}
			if diff := cmp.Diff(c.want, oldest(all, err)); diff != "" {
				t.Error(diff)
			}
			if opened, open := v.Searches(); opened != c.searches || open != 0 {
				t.Errorf("%d searches, %d still open, want %d and none", opened, open, c.searches)
			}
		})
	}
}

// oldest is the oldest beginning by channel.
func oldest(all []onvif.Recording, err error) map[int]time.Time {
	if err != nil {
		return nil
	}
	found := map[int]time.Time{}
	for _, r := range all {
		if at, known := found[r.Channel]; !known || r.Earliest.Before(at) || r.Channel == 0 {
			found[r.Channel] = r.Earliest
		}
	}
	return found
}

// TestRecordingsNoSearch promises a plain word for a recorder that has no Search
// service, and no error of the connection.
func TestRecordingsNoSearch(t *testing.T) {
	t.Parallel()
	v := cameratest.Start(t, cameratest.Options{Password: "secret"})
	_, err := client(t, v).Recordings(cameratest.Soon(t))
	if diff := cmp.Diff("the recorder cannot be asked for its recordings (it tells no ONVIF Search service)", fmt.Sprint(err)); diff != "" {
		t.Error(diff)
	}
}

// TestRightsDoNotLockOut promises that a user who may not play back can be asked
// for recordings again and again without the budget of logins closing: what the
// login may ask is still answered.
func TestRightsDoNotLockOut(t *testing.T) {
	t.Parallel()
	v := cameratest.Start(t, cameratest.Options{Password: "secret", Archive: &cameratest.Archive{NotForUs: true}})
	c := client(t, v)
	for range 5 {
		_, err := c.Recordings(cameratest.Soon(t))
		if _, refused := errors.AsType[*onvif.LoginRefused](err); refused || err == nil {
			t.Fatalf("got %v", err)
		}
	}
	if _, err := c.Streams(cameratest.Soon(t), onvif.Pick{}); err != nil {
		t.Error(err)
	}
}

// TestSearchIsEnded promises that a search that never ends is ended by us when the
// asker goes away.
func TestSearchIsEnded(t *testing.T) {
	t.Parallel()
	v := cameratest.Start(t, cameratest.Options{Password: "secret", Archive: &cameratest.Archive{Endless: true}})
	c := client(t, v)
	ctx, cancel := context.WithCancel(cameratest.Soon(t))
	ended := make(chan error, 1)
	go func() {
		_, err := c.Recordings(ctx)
		ended <- err
	}()
	for _, open := v.Searches(); open == 0; _, open = v.Searches() {
		runtime.Gosched()
	}
	for begun := v.Questions(); v.Questions() == begun; { // we know its token now
		runtime.Gosched()
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if opened, open := v.Searches(); opened != 1 || open != 0 {
		t.Errorf("%d searches, %d still open", opened, open)
	}
}

// TestSearchBesideALongPoll promises that a recorder that is listened to is still
// asked for its recordings: no page of them waits until the poll ends.
func TestSearchBesideALongPoll(t *testing.T) {
	t.Parallel()
	v := cameratest.Start(t, cameratest.Options{Password: "secret", Archive: &cameratest.Archive{Recordings: kept(false, "VideoSource_%d", "")}})
	hangs := cameratest.Start(t, cameratest.Options{Trouble: cameratest.Hangs})
	c := client(t, v)
	polling, stop := context.WithCancel(t.Context())
	polls := make(chan error)
	go func() {
		polls <- c.Call(polling, onvif.Call{To: "http://" + hangs.Address() + "/onvif/events", Question: struct {
			XMLName string `xml:"tev:PullMessages"`
		}{}, Within: time.Minute})
	}()
	for hangs.Questions() == 0 {
		runtime.Gosched()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if all, err := c.Recordings(ctx); err != nil || len(all) != 4 {
		t.Errorf("got %d recordings, %v, want 4", len(all), err)
	}
	stop()
	<-polls
}
