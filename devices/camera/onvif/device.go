package onvif

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
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

// LearnClock asks the camera's time, which everybody may ask, and keeps its
// offset to ours, measured at the middle of the round trip. It also finds the
// path of the device service. A [*Fault] means that the camera is there and does
// not tell; the offset then stays what it was.
func (c *Client) LearnClock(ctx context.Context) error {
	var a dateAndTime
	var err error
	var asked time.Time
	authority := c.Address()
	for _, path := range devicePaths {
		asked = time.Now()
		service := "http://" + authority + path
		err = c.askBare(ctx, service, device.GetSystemDateAndTime{}, &a)
		if f, ok := errors.AsType[*Fault](err); ok && f.Status == http.StatusNotFound {
			continue
		}
		c.learnDevice(service)
		break
	}
	if err != nil {
		return err
	}
	trip := time.Since(asked)
	answer := a.Body.GetSystemDateAndTimeResponse
	if answer == nil {
		return errOtherAnswer
	}
	u := answer.SystemDateAndTime.UTCDateTime
	if u == nil || u.Date.Year < 1970 || u.Date.Year > 2199 {
		return nil // it has no time, or none that can be meant
	}
	// The camera tells whole seconds: on average it is half a second further.
	t := time.Date(u.Date.Year, time.Month(u.Date.Month), u.Date.Day, u.Time.Hour, u.Time.Minute, u.Time.Second, int(500*time.Millisecond), time.UTC)
	c.learnOffset(t.Sub(asked.Add(trip / 2)))
	return nil
}

func (c *Client) learnDevice(service string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.device = service
}

func (c *Client) learnOffset(offset time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset, c.clockKnown = offset, true
}

// ClockOffset is the camera's clock minus ours as learnt last, known to a second;
// false if it never told its time.
func (c *Client) ClockOffset() (offset time.Duration, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.offset, c.clockKnown
}

// An Identity is who a camera says it is.
type Identity struct {
	Endpoint    string        `json:"endpoint,omitempty"` // its endpoint reference; "" where it tells none by question
	Vendor      string        `json:"vendor,omitempty"`
	Model       string        `json:"model,omitempty"`
	Serial      string        `json:"serial,omitempty"`
	Firmware    string        `json:"firmware,omitempty"`
	ClockOffset time.Duration `json:"clock_offset_ns"` // camera minus box, known to a second
	ClockKnown  bool          `json:"clock_known"`     // false: it did not tell its time
}

// Identify learns the clock, then asks the camera who it is. A camera that does
// not tell its endpoint reference is identified without.
func (c *Client) Identify(ctx context.Context) (Identity, error) {
	if err := c.LearnClock(ctx); err != nil && ctx.Err() == nil && !told(err) {
		return Identity{}, err
	}
	d, err := c.deviceInformation(ctx)
	if err != nil {
		return Identity{}, err
	}
	id := Identity{Vendor: Words(d.Manufacturer), Model: Words(d.Model), Serial: Words(d.SerialNumber), Firmware: Words(d.FirmwareVersion)}
	id.ClockOffset, id.ClockKnown = c.ClockOffset()
	id.Endpoint, _ = c.endpoint(ctx)
	return id, nil
}

// deviceInformation is the answer to GetDeviceInformation.
type deviceInformation struct {
	Manufacturer, Model, FirmwareVersion, SerialNumber string
}

type deviceInformationAnswer struct {
	Body struct{ GetDeviceInformationResponse *deviceInformation }
}

func (c *Client) deviceInformation(ctx context.Context) (deviceInformation, error) {
	var a deviceInformationAnswer
	if err := c.Ask(ctx, c.deviceService(), device.GetDeviceInformation{}, &a); err != nil {
		return deviceInformation{}, err
	}
	if a.Body.GetDeviceInformationResponse == nil {
		return deviceInformation{}, errOtherAnswer
	}
	return *a.Body.GetDeviceInformationResponse, nil
}

// Stranger asks a device that nobody configured who it is, without a login and
// with any certificate, for nothing secret is sent. address is host:port, service
// the URL of its device service. A refused login is a [*Fault] that says so, and
// so is a device that tells only its time: then it is a camera.
func Stranger(ctx context.Context, address, service string, networks []netip.Prefix) (Identity, error) {
	host, authority, err := splitHost(address)
	if err != nil {
		return Identity{}, err
	}
	c := &Client{guard: newGuard(host, networks, true), at: spot{host, authority}, device: service, budget: NewBudget()}
	defer c.Close()
	d, err := c.whoAreYou(ctx)
	return Identity{Vendor: Words(d.Manufacturer), Model: Words(d.Model), Serial: Words(d.SerialNumber), Firmware: Words(d.FirmwareVersion)}, err
}

// whoAreYou asks without a login. A device that gives no answer to that, not even
// a refusal, may still tell its time.
func (c *Client) whoAreYou(ctx context.Context) (deviceInformation, error) {
	var a deviceInformationAnswer
	err := c.askBare(ctx, c.deviceService(), device.GetDeviceInformation{}, &a)
	if err == nil && a.Body.GetDeviceInformationResponse != nil {
		return *a.Body.GetDeviceInformationResponse, nil
	}
	if f, ok := errors.AsType[*Fault](err); ok && f.LoginRefused() {
		return deviceInformation{}, f
	}
	var t dateAndTime
	if again := c.askBare(ctx, c.deviceService(), device.GetSystemDateAndTime{}, &t); again == nil && t.Body.GetSystemDateAndTimeResponse != nil {
		return deviceInformation{}, &Fault{Status: http.StatusUnauthorized, Reason: "it tells only its time"}
	}
	if err == nil {
		err = errOtherAnswer
	}
	return deviceInformation{}, err
}

// endpoint is the camera's own name for itself, the one that discovery tells.
// Not every camera answers this.
func (c *Client) endpoint(ctx context.Context) (string, error) {
	var a struct {
		Body struct {
			GetEndpointReferenceResponse struct{ GUID string }
		}
	}
	if err := c.Ask(ctx, c.deviceService(), device.GetEndpointReference{}, &a); err != nil {
		return "", err
	}
	guid := Words(a.Body.GetEndpointReferenceResponse.GUID)
	if guid != "" && !strings.Contains(guid, ":") {
		guid = "urn:uuid:" + guid
	}
	return guid, nil
}
