package daemon

import (
	"context"
	"errors"

	"sitepost/cmd/sitepost/control"
	"sitepost/devices/camera/onvif"
)

// A wall is the cameras of the site as the tools see them.
type wall struct{ site *site }

// List returns how each camera and recorder stands.
func (w wall) List() []control.Camera {
	var all []control.Camera
	asked := w.site.inForce().asked
	for _, name := range names(asked) {
		all = append(all, asked[name].stands(name))
	}
	return all
}

// stands is how a camera stands, as far as is known.
func (a *asked) stands(name string) control.Camera {
	known := a.memory.Known().Inventory
	c := a.whoIs(name, known.Identity)
	c.MACs = known.MACs
	return c
}

// whoIs is how a camera stands that has this identity.
func (a *asked) whoIs(name string, id onvif.Identity) control.Camera {
	client := a.client
	c := control.Camera{
		Name: name, Address: client.Address(), Endpoint: id.Endpoint, Serial: id.Serial,
		Vendor: id.Vendor, Model: id.Model, Firmware: id.Firmware,
	}
	if refused := client.Budget().Refusal(client.Host(), client.User()); refused != nil {
		c.Refused = refused.Error()
	}
	return c
}

// Login tries the login of a camera anew.
func (w wall) Login(ctx context.Context, name string) (c control.Camera, ok bool, err error) {
	a := w.site.inForce().asked[name]
	if a == nil {
		return control.Camera{}, false, nil
	}
	a.client.Budget().Forgive(a.client.Host())
	id, err := a.client.Identify(ctx)
	if _, refused := errors.AsType[*onvif.LoginRefused](err); refused {
		return a.stands(name), true, nil // that is how it stands
	}
	if err != nil {
		return control.Camera{}, true, err
	}
	w.site.beginAgain(name)
	return a.whoIs(name, id), true, nil
}

// beginAgain lets nobody wait any longer who waits for a login that is good now.
func (s *site) beginAgain(name string) {
	s.ingest.Again(name)
	for _, k := range s.file().Cameras {
		if k.Recorder == name {
			s.ingest.Again(k.Name)
		}
	}
}
