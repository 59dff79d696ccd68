package config

import "strings"

// Rules of recorders and cameras.

func (d *wRecorder) who() string { return who("recorder", d.Name) }
func (d *wCamera) who() string   { return who("camera", d.Name) }

func (r *rules) checkRecorder(d *wRecorder) {
	exists(r, d.Login, r.logins, "login")
	r.checkDisabled(d.who(), d.Disabled)
}

func (r *rules) checkCamera(d *wCamera) {
	r.checkWhere(d.who(), d.head, d.Zone, d.From, d.To)
	for _, z := range d.AlsoSees.Items {
		exists(r, z, r.zones, "zone")
	}
	exists(r, d.Login, r.logins, "login")
	exists(r, d.Recorder, r.recorders, "recorder")
	r.checkDisabled(d.who(), d.Disabled)
	r.checkReach(d)
	r.checkOwnDoor(d)
	r.checkStream(d)
	switch why := strings.TrimSpace(d.WatchWhy.V); {
	case d.Watch.V == WatchOff && !d.WatchWhy.written():
		r.add(Meaning, d.Watch.at, "%s is not watched, and nobody says why: write watch_why = \"…\"", d.who())
	case d.WatchWhy.OK && why == "":
		r.add(Meaning, d.WatchWhy.at, "%s is not watched for no reason: write why", d.who())
	case d.WatchWhy.written() && d.Watch.V != WatchOff:
		r.add(Meaning, d.WatchWhy.key, "watch_why belongs to watch = \"off\": take it out")
	}
}

// checkReach: a camera has a host and a login, or a recorder and a channel.
func (r *rules) checkReach(d *wCamera) {
	direct := d.Host.written() || d.Login.written()
	through := d.Recorder.written() || d.Channel.written()
	switch {
	case direct && through:
		at := d.Recorder.key
		if !d.Recorder.written() {
			at = d.Channel.key
		}
		r.add(Meaning, at, "%s is reached directly and through a recorder: write host and login, or recorder and channel", d.who())
	case !direct && !through:
		r.add(Meaning, d.head, "%s cannot be reached: write host and login, or recorder and channel", d.who())
	case direct && !d.Login.written():
		r.add(Meaning, d.head, "%s has a host and no login: write login = \"…\", the name of a [[login]]", d.who())
	case direct && !d.Host.written():
		r.add(Meaning, d.Login.key, "%s has a login and no host: write host = \"…\", its address", d.who())
	case through && !d.Channel.written():
		r.add(Meaning, d.Recorder.key, "%s has a recorder and no channel: write channel = …, as the recorder's screen counts, from 1", d.who())
	case through && !d.Recorder.written():
		r.add(Meaning, d.Channel.key, "%s has a channel and no recorder: write recorder = \"…\", the name of a [[recorder]]", d.who())
	}
}

// checkOwnDoor: how a camera behind a recorder is asked is the recorder's matter.
func (r *rules) checkOwnDoor(d *wCamera) {
	if !d.Recorder.written() {
		return
	}
	for _, k := range []struct {
		key  string
		at   span
		here bool
	}{{"https", d.HTTPS.key, d.HTTPS.written()}, {"onvif_pin", d.OnvifPin.key, d.OnvifPin.written()}, {"events", d.Events.key, d.Events.written()}} {
		if k.here {
			r.add(Meaning, k.at, "%s is reached through a recorder: write %s in the [[recorder]]", d.who(), k.key)
		}
	}
}

// checkStream holds that how a stream is brought and what is asked of it fit.
func (r *rules) checkStream(d *wCamera) {
	if t := d.Transport; t.OK && t.V != TCP && d.StreamPin.written() {
		r.add(Meaning, t.at, "%s has a stream_pin, so its stream comes by RTSPS, and over %s that needs SRTP, which sitepost does not speak: write transport = \"tcp\"", d.who(), t.V)
	}
	if d.Metadata.V && d.Watch.V == WatchOff {
		r.add(Note, d.Metadata.at, "%s is not watched, so nobody listens to its metadata either: take metadata out", d.who())
	}
}
