package notice

import (
	"path"
	"strings"

	"sitepost/devices/camera/onvif"
)

// Canonical is the one spelling of a topic (quirk 36): no prefixes, which cameras
// put before the first segment, before all of them or where a vendor's begin; no
// wildcard "//." at the end, which belongs to a filter; no empty segments; and of
// too many the last, for these are what a topic is known by.
//
//	tns1:Device/tns1:Trigger/tnssamsung:DigitalInput//.  ->  Device/Trigger/DigitalInput
func Canonical(topic string) string {
	var segments []string
	for s := range strings.SplitSeq(onvif.WordsOf(topic, maxTopic), "/") {
		s = s[strings.LastIndexByte(s, ':')+1:]
		if s = strings.TrimSpace(s); s != "" && s != "." {
			segments = append(segments, s)
		}
	}
	return strings.Join(segments[max(0, len(segments)-maxSegments):], "/")
}

// maxSegments is more than any topic has: each is compared with each row.
const maxSegments = 16

// anything at the end of a pattern stands for any further segments, also none.
const anything = "**"

// matches says whether a canonical topic ends as the pattern does, whatever stands
// before it: IMOU tells the input of a camera as VideoSource/Device/Trigger/
// DigitalInput (HA#140575). rest is what "**" stood for.
func matches(pattern, topic string) (rest string, ok bool) {
	want, have := split(pattern), split(topic)
	if len(want) == 0 || want[len(want)-1] != anything {
		start := len(have) - len(want)
		return "", len(want) > 0 && start >= 0 && same(want, have[start:])
	}
	want = want[:len(want)-1]
	for start := 0; start+len(want) <= len(have); start++ {
		end := start + len(want)
		if same(want, have[start:end]) {
			return strings.Join(have[end:], "/"), true
		}
	}
	return "", false
}

func split(topic string) []string {
	if topic == "" {
		return nil
	}
	return strings.Split(topic, "/")
}

// same compares segment by segment; a "*" in the pattern stands for any letters.
// Cameras disagree on capitals.
func same(want, have []string) bool {
	for i := range want {
		if ok, err := path.Match(strings.ToLower(want[i]), strings.ToLower(have[i])); err != nil || !ok {
			return false
		}
	}
	return true
}
