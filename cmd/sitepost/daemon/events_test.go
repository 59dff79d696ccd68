package daemon_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"sitepost/cmd/sitepost/control"
	"sitepost/devices"
)

// shown are the records that a daemon shows, in short.
func (s *stand) shown(ask control.EventsAsked) (all []string) {
	s.t.Helper()
	err := control.Client{Path: s.control}.Events(s.t.Context(), ask, func(e control.Event) error {
		all = append(all, short(e))
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return all
}

func short(e control.Event) string {
	return strings.Join(strings.Fields(fmt.Sprint(e.Lane, " ", e.Device, " ", e.Type, " ", string(e.State))), " ")
}

// TestEvents: what happened is shown with whether the city has it, the newest last;
// alarms that are done too, from the history; and a card not at all.
func TestEvents(t *testing.T) {
	s := newStand(t, "")
	stop := s.run()
	s.settle("panic-1", "gas-1")
	time.Sleep(held) // the line of cards is open by then
	for n := range 4 {
		if err := contact("panic-1", "4", n%2 == 0)(s); err != nil {
			t.Fatal(err)
		}
		s.must("of the button", func(b *book) bool { return len(b.lists()["panic-1 alarm"]) == n+1 })
	}
	if err := show("door-1", cardA)(s); err != nil {
		t.Fatal(err)
	}
	s.must("of the card", func(b *book) bool { return len(b.lists()["door-1 event"]) == 1 })
	raised, cleared := "alarm panic-1 panic.pressed raised", "alarm panic-1 panic.pressed cleared"
	ask := control.EventsAsked{Device: "panic-1", Most: 3}
	if diff := gocmp.Diff([]string{cleared, raised, cleared}, s.shown(ask)); diff != "" {
		t.Errorf("the newest three (-want +got)\n%s", diff)
	}
	if got := s.shown(control.EventsAsked{Lane: devices.EventLane, Device: "panic-1", Most: 50}); len(got) != 0 {
		t.Errorf("of another lane: got %v, want nothing", got)
	}
	if err := poll("all to be delivered", func() bool { return len(s.shown(control.EventsAsked{Undelivered: true, Most: 50})) == 0 }); err != nil {
		t.Errorf("%v: %v", err, s.shown(control.EventsAsked{Undelivered: true, Most: 50}))
	}
	var text strings.Builder
	err := control.Client{Path: s.control}.Events(t.Context(), control.EventsAsked{Most: control.MostEvents}, func(e control.Event) error {
		if !e.Sent || !e.Delivered || e.Received {
			t.Errorf("%s: got sent %t, received %t, delivered %t, want the broker's word", e.ID, e.Sent, e.Received, e.Delivered)
		}
		return json.NewEncoder(&text).Encode(e)
	})
	if err != nil {
		t.Fatal(err)
	}
	if hash := carded(cardA).Card; strings.Contains(text.String(), hash) || strings.Contains(text.String(), cardA) {
		t.Errorf("a card is shown:\n%s", text.String())
	}
	stop()
}

// TestEventsFollowed: who follows sees everything once and in order, also
// while the city is away.
func TestEventsFollowed(t *testing.T) {
	s := newStand(t, "")
	stop := s.run()
	s.settle("panic-1")
	s.broker.Kill()
	press := func(n int) string {
		if err := contact("panic-1", "4", n%2 == 0)(s); err != nil {
			t.Fatal(err)
		}
		return "alarm panic-1 panic.pressed " + []string{"raised", "cleared"}[n%2]
	}
	want := []string{press(0)}
	door, ask := control.Client{Path: s.control}, control.EventsAsked{Device: "panic-1", Lane: devices.AlarmLane, Most: 1}
	if err := poll("the first alarm to be on disk", func() bool {
		n := 0
		_ = door.Events(t.Context(), ask, func(control.Event) error { n++; return nil })
		return n == 1
	}); err != nil {
		t.Fatal(err)
	}
	ask.Follow = true // it begins with the one that is there, which says that it has begun
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var got []control.Event
	enough := errors.New("enough")
	seen := make(chan int, 1000)
	ended := make(chan error, 1)
	go func() {
		ended <- door.Events(ctx, ask, func(e control.Event) error {
			got = append(got, e)
			seen <- len(got)
			if len(got) == 6 {
				return enough
			}
			return nil
		})
	}()
	for n := range 6 {
		if n > 0 {
			want = append(want, press(n))
		}
		select {
		case <-seen:
		case <-ctx.Done():
			t.Fatalf("alarm %d is not shown", n+1)
		}
	}
	if err := <-ended; !errors.Is(err, enough) {
		t.Errorf("got %v, want what the reader returned", err)
	}
	var rows []string
	for _, e := range got {
		rows = append(rows, short(e))
		if e.Sent || e.Delivered {
			t.Errorf("%s is delivered, and the city is away", e.ID)
		}
	}
	if diff := gocmp.Diff(want, rows); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	s.broker.Restart()
	stop()
}

// TestEventsNotRead: sixteen tools that follow and read nothing hold up no alarm, not the
// end of the daemon, and lose their places.
func TestEventsNotRead(t *testing.T) {
	s := newStand(t, "")
	stop := s.run()
	s.settle("panic-1")
	for range 15 {
		c, err := net.Dial("unix", s.control)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := c.Write([]byte("GET /events?follow=1&n=2000 HTTP/1.1\r\nHost: x\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		if line, err := bufio.NewReaderSize(c, 16).ReadString('\n'); err != nil || !strings.Contains(line, "200") {
			t.Fatalf("got %q, %v", line, err)
		}
	}
	for n := range 20 {
		began := time.Now()
		if err := contact("panic-1", "4", n%2 == 0)(s); err != nil {
			t.Fatal(err)
		}
		s.must("of the button", func(b *book) bool { return len(b.lists()["panic-1 alarm"]) >= n+1 })
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("an alarm took %v", took)
		}
	}
	began := time.Now()
	stop()
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("the daemon took %v to end", took)
	}
}
