package pullpoint

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"sitepost/devices/camera/cameratest"
	"sitepost/devices/camera/notice"
	"sitepost/devices/camera/onvif"
)

// hasty are the times of a pull point, a hundred times shorter.
func hasty() pauses {
	return pauses{
		life: 60 * time.Second, poll: 150 * time.Millisecond, leastPoll: 100 * time.Millisecond, patience: 20 * time.Second,
		soon: 50 * time.Millisecond, quick: 20 * time.Millisecond, grain: 50 * time.Millisecond, rest: 10 * time.Millisecond,
		renewals: 600 * time.Millisecond, creations: 300 * time.Millisecond, jitter: 20 * time.Millisecond, release: 20 * time.Second,
	}
}

// states are how the camera of most tests stands.
func states() []cameratest.Notice {
	return []cameratest.Notice{
		{Topic: "tns1:VideoSource/MotionAlarm", Source: "Source=video_0", Data: []string{"State=false"}},
		{Topic: "tns1:Device/Trigger/DigitalInput", Source: "InputToken=1", Data: []string{"LogicalState=true"}},
	}
}

// A listener runs a pull point and remembers what came of it.
type listener struct {
	t      testing.TB
	camera *cameratest.Camera
	client *onvif.Client
	pauses pauses
	events cameratest.Events

	mu      sync.Mutex // protects all below
	batches []Batch
	kept    *Kept
	keeps   []*Kept
	came    chan struct{}

	fail  error // of take
	doubt chan struct{}
	end   context.CancelFunc
	done  chan error
}

// listenTo starts a camera with the event service given; nothing runs yet.
func listenTo(t testing.TB, e cameratest.Events, o cameratest.Options) *listener {
	t.Helper()
	if e.States == nil {
		e.States = states()
	}
	o.Events, o.Password = &e, "secret"
	v := cameratest.Start(t, o)
	c, err := onvif.New(onvif.Options{Host: v.Address(), User: "onvif", Password: func() (string, error) { return "secret", nil }, Networks: cameratest.Loopback})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return &listener{t: t, camera: v, client: c, pauses: hasty(), events: e, came: make(chan struct{})}
}

// start begins a run with what was kept of the last.
func (l *listener) start() {
	ctx, end := context.WithCancel(cameratest.Soon(l.t))
	l.end, l.done = end, make(chan error, 1)
	l.t.Cleanup(end)
	go func() { l.done <- l.run(ctx) }()
}

func (l *listener) run(ctx context.Context) error {
	log := slog.New(slog.DiscardHandler)
	if testing.Verbose() {
		log = slog.New(slog.NewTextHandler(l.t.Output(), nil))
	}
	return run(ctx, Options{Client: l.client, Kept: l.kept, Keep: l.keep, Doubt: l.doubt, Log: log}, l.take, l.pauses)
}

func (l *listener) keep(k *Kept) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kept = k
	l.keeps = append(l.keeps, k)
	return nil
}

func (l *listener) take(b Batch) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.batches = append(l.batches, b)
	close(l.came)
	l.came = make(chan struct{})
	return l.fail
}

// await waits until the batches are as wanted.
func (l *listener) await(what string, wanted func([]Batch) bool) {
	l.t.Helper()
	ctx := cameratest.Soon(l.t)
	for {
		l.mu.Lock()
		ok, came := wanted(l.batches), l.came
		l.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-came:
		case err := <-l.done:
			l.t.Fatalf("while waiting for %s: run ended with %v, %+v", what, err, l.camera.EventCount())
		case <-ctx.Done():
			l.t.Fatalf("%s never came: %+v", what, l.camera.EventCount())
		}
	}
}

// hears waits until so many notifications came in all.
func (l *listener) hears(n int) {
	l.t.Helper()
	l.await("notifications", func(all []Batch) bool { return len(words(all)) >= n })
}

// pulls waits for n batches more.
func (l *listener) pulls(n int) {
	l.t.Helper()
	l.mu.Lock()
	n += len(l.batches)
	l.mu.Unlock()
	l.await("batches", func(all []Batch) bool { return len(all) >= n })
}

// stop ends the run as a shutdown does and says what it returned.
func (l *listener) stop() error {
	l.end()
	return <-l.done
}

// said are all notifications in words.
func (l *listener) said() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return words(l.batches)
}

// freshes counts batches that were the first of a pull point.
func (l *listener) freshes() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, b := range l.batches {
		if b.Fresh {
			n++
		}
	}
	return n
}

func words(all []Batch) []string {
	var said []string
	for _, b := range all {
		for _, n := range b.Notifications {
			said = append(said, word(n))
		}
	}
	return said
}

func word(n notice.Notification) string {
	s := string(n.Operation) + " " + n.Topic
	for _, item := range append(append([]notice.Item(nil), n.Source...), n.Data...) {
		s += " " + item.Name + "=" + item.Value
	}
	return s
}

const (
	motionOff = "Initialized VideoSource/MotionAlarm Source=video_0 State=false"
	inputOn   = "Initialized Device/Trigger/DigitalInput InputToken=1 LogicalState=true"
	motionOn  = "Changed VideoSource/MotionAlarm Source=video_0 State=true"
)

// crash ends a run as a kill does: nothing is said to the camera any more.
func (l *listener) crash() {
	l.t.Helper()
	l.camera.Offline(true)
	l.end()
	<-l.done
	l.camera.Offline(false)
}

var errClosed = errors.New("closed")
