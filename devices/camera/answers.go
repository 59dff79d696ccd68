package camera

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/use-go/onvif/device"
)

// The library's own answer types decode most fields to zero without an error
// (their tags carry a prefix), so each answer has a small struct of ours, with
// local names only.

var errOtherAnswer = errors.New("the camera answers another question")

// dateAndTime is the answer to GetSystemDateAndTime.
type dateAndTime struct {
	Body struct {
		GetSystemDateAndTimeResponse *struct {
			SystemDateAndTime struct {
				UTCDateTime *struct {
					Time struct{ Hour, Minute, Second int }
					Date struct{ Year, Month, Day int }
				}
			}
		}
	}
}

// learnClock asks the camera's time, which everybody may ask, and keeps its
// offset to ours, measured at the middle of the round trip. It also finds the
// path of the device service. A [*Fault] means that the camera is there and does
// not tell; the offset then stays what it was.
func (c *client) learnClock(ctx context.Context) error {
	var a dateAndTime
	var err error
	var asked time.Time
	for _, path := range devicePaths {
		asked = time.Now()
		service := "http://" + c.authority + path
		err = c.askBare(ctx, service, device.GetSystemDateAndTime{}, &a)
		if f, ok := errors.AsType[*Fault](err); ok && f.Status == http.StatusNotFound {
			continue
		}
		c.device = service
		break
	}
	if err != nil {
		return err
	}
	trip := time.Since(asked)
	told := a.Body.GetSystemDateAndTimeResponse
	if told == nil {
		return errOtherAnswer
	}
	u := told.SystemDateAndTime.UTCDateTime
	if u == nil || u.Date.Year < 1970 || u.Date.Year > 2199 {
		return nil // it has no time, or none that can be meant
	}
	// The camera tells whole seconds: on average it is half a second further.
	t := time.Date(u.Date.Year, time.Month(u.Date.Month), u.Date.Day, u.Time.Hour, u.Time.Minute, u.Time.Second, int(500*time.Millisecond), time.UTC)
	c.offset, c.clockKnown = t.Sub(asked.Add(trip/2)), true
	return nil
}

// deviceInformation is the answer to GetDeviceInformation.
type deviceInformation struct {
	Manufacturer, Model, FirmwareVersion, SerialNumber string
}

type deviceInformationAnswer struct {
	Body struct{ GetDeviceInformationResponse *deviceInformation }
}

func (c *client) deviceInformation(ctx context.Context) (deviceInformation, error) {
	var a deviceInformationAnswer
	if err := c.ask(ctx, c.device, device.GetDeviceInformation{}, &a); err != nil {
		return deviceInformation{}, err
	}
	if a.Body.GetDeviceInformationResponse == nil {
		return deviceInformation{}, errOtherAnswer
	}
	return *a.Body.GetDeviceInformationResponse, nil
}

// whoAreYou asks without a login. A camera that gives no answer to that, not even
// a refusal, may still tell its time, and then it is a camera.
func (c *client) whoAreYou(ctx context.Context) (deviceInformation, error) {
	var a deviceInformationAnswer
	err := c.askBare(ctx, c.device, device.GetDeviceInformation{}, &a)
	if err == nil && a.Body.GetDeviceInformationResponse != nil {
		return *a.Body.GetDeviceInformationResponse, nil
	}
	if f, ok := errors.AsType[*Fault](err); ok && f.LoginRefused() {
		return deviceInformation{}, f
	}
	var t dateAndTime
	if again := c.askBare(ctx, c.device, device.GetSystemDateAndTime{}, &t); again == nil && t.Body.GetSystemDateAndTimeResponse != nil {
		return deviceInformation{}, &Fault{Status: http.StatusUnauthorized, Reason: "it tells only its time"}
	}
	if err == nil {
		err = errOtherAnswer
	}
	return deviceInformation{}, err
}

// endpoint is the camera's own name for itself, the one that discovery tells.
// Not every camera answers this.
func (c *client) endpoint(ctx context.Context) (string, error) {
	var a struct {
		Body struct {
			GetEndpointReferenceResponse struct{ GUID string }
		}
	}
	if err := c.ask(ctx, c.device, device.GetEndpointReference{}, &a); err != nil {
		return "", err
	}
	guid := words(a.Body.GetEndpointReferenceResponse.GUID)
	if guid != "" && !strings.Contains(guid, ":") {
		guid = "urn:uuid:" + guid
	}
	return guid, nil
}

const media1Space = "http://www.onvif.org/ver10/media/wsdl"

// mediaServices returns the addresses of Media2 and Media1, "" where there is
// none. Cameras that know no GetServices tell only the latter, by GetCapabilities.
func (c *client) mediaServices(ctx context.Context) (media2, media1 string, err error) {
	var a struct {
		Body struct {
			GetServicesResponse *struct {
				Service []struct{ Namespace, XAddr string }
			}
		}
	}
	err = c.ask(ctx, c.device, device.GetServices{}, &a)
	if err != nil || a.Body.GetServicesResponse == nil {
		if _, told := errors.AsType[*Fault](err); err != nil && !told {
			return "", "", err
		}
		media1, err = c.mediaCapability(ctx)
		return "", media1, err
	}
	for _, s := range a.Body.GetServicesResponse.Service {
		at, err := c.home(s.XAddr)
		if err != nil {
			continue
		}
		switch strings.TrimSpace(s.Namespace) {
		case media2Space:
			media2 = at
		case media1Space:
			media1 = at
		}
	}
	if media2 == "" && media1 == "" {
		return "", "", errors.New("the camera has no media service")
	}
	return media2, media1, nil
}

func (c *client) mediaCapability(ctx context.Context) (string, error) {
	var a struct {
		Body struct {
			GetCapabilitiesResponse struct {
				Capabilities struct{ Media struct{ XAddr string } }
			}
		}
	}
	if err := c.ask(ctx, c.device, device.GetCapabilities{Category: "All"}, &a); err != nil {
		return "", err
	}
	at, err := c.home(a.Body.GetCapabilitiesResponse.Capabilities.Media.XAddr)
	if err != nil {
		return "", fmt.Errorf("media service: %w", err)
	}
	return at, nil
}
