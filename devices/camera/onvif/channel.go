package onvif

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strconv"
)

// maxChannels is more than any recorder has.
const maxChannels = 1024

// A channel is one video source with its profiles. number is what the recorder's
// own screen shows, from 1, as far as that can be known.
type channel struct {
	number   int
	source   string
	profiles []profile
}

// conventions are how tokens and names carry the number of a channel. Most
// recorders tell only the channels that are online (onvif/specs#470), so the
// position in their list is not the number: a camera that is unplugged would make
// all behind it move up.
//
// The Hikvision and Dahua rows are as met in tokens of theirs; whether all their
// firmware keeps to them is not known.
var conventions = []struct {
	pattern *regexp.Regexp
	lowest  int // number of the first channel; either = 0 if any of them is 0, else 1
}{
	{regexp.MustCompile(`^(?:MediaProfile|VideoSource(?:Config)?)?(\d{3})\d{2}$`), 0},            // Dahua: MediaProfile00201 is the sub stream of channel 3
	{regexp.MustCompile(`(?i)^Profile_?(\d{1,2})0[1-9]$`), 1},                                    // Hikvision: Profile_302 is the sub stream of channel 3
	{regexp.MustCompile(`(?i)profile[_-]?(\d{1,4})[_-](?:main|sub|third|stream)`), either},       // profile_0_main (agsh/onvif#328)
	{regexp.MustCompile(`(?i)(?:^|[^a-z])` + channelWord + `[ _.#-]*(\d{1,4})(?:\D|$)`), either}, // VideoSource_3, ch3, 000_VIS_3, "Camera 3"
	{regexp.MustCompile(`^(\d{1,4})$`), either},
}

const (
	either      = -1
	channelWord = `(?:channel|chan|chn|ch|camera|cam|video[ _-]?source(?:[ _-]?(?:token|config))?|video|(?:v[_-]?)?src|vis|source|通道)`
)

// channelsOf sorts profiles by video source and numbers these: by what their
// tokens or names say, else by the order of the camera's own list of sources.
func (c *Client) channelsOf(ctx context.Context, o lineup) ([]channel, error) {
	channels := bySource(o.profiles)
	if byText(channels) || len(channels) < 2 {
		return channels, nil
	}
	sources, err := c.videoSources(ctx)
	if err != nil && !told(err) {
		return nil, err
	}
	byOrder(channels, sources)
	return channels, nil
}

// bySource keeps the order of the profiles.
func bySource(all []profile) (channels []channel) {
	at := map[string]int{}
	for _, p := range all {
		i, known := at[p.Source]
		if !known {
			i = len(channels)
			at[p.Source] = i
			channels = append(channels, channel{number: i + 1, source: p.Source})
		}
		channels[i].profiles = append(channels[i].profiles, p)
	}
	return channels
}

// texts are where a number may stand, the most telling first.
var texts = []func(profile) string{
	func(p profile) string { return p.Source },
	func(p profile) string { return p.sourceSetting },
	func(p profile) string { return p.Token },
	func(p profile) string { return p.settingName },
	func(p profile) string { return p.Name },
}

// byText numbers the channels by what their tokens or names say, or says that
// these say nothing: a convention counts only if it gives every channel a number
// and no two the same.
func byText(channels []channel) bool {
	for _, text := range texts {
		for i := range conventions {
			if numbers, ok := numbersIn(channels, text, i); ok {
				for k, n := range numbers {
					channels[k].number = n
				}
				return len(channels) > 0
			}
		}
	}
	return false
}

func numbersIn(channels []channel, text func(profile) string, convention int) (numbers []int, ok bool) {
	for _, one := range channels {
		n, ok := numberOf(one, text, conventions[convention].pattern)
		if !ok || slices.Contains(numbers, n) {
			return nil, false
		}
		numbers = append(numbers, n)
	}
	return fromOne(numbers, conventions[convention].lowest), true
}

// fromOne makes numbers count from 1.
func fromOne(numbers []int, lowest int) []int {
	if lowest == 0 || lowest == either && slices.Contains(numbers, 0) {
		for i := range numbers {
			numbers[i]++
		}
	}
	return numbers
}

// numberOf is the number that all profiles of a channel carry.
func numberOf(one channel, text func(profile) string, pattern *regexp.Regexp) (number int, ok bool) {
	for i, p := range one.profiles {
		n, found := numberIn(text(p), pattern)
		if !found || i > 0 && n != number {
			return 0, false
		}
		number, ok = n, true
	}
	return number, ok
}

func numberIn(text string, pattern *regexp.Regexp) (int, bool) {
	m := pattern.FindStringSubmatch(text)
	if m == nil {
		return 0, false
	}
	n, err := strconv.Atoi(m[1])
	return n, err == nil && n <= maxChannels
}

// byOrder numbers the channels by their places in the camera's own list of video
// sources, if all are in it.
func byOrder(channels []channel, sources []Source) {
	var places []int
	for _, one := range channels {
		i := slices.IndexFunc(sources, func(s Source) bool { return s.Token == one.source })
		if i < 0 {
			return
		}
		places = append(places, i+1)
	}
	for i, n := range places {
		channels[i].number = n
	}
}

// Channels says which channel an event of a recorder is of: the number for every
// token by which one may name a video source (of the source, of its configuration,
// of the analytics configuration, of a profile). Tokens that several channels
// share name none and are left out.
func (c *Client) Channels(ctx context.Context) (map[string]int, error) {
	var found map[string]int
	err := c.lineups(ctx, func(o lineup) error {
		channels, err := c.channelsOf(ctx, o)
		if err == nil && len(channels) == 0 {
			err = errNoStream
		}
		found = tokens(channels)
		return err
	})
	return found, err
}

func tokens(channels []channel) map[string]int {
	found := map[string]int{}
	for _, one := range channels {
		for _, p := range one.profiles {
			for _, token := range []string{p.Source, p.sourceSetting, p.analytics, p.Token} {
				if n, known := found[token]; known && n != one.number {
					found[token] = shared
				} else if token != "" && len(token) <= maxWord {
					found[token] = one.number
				}
			}
		}
	}
	maps.DeleteFunc(found, func(_ string, n int) bool { return n == shared })
	return found
}

// shared marks a token of several channels.
const shared = -1
