package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"sitepost/devices"
)

// MostEvents is how many records one asks for at most: what is asked for lies in
// memory for a moment.
const MostEvents = 2000

// An EventsAsked says which records a person wants to see.
type EventsAsked struct {
	Lane        devices.Lane // "": alarms and events
	Device      string       // "": all
	Undelivered bool         // only those that are not done
	Most        int          // the newest so many
	Follow      bool         // and then what comes
}

// An Event is a record as it is looked up on the box. There is no card in it, and no
// name of a person.
type Event struct {
	ID        string            `json:"id"`
	Lane      devices.Lane      `json:"lane"`
	Sequence  uint64            `json:"sequence"`
	Time      time.Time         `json:"time"`     // when the device said it
	Accepted  time.Time         `json:"accepted"` // when it was on disk
	Device    string            `json:"device"`
	Title     string            `json:"title,omitempty"`
	Type      devices.Code      `json:"type"`
	Severity  devices.Severity  `json:"severity,omitempty"`
	State     devices.State     `json:"state,omitempty"`
	ClearedBy string            `json:"cleared_by,omitempty"`
	Reminder  int               `json:"reminder,omitempty"`
	Subject   string            `json:"subject,omitempty"`
	Mode      string            `json:"mode"`
	Is        string            `json:"is,omitempty"`
	Direction devices.Direction `json:"direction,omitempty"`
	Detail    string            `json:"detail,omitempty"`
	Text      string            `json:"text,omitempty"`
	Value     *devices.Value    `json:"value,omitempty"`
	Count     *devices.Count    `json:"count,omitempty"`
	Incident  string            `json:"incident"`
	Volatile  bool              `json:"volatile,omitempty"` // it is only in memory: the disk refuses it
	Sent      bool              `json:"sent"`               // a broker has it
	Received  bool              `json:"received"`           // the platform has it
	Delivered bool              `json:"delivered"`          // by what the site calls delivered: receipt in [uplink]
}

// Events is what the door needs of the records on disk. Events calls each with what is
// asked for, the newest last; when it follows it returns when ctx ends, or what each
// returns. Whoever is slow to take one holds up nobody else.
type Events interface {
	Events(ctx context.Context, ask EventsAsked, each func(Event) error) error
}

// events streams records until there are no more, or, when they are followed, until the
// tool hangs up or does not read.
func (d *Door) events(w http.ResponseWriter, r *http.Request) {
	ask, err := eventsAsked(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	out, rows := http.NewResponseController(w), json.NewEncoder(w)
	begun := ask.Follow
	if begun { // so that the tool knows that somebody is there
		w.WriteHeader(http.StatusOK)
		_ = out.Flush()
	}
	err = d.Events.Events(r.Context(), ask, func(e Event) error {
		begun = true
		if err := rows.Encode(e); err != nil || !ask.Follow {
			return err
		}
		return out.Flush()
	})
	switch {
	case err == nil:
	case begun:
		_ = out.Flush()             // what there is
		panic(http.ErrAbortHandler) // the tool sees that it is not the end
	default:
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	}
}

func eventsAsked(q url.Values) (EventsAsked, error) {
	ask := EventsAsked{
		Lane: devices.Lane(q.Get("lane")), Device: q.Get("device"),
		Undelivered: q.Get("undelivered") == "1", Follow: q.Get("follow") == "1", Most: 50,
	}
	if n := q.Get("n"); n != "" {
		most, err := strconv.Atoi(n)
		if err != nil || most < 0 || most > MostEvents {
			return ask, fmt.Errorf("n=%q: want a number up to %d", n, MostEvents)
		}
		ask.Most = most
	}
	switch ask.Lane {
	case "", devices.AlarmLane, devices.EventLane, devices.ReadingLane:
		return ask, nil
	}
	return ask, fmt.Errorf("lane %q: there are alarm, event and reading", ask.Lane)
}

// Events calls each with records of the running daemon, the newest last. It returns nil
// when ctx is cancelled, and when it follows also when its time is over. ErrNobody means
// that no daemon is there.
func (c Client) Events(ctx context.Context, ask EventsAsked, each func(Event) error) error {
	q := url.Values{"n": {strconv.Itoa(ask.Most)}, "lane": {string(ask.Lane)}, "device": {ask.Device}}
	if ask.Undelivered {
		q.Set("undelivered", "1")
	}
	if ask.Follow {
		q.Set("follow", "1")
	}
	body, err := c.open(ctx, http.MethodGet, "/events?"+q.Encode())
	switch {
	case err != nil && errors.Is(ctx.Err(), context.Canceled):
		return nil
	case err != nil:
		return err
	}
	defer body.Close()
	var enough error // of each
	err = eachRow(body, func(e Event) error {
		enough = each(e)
		return enough
	})
	switch {
	case enough != nil:
		return enough
	case ask.Follow && ctx.Err() != nil, errors.Is(ctx.Err(), context.Canceled):
		return nil
	case ctx.Err() != nil:
		return c.late(ctx.Err())
	case ask.Follow || err != nil:
		return errors.Join(errHungUp, err)
	}
	return nil
}
