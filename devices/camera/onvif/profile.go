package onvif

import (
	"context"
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/use-go/onvif/media"
)

// maxProfiles bounds the list that a camera may tell; a recorder has a few per
// channel.
const maxProfiles = 1024

// A Profile is a stream that a camera offers. All of it is declared, nothing
// measured; what was not told is zero.
type Profile struct {
	Token   string  `json:"token"`
	Name    string  `json:"name,omitempty"`
	Source  string  `json:"source,omitempty"` // token of the video source, the same for main and sub stream
	Codec   string  `json:"codec,omitempty"`  // "H264", "H265", "JPEG", "MPEG4"
	Width   int     `json:"width,omitzero"`
	Height  int     `json:"height,omitzero"`
	FPS     float64 `json:"fps_limit,omitzero"`
	Bitrate float64 `json:"bitrate_limit_kbit,omitzero"`
}

// A profile is a Profile with what leads to it.
type profile struct {
	Profile
	sourceSetting string // token of the video source configuration; events name it
	settingName   string // and its name
	analytics     string // token of the analytics configuration; events name it, too
	media2        bool
}

func (p profile) pixels() int { return p.Width * p.Height }

// isMeasurable says whether the codec is one whose pictures we can read.
func (p profile) isMeasurable() bool { return p.Codec == "H264" || p.Codec == "H265" }

// A number is one that a camera tells. What is none is 0: one odd field must not
// cost the whole answer.
type number float64

func (n *number) UnmarshalText(text []byte) error {
	f, err := strconv.ParseFloat(strings.TrimSpace(string(text)), 64)
	if err != nil || math.IsNaN(f) || f < 0 || f > 1e9 {
		f = 0
	}
	*n = number(f)
	return nil
}

// maxSide is more than any sensor has: beyond it is a mistake or malice, and the
// product of two must not overflow.
const maxSide = 1 << 15

// side is a width or height, 0 if it cannot be meant.
func (n number) side() int {
	if n > maxSide {
		return 0
	}
	return int(n)
}

// The parts of a profile, the same in Media1 and 2.
type (
	source struct {
		Token       string `xml:"token,attr"`
		Name        string
		SourceToken string
	}
	encoder struct {
		Encoding    string
		Resolution  struct{ Width, Height number }
		RateControl struct{ FrameRateLimit, BitrateLimit number }
	}
	configured struct {
		Token string `xml:"token,attr"`
	}
)

// profiles1 is the answer of Media1 to GetProfiles, profiles2 that of Media2.
type (
	profiles1 struct {
		Body struct {
			GetProfilesResponse struct {
				Profiles []struct {
					Token                       string `xml:"token,attr"`
					Name                        string
					VideoSourceConfiguration    *source
					VideoEncoderConfiguration   *encoder
					VideoAnalyticsConfiguration configured
				}
			}
		}
	}
	profiles2 struct {
		Body struct {
			GetProfilesResponse struct {
				Profiles []struct {
					Token          string `xml:"token,attr"`
					Name           string
					Configurations struct {
						VideoSource  *source
						VideoEncoder *encoder
						Analytics    configured
					}
				}
			}
		}
	}
)

// profilesQuestion2 is of Media2, in the manner of the library, which has none of
// its questions.
type profilesQuestion2 struct {
	XMLName string `xml:"tr2:GetProfiles"`
	Type    string `xml:"tr2:Type"`
}

// A lineup is what one media service tells of its profiles.
type lineup struct {
	service  string // its URL
	profiles []profile
	leftOff  int // profiles beyond the bounds
}

var errNoStream = errors.New("the camera offers no video profile")

// lineups asks Media2, because H.265 is told nowhere else (node-onvif#78), and
// tries what it offers; if that will not do, Media1 the same. The error is that of
// the service that said more.
func (c *Client) lineups(ctx context.Context, try func(lineup) error) error {
	media2, media1, err := c.mediaServices(ctx)
	if err != nil {
		return err
	}
	var first error
	if media2 != "" {
		o, err := c.lineup2(ctx, media2)
		if err == nil {
			err = try(o)
		}
		if err == nil || media1 == "" || !told(err) && !errors.Is(err, errNoStream) {
			return err
		}
		first = err
	}
	o, err := c.lineup1(ctx, media1)
	if err == nil {
		err = try(o)
	}
	if err == nil || first == nil || told(first) || first == errNoStream && !told(err) {
		return err
	}
	return first
}

func (c *Client) lineup1(ctx context.Context, service string) (lineup, error) {
	var a profiles1
	if err := c.Ask(ctx, service, media.GetProfiles{}, &a); err != nil {
		return lineup{}, err
	}
	o := a.lineup()
	o.service = service
	return o, nil
}

func (c *Client) lineup2(ctx context.Context, service string) (lineup, error) {
	var a profiles2
	if err := c.Ask(ctx, service, profilesQuestion2{Type: "All"}, &a); err != nil {
		return lineup{}, err
	}
	o := a.lineup()
	o.service = service
	return o, nil
}

func (a *profiles1) lineup() (o lineup) {
	for _, p := range a.Body.GetProfilesResponse.Profiles {
		o.add(profile{
			Profile:   Profile{Token: p.Token, Name: Words(p.Name)},
			analytics: p.VideoAnalyticsConfiguration.Token,
		}, p.VideoSourceConfiguration, p.VideoEncoderConfiguration)
	}
	return o
}

func (a *profiles2) lineup() (o lineup) {
	for _, p := range a.Body.GetProfilesResponse.Profiles {
		o.add(profile{
			Profile:   Profile{Token: p.Token, Name: Words(p.Name)},
			analytics: p.Configurations.Analytics.Token, media2: true,
		}, p.Configurations.VideoSource, p.Configurations.VideoEncoder)
	}
	return o
}

// add keeps the profiles that carry a picture, within the bounds.
func (o *lineup) add(p profile, s *source, e *encoder) {
	switch {
	case p.Token == "" || e == nil:
		return
	case len(p.Token) > maxWord || len(o.profiles) == maxProfiles:
		o.leftOff++
		return
	}
	p.Codec = codec(e.Encoding)
	if w, h := e.Resolution.Width.side(), e.Resolution.Height.side(); w > 0 && h > 0 {
		p.Width, p.Height = w, h
	}
	p.FPS, p.Bitrate = float64(e.RateControl.FrameRateLimit), float64(e.RateControl.BitrateLimit)
	if s != nil && len(s.SourceToken) <= maxWord {
		p.Source, p.sourceSetting, p.settingName = s.SourceToken, s.Token, Words(s.Name)
	}
	o.profiles = append(o.profiles, p)
}

// codec gives a codec one name: Media1 says H264, JPEG and MPEG4, Media2 the names
// of media types, "H265", "MPV4-ES" (ONVIF Media2 5.2).
func codec(told string) string {
	name := strings.ToUpper(Words(told))
	switch strings.NewReplacer(".", "", "-", "", " ", "").Replace(name) {
	case "H264", "AVC":
		return "H264"
	case "H265", "HEVC":
		return "H265"
	case "MPEG4", "MPV4ES":
		return "MPEG4"
	case "JPEG", "MJPEG":
		return "JPEG"
	}
	return name
}
