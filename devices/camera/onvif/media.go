package onvif

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/use-go/onvif/media"
	schema "github.com/use-go/onvif/xsd/onvif"
)

// maxProfiles bounds the list that a camera may tell; a recorder has a few per
// channel.
const maxProfiles = 1024

// A profile is a stream that a camera offers. Its size is declared, not measured.
type profile struct {
	token         string
	source        string // token of the video source, the same for main and sub stream
	width, height int
	media2        bool
}

func (p profile) pixels() int { return p.width * p.height }

// encoder and source are the two parts of a profile, the same in Media1 and 2.
type encoder struct {
	Resolution struct{ Width, Height int }
}
type source struct{ SourceToken string }

// The questions of Media2, in the manner of the library, which has none of them.
type (
	profilesQuestion2 struct {
		XMLName string `xml:"tr2:GetProfiles"`
		Type    string `xml:"tr2:Type"`
	}
	streamQuestion2 struct {
		XMLName      string `xml:"tr2:GetStreamUri"`
		Protocol     string `xml:"tr2:Protocol"`
		ProfileToken string `xml:"tr2:ProfileToken"`
	}
)

// Streams is what a camera tells of its streams: the addresses of the main
// stream and of the smaller one, the latter "" where there is none.
type Streams struct{ Main, Sub string }

// Streams asks Media2 first, because H.265 is told nowhere else, then Media1.
func (c *Client) Streams(ctx context.Context, channel int) (Streams, error) {
	media2, media1, err := c.mediaServices(ctx)
	if err != nil {
		return Streams{}, err
	}
	if media2 != "" {
		found, err := c.streamsOf(ctx, media2, true, channel)
		if err == nil || media1 == "" || !told(err) && !errors.Is(err, errNoStream) {
			return found, err
		}
	}
	return c.streamsOf(ctx, media1, false, channel)
}

var errNoStream = errors.New("the camera offers no video profile")

func (c *Client) streamsOf(ctx context.Context, service string, media2 bool, channel int) (Streams, error) {
	ask := c.profiles1
	if media2 {
		ask = c.profiles2
	}
	all, err := ask(ctx, service)
	if err != nil {
		return Streams{}, err
	}
	main, sub, err := choose(all, channel)
	if err != nil {
		return Streams{}, err
	}
	var found Streams
	if found.Main, err = c.streamURI(ctx, service, main); err != nil {
		return Streams{}, err
	}
	if sub.token != "" { // the main stream is what matters
		found.Sub, _ = c.streamURI(ctx, service, sub)
	}
	return found, nil
}

func (c *Client) profiles1(ctx context.Context, service string) ([]profile, error) {
	var a struct {
		Body struct {
			GetProfilesResponse struct {
				Profiles []struct {
					Token                     string `xml:"token,attr"`
					VideoSourceConfiguration  *source
					VideoEncoderConfiguration *encoder
				}
			}
		}
	}
	if err := c.Ask(ctx, service, media.GetProfiles{}, &a); err != nil {
		return nil, err
	}
	var all []profile
	for _, p := range a.Body.GetProfilesResponse.Profiles {
		all = appendProfile(all, p.Token, p.VideoSourceConfiguration, p.VideoEncoderConfiguration, false)
	}
	return all, nil
}

func (c *Client) profiles2(ctx context.Context, service string) ([]profile, error) {
	var a struct {
		Body struct {
			GetProfilesResponse struct {
				Profiles []struct {
					Token          string `xml:"token,attr"`
					Configurations struct {
						VideoSource  *source
						VideoEncoder *encoder
					}
				}
			}
		}
	}
	if err := c.Ask(ctx, service, profilesQuestion2{Type: "All"}, &a); err != nil {
		return nil, err
	}
	var all []profile
	for _, p := range a.Body.GetProfilesResponse.Profiles {
		all = appendProfile(all, p.Token, p.Configurations.VideoSource, p.Configurations.VideoEncoder, true)
	}
	return all, nil
}

// appendProfile keeps the profiles that carry a picture.
func appendProfile(all []profile, token string, s *source, e *encoder, media2 bool) []profile {
	if token == "" || len(token) > maxWord || e == nil || len(all) == maxProfiles {
		return all
	}
	p := profile{token: token, media2: media2}
	// More than any sensor has is a mistake or malice; its product must not overflow.
	if w, h := e.Resolution.Width, e.Resolution.Height; w > 0 && h > 0 && w <= 1<<15 && h <= 1<<15 {
		p.width, p.height = w, h
	}
	if s != nil {
		p.source = s.SourceToken
	}
	return append(all, p)
}

// choose picks the profile with the most pixels and the one with the fewest, of
// one video source: the channel-th in the order of the camera's own list, the
// first for channel 0.
func choose(all []profile, channel int) (main, sub profile, err error) {
	if len(all) == 0 {
		return main, sub, errNoStream
	}
	var sources []string
	for _, p := range all {
		if !slices.Contains(sources, p.source) {
			sources = append(sources, p.source)
		}
	}
	n := max(channel, 1)
	if n > len(sources) {
		return main, sub, fmt.Errorf("it has no channel %d (it tells %d; a recorder tells only those that are online)", channel, len(sources))
	}
	for _, p := range all {
		if p.source != sources[n-1] {
			continue
		}
		if main.token == "" || p.pixels() > main.pixels() {
			main = p
		}
		if sub.token == "" || p.pixels() < sub.pixels() {
			sub = p
		}
	}
	if sub.token == main.token {
		sub = profile{}
	}
	return main, sub, nil
}

func (c *Client) streamURI(ctx context.Context, service string, p profile) (string, error) {
	var a struct {
		Body struct {
			GetStreamUriResponse struct {
				Uri      string               // Media2
				MediaUri struct{ Uri string } // Media1
			}
		}
	}
	var question any = media.GetStreamUri{
		StreamSetup:  schema.StreamSetup{Stream: "RTP-Unicast", Transport: schema.Transport{Protocol: "RTSP"}},
		ProfileToken: schema.ReferenceToken(p.token),
	}
	if p.media2 {
		question = streamQuestion2{Protocol: "RTSP", ProfileToken: p.token}
	}
	if err := c.Ask(ctx, service, question, &a); err != nil {
		return "", err
	}
	return c.streamAddress(a.Body.GetStreamUriResponse.Uri + a.Body.GetStreamUriResponse.MediaUri.Uri)
}

// streamAddress makes what a camera tells into what can be dialled: no line ends
// (go2rtc#638), no double escapes, no user and password, and the configured host
// where it tells one outside the networks (a camera behind NAT).
func (c *Client) streamAddress(told string) (string, error) {
	told = strings.ReplaceAll(strings.TrimSpace(told), "&amp;", "&") // escaped twice by some
	u, err := url.Parse(told)
	if err != nil || u.Scheme != "rtsp" && u.Scheme != "rtsps" || u.Host == "" || len(told) > 2048 {
		return "", fmt.Errorf("the camera tells an unusable stream address %q", Words(told))
	}
	u.User = nil
	host := c.Host()
	if u.Hostname() != host && !allowed(u.Hostname(), c.guard.networks) {
		port := u.Port()
		u.Host = host
		if strings.Contains(host, ":") {
			u.Host = "[" + host + "]"
		}
		if port != "" {
			u.Host = net.JoinHostPort(host, port)
		}
	}
	return u.String(), nil
}
