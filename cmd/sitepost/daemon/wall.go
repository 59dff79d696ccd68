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
	for _, name := range names(w.site.asked) {
		all = append(all, w.one(name))
	}
	return all
}

func (w wall) one(name string) control.Camera {
	a := w.site.asked[name]
	told := a.memory.Known().Inventory
	c := control.Camera{
		Name: name, Address: a.client.Address(), Endpoint: told.Identity.Endpoint, Serial: told.Identity.Serial, MACs: told.MACs,
		Vendor: told.Identity.Vendor, Model: told.Identity.Model, Firmware: told.Identity.Firmware,
	}
	if refused := a.client.Budget().Refusal(a.client.Host(), a.client.User()); refused != nil {
		c.Refused = refused.Error()
	}
	return c
}

// Login tries the login of a camera anew.
func (w wall) Login(ctx context.Context, name string) (c control.Camera, ok bool, err error) {
	a := w.site.asked[name]
	if a == nil {
		return control.Camera{}, false, nil
	}
	a.client.Budget().Forgive(a.client.Host())
	_, err = a.client.Identify(ctx)
	if _, refused := errors.AsType[*onvif.LoginRefused](err); refused {
		return w.one(name), true, nil // that is how it stands
	}
	if err == nil {
		w.site.beginAgain(name)
	}
	return w.one(name), true, err
}

// beginAgain lets nobody wait any longer who waits for a login that is good now.
func (s *site) beginAgain(name string) {
	s.ingest.Again(name)
	for _, k := range s.opt.Config.Cameras {
		if k.Recorder == name {
			s.ingest.Again(k.Name)
		}
	}
}
