package onvif

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/use-go/onvif/device"
)

// Names of the services (ONVIF Core 5.14): the XML namespaces of their questions.
const (
	DeviceSpace    = "http://www.onvif.org/ver10/device/wsdl"
	MediaSpace     = "http://www.onvif.org/ver10/media/wsdl"
	Media2Space    = "http://www.onvif.org/ver20/media/wsdl" // the library knows nothing of it
	EventsSpace    = "http://www.onvif.org/ver10/events/wsdl"
	ImagingSpace   = "http://www.onvif.org/ver20/imaging/wsdl"
	AnalyticsSpace = "http://www.onvif.org/ver20/analytics/wsdl"
	DeviceIOSpace  = "http://www.onvif.org/ver10/deviceIO/wsdl"
	RecordingSpace = "http://www.onvif.org/ver10/recording/wsdl"
	SearchSpace    = "http://www.onvif.org/ver10/search/wsdl"
	ReplaySpace    = "http://www.onvif.org/ver10/replay/wsdl"
)

const (
	servicesKeptFor = 10 * time.Minute
	maxServices     = 64
)

// Services are the addresses of a camera's services by their namespaces. All are
// at the configured host.
type Services map[string]string

// Services asks what the camera can do and where: by GetServices, and by
// GetCapabilities where it knows no such question. The answer is remembered for
// ten minutes, or until the camera moves or a service is not where it was. The
// caller must not write to it.
func (c *Client) Services(ctx context.Context) (Services, error) {
	at := c.spot()
	if known := c.knownServices(); known != nil {
		return known, nil
	}
	found, err := c.listedServices(ctx)
	if err != nil && !told(err) {
		return nil, err
	}
	if len(found) == 0 {
		if found, err = c.capabilities(ctx); err != nil {
			return nil, err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at == at {
		c.services, c.servicesUntil = found, time.Now().Add(servicesKeptFor)
	}
	return found, nil
}

func (c *Client) knownServices() Services {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Now().After(c.servicesUntil) {
		c.services = nil
	}
	return c.services
}

// forgetServices forgets where services were if an error says that one is gone.
func (c *Client) forgetServices(err error) {
	f, ok := errors.AsType[*Fault](err)
	if !ok || f.Status != http.StatusNotFound && f.Status != http.StatusGone {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.services = nil
}

// listedServices asks by GetServices. Addresses that cannot be used are left out.
func (c *Client) listedServices(ctx context.Context) (Services, error) {
	var a struct {
		Body struct {
			GetServicesResponse struct {
				Service []struct{ Namespace, XAddr string }
			}
		}
	}
	if err := c.Ask(ctx, c.deviceService(), device.GetServices{}, &a); err != nil {
		return nil, err
	}
	found := Services{}
	for _, s := range a.Body.GetServicesResponse.Service {
		c.addService(found, s.Namespace, s.XAddr)
	}
	return found, nil
}

// An xaddr is where one capability is.
type xaddr struct{ XAddr string }

// capabilities asks by GetCapabilities, the question of before 2.1. It cannot
// tell Media2: that one's address comes from GetServices only, and taking
// Media1's for it goes wrong where the two differ.
func (c *Client) capabilities(ctx context.Context) (Services, error) {
	var a struct {
		Body struct {
			GetCapabilitiesResponse struct {
				Capabilities struct {
					Analytics, Device, Events, Imaging, Media xaddr
					Extension                                 struct{ DeviceIO, Recording, Search, Replay xaddr }
				}
			}
		}
	}
	if err := c.Ask(ctx, c.deviceService(), device.GetCapabilities{Category: "All"}, &a); err != nil {
		return nil, err
	}
	can := a.Body.GetCapabilitiesResponse.Capabilities
	found := Services{}
	for space, at := range map[string]xaddr{
		AnalyticsSpace: can.Analytics, DeviceSpace: can.Device, EventsSpace: can.Events, ImagingSpace: can.Imaging, MediaSpace: can.Media,
		DeviceIOSpace: can.Extension.DeviceIO, RecordingSpace: can.Extension.Recording, SearchSpace: can.Extension.Search, ReplaySpace: can.Extension.Replay,
	} {
		c.addService(found, space, at.XAddr)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("services: %w", errOtherAnswer)
	}
	return found, nil
}

// addService keeps a service whose address can be used, the first of its name.
func (c *Client) addService(found Services, space, at string) {
	space = strings.TrimRight(Words(space), "/")
	if space == "" || found[space] != "" || len(found) == maxServices {
		return
	}
	if home, err := c.Home(at); err == nil {
		found[space] = home
	}
}

// mediaServices returns the addresses of Media2 and Media1, "" where there is none.
func (c *Client) mediaServices(ctx context.Context) (media2, media1 string, err error) {
	s, err := c.Services(ctx)
	if err != nil {
		return "", "", err
	}
	if s[Media2Space] == "" && s[MediaSpace] == "" {
		return "", "", errors.New("the camera has no media service")
	}
	return s[Media2Space], s[MediaSpace], nil
}
