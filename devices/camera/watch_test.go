package camera_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/devices/camera"
	"sitepost/devices/camera/cameratest"
	"sitepost/devices/camera/onvif"
	"sitepost/devices/camera/stream"
)

// A sight is what a scripted measurement sees. before is done first.
type sight struct {
	before func()
	see    devices.Stream
	err    error
}

// eyes measures by a script and ends the conversation when it is played out.
func eyes(end context.CancelFunc, script []sight) (measure func(context.Context, stream.Target, time.Duration) (devices.Stream, error), looked *[]string) {
	looked = new([]string)
	return func(ctx context.Context, target stream.Target, howLong time.Duration) (devices.Stream, error) {
		n := len(*looked)
		*looked = append(*looked, fmt.Sprintf("%s as %s for %v", target.URL, target.User, howLong))
		if n == len(script) {
			end()
			return devices.Stream{}, ctx.Err()
		}
		if script[n].before != nil {
			script[n].before()
		}
		return script[n].see, script[n].err
	}, looked
}

var (
	good     = devices.Stream{State: stream.Live, Width: 1920, Height: 1080, FPS: figure(24.9)}
	small    = devices.Stream{State: stream.Live, Width: 1280, Height: 720, FPS: figure(25)}
	offline  = devices.Stream{State: stream.Offline}
	stalled  = devices.Stream{State: stream.Stalled}
	refused  = devices.Stream{State: stream.AuthFailed}
	errLost  = errors.New("port: nobody listens")
	errLogin = fmt.Errorf("stream %q: %w", "rtsp://…", &stream.Failure{Layer: stream.Login, State: stream.AuthFailed, Err: stream.ErrLogin, Text: "refused"})
)

func figure(f float64) *float64 { return &f }

// converse plays a script against a virtual camera and returns, in words, what
// the conversation said and how it ended. It ends with the script, or when atMost
// events were said (0 = any number).
func converse(t *testing.T, o camera.WatchOptions, script []sight, atMost int) (said []string, looked []string, err error) {
	t.Helper()
	ctx, end := context.WithCancel(cameratest.Soon(t))
	defer end()
	measure, visits := eyes(end, script)
	o.Measure, o.Sampled, o.Every, o.Look = measure, true, 10*time.Millisecond, 4*time.Millisecond
	o.HDWidth, o.HDHeight, o.HDFPS = 1920, 1080, 25
	err = camera.Watch(o).Run(ctx, func(e devices.Event) error {
		if said = append(said, inWords(e)); len(said) == atMost {
			end()
		}
		return nil
	})
	return said, *visits, err
}

func inWords(e devices.Event) string {
	switch {
	case e.Code == "":
		return "heard"
	case e.Stream != nil && len(e.Stream.Why) > 0:
		return fmt.Sprintf("%s %s: %s", e.Code, e.Stream.State, strings.Join(e.Stream.Why, "; "))
	case e.Stream != nil:
		return fmt.Sprintf("%s %s", e.Code, e.Stream.State)
	}
	return fmt.Sprintf("%s %s", e.Code, e.State)
}

var allWell = []string{
	"device.offline cleared", "heard", "stream.reading live",
	"camera.login_refused cleared", "stream.offline cleared", "stream.stalled cleared", "stream.below_hd cleared", "stream.clock_skew cleared",
}

func after(first []string, more ...string) []string {
	return append(append([]string(nil), first...), more...)
}

// TestConversation promises which conditions a camera's life brings, each once,
// and when the conversation ends.
func TestConversation(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		o      cameratest.Options
		script func(v *cameratest.Camera) []sight
		want   []string
		ends   any // target of errors.As; nil = with ctx
		more   int // events beyond want that would be wrong
	}{
		{"all is well", cameratest.Options{}, func(*cameratest.Camera) []sight { return []sight{{see: good}, {see: good}} },
			after(allWell, "stream.reading live"), nil, 1},
		{"one lost visit is no alarm", cameratest.Options{}, func(*cameratest.Camera) []sight {
			return []sight{{see: good}, {see: offline, err: errLost}, {see: good}}
		}, after(allWell, "stream.reading offline", "stream.reading live"), nil, 1},
		{"the stream is lost and comes back, ONVIF answers", cameratest.Options{}, func(*cameratest.Camera) []sight {
			return []sight{{see: good}, {see: offline, err: errLost}, {see: offline, err: errLost}, {see: offline, err: errLost}, {see: good}}
		}, after(allWell, "stream.reading offline", "stream.reading offline", "stream.offline raised", "heard",
			"stream.reading offline", "heard", "stream.reading live", "stream.offline cleared"), nil, 1},
		{"no picture comes, then nothing", cameratest.Options{}, func(*cameratest.Camera) []sight {
			return []sight{{see: stalled, err: errLost}, {see: stalled, err: errLost}, {see: offline, err: errLost}}
		}, []string{"device.offline cleared", "heard", "stream.reading stalled", "stream.reading stalled", "stream.stalled raised", "heard",
			"stream.reading offline", "stream.offline raised", "stream.stalled cleared", "heard"}, nil, 1},
		{"the cable is pulled", cameratest.Options{}, func(v *cameratest.Camera) []sight {
			return []sight{{see: good}, {before: func() { v.Offline(true) }, see: offline, err: errLost}, {see: offline, err: errLost}}
		}, after(allWell, "stream.reading offline", "stream.reading offline", "stream.offline raised", "device.offline raised"), new(*onvif.Unreachable), 1},
		{"only ONVIF is lost", cameratest.Options{}, func(v *cameratest.Camera) []sight {
			return []sight{{see: good}, {before: func() { v.Offline(true) }, see: good}, {see: good}}
		}, after(allWell, "stream.reading live", "stream.reading live"), nil, 1},
		{"below HD and back", cameratest.Options{}, func(*cameratest.Camera) []sight { return []sight{{see: good}, {see: small}, {see: small}, {see: good}} },
			after(allWell, "stream.reading live", "stream.below_hd raised", "stream.reading live", "stream.reading live", "stream.below_hd cleared"), nil, 1},
		{"the clock is off", cameratest.Options{Clock: -8 * time.Hour}, func(*cameratest.Camera) []sight { return []sight{{see: good}} },
			after([]string{"device.offline cleared", "heard", "stream.reading live: the camera's clock is 8h0m0s behind (told by ONVIF)"},
				after(allWell[3:7], "stream.clock_skew raised")...), nil, 1},
		{"RTSP refuses the login", cameratest.Options{}, func(*cameratest.Camera) []sight {
			return []sight{{see: refused, err: errLogin}, {see: refused, err: errLogin}}
		}, []string{"device.offline cleared", "heard", "stream.reading auth_failed", "camera.login_refused raised",
			"stream.reading auth_failed", "stream.offline raised", "heard"}, nil, 0}, // no third look: the budget is used up
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.o.Password = "secret"
			v := cameratest.Start(t, c.o)
			script := c.script(v)
			said, looked, err := converse(t, to(t, v, "secret"), script, len(c.want)+c.more)
			if diff := cmp.Diff(c.want, roundClock(said)); diff != "" {
				t.Error(diff)
			}
			if c.ends == nil && err != nil || c.ends != nil && !errors.As(err, c.ends) {
				t.Errorf("got %v", err)
			}
			if len(looked) < len(script) || looked[0] != "rtsp://127.0.0.11:554/main as onvif for 4ms" {
				t.Errorf("got %d looks %v, want %d", len(looked), looked, len(script))
			}
		})
	}
}

// roundClock takes the second of slack out of what is said of a clock.
func roundClock(said []string) []string {
	for i := range said {
		said[i] = strings.NewReplacer("7h59m59s", "8h0m0s", "8h0m1s", "8h0m0s").Replace(said[i])
	}
	return said
}

// TestConversationEndsAtOnce promises that a camera that tells nothing ends the
// conversation after it was told what is wrong.
func TestConversationEndsAtOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		o       cameratest.Options
		offline bool
		want    []string
		ends    any
	}{
		{"nobody there", cameratest.Options{}, true, []string{"device.offline raised", "stream.offline raised"}, new(*onvif.Unreachable)},
		{"wrong password", cameratest.Options{Password: "another"}, false, []string{"device.offline cleared", "camera.login_refused raised"}, new(*onvif.LoginRefused)},
		{"a web page", cameratest.Options{Trouble: cameratest.HTMLAnswer}, false, []string{"device.offline cleared", "stream.offline raised"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			v := cameratest.Start(t, c.o)
			v.Offline(c.offline)
			said, looked, err := converse(t, to(t, v, ""), nil, 0)
			if diff := cmp.Diff(c.want, said); diff != "" {
				t.Error(diff)
			}
			if err == nil || c.ends != nil && !errors.As(err, c.ends) || len(looked) != 0 {
				t.Errorf("got %v after %v", err, looked)
			}
		})
	}
}

// TestConversationAgain promises that a conversation that is begun again and
// again sends no third wrong login, and that one without ONVIF goes on with the
// stream's address learnt before.
func TestConversationAgain(t *testing.T) {
	t.Parallel()
	v := cameratest.Start(t, cameratest.Options{Auth: "both", Password: "right", StreamURI: "rtsp://192.168.1.64:554/main"})
	var password atomic.Value
	password.Store("wrong")
	o := camera.WatchOptions{Client: client(t, v, func() (string, error) { return password.Load().(string), nil }, nil)}
	o.Sampled, o.Every, o.Look = true, 10*time.Millisecond, 4*time.Millisecond
	ctx, end := context.WithCancel(cameratest.Soon(t))
	defer end()
	script := []sight{{see: good}, {before: func() { v.Offline(true) }, see: offline, err: errLost}, {see: offline, err: errLost}, {see: good}}
	measure, looked := eyes(end, script)
	o.Measure = measure
	d := camera.Watch(o)
	var said []string
	emit := func(e devices.Event) error { said = append(said, inWords(e)); return nil }
	for range 5 {
		if err := d.Run(ctx, emit); !errors.As(err, new(*onvif.LoginRefused)) {
			t.Fatalf("got %v", err)
		}
	}
	if got := v.Logins(); got.Refused != 2 {
		t.Errorf("got %+v, want two refused", got)
	}
	password.Store("right")
	said = nil
	if err := d.Run(ctx, emit); !errors.As(err, new(*onvif.Unreachable)) {
		t.Errorf("got %v", err)
	}
	if err := d.Run(ctx, emit); err != nil {
		t.Errorf("got %v", err)
	}
	want := after(append(allWell[:6:6], allWell[7]), "stream.reading offline", "stream.reading offline", "stream.offline raised", "device.offline raised",
		"stream.reading live", "device.offline cleared", "camera.login_refused cleared", "stream.offline cleared", "stream.stalled cleared", "stream.clock_skew cleared")
	if diff := cmp.Diff(want, said); diff != "" {
		t.Error(diff)
	}
	for _, at := range *looked { // the inner address of a camera behind NAT is not dialled
		if !strings.HasPrefix(at, "rtsp://127.0.0.11:554/main ") {
			t.Errorf("got a look at %q", at)
		}
	}
}

// TestEmitFails promises that a conversation ends with emit's own error, at once.
func TestEmitFails(t *testing.T) {
	t.Parallel()
	v := cameratest.Start(t, cameratest.Options{Password: "secret"})
	o := to(t, v, "secret")
	closed := errors.New("closed")
	o.Measure = func(context.Context, stream.Target, time.Duration) (devices.Stream, error) { return good, nil }
	for n := range 4 {
		heard := 0
		err := camera.Watch(o).Run(cameratest.Soon(t), func(devices.Event) error {
			if heard++; heard > n {
				return closed
			}
			return nil
		})
		if err != closed || heard != n+1 {
			t.Errorf("got %v after %d events, want %v after %d", err, heard, closed, n+1)
		}
	}
}
