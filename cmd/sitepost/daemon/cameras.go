package daemon

import (
	"fmt"

	"sitepost/config"
	"sitepost/devices/camera"
	"sitepost/devices/camera/onvif"
	"sitepost/ingest"
)

// connectCameras makes the conversations with all cameras. Those behind one
// recorder share its client.
func (s *site) connectCameras() error {
	c := s.opt.Config
	budget := onvif.NewBudget()
	s.clients = map[string]*onvif.Client{}
	for _, r := range c.Recorders {
		if err := s.connectClient(r.Name, r.Host, r.Login, budget); err != nil {
			return fmt.Errorf("recorder %q: %w", r.Name, err)
		}
	}
	for _, k := range c.Cameras {
		if !isWatched(k) {
			continue
		}
		if k.Recorder == "" {
			if err := s.connectClient(k.Name, k.Host, k.Login, budget); err != nil {
				return fmt.Errorf("camera %q: %w", k.Name, err)
			}
		}
		s.watch(k)
	}
	return nil
}

// connectClient makes what asks one camera or recorder.
func (s *site) connectClient(name, host, login string, budget *onvif.Budget) error {
	o := onvif.Options{Host: host, Networks: s.opt.Config.Network.DeviceNetworks, Budget: budget}
	for _, l := range s.opt.Config.Logins {
		if l.Name == login {
			o.User, o.Password = l.User, revealed(l.Password)
		}
	}
	client, err := onvif.New(o)
	if err == nil {
		s.clients[name] = client
	}
	return err
}

// watch makes the conversation with the stream of one camera.
func (s *site) watch(k config.Camera) {
	c := s.opt.Config
	o := camera.WatchOptions{
		Name: k.Name, Client: s.clients[k.Name], Channel: k.Channel,
		Sampled: k.Watch == config.WatchSampled, ClockLimit: c.Stream.Clock,
		HDWidth: c.HD.Width, HDHeight: c.HD.Height, HDFPS: c.HD.FPS,
		Log: s.opt.Log.With("device", k.Name),
	}
	if k.Recorder != "" {
		o.Client = s.clients[k.Recorder]
	}
	s.add(ingest.Conversation{Name: k.Name, Device: camera.Watch(o), Silence: never(k.Name)})
}

// isWatched says whether somebody shall look at a camera.
func isWatched(k config.Camera) bool { return k.Disabled == nil && k.Watch != config.WatchOff }
