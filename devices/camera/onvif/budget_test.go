package onvif

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"sitepost/devices"
)

// A try is one step of a budget's story: who tries, what the host says.
type try struct {
	after  time.Duration
	door   string
	secret devices.Secret
	says   string // "accepted", "refused", "locked", "unknown"; "closed" = the budget must not allow it; "forgiven" = a person asks
}

// TestBudget promises that no host sees a third refused login before half an
// hour has passed or the secret changed, over all doors together.
func TestBudget(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		story []try
	}{
		{"two, then none for half an hour", []try{
			{door: "onvif", secret: "a", says: "refused"}, {door: "rtsp", secret: "a", says: "refused"},
			{door: "onvif", secret: "a", says: "closed"}, {after: 29 * time.Minute, door: "rtsp", secret: "a", says: "closed"},
			{after: time.Minute, door: "onvif", secret: "a", says: "refused"}, {door: "onvif", secret: "a", says: "refused"},
			{door: "onvif", secret: "a", says: "closed"}}},
		{"a changed secret opens at once, the old one does not come back", []try{
			{door: "onvif", secret: "a", says: "refused"}, {door: "onvif", secret: "a", says: "refused"},
			{door: "onvif", secret: "b", says: "refused"}, {door: "onvif", secret: "a", says: "refused"},
			{door: "onvif", secret: "a", says: "closed"}, {door: "onvif", secret: "b", says: "closed"},
			{door: "onvif", secret: "c", says: "accepted"}}},
		{"what was not answered costs nothing", []try{
			{door: "onvif", secret: "a", says: "unknown"}, {door: "onvif", secret: "a", says: "unknown"},
			{door: "onvif", secret: "a", says: "unknown"}, {door: "onvif", secret: "a", says: "refused"},
			{door: "onvif", secret: "a", says: "unknown"}, {door: "onvif", secret: "a", says: "refused"}, {door: "onvif", secret: "a", says: "closed"}}},
		{"one door that is good does not pay for the other", []try{
			{door: "onvif", secret: "a", says: "accepted"}, {door: "rtsp", secret: "a", says: "refused"},
			{door: "onvif", secret: "a", says: "accepted"}, {door: "rtsp", secret: "a", says: "refused"},
			{door: "onvif", secret: "a", says: "accepted"}, {door: "rtsp", secret: "a", says: "closed"}, {door: "onvif", secret: "a", says: "accepted"}}},
		{"three doors share it", []try{
			{door: "rtsp", secret: "a", says: "refused"}, {door: "picture", secret: "a", says: "refused"}, {door: "onvif", secret: "a", says: "closed"}}},
		{"locked out, none at once", []try{
			{door: "onvif", secret: "a", says: "locked"}, {door: "rtsp", secret: "a", says: "closed"},
			{after: lockedFor, door: "onvif", secret: "a", says: "refused"}}},
		{"a person asks", []try{
			{door: "onvif", secret: "a", says: "refused"}, {door: "rtsp", secret: "a", says: "refused"}, {door: "onvif", secret: "a", says: "closed"},
			{says: "forgiven"}, {door: "onvif", secret: "a", says: "refused"}, {door: "rtsp", secret: "a", says: "refused"}, {door: "onvif", secret: "a", says: "closed"}}},
		{"a good one that is refused is good at no door", []try{
			{door: "onvif", secret: "a", says: "accepted"}, {door: "rtsp", secret: "a", says: "accepted"}, {door: "picture", secret: "a", says: "accepted"},
			{door: "picture", secret: "a", says: "refused"}, {door: "rtsp", secret: "a", says: "refused"}, {door: "onvif", secret: "a", says: "closed"}}},
		{"accepted after one refusal begins anew", []try{
			{door: "onvif", secret: "a", says: "refused"}, {door: "onvif", secret: "a", says: "accepted"},
			{door: "onvif", secret: "a", says: "refused"}, {door: "onvif", secret: "a", says: "refused"}, {door: "onvif", secret: "a", says: "closed"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := NewBudget()
				for i, s := range c.story {
					time.Sleep(s.after)
					if s.says == "forgiven" {
						b.Forgive("10.0.0.1")
						b.Forgive("10.0.0.2") // of which nothing is known
						continue
					}
					attempt, err := b.Try(t.Context(), "10.0.0.1", s.door, "user", s.secret)
					if closed := errors.As(err, new(*LoginRefused)); closed != (s.says == "closed") {
						t.Fatalf("step %d %v: got %v", i, s, err)
					}
					settle(attempt, s.says)
				}
			})
		})
	}
}

func settle(a *Attempt, says string) {
	switch says {
	case "accepted":
		a.Accepted()
	case "refused":
		a.Refused()
	case "locked":
		a.Locked()
	case "unknown":
		a.Unknown()
	}
}

// TestBudgetConcurrent promises that logins made at the same time do not exceed
// the budget together, and that other hosts do not wait.
func TestBudgetConcurrent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget()
		refused, closed := make(chan bool, 10), make(chan bool, 10)
		for range 10 {
			go func() {
				a, err := b.Try(t.Context(), "10.0.0.1", "rtsp", "user", "wrong")
				if err != nil {
					closed <- true
					return
				}
				time.Sleep(time.Second)
				a.Refused()
				refused <- true
			}()
		}
		synctest.Wait()
		other, err := b.Try(t.Context(), "10.0.0.2", "rtsp", "user", "right")
		if err != nil {
			t.Fatal(err)
		}
		other.Accepted()
		time.Sleep(time.Minute)
		if len(refused) != 2 || len(closed) != 8 {
			t.Errorf("got %d logins and %d closed doors, want 2 and 8", len(refused), len(closed))
		}
	})
}

// TestBudgetGivesUp promises that who waits for a place leaves when ctx ends.
func TestBudgetGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget()
		for range 2 {
			if _, err := b.Try(t.Context(), "h", "rtsp", "u", "p"); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := b.Try(ctx, "h", "rtsp", "u", "p"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
		}
	})
}
