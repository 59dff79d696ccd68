package onvif

import (
	"context"
	"errors"
	"slices"

	"github.com/use-go/onvif/media"
)

// maxRefusals bounds what an inventory says of what was not told.
const maxRefusals = 8

// An Inventory is what a camera says it is and has. Only the identity is certain
// to be there; what was not told is absent.
type Inventory struct {
	Identity        Identity  `json:"identity"`
	MACs            []string  `json:"macs,omitempty"`     // sound ones only, "00:11:22:aa:bb:cc"
	Services        Services  `json:"services,omitempty"` // namespace → address
	Sources         []Source  `json:"sources,omitempty"`  // in the camera's order
	Profiles        []Profile `json:"profiles,omitempty"`
	ProfilesLeftOff int       `json:"profiles_left_off,omitzero"` // it tells so many more than are read
	DigitalInputs   *int      `json:"digital_inputs,omitempty"`
	NotTold         []string  `json:"not_told,omitempty"` // what else was asked, and why it is not here
}

// A Source is a video source: a sensor of a camera, a channel of a recorder.
type Source struct {
	Token  string  `json:"token"`
	Width  int     `json:"width,omitzero"`
	Height int     `json:"height,omitzero"`
	FPS    float64 `json:"fps,omitzero"`
}

// TakeInventory asks the camera all that it is and has. One question that fails
// costs its own answer only; the error is for a camera that does not even say who
// it is, or refuses the login.
func (c *Client) TakeInventory(ctx context.Context) (Inventory, error) {
	id, err := c.Identify(ctx)
	if err != nil {
		return Inventory{}, err
	}
	v := Inventory{Identity: id}
	for _, question := range []struct {
		name string
		ask  func() error
	}{
		{"services", func() (err error) { v.Services, err = c.Services(ctx); return err }},
		{"profiles", func() error { return c.takeProfiles(ctx, &v) }},
		{"video sources", func() error { return c.takeSources(ctx, &v) }},
		{"network interfaces", func() (err error) { v.MACs, err = c.hardwareAddresses(ctx); return err }},
		{"digital inputs", func() (err error) { v.DigitalInputs, err = c.digitalInputs(ctx); return err }},
	} {
		if err = question.ask(); err == nil {
			continue
		}
		if ctx.Err() != nil {
			return Inventory{}, ctx.Err()
		}
		if err := c.stillWelcome(ctx, err); err != nil {
			return Inventory{}, err
		}
		if len(v.NotTold) < maxRefusals {
			v.NotTold = append(v.NotTold, question.name+": "+Words(err.Error()))
		}
	}
	return v, nil
}

// stillWelcome returns nil if a question failed that only this login may not ask.
// A refusal counts against the budget of all; a question that everybody with the
// login may ask proves that the login is good, and takes it back.
func (c *Client) stillWelcome(ctx context.Context, err error) error {
	if _, refused := errors.AsType[*LoginRefused](err); !refused {
		return nil
	}
	if _, again := c.deviceInformation(ctx); again != nil {
		return err
	}
	return nil
}

func (c *Client) takeProfiles(ctx context.Context, v *Inventory) error {
	return c.lineups(ctx, func(o lineup) error {
		if len(o.profiles) == 0 {
			return errNoStream
		}
		v.Profiles, v.ProfilesLeftOff = nil, o.leftOff
		for _, p := range o.profiles {
			v.Profiles = append(v.Profiles, p.Profile)
		}
		return nil
	})
}

// takeSources takes the list of sources, or what the profiles say of them.
func (c *Client) takeSources(ctx context.Context, v *Inventory) (err error) {
	v.Sources, err = c.videoSources(ctx)
	if len(v.Sources) > 0 {
		return err
	}
	for _, p := range v.Profiles {
		known := slices.ContainsFunc(v.Sources, func(s Source) bool { return s.Token == p.Source })
		if p.Source != "" && !known {
			v.Sources = append(v.Sources, Source{Token: p.Source})
		}
	}
	if told(err) && len(v.Sources) > 0 {
		return nil
	}
	return err
}

// videoSources asks for the video sources: Media1, which Media2 does not repeat,
// or DeviceIO. Without either there is no list.
func (c *Client) videoSources(ctx context.Context) ([]Source, error) {
	services, err := c.Services(ctx)
	if err != nil {
		return nil, err
	}
	var a videoSources
	switch {
	case services[MediaSpace] != "":
		err = c.Ask(ctx, services[MediaSpace], media.GetVideoSources{}, &a)
	case services[DeviceIOSpace] != "":
		err = c.Ask(ctx, services[DeviceIOSpace], sourcesQuestion{}, &a)
	}
	if err != nil {
		return nil, err
	}
	return a.sources(), nil
}

// videoSources is the answer to GetVideoSources: of Media1, and tokens only of DeviceIO.
type videoSources struct {
	Body struct {
		GetVideoSourcesResponse struct {
			VideoSources []struct {
				Token      string `xml:"token,attr"`
				Framerate  number
				Resolution struct{ Width, Height number }
			}
			Token []string
		}
	}
}

func (a *videoSources) sources() (all []Source) {
	add := func(s Source) {
		known := slices.ContainsFunc(all, func(k Source) bool { return k.Token == s.Token })
		if s.Token != "" && len(s.Token) <= maxWord && !known && len(all) < maxChannels {
			all = append(all, s)
		}
	}
	for _, s := range a.Body.GetVideoSourcesResponse.VideoSources {
		add(Source{Token: s.Token, Width: s.Resolution.Width.side(), Height: s.Resolution.Height.side(), FPS: float64(s.Framerate)})
	}
	for _, token := range a.Body.GetVideoSourcesResponse.Token {
		add(Source{Token: token})
	}
	return all
}

// The questions of DeviceIO.
type (
	sourcesQuestion struct {
		XMLName string `xml:"tmd:GetVideoSources"`
	}
	inputsQuestion struct {
		XMLName string `xml:"tmd:GetDigitalInputs"`
	}
)

// digitalInputs counts the inputs of a camera that has DeviceIO; nil for others.
func (c *Client) digitalInputs(ctx context.Context) (*int, error) {
	services, err := c.Services(ctx)
	if err != nil || services[DeviceIOSpace] == "" {
		return nil, err
	}
	var a struct {
		Body struct {
			GetDigitalInputsResponse struct{ DigitalInputs []configured }
		}
	}
	if err := c.Ask(ctx, services[DeviceIOSpace], inputsQuestion{}, &a); err != nil {
		return nil, err
	}
	n := len(a.Body.GetDigitalInputsResponse.DigitalInputs)
	return &n, nil
}
