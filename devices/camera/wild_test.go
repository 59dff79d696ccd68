package camera_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"sitepost/devices"
	"sitepost/devices/camera/onvif"
	"sitepost/devices/camera/stream"
)

// A wild camera does whatever cameras were seen to do, at random and in fake time. It
// counts what a real one would count: sessions at once, logins, refusals.
type wild struct {
	*scene
	random *rand.Rand // guarded by scene.mu
	mood   mood
	behind int // it, cameras; they share a session

	sessions []time.Time // when each began, of this hour
	refusals []time.Time // when it refused a login of the last 30 minutes
	broke    []string    // promises
}

// A mood is how a wild camera behaves for a while.
type mood int

const (
	calm     mood = iota
	gone          // nothing answers
	closed        // its RTSP port
	busy          // no session left
	unsure        // each session begins anew before a picture
	short         // each session begins anew after some pictures
	breaks        // each session breaks after some pictures
	stalls        // each session stalls
	refuses       // the login, by RTSP
	deaf          // ONVIF does not answer
	mute          // ONVIF answers nonsense
	twoFaced      // its parameters change with each look
	odd           // figures nobody expects
	lossy         // it loses packets
	moods
)

func (w *wild) is() mood {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.mood
}

func (w *wild) failed(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.broke) < 5 {
		w.broke = append(w.broke, fmt.Sprintf("at %v: ", time.Since(w.began).Round(time.Second))+fmt.Sprintf(format, args...))
	}
}

func (w *wild) hasFailed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.broke) > 0
}

// begin notes a session, and says how it begins.
func (w *wild) begin(ctx context.Context, t stream.Target) (end func(), err error) {
	w.mu.Lock()
	w.open++
	open := w.open
	since := time.Now().Add(-time.Hour)
	for len(w.sessions) > 0 && w.sessions[0].Before(since) {
		w.sessions = w.sessions[1:]
	}
	w.sessions = append(w.sessions, time.Now())
	inHour := len(w.sessions)
	w.mu.Unlock()
	if open > 1 {
		w.failed("%d sessions at once", open)
	}
	if inHour > 200*w.behind {
		w.failed("%d sessions in an hour", inHour)
	}
	end = func() { w.change(func() { w.open-- }) }
	if t.Step != nil {
		t.Step(devices.StreamConnecting)
	}
	switch w.is() {
	case gone:
		sleep(ctx, 3*time.Second)
		return end, errGone
	case closed:
		return end, errClosed
	case busy:
		return end, &stream.Failure{Layer: stream.Play, State: stream.Conflict, Text: "no session left"}
	case refuses:
		w.refuse()
		return end, &stream.Failure{Layer: stream.Login, State: stream.AuthFailed, Text: "refused", Err: stream.ErrLogin}
	}
	if t.Step != nil {
		t.Step(devices.StreamStarting)
	}
	return end, nil
}

// refuse counts a refused login: more than two in half an hour lock an account.
func (w *wild) refuse() {
	w.mu.Lock()
	since := time.Now().Add(-30 * time.Minute)
	for len(w.refusals) > 0 && w.refusals[0].Before(since) {
		w.refusals = w.refusals[1:]
	}
	w.refusals = append(w.refusals, time.Now())
	n := len(w.refusals)
	w.mu.Unlock()
	if n > 2 {
		w.failed("%d logins refused in half an hour", n)
	}
}

// sees is what a window of it looks like.
func (w *wild) sees(url string, seconds float64) devices.Stream {
	w.mu.Lock()
	defer w.mu.Unlock()
	see := healthy()
	yes := true
	see.URI, see.Seconds, see.Metadata = url, seconds, &yes
	switch w.mood {
	case twoFaced:
		see.Width, see.Height, see.FPSNominal = 640<<w.random.IntN(2), 480, figure(float64(12+w.random.IntN(3)))
	case odd:
		return devices.Stream{State: []string{stream.Live, stream.Degraded}[w.random.IntN(2)], URI: url, Frames: w.random.IntN(3), FPS: figure(w.random.Float64() * 1e15), ClockErrorMS: figure(w.random.NormFloat64() * 1e18)}
	case lossy:
		see.Loss = figure(0.02)
	}
	return see
}

// fails is how a playing session ends, nil while it goes on.
func (w *wild) fails(since time.Time) (state string, err error) {
	played := time.Since(since)
	switch m := w.is(); {
	case m == gone, m == closed, m == stalls && played > 3*time.Second:
		return stream.Stalled, &stream.Failure{Layer: stream.NoData, State: stream.Stalled, Text: "no picture for 3 s"}
	case m == unsure:
		return "", fmt.Errorf("%w: a test", stream.ErrAgain)
	case m == short && played > 6*time.Second:
		return "", fmt.Errorf("%w: a test", stream.ErrAgain)
	case m == breaks && played > 6*time.Second:
		return stream.Offline, &stream.Failure{Layer: stream.Play, State: stream.Offline, Text: "the camera hung up"}
	}
	return "", nil
}

func (w *wild) measure(ctx context.Context, t stream.Target, howLong time.Duration) (devices.Stream, error) {
	var seen devices.Stream
	err := w.follow(ctx, t, howLong, func(s devices.Stream) error {
		seen = s
		return errors.New("seen")
	})
	if f, ok := errors.AsType[*stream.Failure](err); ok {
		return devices.Stream{State: f.State, URI: t.URL, Why: []string{f.Error()}}, err
	}
	if seen.State == "" && ctx.Err() == nil { // as package stream does
		return w.sees(t.URL, 1), nil
	}
	return seen, ctx.Err()
}

func (w *wild) follow(ctx context.Context, t stream.Target, every time.Duration, take func(devices.Stream) error) error {
	end, err := w.begin(ctx, t)
	defer end()
	playing, window := time.Now(), time.Now()
	state := stream.Offline
	if f, ok := errors.AsType[*stream.Failure](err); ok {
		state = f.State
	}
	for {
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && state != "":
			if own := take(devices.Stream{State: state, URI: t.URL, Why: []string{err.Error()}}); own != nil {
				return own
			}
			return err
		case err != nil:
			return err
		case time.Since(window) >= every, window.Equal(playing) && time.Since(window) >= 4*time.Second:
			got := w.sees(t.URL, time.Since(window).Seconds())
			window = time.Now()
			if own := take(got); own != nil {
				return own
			}
		}
		sleep(ctx, time.Second)
		state, err = w.fails(playing)
	}
}

func (w *wild) listen(ctx context.Context, t stream.Target) error {
	end, err := w.begin(ctx, t)
	defer end()
	playing := time.Now()
	for n := uint16(0); err == nil && ctx.Err() == nil; n++ {
		if n%30 == 0 {
			t.Metadata(stream.Chunk{Sequence: n / 30, Last: true, Payload: []byte(walking(int(n) % 60)), At: time.Now()})
		}
		sleep(ctx, time.Second)
		_, err = w.fails(playing)
	}
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (w *wild) knock(ctx context.Context, t stream.Target) error {
	if t.User != "" || t.Password != "" {
		w.failed("a knock with a login")
	}
	switch w.is() {
	case gone:
		sleep(ctx, 2*time.Second)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return errGone
	case closed:
		return errClosed
	}
	return nil
}

func (w *wild) LearnClock(ctx context.Context) error {
	switch w.is() {
	case gone, deaf:
		sleep(ctx, 5*time.Second)
		return &onvif.Unreachable{Err: errors.New("i/o timeout")}
	}
	return nil
}

func (w *wild) Streams(context.Context, onvif.Pick) (onvif.Streams, error) {
	if w.is() == mute {
		return onvif.Streams{}, &onvif.Fault{}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return onvif.Streams{Main: fmt.Sprintf("rtsp://192.0.2.1:554/%d", w.random.IntN(2))}, nil
}
