package daemon

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"sitepost/config"
	"sitepost/devices"
	"sitepost/devices/camera"
	"sitepost/ingest"
	"sitepost/ingest/store"
)

// waitingShots is how many alarms may wait for one camera's picture.
const waitingShots = 8

// An eye is what an alarm wakes up in one camera: its pictures are wanted, and its
// stream is watched more closely.
type eye struct {
	camera string
	wanted chan camera.Shot
	alert  chan struct{}
}

// openEye plans the eye of a camera, and notes in which zones it looks.
func (p *plan) openEye(k config.Camera) *eye {
	one := share(p, "eye "+k.Name, nil, func() *eye {
		return &eye{camera: k.Name, wanted: make(chan camera.Shot, waitingShots), alert: make(chan struct{}, 1)}
	})
	for _, zone := range append([]string{k.Zone, k.From, k.To}, k.AlsoSees...) {
		if zone != "" && !slices.Contains(p.eyes[zone], one) {
			p.eyes[zone] = append(p.eyes[zone], one)
		}
	}
	return one
}

// shoot plans the conversation that takes a camera's pictures on alarm.
func (p *plan) shoot(k config.Camera, one *eye) {
	call, s := p.askedFor(k).caller, p.site
	p.talk(fmt.Sprintf("pictures of %q", k.Name), ingest.Conversation{Name: k.Name, Device: camera.Shoot(camera.ShootOptions{
		Name: k.Name, Client: call.client, Pick: pickOf(k), Wanted: one.wanted, Log: p.site.opt.Log.With("device", k.Name),
		Keep: func(incident string, jpeg []byte) (devices.Picture, error) {
			return s.store.KeepPicture(incident, k.Name, jpeg)
		},
	})}, []any{pickOf(k)}, call, one)
}

// sendsPictures says whether the site wants the pictures of a camera sent.
func sendsPictures(c *config.Config, camera string) bool {
	return slices.ContainsFunc(c.Cameras, func(k config.Camera) bool { return k.Name == camera && k.SendPictures })
}

// attend asks the cameras that look at the place of an alarm for a picture, and has
// their streams watched. It returns at once: an alarm waits for no camera.
func (s *site) attend(r store.Record) {
	if !isAboutSite(r.Event.Code) {
		return
	}
	eyes, asked := s.inForce().eyes, map[string]bool{}
	for _, zone := range []string{nameOf(r.Place.Zone), nameOf(r.Place.From), nameOf(r.Place.To)} {
		for _, one := range eyes[zone] {
			if asked[one.camera] {
				continue
			}
			asked[one.camera] = true
			select {
			case one.alert <- struct{}{}:
			default: // one that waits already is as good
			}
			select {
			case one.wanted <- camera.Shot{Incident: r.Incident, At: time.Now()}:
			default:
				s.opt.Log.Debug("no picture of the alarm: too many are waiting", "camera", one.camera, "incident", r.Incident)
			}
		}
	}
}

// isAboutSite says whether an alarm is about what happens on the site, and not
// about what watches it: of a lost line there is nothing to be seen.
func isAboutSite(c devices.Code) bool {
	first, _, _ := strings.Cut(string(c), ".")
	switch first {
	case "gas", "screening", "access", "panic", "intrusion", "fire", "tamper", "alarm":
		return c != devices.AlarmChattering && c != "gas.calibration.due"
	case "camera":
		switch c {
		case devices.CameraLogin, "camera.hardware", "camera.video_lost", "camera.image_quality":
			return false
		}
		return true
	}
	return false
}
