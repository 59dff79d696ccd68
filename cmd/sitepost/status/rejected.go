package status

import (
	"fmt"
	"slices"
	"time"

	"sitepost/devices"
)

const nextRejected = "correct the file, see it through with `sitepost check`, then `sitepost reload`"

// textRejected says what is wrong with the file, and which one is in force instead.
func textRejected(why, inForce string) string {
	return fmt.Sprintf("the site file is rejected: %s; in force is the last accepted one, %.12s", why, inForce)
}

// judgeRejected finds that the site file on disk is not the one in force.
func judgeRejected(s *Snapshot) []Finding {
	if s.Rejected == "" {
		return nil
	}
	var since time.Time
	i := slices.IndexFunc(s.Open, func(o Open) bool { return o.Type == devices.ConfigRejected })
	if i >= 0 {
		since = s.Open[i].Since
	}
	return []Finding{{Code: string(devices.ConfigRejected), What: "config", Since: since, Text: textRejected(s.Rejected, s.Config), Next: nextRejected}}
}
