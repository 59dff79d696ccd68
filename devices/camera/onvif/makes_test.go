package onvif

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestMakes promises the right streams out of answers to GetProfiles in the shape
// that makes are known to give them. The answers were written by us, not recorded:
// structure and tokens follow what users of those makes have printed (agsh/onvif#369
// for ProfileToken006 of a Hikvision recorder; the running numbers of Dahua as
// several open tools describe them; axis profile_1_h264) and ONVIF Media2 5.
// Nothing here was seen alive.
func TestMakes(t *testing.T) {
	t.Parallel()
	type streams struct {
		Main, Sub string
		Tokens    map[string]int
	}
	for file, c := range map[string]struct {
		pick Pick
		want streams
	}{
		"hikvision-recorder.xml": {Pick{Channel: 3}, streams{"ProfileToken005", "ProfileToken006", map[string]int{
			"VideoSourceToken001": 1, "VideoSourceConfigToken001": 1, "VideoAnalyticsToken001": 1, "ProfileToken001": 1, "ProfileToken002": 1,
			"VideoSourceToken003": 3, "VideoSourceConfigToken003": 3, "ProfileToken005": 3, "ProfileToken006": 3}}},
		"dahua-recorder.xml": {Pick{Channel: 3}, streams{"MediaProfile00200", "MediaProfile00201", map[string]int{
			"00000": 1, "MediaProfile00000": 1, "MediaProfile00001": 1, "00200": 3, "MediaProfile00200": 3, "MediaProfile00201": 3}}},
		"axis-camera.xml": {Pick{}, streams{"profile_1_h264", "profile_1_h265", map[string]int{
			"0": 1, "profile_1_h264": 1, "profile_1_h265": 1, "profile_1_jpeg": 1}}},
		"specification-camera.xml": {Pick{}, streams{"Profile_1", "Profile_2", map[string]int{
			"VS_1": 1, "VSC_1": 1, "VAC_1": 1, "Profile_1": 1, "Profile_2": 1}}},
	} {
		t.Run(strings.TrimSuffix(file, ".xml"), func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile(filepath.Join("testdata/makes", file))
			if err != nil {
				t.Fatal(err)
			}
			channels := bySource(read(t, raw))
			byText(channels)
			main, sub, err := choose(channels, c.pick)
			if diff := cmp.Diff(c.want, streams{main.Token, sub.Token, tokens(channels)}); err != nil || diff != "" {
				t.Errorf("%v %s", err, diff)
			}
		})
	}
}

// read reads an answer as that of the service whose questions it answers.
func read(t *testing.T, raw []byte) []profile {
	t.Helper()
	var a interface{ lineup() lineup } = &profiles1{}
	if strings.Contains(string(raw), Media2Space) {
		a = &profiles2{}
	}
	if err := Decode(raw, a); err != nil {
		t.Fatal(err)
	}
	return a.lineup().profiles
}
