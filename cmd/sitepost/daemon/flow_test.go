package daemon

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"sitepost/cmd/sitepost/control"
	"sitepost/devices"
	"sitepost/ingest/store"
)

// aFlow is a store without a city, and its flow.
func aFlow(t *testing.T, receipt string) (*store.Store, flow) {
	t.Helper()
	st, err := store.Open(store.Options{Directory: t.TempDir(), Site: "demo", Receipt: receipt, Clock: func() store.Clock { return store.Clock{} }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	return st, flow{st, receipt}
}

func says(t *testing.T, st *store.Store, device string, e devices.Event) {
	t.Helper()
	e.Time = time.Now()
	if err := st.Append(devices.Place{Site: devices.Site{Name: "demo"}, Device: devices.Named{Name: device}}, e); err != nil {
		t.Fatal(err)
	}
}

// rows are what a flow shows, as "lane number device".
func rows(t *testing.T, f flow, ask control.EventsAsked) (all []string) {
	t.Helper()
	err := f.Events(t.Context(), ask, func(e control.Event) error {
		all = append(all, fmt.Sprintf("%s %d %s", e.Lane, e.Sequence, e.Device))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestFlow: of records over several stretches the newest are found, in the order in
// which they were accepted, and those of a device that spoke long ago.
func TestFlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st, f := aFlow(t, store.ReceiptBroker)
		says(t, st, "gas-1", devices.Event{Code: devices.GasAlarmHigh, State: devices.Raised})
		says(t, st, "door-1", devices.Event{Code: devices.AccessCard})
		const many = 2*stretch + 7
		for range many {
			says(t, st, "gate-1", devices.Event{Code: devices.AccessPassage})
		}
		says(t, st, "gas-2", devices.Event{Code: devices.GasAlarmLow, State: devices.Raised})
		all := rows(t, f, control.EventsAsked{Most: control.MostEvents})
		want := []string{"alarm 1 gas-1", "event 1 door-1"}
		for n := range many {
			want = append(want, fmt.Sprintf("event %d gate-1", n+2))
		}
		want = append(want, "alarm 2 gas-2")
		if diff := gocmp.Diff(want, all); diff != "" {
			t.Errorf("all (-want +got)\n%s", diff)
		}
		for _, c := range []struct {
			ask  control.EventsAsked
			want []string
		}{
			{control.EventsAsked{Most: 3}, want[len(want)-3:]},
			{control.EventsAsked{Most: 0}, nil},
			{control.EventsAsked{Most: 10, Device: "door-1"}, []string{"event 1 door-1"}},
			{control.EventsAsked{Most: 10, Device: "gas-1"}, []string{"alarm 1 gas-1"}},
			{control.EventsAsked{Most: 1, Lane: devices.AlarmLane}, []string{"alarm 2 gas-2"}},
			{control.EventsAsked{Most: 10, Device: "nobody"}, nil},
			{control.EventsAsked{Most: 10, Lane: devices.ReadingLane}, nil},
			{control.EventsAsked{Most: stretch, Lane: devices.EventLane}, want[len(want)-1-stretch : len(want)-1]},
		} {
			if got := rows(t, f, c.ask); !slices.Equal(got, c.want) {
				t.Errorf("%+v: got %v, want %v", c.ask, got, c.want)
			}
		}
	})
}

// TestFlowDelivered: what is done depends on whose word the site wants.
func TestFlowDelivered(t *testing.T) {
	for receipt, want := range map[string][]string{
		store.ReceiptBroker:   {"alarm 3 gas-1"},
		store.ReceiptPlatform: {"alarm 2 gas-1", "alarm 3 gas-1"},
	} {
		synctest.Test(t, func(t *testing.T) {
			st, f := aFlow(t, receipt)
			for n := range 3 {
				says(t, st, "gas-1", devices.Event{Code: devices.GasAlarmHigh, State: []devices.State{devices.Raised, devices.Cleared}[n%2]})
			}
			st.MarkSent(devices.AlarmLane, 2)
			st.MarkReceived(devices.AlarmLane, 1)
			if got := rows(t, f, control.EventsAsked{Most: 10, Undelivered: true}); !slices.Equal(got, want) {
				t.Errorf("%s: got %v, want %v", receipt, got, want)
			}
			var marks []string
			_ = f.Events(t.Context(), control.EventsAsked{Most: 10}, func(e control.Event) error {
				marks = append(marks, fmt.Sprint(e.Sent, e.Received, e.Delivered))
				return nil
			})
			platform := receipt == store.ReceiptPlatform
			if want := []string{"true true true", fmt.Sprint(true, false, !platform), "false false false"}; !slices.Equal(marks, want) {
				t.Errorf("%s: got %v, want %v", receipt, marks, want)
			}
		})
	}
}

// TestFlowSlow: who follows and takes his time misses nothing, and the store does not
// wait for him.
func TestFlowSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st, f := aFlow(t, store.ReceiptBroker)
		const many = 2 * stretch
		enough, got := errors.New("enough"), []string{}
		ended := make(chan error, 1)
		go func() {
			ended <- f.Events(t.Context(), control.EventsAsked{Follow: true}, func(e control.Event) error {
				time.Sleep(10 * time.Second)
				got = append(got, fmt.Sprint(e.Sequence))
				if len(got) == many {
					return enough
				}
				return nil
			})
		}()
		synctest.Wait()
		began := time.Now()
		for range many {
			says(t, st, "gate-1", devices.Event{Code: devices.AccessPassage})
		}
		if took := time.Since(began); took > many*time.Second/10 {
			t.Errorf("%d events took %v beside a slow reader", many, took)
		}
		if err := <-ended; !errors.Is(err, enough) {
			t.Errorf("got %v, want what the reader returned", err)
		}
		var want []string
		for n := range many {
			want = append(want, fmt.Sprint(n+1))
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

// TestFlowIdle: who follows where nothing happens costs nothing: it waits for the store's
// own signal, and reads nothing until that comes.
func TestFlowIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, f := aFlow(t, store.ReceiptBroker)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			ended <- f.Events(ctx, control.EventsAsked{Follow: true}, func(e control.Event) error { return errors.New("of what: " + e.ID) })
		}()
		synctest.Wait() // it is durably blocked, or this never returns
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("got %v, want nil when its context ends", err)
		}
	})
}

// TestRowHasNoCard: the shape of what is shown has no place for a card.
func TestRowHasNoCard(t *testing.T) {
	r := store.Record{Lane: devices.EventLane, Seq: 1, Event: devices.Event{Code: devices.AccessCard, Card: &devices.Card{Number: "0102030405", Hash: "c0ffee", KeyID: "city"}}}
	if got := fmt.Sprintf("%+v", flow{}.row(r, store.Marks{})); strings.Contains(got, "c0ffee") || strings.Contains(got, "0102030405") {
		t.Errorf("a card is shown: %s", got)
	}
}
