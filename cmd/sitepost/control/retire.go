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

// A RetireAsked is what a person wants who gives a site up.
type RetireAsked struct {
	Within time.Duration // how long the city may be away before nothing is done
	Now    bool          // alarms that wait are not waited for
	By     string        // who asks; the door fills it in
}

// The steps of a retirement. Before RetireBegun nothing has happened, and after it
// nothing ends it but that it is done.
const (
	RetireWaits   = "waiting" // for the city, or for alarms that are on their way to it
	RetireRefused = "refused" // nothing has happened
	RetireBegun   = "begun"
	RetireDone    = "retired"
)

// A Retiring is how far a retirement is.
type Retiring struct {
	Step    string    `json:"step"`
	Why     string    `json:"why,omitempty"`    // it waits, or is refused
	Alarms  uint64    `json:"alarms,omitempty"` // that wait for the city
	Records uint64    `json:"records"`          // of all lanes that are not done; when it is done they stay on disk
	At      time.Time `json:"at,omitzero"`      // when it was done
	Brokers []Left    `json:"brokers,omitempty"`
}

// A Left is a broker that was left for good, or not.
type Left struct {
	Name    string `json:"name"`
	Emptied int    `json:"emptied"`
	Failed  string `json:"failed,omitempty"` // why what it retains of this site stays there
}

const mostRetireWait = time.Hour

// retire streams how far the retirement of the site is, until it is done or refused.
// Whoever hangs up before it has begun has not asked.
func (d *Door) retire(w http.ResponseWriter, r *http.Request) {
	ask, err := retireAsked(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	ask.By = person(r.Context())
	out, rows := http.NewResponseController(w), json.NewEncoder(w)
	d.Retire(r.Context(), ask, func(step Retiring) {
		// That nobody reads it any more does not undo what has begun.
		_ = errors.Join(rows.Encode(step), out.Flush())
	})
}

func retireAsked(q url.Values) (ask RetireAsked, err error) {
	ask.Now = q.Get("now") == "1"
	ask.Within, err = time.ParseDuration(q.Get("within"))
	if err != nil || ask.Within < 0 || ask.Within > mostRetireWait {
		return ask, fmt.Errorf("within=%q: want a time up to %v", q.Get("within"), mostRetireWait)
	}
	return ask, nil
}

var errRetireLeft = errors.New("interrupted: nothing had happened so far; should the city have come back at this moment, journalctl -u sitepost says that it has begun")

// Retire gives up the site of the running daemon, and calls each with every step. It
// returns when that is done or refused. ErrNobody means that no daemon is there.
func (c Client) Retire(ctx context.Context, ask RetireAsked, each func(Retiring) error) error {
	q := url.Values{"within": {ask.Within.String()}}
	if ask.Now {
		q.Set("now", "1")
	}
	body, err := c.open(ctx, http.MethodPost, "/retire?"+q.Encode())
	switch {
	case err != nil && errors.Is(ctx.Err(), context.Canceled):
		return errRetireLeft
	case err != nil:
		return err
	}
	defer body.Close()
	var last Retiring
	var failed error // of each
	err = eachRow(body, func(step Retiring) error {
		last, failed = step, each(step)
		return failed
	})
	if failed != nil {
		return failed
	}
	gone := errors.Is(ctx.Err(), context.Canceled) // it is we who hung up
	switch {
	case last.Step == RetireDone, last.Step == RetireRefused:
		return nil
	case last.Step == RetireBegun && gone:
		return errors.New("interrupted: it has begun, and goes on without you until the site is given up")
	case gone:
		return errRetireLeft
	case last.Step == RetireBegun:
		return errors.New("the running sitepost has ended before it was done: it goes on with that when it is started")
	}
	return errors.Join(errors.New("the running sitepost has hung up, and nothing has happened"), ctx.Err(), err)
}
