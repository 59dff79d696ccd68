package camera_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sitepost/devices"
	"sitepost/devices/camera"
	"sitepost/devices/camera/norm"
	"sitepost/devices/camera/onvif"
	"sitepost/devices/camera/stream"
)

// A scene is a camera in the fake time of a bubble: what it is asked, and how its
// stream looks. A test changes it while the conversation goes on.
type scene struct {
	mu       sync.Mutex // protects what follows
	gone     bool       // its cable is pulled: nothing answers, and whoever dials waits
	closed   bool       // its RTSP port is: a dial fails at once
	see      devices.Stream
	fails    error         // of a session; nil = it goes well
	once     *sight        // what the next session sees, and no other
	lasts    time.Duration // how long a kept session goes well, 0 = as long as it is wanted
	again    bool          // such a session ends because a new one is needed
	uri      string
	offset   time.Duration // of its clock
	document string        // that comes on its metadata track

	began   time.Time
	visits  []string // what sessions were begun, when and as what
	knocked int
	open    int // sessions now
	most    int // at once
	budget  *onvif.Budget
	targets []stream.Target
}

func newScene(see devices.Stream) *scene {
	return &scene{see: see, uri: "rtsp://192.0.2.1:554/main", began: time.Now(), budget: onvif.NewBudget()}
}

var errGone = &stream.Failure{Layer: stream.Route, State: stream.Offline, Text: "192.0.2.1:554 does not answer"}
var errClosed = &stream.Failure{Layer: stream.Port, State: stream.Offline, Text: "192.0.2.1:554 refuses the connection"}

// A sight is what one session sees.
type sight struct {
	see devices.Stream
	err error
}

// change changes the camera.
func (s *scene) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// dial is how a connection to its RTSP port goes.
func (s *scene) dial(ctx context.Context, patience time.Duration) error {
	s.mu.Lock()
	gone, closed := s.gone, s.closed
	s.mu.Unlock()
	switch {
	case gone && !sleep(ctx, patience):
		return ctx.Err()
	case gone:
		return errGone
	case closed:
		return errClosed
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// begin notes a session, and end its end.
func (s *scene) begin(what string, t stream.Target) (see devices.Stream, fails error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.visits = append(s.visits, fmt.Sprintf("%s at %v", what, time.Since(s.began).Round(time.Second)))
	s.targets = append(s.targets, t)
	s.open++
	s.most = max(s.most, s.open)
	see = s.see
	see.URI = t.URL
	if once := s.once; once != nil {
		s.once = nil
		return once.see, once.err
	}
	return see, s.fails
}

func (s *scene) end() { s.change(func() { s.open-- }) }

func (s *scene) measure(ctx context.Context, t stream.Target, howLong time.Duration) (devices.Stream, error) {
	see, fails := s.begin("visit", t)
	defer s.end()
	if err := s.dial(ctx, 2*time.Second); err != nil {
		return devices.Stream{State: stream.Offline, Why: []string{err.Error()}}, err
	}
	if fails != nil {
		return see, fails
	}
	if !sleep(ctx, howLong) {
		return devices.Stream{}, ctx.Err()
	}
	see.Seconds = howLong.Seconds()
	return see, nil
}

func (s *scene) follow(ctx context.Context, t stream.Target, every time.Duration, take func(devices.Stream) error) error {
	_, fails := s.begin("kept session", t)
	defer s.end()
	began, window := time.Now(), time.Now()
	for err := s.dial(ctx, 2*time.Second); ; err = nil {
		s.mu.Lock()
		see, dead, lasts, again := s.see, s.gone || s.closed, s.lasts, s.again
		s.mu.Unlock()
		see.URI, see.Seconds = t.URL, time.Since(window).Seconds()
		switch {
		case err != nil:
			_ = take(devices.Stream{State: stream.Offline, Why: []string{err.Error()}})
			return err
		case fails != nil:
			_ = take(see)
			return fails
		case dead && !sleep(ctx, 3*time.Second): // that a stall is noticed
			return nil
		case dead:
			see.State = stream.Stalled
			_ = take(see)
			return &stream.Failure{Layer: stream.NoData, State: stream.Stalled, Text: "no picture for 3 s"}
		case lasts > 0 && time.Since(began) >= lasts && again:
			return stream.ErrAgain
		case time.Since(window) >= every, window.Equal(began) && time.Since(window) >= 4*time.Second:
			window = time.Now()
			if err := take(see); err != nil {
				return err
			}
		}
		if !sleep(ctx, time.Second) {
			return nil
		}
	}
}

func (s *scene) knock(ctx context.Context, _ stream.Target) error {
	s.change(func() { s.knocked++ })
	return s.dial(ctx, 1600*time.Millisecond)
}

// The scene is who is asked about the stream, too.

func (s *scene) LearnClock(ctx context.Context) error {
	s.mu.Lock()
	gone := s.gone
	s.mu.Unlock()
	if !gone {
		return nil
	}
	if !sleep(ctx, 5*time.Second) {
		return ctx.Err()
	}
	return &onvif.Unreachable{Err: errors.New("i/o timeout")}
}

func (s *scene) Streams(ctx context.Context, _ onvif.Pick) (onvif.Streams, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return onvif.Streams{Main: s.uri}, nil
}

func (s *scene) ClockOffset() (time.Duration, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.offset, true
}

func (s *scene) Host() string                    { return "192.0.2.1" }
func (s *scene) Address() string                 { return "192.0.2.1:80" }
func (s *scene) Networks() []netip.Prefix        { return nil }
func (s *scene) User() string                    { return "onvif" }
func (s *scene) Secret() (devices.Secret, error) { return "secret", nil }
func (s *scene) Budget() *onvif.Budget           { return s.budget }

// A diary is what a conversation said, and when.
type diary struct {
	mu   sync.Mutex // protects said
	said []entry
}

type entry struct {
	at    time.Time
	event devices.Event
}

func (d *diary) emit(e devices.Event) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.said = append(d.said, entry{time.Now(), e})
	return nil
}

// when is the moment at which something was said first after another, zero if never.
func (d *diary) when(words string, after time.Time) time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range d.said {
		if !e.at.Before(after) && strings.HasPrefix(inWords(e.event), words) {
			return e.at
		}
	}
	return time.Time{}
}

// conditions are what was raised, cleared or happened, in words; the first word of all
// being well again is left out.
func (d *diary) conditions() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []string
	raised := map[devices.Code]bool{}
	for _, e := range d.said {
		switch e := e.event; {
		case e.State == devices.Cleared && !raised[e.Code]: // nothing stood
		case e.State != "", e.Code != "" && e.Stream == nil:
			raised[e.Code] = e.State == devices.Raised
			all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s", e.Code, e.State)))
		}
	}
	return all
}

// readings are the states that were said, each run of equal ones once, with the
// number of them.
func (d *diary) readings() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []string
	state, n := "", 0
	note := func() {
		if n > 0 {
			all = append(all, fmt.Sprintf("%s %d", state, n))
		}
	}
	for _, e := range d.said {
		if e.event.Stream == nil {
			continue
		}
		if e.event.Stream.State != state {
			note()
			state, n = e.event.Stream.State, 0
		}
		n++
	}
	note()
	return all
}

// inBubble watches a scene in fake time while a script changes it.
func inBubble(t *testing.T, o camera.WatchOptions, see devices.Stream, script func(s *scene, d *diary)) (*scene, *diary) {
	t.Helper()
	return inBubbleWith(t, func() camera.WatchOptions { return o }, see, script)
}

// inBubbleWith is inBubble for options that must be made inside.
func inBubbleWith(t *testing.T, o func() camera.WatchOptions, see devices.Stream, script func(s *scene, d *diary)) (*scene, *diary) {
	t.Helper()
	var s *scene
	d := &diary{}
	synctest.Test(t, func(t *testing.T) {
		s = newScene(see)
		options := s.watched(o())
		ctx, end := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() {
			if err := camera.Watch(options).Run(ctx, d.emit); err != nil {
				t.Errorf("got %v", err)
			}
		})
		script(s, d)
		end()
		running.Wait()
	})
	return s, d
}

// watched is how a scene is watched.
func (s *scene) watched(o camera.WatchOptions) camera.WatchOptions {
	o.Name, o.Client, o.Eyes = "cam-1", s, camera.Eyes{Measure: s.measure, Follow: s.follow, Listen: s.listen, Knock: s.knock}
	if o.Limits == (norm.Limits{}) {
		o.Limits = norm.Defaults()
		o.Limits.HDWidth, o.Limits.HDHeight, o.Limits.HDFPS = 1920, 1080, 25
	}
	return o
}
