package onvif

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrNoEvents is returned by [Client.EventService] when the camera tells no event
// service, neither by GetServices nor by GetCapabilities.
var ErrNoEvents = errors.New("the camera has no event service (is ONVIF events switched on in its own page? else it can only be watched, not listened to)")

// EventService is the URL of the camera's event service: as GetServices tells it,
// else as GetCapabilities does. Whether it says that it supports pull points does
// not matter: some say no and do (Home Assistant #91089).
func (c *Client) EventService(ctx context.Context) (string, error) {
	services, err := c.Services(ctx)
	if err == nil && services[EventsSpace] == "" { // some list all but this one
		if services, err = c.capabilities(ctx); told(err) {
			return "", ErrNoEvents
		}
	}
	switch {
	case err != nil:
		return "", fmt.Errorf("event service: %w", err)
	case services[EventsSpace] == "":
		return "", ErrNoEvents
	}
	return services[EventsSpace], nil
}

// Subscribed remembers when a pull point was made last at this camera: whoever
// makes the next one asks [Client.LastSubscribed] and leaves the camera time.
func (c *Client) Subscribed(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.subscribed = at
}

// LastSubscribed is when a pull point was made last, zero for never.
func (c *Client) LastSubscribed() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.subscribed
}

// elements splits XML into its outermost elements: the library's envelope takes
// one at a time and forgets the others without a word.
func elements(document string) []string {
	var all []string
	d := xml.NewDecoder(strings.NewReader(document))
	depth, begin := 0, int64(0)
	for {
		before := d.InputOffset()
		t, err := d.RawToken()
		if err != nil {
			return all
		}
		switch t.(type) {
		case xml.StartElement:
			if depth++; depth == 1 {
				begin = before
			}
		case xml.EndElement:
			if depth--; depth == 0 {
				all = append(all, document[begin:d.InputOffset()])
			}
		}
	}
}
