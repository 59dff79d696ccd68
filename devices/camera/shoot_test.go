package camera_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/devices/camera"
	"sitepost/devices/camera/cameratest"
)

const incident = "7f3a9c51d20b44e6-alarm-3"

// album keeps pictures as the store does.
func album(incident string, jpeg []byte) (devices.Picture, error) {
	sum := sha256.Sum256(jpeg)
	return devices.Picture{SHA256: hex.EncodeToString(sum[:]), Bytes: len(jpeg), Type: "image/jpeg"}, nil
}

// shots lets a camera take the pictures of some alarms and returns what was said,
// when all of them were looked at.
func shots(t *testing.T, v *cameratest.Camera, keep func(string, []byte) (devices.Picture, error), wanted ...camera.Shot) []devices.Event {
	t.Helper()
	ctx, end := context.WithCancel(cameratest.Soon(t))
	defer end()
	alarms, ended := make(chan camera.Shot), make(chan error, 1)
	d := camera.Shoot(camera.ShootOptions{
		Name: "cam-1", Client: client(t, v, func() (string, error) { return "secret", nil }, cameratest.Loopback), Wanted: alarms, Keep: keep,
	})
	var said []devices.Event
	go func() {
		ended <- d.Run(ctx, func(e devices.Event) error { said = append(said, e); return nil })
	}()
	for _, s := range append(wanted, camera.Shot{Incident: "the last, which is too late"}) {
		select {
		case alarms <- s: // taken when the one before is done
		case <-ctx.Done():
			t.Fatal("the camera takes no more pictures")
		}
	}
	end()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	for i := range said {
		if said[i].Time.IsZero() {
			t.Errorf("got no time in %+v", said[i])
		}
		said[i].Time = time.Time{}
	}
	return said
}

// TestShoot promises a picture for each alarm, with its incident, whatever login
// the camera wants; alarms in the same second share one picture.
func TestShoot(t *testing.T) {
	t.Parallel()
	picture, _ := album("", cameratest.Picture())
	for _, auth := range []string{"wsse", "digest", "digest-sha256", "both", "open"} {
		t.Run(auth, func(t *testing.T) {
			t.Parallel()
			v := cameratest.Start(t, cameratest.Options{Auth: auth, Password: "secret", Pictures: true})
			got := shots(t, v, album, camera.Shot{Incident: incident, At: time.Now()}, camera.Shot{Incident: "7f3a9c51d20b44e6-alarm-4", At: time.Now()})
			want := []devices.Event{
				{Code: devices.SnapshotTaken, Incident: incident, Picture: &picture},
				{Code: devices.SnapshotTaken, Incident: "7f3a9c51d20b44e6-alarm-4", Picture: &picture},
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if n := v.Pictures(); n != 1 {
				t.Errorf("the camera was asked for %d pictures, want 1 for both alarms", n)
			}
		})
	}
}

// TestShootStorm promises that a camera without pictures is not asked for them again
// at every one of many alarms, and that one that fails once is asked again at once
// where its picture was.
func TestShootStorm(t *testing.T) {
	t.Parallel()
	storm := make([]camera.Shot, 20)
	for i := range storm {
		storm[i] = camera.Shot{Incident: incident, At: time.Now()}
	}
	v := cameratest.Start(t, cameratest.Options{Password: "secret"})
	shots(t, v, album)
	before := v.Questions()
	shots(t, v, album)
	once := v.Questions() - before
	shots(t, v, album, storm...)
	if got := v.Questions() - before - once; got > once+once/2 {
		t.Errorf("the camera was asked %d questions in a storm of alarms, want about the %d of none", got, once)
	}
	broken := cameratest.Start(t, cameratest.Options{Password: "secret", Pictures: true, Trouble: cameratest.NoPicture})
	shots(t, broken, album, storm[:3]...)
	if n := broken.Pictures(); n != 3 {
		t.Errorf("the camera was asked for %d pictures, want 3", n)
	}
}

// TestShootFewOfAStorm promises that a storm of alarms costs a few pictures a second, and
// the camera one.
func TestShootFewOfAStorm(t *testing.T) {
	t.Parallel()
	v := cameratest.Start(t, cameratest.Options{Auth: "open", Pictures: true})
	var storm []camera.Shot
	for n := range 20 {
		storm = append(storm, camera.Shot{Incident: fmt.Sprintf("7f3a9c51d20b44e6-alarm-%d", n+1), At: time.Now()})
	}
	if got := shots(t, v, album, storm...); len(got) < 4 || len(got) > 8 {
		t.Errorf("got %d pictures of 20 alarms, want 4 for each second of them", len(got))
	}
	if n := v.Pictures(); n > 2 {
		t.Errorf("the camera was asked for %d pictures, want one a second", n)
	}
}

// TestShootFails promises that a picture that cannot be had is not said, costs
// nothing else, and that one of an alarm long ago is not taken at all.
func TestShootFails(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		o    cameratest.Options
		keep func(string, []byte) (devices.Picture, error)
		ago  time.Duration // the alarm
		want int           // pictures asked for
	}{
		{"there is none", cameratest.Options{Trouble: cameratest.NoPicture}, album, 0, 1},
		{"more than 1 MiB", cameratest.Options{Trouble: cameratest.HugePicture}, album, 0, 1},
		{"too late", cameratest.Options{}, album, time.Minute, 0},
		{"the disk is full", cameratest.Options{}, func(string, []byte) (devices.Picture, error) { return devices.Picture{}, errors.New("full") }, 0, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.o.Password, c.o.Pictures = "secret", true
			v := cameratest.Start(t, c.o)
			if got := shots(t, v, c.keep, camera.Shot{Incident: incident, At: time.Now().Add(-c.ago)}); len(got) != 0 {
				t.Errorf("got %+v, want nothing said", got)
			}
			if n := v.Pictures(); n != c.want {
				t.Errorf("the camera was asked for %d pictures, want %d", n, c.want)
			}
		})
	}
}
