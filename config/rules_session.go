package config

// Rules of what is taken from recorders and from the network: channels, sessions,
// and streams that never end.

// mostAlways is how many cameras are watched always without a word: with 4 Mbit/s
// each they are two thirds of a 100 Mbit/s port.
const mostAlways = 16

// A channel is one camera of a recorder.
type channel struct {
	recorder string
	number   int
}

// The sessions of a recorder, as the site file gives them away.
type sessions struct {
	held    int  // kept: by cameras that are watched always, and by metadata; given up for a moment when another camera waits
	last    span // who took the last of them
	sampled bool // somebody needs one now and then
}

// checkCameras holds that nothing is reached twice, no address and no channel, and
// that there is room for what is watched.
func (r *rules) checkCameras() {
	hosts, channels, taken := map[string]place{}, map[channel]place{}, map[string]*sessions{}
	for i := range r.w.Recorders {
		d := &r.w.Recorders[i]
		r.hosts(hosts, d.who(), d.Host)
	}
	for i := range r.w.Cameras {
		d := &r.w.Cameras[i]
		r.hosts(hosts, d.who(), d.Host)
		if !d.Recorder.OK || !d.Channel.OK {
			continue
		}
		c := channel{d.Recorder.V, d.Channel.V}
		if first, twice := channels[c]; twice {
			line, _ := r.src.position(first.at.off)
			r.add(Meaning, d.Channel.at, "%s is channel %d of %q, and so is %s in line %d: correct one of them", d.who(), c.number, c.recorder, first.what, line)
			continue
		}
		channels[c] = place{d.who(), d.Channel.at}
		if taken[c.recorder] == nil {
			taken[c.recorder] = &sessions{}
		}
		r.takeSession(d, taken[c.recorder])
	}
	for i := range r.w.Recorders {
		d := &r.w.Recorders[i]
		r.checkSessions(d, taken[string(d.Name.V)])
	}
	r.checkAlways()
}

// takeSession gives a camera what it needs of its recorder. Metadata comes with a
// stream that is watched always, and needs a session of its own beside visits.
func (r *rules) takeSession(d *wCamera, s *sessions) {
	recorder, watch := r.recorders[d.Recorder.V], d.Watch.or(WatchSampled)
	if recorder == nil || d.Disabled.there || watch == WatchOff {
		return
	}
	s.sampled = s.sampled || watch == WatchSampled
	if watch != WatchAlways && !d.Metadata.V {
		return
	}
	s.held++
	most := recorder.Sessions.or(recorderSessions)
	switch {
	case s.held == most && watch == WatchAlways:
		s.last = d.Watch.at
	case s.held == most:
		s.last = d.Metadata.at
	case s.held == most+1 && watch == WatchAlways:
		r.add(Meaning, d.Watch.at, "%s would be watched always, and %s has sessions = %d: write watch = \"sampled\", or raise sessions if the recorder allows", d.who(), recorder.who(), most)
	case s.held == most+1:
		r.add(Meaning, d.Metadata.at, "the metadata of %s needs a session that is kept, and %s has sessions = %d: take metadata out, or raise sessions if the recorder allows", d.who(), recorder.who(), most)
	}
}

// checkSessions notes that visits have to interrupt what is kept.
func (r *rules) checkSessions(d *wRecorder, s *sessions) {
	most := d.Sessions.or(recorderSessions)
	if s == nil || s.held != most || !s.sampled {
		return
	}
	r.add(Note, s.last, "with this one all sessions of %s (%d) are kept, by watch = \"always\" and metadata = true: its sampled cameras wait up to a minute for a turn, and interrupt one that is kept: raise sessions if the recorder allows, or take one back", d.who(), most)
}

// checkAlways notes what many streams that never end mean for the network.
func (r *rules) checkAlways() {
	var n int
	var first span // beyond what is watched without a word
	for i := range r.w.Cameras {
		if d := &r.w.Cameras[i]; d.Watch.V == WatchAlways && !d.Disabled.there {
			if n++; n == mostAlways+1 {
				first = d.Watch.at
			}
		}
	}
	if n > mostAlways {
		r.add(Note, first, "%d cameras are watched always: at 4 Mbit/s each that is %d Mbit/s, day and night, to this machine; write watch = \"sampled\" where a look a minute is enough", n, 4*n)
	}
}
