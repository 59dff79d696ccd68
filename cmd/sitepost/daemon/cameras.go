package daemon

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

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
	*caller
	memory  *camera.Memory
	hearing *camera.Hearing
	places  *camera.Places // of a recorder: the RTSP sessions that it allows
}

// A caller is what asks a camera or recorder.
type caller struct {
	client *onvif.Client
	anew   chan struct{}
}

// A calling says how a camera or recorder of a site file is asked.
type calling struct {
	host, pin string
	secure    bool
	networks  []netip.Prefix
	login     config.Login
}

// callingOf is the calling of a name; host is "" for one that has no address of its
// own.
func callingOf(c *config.Config, name string) calling {
	how, login := calling{networks: c.Network.DeviceNetworks}, ""
	for _, k := range c.Cameras {
		if k.Name == name && k.Recorder == "" {
			how.host, how.secure, how.pin, login = k.Host, k.HTTPS, k.OnvifPin, k.Login
		}
	}
	for _, r := range c.Recorders {
		if r.Name == name {
			how.host, how.secure, how.pin, login = r.Host, r.HTTPS, r.OnvifPin, r.Login
		}
	}
	for _, l := range c.Logins {
		if l.Name == login {
			how.login = l
		}
	}
	return how
}

// CameraOptions says how a camera or recorder of a site file is asked; false for
// a name that has no address of its own.
func CameraOptions(c *config.Config, name string) (o onvif.Options, ok bool) {
	how := callingOf(c, name)
	o = onvif.Options{Host: how.host, Secure: how.secure, Pin: how.pin, Networks: how.networks}
	if how.login.Name != "" {
		o.User, o.Password = how.login.User, revealed(how.login.Password)
	}
	return o, how.host != ""
}

// planCameras plans the conversations with all cameras and recorders. Those behind
// one recorder share what asks it.
func (p *plan) planCameras() error {
	for _, r := range p.config.Recorders {
		if r.Disabled != nil {
			continue
		}
		if err := p.planRecorder(r); err != nil {
			return fmt.Errorf("recorder %q: %w", r.Name, err)
		}
	}
	for _, k := range p.config.Cameras {
		if !isWatched(k) || k.Recorder != "" && p.asked[k.Recorder] == nil {
			continue
		}
		if k.Recorder == "" {
			if err := p.planCamera(k); err != nil {
				return fmt.Errorf("camera %q: %w", k.Name, err)
			}
		}
		one := p.openEye(k)
		p.watch(k, one)
		p.shoot(k, one)
	}
	p.follow()
	return nil
}

// planAsked plans what asks one camera or recorder, where it was met last. What is
// known of it outlives another login: only another address may mean another camera.
func (p *plan) planAsked(name string) (*asked, error) {
	o, _ := CameraOptions(p.config, name)
	memory := share(p, "memory "+name, o.Host, func() *camera.Memory { return p.site.remember(name, o.Host) })
	call, err := tryShare(p, "caller "+name, callingOf(p.config, name), func() (*caller, error) {
		o, known := o, memory.Known()
		o.Budget, o.Learned = p.site.budget, known.Learned
		if known.Address != "" {
			o.Host = known.Address
		}
		client, err := onvif.New(o)
		return &caller{client: client, anew: make(chan struct{}, 1)}, err
	})
	if err != nil {
		return nil, err
	}
	p.asked[name] = &asked{caller: call, memory: memory}
	return p.asked[name], nil
}

// remember returns what is known of a camera or recorder that is configured at a host.
func (s *site) remember(name, configured string) *camera.Memory {
	var known camera.Known
	if _, err := s.store.Recall(name, &known); err != nil {
		s.opt.Log.Error("what was known of it cannot be read", "device", name, "err", err)
	}
	if known.Configured != configured { // somebody changed the site file: another camera may be meant
		known = camera.Known{Configured: configured}
	}
	return camera.NewMemory(known, func(k camera.Known) error { return s.keepKnown(name, k) })
}

// keepKnown keeps what is known of a camera, and shows it in the inventory.
func (s *site) keepKnown(name string, k camera.Known) error {
	if err := s.store.Keep(name, k); err != nil {
		return err
	}
	s.learn()
	return nil
}

// learn says that there is something new to show.
func (s *site) learn() {
	select {
	case s.learnt <- struct{}{}:
	default: // it will be shown anyway
	}
}

// planCamera plans the conversation with a camera's ONVIF side.
func (p *plan) planCamera(k config.Camera) error {
	a, err := p.planAsked(k.Name)
	if err != nil {
		return err
	}
	p.planHearing(a, camera.HearingOptions{Name: k.Name})
	p.attend(fmt.Sprintf("camera %q", k.Name), a, nil,
		camera.AttendOptions{Name: k.Name, Serial: k.Serial, Endpoint: k.Endpoint, Deaf: !k.Events})
	return nil
}

// planRecorder plans the conversations with a recorder: its ONVIF side, in the name of
// its cameras too, and how far back it has recorded.
func (p *plan) planRecorder(r config.Recorder) error {
	a, err := p.planAsked(r.Name)
	if err != nil {
		return err
	}
	behind := map[int]string{}
	var channels []int
	for _, k := range p.config.Cameras {
		if k.Recorder == r.Name && isWatched(k) {
			behind[k.Channel] = k.Name
			channels = append(channels, k.Channel)
		}
	}
	a.places = share(p, "places "+r.Name, r.Sessions, func() *camera.Places { return camera.NewPlaces(r.Sessions) })
	p.planHearing(a, camera.HearingOptions{Name: r.Name, Cameras: behind, Recorder: true})
	p.attend(fmt.Sprintf("recorder %q", r.Name), a, never(r.Name),
		camera.AttendOptions{Name: r.Name, Serial: r.Serial, Endpoint: r.Endpoint, Deaf: !r.Events})
	if r.KeepDays > 0 {
		slices.Sort(channels)
		p.talk(fmt.Sprintf("recordings of %q", r.Name), ingest.Conversation{Name: r.Name, Device: camera.Audit(camera.AuditOptions{
			Name: r.Name, Client: a.client, KeepDays: r.KeepDays, Channels: channels, Log: p.site.opt.Log.With("device", r.Name),
		})}, []any{r.KeepDays, channels}, a.caller)
	}
	return nil
}

// planHearing plans what makes events of what a camera or recorder notifies.
func (p *plan) planHearing(a *asked, o camera.HearingOptions) {
	from := []any{o.Cameras, o.Recorder}
	o.Urgent, o.Open = p.site.isUrgent, p.site.openConditions
	a.hearing = share(p, "hearing "+o.Name, from, func() *camera.Hearing { return camera.NewHearing(o) })
}

// attend plans the conversation with an ONVIF side.
func (p *plan) attend(is string, a *asked, silence map[string]time.Duration, o camera.AttendOptions) {
	from := []any{o.Serial, o.Endpoint, o.Deaf}
	o.Client, o.Memory, o.Hearing, o.Anew, o.Log = a.client, a.memory, a.hearing, a.anew, p.site.opt.Log.With("device", o.Name)
	p.talk(is, ingest.Conversation{Name: o.Name, Silence: silence, Device: camera.Attend(o)}, from, a.caller, a.memory, a.hearing)
}

// sessionsPerSecond is how many sessions with cameras the whole box begins in a
// second: when a switch with all cameras behind it comes back, 256 of them are looked
// at within half a minute and not at once.
const sessionsPerSecond = 8

// watch plans the conversation with the stream of one camera.
func (p *plan) watch(k config.Camera, one *eye) {
	a := p.askedFor(k)
	var hearing *camera.Hearing // of its metadata track
	uses := []any{a.caller, a.memory, a.places, one}
	if k.Metadata {
		hearing = a.hearing.Of(k.Name)
		uses = append(uses, a.hearing)
	}
	o := camera.WatchOptions{
		Name: k.Name, Pick: pickOf(k), Transport: stream.Transport(k.Transport), Pin: k.StreamPin,
		Sampled: k.Watch == config.WatchSampled, Limits: limitsOf(p.config), Deaf: !hears(p.config, k),
	}
	from := []any{o.Pick, o.Transport, o.Pin, o.Sampled, o.Limits, o.Deaf, k.Metadata}
	o.Client, o.Memory, o.Places, o.Starts, o.Alert, o.Hearing = a.client, a.memory, a.places, p.site.starts, one.alert, hearing
	o.Log = p.site.opt.Log.With("device", k.Name)
	p.talk(fmt.Sprintf("stream of %q", k.Name), ingest.Conversation{Name: k.Name, Silence: never(k.Name), Via: k.Recorder, Device: camera.Watch(o)}, from, uses...)
}

// hears says whether the site wants the events of a camera.
func hears(c *config.Config, k config.Camera) bool {
	for _, r := range c.Recorders {
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
func (p *plan) askedFor(k config.Camera) *asked {
	if k.Recorder != "" {
		return p.asked[k.Recorder]
	}
	return p.asked[k.Name]
}

func pickOf(k config.Camera) onvif.Pick {
	return onvif.Pick{Channel: k.Channel, Main: k.MainProfile, Sub: k.SubProfile}
}

// follow plans the conversation that hears of cameras on the device network.
func (p *plan) follow() {
	n := p.config.Network
	if n.Discover == config.DiscoverOff || len(n.DeviceInterfaces) == 0 || len(p.asked) == 0 {
		return
	}
	o := camera.FollowOptions{
		Listen: find.ListenOptions{Interfaces: n.DeviceInterfaces, Networks: n.DeviceNetworks},
		Probe:  n.Discover == config.DiscoverProbe, Log: p.site.opt.Log,
	}
	from, uses := []any{n}, []any(nil)
	for _, name := range names(p.asked) {
		a, endpoint := p.asked[name], endpointOf(p.config, name)
		o.Cameras = append(o.Cameras, camera.Followed{Name: name, Client: a.client, Memory: a.memory, Endpoint: endpoint, Anew: a.anew})
		from, uses = append(from, name, endpoint), append(uses, a.caller, a.memory)
	}
	p.talk("the search for cameras that move", ingest.Conversation{Name: boxName, Device: camera.Follow(o)}, from, uses...)
}

// endpointOf is the endpoint reference that the site file has of a camera or
// recorder.
func endpointOf(c *config.Config, name string) string {
	for _, k := range c.Cameras {
		if k.Name == name {
			return k.Endpoint
		}
	}
	for _, r := range c.Recorders {
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

// end ends what still dials a camera.
func (c *caller) end() { c.client.Close() }
