package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// A Step is how far a test alarm is.
//
//	stands ─► disk ─► broker ─► platform ─► done      all the way
//	                    └──────────────────► done      where the platform gives no receipts
//	             any of them ─► late                   the time is over: it will follow
//	             any of them ─► replaced               the store was, with its numbers
//	stands ─► memory                                   the disk refuses
//
// stands comes only of a device that is not as it should be. The last word is done,
// late, replaced or memory.
type Step string

const (
	StepStands   Step = "stands"
	StepDisk     Step = "disk"
	StepBroker   Step = "broker"
	StepPlatform Step = "platform"
	StepDone     Step = "done"
	StepLate     Step = "late"
	StepReplaced Step = "replaced"
	StepMemory   Step = "memory"
)

// Last says whether nothing comes after a step.
func (s Step) Last() bool {
	switch s {
	case StepDone, StepLate, StepReplaced, StepMemory:
		return true
	}
	return false
}

// A Stage is one step, as one line of JSON.
type Stage struct {
	Device string    `json:"device"`
	Step   Step      `json:"stage"`
	At     time.Time `json:"at"`
	MS     int64     `json:"ms"`              // since the alarm was made
	ID     string    `json:"id,omitempty"`    // of the record
	State  string    `json:"state,omitempty"` // of stands: silent, disabled …
	Text   string    `json:"text,omitempty"`  // why
}

// Trials is what the door needs to send test alarms.
type Trials interface {
	// Try makes a test alarm of a device and tells each of how far it is, at most so long.
	// An error says that there is none: no such device, or nothing that was made.
	Try(ctx context.Context, device string, within time.Duration, who string, each func(Stage) error) error
}

// longestTrial is how long one test alarm may be followed.
const longestTrial = 10 * time.Minute

// try makes a test alarm and sends its stages until the last one.
func (d *Door) try(w http.ResponseWriter, r *http.Request) {
	within, err := time.ParseDuration(r.URL.Query().Get("within"))
	if err != nil || within <= 0 || within > longestTrial {
		http.Error(w, fmt.Sprintf("within=%.32q: write a duration up to %v", r.URL.Query().Get("within"), longestTrial), http.StatusBadRequest)
		return
	}
	device := r.PathValue("device")
	d.Log.Info("a tool asks for a test alarm", "device", device, "tool", peer(r.Context()))
	out, rows := http.NewResponseController(w), json.NewEncoder(w)
	err = d.Trials.Try(r.Context(), device, within, person(r.Context()), func(s Stage) error {
		return errors.Join(rows.Encode(s), out.Flush())
	})
	if err != nil { // of one that has gone nobody hears
		http.Error(w, err.Error(), http.StatusConflict)
	}
}

// Try has the running daemon make a test alarm of a device, and calls each as it gets on.
// The last stage says how it ended. ErrNobody means that no daemon is there.
func (c Client) Try(ctx context.Context, device string, within time.Duration, each func(Stage) error) error {
	asked := url.Values{"within": {within.String()}}
	body, err := c.open(ctx, http.MethodPost, "/devices/"+url.PathEscape(device)+"/test?"+asked.Encode())
	if err != nil {
		return err
	}
	defer body.Close()
	return eachRow(body, each)
}
