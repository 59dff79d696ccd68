package onvif

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/use-go/onvif/device"
)

// The library's own answer types decode most fields to zero without an error
// (their tags carry a prefix), so each answer has a small struct of ours, with
// local names only.

var errOtherAnswer = errors.New("the camera answers another question")

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
	host, port, err := splitHost(address)
	if err != nil {
		return Identity{}, err
	}
	u, err := url.Parse(service)
	if err != nil {
		return Identity{}, err
	}
	c := &Client{
		guard: newGuard(host, networks, true), budget: NewBudget(),
		at: spot{host: host, port: port, secure: u.Scheme == "https", ports: wellKnown}, device: u.RequestURI(),
	}
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
