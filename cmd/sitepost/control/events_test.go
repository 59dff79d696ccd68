package control_test

import (
	"bufio"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/cmd/sitepost/control"
	"sitepost/devices"
)

// past is records as a test has them; after them comes err.
type past struct {
	asked chan control.EventsAsked
	all   []control.Event
	err   error
}

func (p past) Events(ctx context.Context, ask control.EventsAsked, each func(control.Event) error) error {
	p.asked <- ask
	for _, e := range p.all {
		if err := each(e); err != nil {
			return err
		}
	}
	if ask.Follow && p.err == nil {
		<-ctx.Done()
	}
	return p.err
}

func newPast(err error, all ...control.Event) past {
	return past{make(chan control.EventsAsked, 1), all, err}
}

// some are two records, one with what a device of bad will says.
func some() []control.Event {
	at := time.Date(2026, 11, 21, 14, 40, 0, 0, time.UTC)
	return []control.Event{
		{ID: "e-alarm-1", Lane: devices.AlarmLane, Sequence: 1, Time: at, Accepted: at, Device: "gas-1", Type: "gas.alarm.high", State: devices.Raised, Mode: "normal", Value: &devices.Value{Number: 52, Unit: "%LEL", Limit: new(50.0)}, Incident: "e-alarm-1", Sent: true},
		{ID: "e-event-9", Lane: devices.EventLane, Sequence: 9, Time: at, Accepted: at, Device: "door-1", Type: "access.card", Mode: "normal", Text: "a\n{\"id\":\"forged\"}\x1b[2J", Incident: "e-event-9"},
	}
}

// TestEvents: what is asked for arrives as it was asked, and what comes back as it was
// told.
func TestEvents(t *testing.T) {
	for _, ask := range []control.EventsAsked{
		{Most: 50}, {Most: 0, Follow: true}, {Most: control.MostEvents, Lane: devices.ReadingLane, Device: "gas 1&n=7", Undelivered: true},
	} {
		p := newPast(nil, some()...)
		s := newStandOf(t, control.Door{Events: p})
		ctx, cancel := context.WithCancel(t.Context())
		var got []control.Event
		err := s.client.Events(ctx, ask, func(e control.Event) error {
			if got = append(got, e); len(got) == 2 && ask.Follow {
				cancel() // Ctrl-C
			}
			return nil
		})
		cancel()
		if diff := cmp.Diff(some(), got); diff != "" || err != nil {
			t.Errorf("%+v: %v (-want +got)\n%s", ask, err, diff)
		}
		if diff := cmp.Diff(ask, <-p.asked); diff != "" {
			t.Errorf("-asked +heard:\n%s", diff)
		}
	}
}

// TestEventsFail: an end that is none is not taken for one, whether something was shown
// before or not.
func TestEventsFail(t *testing.T) {
	broken := errors.New("store is closed")
	for name, c := range map[string]struct {
		p      past
		follow bool
		want   string
	}{
		"at once":              {newPast(broken), false, "store is closed"},
		"in the middle":        {newPast(broken, some()...), false, "the running sitepost has hung up"},
		"while it is followed": {newPast(broken), true, "the running sitepost has hung up"},
	} {
		s := newStandOf(t, control.Door{Events: c.p})
		err := s.client.Events(t.Context(), control.EventsAsked{Most: 1, Follow: c.follow}, func(control.Event) error { return nil })
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

// TestEventsAsked: what is no question is refused, and asks nobody.
func TestEventsAsked(t *testing.T) {
	s := newStandOf(t, control.Door{Events: newPast(nil), Retire: func(context.Context, control.RetireAsked, func(control.Retiring)) { t.Error("it was done") }})
	for request, want := range map[string]string{
		"GET /events?n=2001":                            "HTTP/1.1 400 Bad Request\r\n",
		"GET /events?n=-1":                              "HTTP/1.1 400 Bad Request\r\n",
		"GET /events?n=1e3":                             "HTTP/1.1 400 Bad Request\r\n",
		"GET /events?n=99999999999999999999":            "HTTP/1.1 400 Bad Request\r\n",
		"GET /events?lane=gas":                          "HTTP/1.1 400 Bad Request\r\n",
		"GET /events?lane=" + strings.Repeat("x", 9000): "HTTP/1.1 400 Bad Request\r\n",
		"POST /events":                                  "HTTP/1.1 405 Method Not Allowed\r\n",
		"GET /retire?within=1s":                         "HTTP/1.1 405 Method Not Allowed\r\n",
		"POST /retire":                                  "HTTP/1.1 400 Bad Request\r\n",
		"POST /retire?within=-1s":                       "HTTP/1.1 400 Bad Request\r\n",
		"POST /retire?within=61m":                       "HTTP/1.1 400 Bad Request\r\n",
		"POST /retire?within=soon":                      "HTTP/1.1 400 Bad Request\r\n",
	} {
		c := s.request(t, request+" HTTP/1.1\r\nHost: x\r\n\r\n")
		if got, err := bufio.NewReader(c).ReadString('\n'); err != nil || got != want {
			t.Errorf("%.60s: got %q, %v, want %q", request, got, err, want)
		}
	}
}

// TestRetire: every step is told as it comes, and an end without the last one is told as
// what it is.
func TestRetire(t *testing.T) {
	done := control.Retiring{Step: control.RetireDone, Records: 3, At: time.Date(2026, 11, 21, 14, 40, 0, 0, time.UTC), Brokers: []control.Left{{Name: "city-a", Emptied: 12}, {Name: "city-b", Failed: "no route"}}}
	waits, begun := control.Retiring{Step: control.RetireWaits, Why: "the city is away", Alarms: 2}, control.Retiring{Step: control.RetireBegun, Records: 4}
	refused := control.Retiring{Step: control.RetireRefused, Why: "the city is away", Alarms: 2}
	for _, c := range []struct {
		steps []control.Retiring
		want  string // the error
	}{
		{[]control.Retiring{waits, begun, done}, ""},
		{[]control.Retiring{waits, refused}, ""},
		{[]control.Retiring{begun}, "the running sitepost has ended before it was done: it goes on with that when it is started"},
		{[]control.Retiring{waits}, "the running sitepost has hung up, and nothing has happened"},
		{nil, "the running sitepost has hung up, and nothing has happened"},
	} {
		var asked control.RetireAsked
		s := newStandOf(t, control.Door{Retire: func(_ context.Context, ask control.RetireAsked, tell func(control.Retiring)) {
			asked = ask
			for _, step := range c.steps {
				tell(step)
			}
		}})
		var got []control.Retiring
		err := s.client.Retire(t.Context(), control.RetireAsked{Within: 90 * time.Second, Now: true}, func(r control.Retiring) error { got = append(got, r); return nil })
		s.stop()
		if (err == nil) != (c.want == "") || err != nil && err.Error() != c.want {
			t.Errorf("got %v, want %q", err, c.want)
		}
		if diff := cmp.Diff(c.steps, got); diff != "" {
			t.Errorf("-told +heard:\n%s", diff)
		}
		if asked.Within != 90*time.Second || !asked.Now || !strings.Contains(asked.By, "uid") || strings.Contains(asked.By, "control.test") {
			t.Errorf("got %+v, want what was asked, and by whom without the command line", asked)
		}
	}
}
