package daemon

import (
	"fmt"

	"sitepost/config"
	"sitepost/devices/camera"
	"sitepost/devices/camera/find"
	"sitepost/devices/camera/norm"
	"sitepost/devices/camera/onvif"
	"sitepost/devices/camera/stream"
	"sitepost/ingest"
)

// An asked is a camera or recorder with an address of its own.
type asked struct {
	client  *onvif.Client
	memory  *camera.Memory
	hearing *camera.Hearing
	anew    chan struct{}
	places  *camera.Places // of a recorder: the RTSP sessions that it allows
}

// CameraOptions says how a camera or recorder of a site file is asked; false for
// a name that has no address of its own.
func CameraOptions(c *config.Config, name string) (o onvif.Options, ok bool) {
	login := ""
	for _, k := range c.Cameras {
		if k.Name == name && k.Recorder == "" {
			o, login, ok = onvif.Options{Host: k.Host, Secure: k.HTTPS, Pin: k.OnvifPin}, k.Login, true
		}
	}
	for _, r := range c.Recorders {
		if r.Name == name {
			o, login, ok = onvif.Options{Host: r.Host, Secure: r.HTTPS, Pin: r.OnvifPin}, r.Login, true
		}
	}
	o.Networks = c.Network.DeviceNetworks
	for _, l := range c.Logins {
		if l.Name == login {
			o.User, o.Password = l.User, revealed(l.Password)
		}
	}
	return o, ok
}

// connectCameras makes the conversations with all cameras and recorders. Those
// behind one recorder share what asks it.
func (s *site) connectCameras() error {
	c := s.file()
	budget := onvif.NewBudget()
	s.asked = map[string]*asked{}
	for _, r := range c.Recorders {
		if r.Disabled != nil {
			continue
		}
		if err := s.connectAsked(r.Name, budget); err != nil {
			return fmt.Errorf("recorder %q: %w", r.Name, err)
		}
		s.asked[r.Name].places = camera.NewPlaces(r.Sessions)
		s.attendRecorder(r)
	}
	for _, k := range c.Cameras {
		if !isWatched(k) || k.Recorder != "" && s.asked[k.Recorder] == nil {
			continue
		}
		if k.Recorder == "" {
			if err := s.connectAsked(k.Name, budget); err != nil {
				return fmt.Errorf("camera %q: %w", k.Name, err)
			}
			s.attendCamera(k)
		}
		one := s.openEye(k)
		s.watch(k, one)
		s.shoot(k, one)
	}
	s.follow()
	return nil
}

// connectAsked makes what asks one camera or recorder, where it was met last.
func (s *site) connectAsked(name string, budget *onvif.Budget) error {
	o, _ := CameraOptions(s.file(), name)
	o.Budget = budget
	configured := o.Host
	var known camera.Known
	if _, err := s.store.Recall(name, &known); err != nil {
		s.opt.Log.Error("what was known of it cannot be read", "device", name, "err", err)
	}
	if known.Configured != configured { // somebody changed the site file: another camera may be meant
		known = camera.Known{Configured: configured}
	}
	if known.Address != "" {
		o.Host = known.Address
	}
	o.Learned = known.Learned
	client, err := onvif.New(o)
	if err != nil {
		return err
	}
	memory := camera.NewMemory(known, func(k camera.Known) error { return s.keepKnown(name, k) })
	s.asked[name] = &asked{client: client, memory: memory, anew: make(chan struct{}, 1)}
	return nil
}

// keepKnown keeps what is known of a camera, and shows it in the inventory.
func (s *site) keepKnown(name string, k camera.Known) error {
	if err := s.store.Keep(name, k); err != nil {
		return err
	}
	select {
	case s.learnt <- struct{}{}:
	default: // it will be shown anyway
	}
	return nil
}

// attendCamera makes the conversation with a camera's ONVIF side.
func (s *site) attendCamera(k config.Camera) {
	a := s.asked[k.Name]
	a.hearing = camera.NewHearing(camera.HearingOptions{Name: k.Name, Urgent: s.isUrgent, Open: s.openConditions})
	s.add(ingest.Conversation{Name: k.Name, Device: camera.Attend(camera.AttendOptions{
		Name: k.Name, Client: a.client, Memory: a.memory, Hearing: a.hearing, Serial: k.Serial, Endpoint: k.Endpoint, Deaf: !k.Events,
		Anew: a.anew, Log: s.opt.Log.With("device", k.Name),
	})})
}

// attendRecorder makes the conversations with a recorder: its ONVIF side, in the
// name of its cameras too, and how far back it has recorded.
func (s *site) attendRecorder(r config.Recorder) {
	a, log := s.asked[r.Name], s.opt.Log.With("device", r.Name)
	behind := map[int]string{}
	var channels []int
	for _, k := range s.file().Cameras {
		if k.Recorder == r.Name && isWatched(k) {
			behind[k.Channel] = k.Name
			channels = append(channels, k.Channel)
		}
	}
	a.hearing = camera.NewHearing(camera.HearingOptions{Name: r.Name, Cameras: behind, Recorder: true, Urgent: s.isUrgent, Open: s.openConditions})
	s.add(ingest.Conversation{Name: r.Name, Silence: never(r.Name), Device: camera.Attend(camera.AttendOptions{
		Name: r.Name, Client: a.client, Memory: a.memory, Hearing: a.hearing, Serial: r.Serial, Endpoint: r.Endpoint,
		Deaf: !r.Events, Anew: a.anew, Log: log,
	})})
	if r.KeepDays > 0 {
		s.add(ingest.Conversation{Name: r.Name, Device: camera.Audit(camera.AuditOptions{
			Name: r.Name, Client: a.client, KeepDays: r.KeepDays, Channels: channels, Log: log,
		})})
	}
}

// sessionsPerSecond is how many sessions with cameras the whole box begins in a
// second: when a switch with all cameras behind it comes back, 256 of them are looked
// at within half a minute and not at once.
const sessionsPerSecond = 8

// watch makes the conversation with the stream of one camera.
func (s *site) watch(k config.Camera, one eye) {
	a := s.askedFor(k)
	var hearing *camera.Hearing // of its metadata track
	if k.Metadata {
		hearing = a.hearing.Of(k.Name)
	}
	s.add(ingest.Conversation{Name: k.Name, Silence: never(k.Name), Via: k.Recorder, Device: camera.Watch(camera.WatchOptions{
		Name: k.Name, Client: a.client, Memory: a.memory, Pick: pickOf(k),
		Transport: stream.Transport(k.Transport), Pin: k.StreamPin, Places: a.places, Starts: s.starts,
		Sampled: k.Watch == config.WatchSampled, Alert: one.alert, Limits: limitsOf(s.file()),
		Hearing: hearing, Deaf: !s.hears(k), Log: s.opt.Log.With("device", k.Name),
	})})
}

// hears says whether the site wants the events of a camera.
func (s *site) hears(k config.Camera) bool {
	for _, r := range s.file().Recorders {
		if r.Name == k.Recorder {
			return r.Events
		}
	}
	return k.Events
}

// limitsOf is what the site's streams are held against.
func limitsOf(c *config.Config) norm.Limits {
	return norm.Limits{
		Loss: c.Stream.Loss, Jitter: c.Stream.Jitter, FPS: c.Stream.FPS, Bitrate: c.Stream.Bitrate,
		Clock: c.Stream.Clock, FirstFrame: c.Stream.FirstFrame,
		HDWidth: c.HD.Width, HDHeight: c.HD.Height, HDFPS: c.HD.FPS,
	}
}

// askedFor is what is asked for a camera: itself, or its recorder.
func (s *site) askedFor(k config.Camera) *asked {
	if k.Recorder != "" {
		return s.asked[k.Recorder]
	}
	return s.asked[k.Name]
}

func pickOf(k config.Camera) onvif.Pick {
	return onvif.Pick{Channel: k.Channel, Main: k.MainProfile, Sub: k.SubProfile}
}

// follow makes the conversation that hears of cameras on the device network.
func (s *site) follow() {
	n := s.file().Network
	if n.Discover == config.DiscoverOff || len(n.DeviceInterfaces) == 0 || len(s.asked) == 0 {
		return
	}
	o := camera.FollowOptions{
		Listen: find.ListenOptions{Interfaces: n.DeviceInterfaces, Networks: n.DeviceNetworks},
		Probe:  n.Discover == config.DiscoverProbe, Log: s.opt.Log,
	}
	for _, name := range names(s.asked) {
		a := s.asked[name]
		o.Cameras = append(o.Cameras, camera.Followed{Name: name, Client: a.client, Memory: a.memory, Endpoint: s.endpointOf(name), Anew: a.anew})
	}
	s.add(ingest.Conversation{Name: boxName, Device: camera.Follow(o)})
}

// endpointOf is the endpoint reference that the site file has of a camera or
// recorder.
func (s *site) endpointOf(name string) string {
	for _, k := range s.file().Cameras {
		if k.Name == name {
			return k.Endpoint
		}
	}
	for _, r := range s.file().Recorders {
		if r.Name == name {
			return r.Endpoint
		}
	}
	return ""
}

// isWatched says whether somebody shall look at a camera.
func isWatched(k config.Camera) bool { return k.Disabled == nil && k.Watch != config.WatchOff }

// isUrgent says whether the motion in a camera's picture is an alarm here.
func (s *site) isUrgent(device string) bool {
	for _, k := range s.file().Cameras {
		if k.Name == device {
			return k.Motion == config.MotionAlarm
		}
	}
	return false
}

// openConditions lists what is open on the site.
func (s *site) openConditions() []camera.Standing {
	var all []camera.Standing
	for _, o := range s.store.Standings() {
		all = append(all, camera.Standing{Device: o.Device, Code: o.Code, Point: o.Point})
	}
	return all
}

// hangUp ends what still dials a camera.
func (s *site) hangUp() {
	for _, a := range s.asked {
		a.client.Close()
	}
}
