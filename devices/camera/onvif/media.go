package onvif

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/use-go/onvif/media"
	schema "github.com/use-go/onvif/xsd/onvif"
)

// A Pick says which streams of a camera are meant.
type Pick struct {
	Channel   int    // of a recorder, from 1; 0 = the first and mostly only video source
	Main, Sub string // tokens of profiles, typed by the site; "" = ours to choose
}

// Streams is what a camera tells of its streams: the addresses of the main
// stream and of the smaller one, the latter "" where there is none, with the
// profiles that they are of; and where its still picture is, "" if it tells none.
type Streams struct {
	Main, Sub           string
	SourceToken         string
	MainToken, SubToken string
	Snapshot            string
}

// Streams asks where the streams are: of the channel's video source, or the
// profiles typed by the site.
func (c *Client) Streams(ctx context.Context, pick Pick) (Streams, error) {
	var found Streams
	err := c.lineups(ctx, func(o lineup) (err error) {
		found, err = c.streamsOf(ctx, o, pick)
		return err
	})
	return found, err
}

func (c *Client) streamsOf(ctx context.Context, o lineup, pick Pick) (Streams, error) {
	channels, err := c.channelsOf(ctx, o)
	if err != nil {
		return Streams{}, err
	}
	main, sub, err := choose(channels, pick)
	if err != nil {
		return Streams{}, err
	}
	found := Streams{SourceToken: main.Source, MainToken: main.Token, SubToken: sub.Token}
	if found.Main, err = c.streamURI(ctx, o.service, main); err != nil {
		return Streams{}, err
	}
	if sub.Token != "" { // the main stream is what matters
		found.Sub, _ = c.streamURI(ctx, o.service, sub)
	}
	found.Snapshot = c.snapshot(ctx, o.service, main)
	return found, nil
}

// snapshot is where the profile's still picture is, "" if the camera tells none.
// Some tell it by Media1 only, whose tokens are the same.
func (c *Client) snapshot(ctx context.Context, service string, p profile) string {
	at, err := c.snapshotURI(ctx, service, p)
	if p.media2 && told(err) {
		if _, media1, _ := c.mediaServices(ctx); media1 != "" {
			p.media2 = false
			at, err = c.snapshotURI(ctx, media1, p)
		}
	}
	_ = c.stillWelcome(ctx, err)
	return at
}

// choose picks the best and the smallest profile of one video source, unless the
// site typed others: it knows better.
func choose(channels []channel, pick Pick) (main, sub profile, err error) {
	if len(channels) == 0 {
		return main, sub, errNoStream
	}
	from, err := channelOf(channels, pick)
	if err != nil {
		return main, sub, err
	}
	main = slices.MaxFunc(from.profiles, better) // the first of several
	if pick.Main != "" {
		if main, err = typed(channels, pick.Main); err != nil {
			return main, sub, err
		}
	}
	if pick.Sub != "" {
		sub, err = typed(channels, pick.Sub)
		return main, sub, err
	}
	for _, p := range from.profiles {
		if p.pixels() < main.pixels() && (sub.Token == "" || smaller(p, sub)) {
			sub = p
		}
	}
	return main, sub, nil
}

// better orders by what can be measured, then by size.
func better(a, b profile) int {
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.pixels(), b.pixels()))
}

func smaller(a, b profile) bool {
	return cmp.Or(cmp.Compare(rank(b), rank(a)), cmp.Compare(a.pixels(), b.pixels())) < 0
}

func rank(p profile) int {
	if p.isMeasurable() {
		return 1
	}
	return 0
}

// channelOf is the channel that is asked for, or that of the typed main profile.
func channelOf(channels []channel, pick Pick) (channel, error) {
	for _, one := range channels {
		switch {
		case pick.Main != "" && slices.ContainsFunc(one.profiles, func(p profile) bool { return p.Token == pick.Main }),
			pick.Main == "" && one.number == pick.Channel, pick.Main == "" && pick.Channel == 0:
			return one, nil
		}
	}
	if pick.Main != "" {
		_, err := typed(channels, pick.Main)
		return channel{}, err
	}
	var tells []string
	for _, one := range channels[:min(len(channels), namesShown)] {
		tells = append(tells, fmt.Sprint(one.number))
	}
	return channel{}, fmt.Errorf("it has no channel %d (it tells %s%s; a recorder tells only those that are online)",
		pick.Channel, strings.Join(tells, ", "), more(len(channels)))
}

// namesShown is how many names an error lists.
const namesShown = 16

func more(n int) string {
	if n > namesShown {
		return " …"
	}
	return ""
}

// errNoProfile is matched by what Media1 may know better than Media2.
type errNoProfile string

func (e errNoProfile) Error() string        { return string(e) }
func (e errNoProfile) Is(target error) bool { return target == errNoStream }

// typed finds a profile by the token that the site typed.
func typed(channels []channel, token string) (profile, error) {
	var names []string
	for _, one := range channels {
		for _, p := range one.profiles {
			if p.Token == token {
				return p, nil
			}
			names = append(names, fmt.Sprintf("%q", Words(p.Token)))
		}
	}
	return profile{}, errNoProfile(fmt.Sprintf("it has no profile %q (it tells %s%s)",
		Words(token), strings.Join(names[:min(len(names), namesShown)], ", "), more(len(names))))
}

// The questions of Media2 for addresses.
type (
	streamQuestion2 struct {
		XMLName      string `xml:"tr2:GetStreamUri"`
		Protocol     string `xml:"tr2:Protocol"`
		ProfileToken string `xml:"tr2:ProfileToken"`
	}
	snapshotQuestion2 struct {
		XMLName      string `xml:"tr2:GetSnapshotUri"`
		ProfileToken string `xml:"tr2:ProfileToken"`
	}
)

// A uri is an address as Media2 tells it, and as Media1 does.
type uri struct {
	Uri      string
	MediaUri struct{ Uri string }
}

func (u uri) told() string { return u.Uri + u.MediaUri.Uri }

func (c *Client) streamURI(ctx context.Context, service string, p profile) (string, error) {
	var a struct {
		Body struct{ GetStreamUriResponse uri }
	}
	var question any = media.GetStreamUri{
		StreamSetup:  schema.StreamSetup{Stream: "RTP-Unicast", Transport: schema.Transport{Protocol: "RTSP"}},
		ProfileToken: schema.ReferenceToken(p.Token),
	}
	if p.media2 {
		question = streamQuestion2{Protocol: "RTSP", ProfileToken: p.Token}
	}
	if err := c.Ask(ctx, service, question, &a); err != nil {
		return "", err
	}
	return c.streamAddress(a.Body.GetStreamUriResponse.told())
}

// snapshotURI asks where the still picture is; it is at the configured host,
// which alone gets a login.
func (c *Client) snapshotURI(ctx context.Context, service string, p profile) (string, error) {
	var a struct {
		Body struct{ GetSnapshotUriResponse uri }
	}
	var question any = media.GetSnapshotUri{ProfileToken: schema.ReferenceToken(p.Token)}
	if p.media2 {
		question = snapshotQuestion2{ProfileToken: p.Token}
	}
	if err := c.Ask(ctx, service, question, &a); err != nil {
		return "", err
	}
	return c.Home(a.Body.GetSnapshotUriResponse.told())
}

// streamAddress makes what a camera tells into what can be dialled: no user and
// password in it, and at the configured host, which alone gets a login. Cameras
// behind NAT tell an inner address (agsh/onvif#41), others one that means nothing
// here: 0.0.0.0 (go2rtc), 127.0.0.1 (Xiaomi-Dafang-Hacks#1752), 169.254.… and fe80::…
// (agsh/onvif#63). And who tells another camera's would lock us out of that one.
func (c *Client) streamAddress(told string) (string, error) {
	u, err := readAddress(told)
	if err != nil || u.Scheme != "rtsp" && u.Scheme != "rtsps" || u.Host == "" {
		return "", fmt.Errorf("the camera tells an unusable stream address %q", withoutLogin(told))
	}
	u.User = nil
	if host := c.Host(); u.Hostname() != host {
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
