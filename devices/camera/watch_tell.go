package camera

import (
	"context"
	"strings"
	"time"

	"sitepost/devices"
	"sitepost/devices/camera/norm"
)

// reportsHold is how long a camera that has told its time by RTCP is not judged by its
// ONVIF clock: a short visit hears of one and the next of the other.
const reportsHold = time.Hour

// reportsFresh is how long a visit does not wait for the next report: cameras send one
// every five seconds, and a visit without it is shorter by a fifth.
const reportsFresh = 5 * time.Minute

// clockEvery is how often the ONVIF clock of a camera is asked whose stream tells no
// time.
const clockEvery = time.Minute

// pass shows a state on the way to the first figures. Later ones are not shown: a
// camera that is visited once a minute is live in between.
func (w *watch) pass(state string) {
	if shown := (&devices.Stream{State: w.state}); w.state == state || w.state != "" && !shown.Passes() {
		return
	}
	w.state, w.since = state, time.Now()
	w.voice.say(devices.Event{Code: devices.StreamReading, Stream: &devices.Stream{State: state, Since: w.since, URI: w.uri}})
}

// tell says what was seen, and what it means if there were pictures. What a failure
// means says tellFailed, when it is repeated. A reading that only says that the
// stream still fails is said once in a while.
func (w *watch) tell(ctx context.Context, s *devices.Stream) {
	if ctx.Err() != nil {
		return
	}
	good := s.State == devices.StreamLive || s.State == devices.StreamIsDegraded
	var found verdict
	if good {
		w.failed = 0
		w.readClock(ctx, s)
		found = w.judge(s)
	}
	changed := s.State != w.state
	if changed {
		w.state, w.since = s.State, time.Now()
	}
	s.Since = w.since
	if good || changed || time.Since(w.said) >= w.options.Every {
		w.said = time.Now()
		w.voice.say(devices.Event{Code: devices.StreamReading, Stream: s})
	}
	if good {
		w.clear(devices.DeviceOffline, devices.CameraLogin, devices.StreamOffline, devices.StreamStalled)
		w.tellVerdict(found)
		w.tellParameters(s)
		w.tellTrack(s)
	}
}

// tellFailed says what a failure means that was repeated.
func (w *watch) tellFailed(state string, why error) {
	code, other := devices.StreamOffline, devices.StreamStalled
	switch state {
	case devices.StreamIsStalled:
		code, other = other, code
	case devices.StreamAuthFailed:
		w.raise(devices.CameraLogin, why.Error())
	}
	w.raise(code, why.Error())
	w.clear(other)  // also what an earlier run has raised
	w.pool.Forget() // what was measured before says nothing of what comes after
}

// A verdict is what figures mean against the site's limits.
type verdict struct {
	degraded    []norm.Finding // with the visit's own doubts, if they were repeated
	known       bool           // enough was seen to say so
	static      *norm.Finding
	staticKnown bool
	hd          *bool
	hdWords     string
	clock       *norm.Finding
	clockKnown  bool
}

// judge holds figures against the site's limits, and writes into them what follows.
func (w *watch) judge(s *devices.Stream) verdict {
	var v verdict
	own := len(s.Why) > 0
	w.pool.Add(*s)
	v.degraded, v.known = w.pool.Judge(w.options.Limits)
	v.static, v.staticKnown = w.pool.Static()
	v.hd, v.hdWords = w.pool.HD(*s, w.options.Limits)
	v.clock, v.clockKnown = w.judgeClock(s)
	if s.HD = v.hd; v.hd == nil { // then what this visit says
		s.HD = norm.IsHD(*s, w.options.Limits)
	}
	w.doubted++
	if !own {
		w.doubted = 0
	}
	if own && w.doubted >= failsAllowed {
		v.degraded = append(v.degraded, norm.Finding{Text: strings.Join(s.Why, "; ")})
		v.known = true
	}
	for _, f := range v.degraded {
		s.State = devices.StreamIsDegraded
		if f.About != "" {
			s.Why = append(s.Why, f.Text)
		}
	}
	if v.clock != nil {
		s.Why = append(s.Why, v.clock.Text)
	}
	return v
}

// tellVerdict raises and clears what a verdict decides. What is not known stays as
// it is.
func (w *watch) tellVerdict(v verdict) {
	w.stand(devices.StreamDegraded, v.degraded, v.known)
	w.stand(devices.StreamFrozen, one(v.static), v.staticKnown)
	w.stand(devices.StreamClockSkew, one(v.clock), v.clockKnown)
	switch {
	case v.hd != nil && *v.hd:
		w.clear(devices.StreamBelowHD)
	case v.hd != nil:
		w.raise(devices.StreamBelowHD, v.hdWords)
	}
}

// stand raises a condition with what was found, and clears it where nothing was.
func (w *watch) stand(code devices.Code, found []norm.Finding, known bool) {
	switch {
	case len(found) > 0:
		w.raise(code, inWords(found))
	case known:
		w.clear(code)
	}
}

func one(f *norm.Finding) []norm.Finding {
	if f == nil {
		return nil
	}
	return []norm.Finding{*f}
}

// inWords is what was found and what to do about it.
func inWords(findings []norm.Finding) string {
	var all []string
	for _, f := range findings {
		if f.Next == "" {
			all = append(all, f.Text)
			continue
		}
		all = append(all, f.Text+": "+f.Next)
	}
	return strings.Join(all, "; ")
}

// readClock asks the camera's ONVIF clock where the stream tells no time.
func (w *watch) readClock(ctx context.Context, s *devices.Stream) {
	reports := s.ClockErrorMS != nil || !w.reported.IsZero() && time.Since(w.reported) < reportsHold
	if !reports && time.Since(w.clockRead) >= clockEvery {
		w.clockRead = time.Now()
		_ = w.client.LearnClock(ctx) // its ONVIF may be gone; then nothing is known
	}
}

// judgeClock holds the camera's clock against the limit: by its own RTCP reports
// where there were some, else by what it told over ONVIF. Where it has told RTCP times
// the other clock does not count: many cameras have their local time in one of the
// two. What is about the limit stays as it is.
func (w *watch) judgeClock(s *devices.Stream) (found *norm.Finding, known bool) {
	limits := w.options.Limits
	off, from := time.Duration(0), "RTCP"
	switch {
	case limits.Clock <= 0:
		return nil, true
	case s.ClockErrorMS != nil:
		off, w.reported = time.Duration(*s.ClockErrorMS*float64(time.Millisecond)), time.Now()
	case !w.reported.IsZero() && time.Since(w.reported) < reportsHold:
		return nil, false
	default:
		from = "ONVIF"
		if off, known = w.client.ClockOffset(); !known {
			return nil, false
		}
	}
	found = norm.JudgeClock(off, from, limits)
	return found, found != nil || off.Abs() <= limits.Clock/10*8
}
