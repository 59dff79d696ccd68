package camera

import (
	"slices"
	"strings"
	"time"

	"sitepost/devices"
	"sitepost/devices/camera/notice"
)

// IsNoticed says whether a condition is ended by nobody but who listens to the
// events of the camera or recorder.
func (s Standing) IsNoticed() bool {
	if s.Code == devices.DeviceFault && (s.Point == pointEvents || s.Point == pointTooMany) {
		return true
	}
	return !s.IsOfIdentity() && slices.ContainsFunc(notice.Table(), func(r notice.Row) bool { return r.Code == s.Code })
}

// IsOfIdentity says whether a condition is ended by nobody but who asks the device
// itself who it is.
func (s Standing) IsOfIdentity() bool {
	return s.Code == devices.DeviceFault && s.Point == pointIdentity
}

// lastsOf is how long a condition may stand that nobody is known to end, 0 for one
// that is always ended by who raised it. The kind that its point begins with says
// which it is: of a recorder that stands behind the channel.
func lastsOf(s Standing) (lasts time.Duration) {
	kind := ""
	for _, row := range notice.Table() {
		begins := strings.HasPrefix(s.Point+"/", row.Kind+"/") || strings.Contains(s.Point+"/", " "+row.Kind+"/")
		switch {
		case row.Code != s.Code || row.Kind != "" && !begins || len(row.Kind) < len(kind):
		case row.Kind != kind:
			kind, lasts = row.Kind, row.Lasts
		default:
			lasts = max(lasts, row.Lasts)
		}
	}
	return lasts
}
