package status

import (
	"slices"
	"strings"
	"testing"
	"time"

	"sitepost/devices"
)

// TestRejected: that the site file on disk is not the one in force is found once, with
// the place of its first mistake, since when, and which one is in force instead.
// Answers complaint 36.
func TestRejected(t *testing.T) {
	s := well()
	s.Rejected = `/etc/sitepost/site.toml:41:1: unknown key "settigns" (and 2 more)`
	s.Config = "9c1e4711aa00ffee"
	s.Open = append(s.Open, Open{Type: devices.ConfigRejected, Device: "box", Since: before(time.Hour), Severity: devices.Minor})
	s.Judge()
	want := Finding{Code: "config.rejected", What: "config", Since: before(time.Hour), Next: nextRejected,
		Text: `the site file is rejected: /etc/sitepost/site.toml:41:1: unknown key "settigns" (and 2 more); in force is the last accepted one, 9c1e4711aa00`}
	if !slices.Equal(s.Findings, []Finding{want}) {
		t.Errorf("got %+v, want %+v", s.Findings, want)
	}
	if screen := s.Words(); !strings.Contains(screen, "\nwrong     the site file is rejected: /etc/sitepost/site.toml:41:1: ") {
		t.Errorf("the screen does not say so:\n%s", screen)
	}
	s.Rejected, s.Open = "", nil
	if s.Judge(); len(s.Findings) > 0 {
		t.Errorf("all is well again: got %+v", s.Findings)
	}
}
