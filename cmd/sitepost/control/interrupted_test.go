package control_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"sitepost/cmd/sitepost/control"
)

// TestRetireInterrupted: a person who says Ctrl-C is told whether something has happened,
// and not that somebody else has hung up.
func TestRetireInterrupted(t *testing.T) {
	for _, test := range []struct {
		told []control.Retiring
		want string
	}{
		{[]control.Retiring{{Step: control.RetireWaits}}, "interrupted: nothing had happened so far"},
		{[]control.Retiring{{Step: control.RetireBegun}}, "interrupted: it has begun, and goes on without you"},
		{nil, "interrupted: nothing had happened so far"},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		s := newStandOf(t, control.Door{Retire: func(asking context.Context, _ control.RetireAsked, tell func(control.Retiring)) {
			for _, step := range test.told {
				tell(step)
			}
			if test.told == nil {
				cancel()
			}
			<-asking.Done()
		}})
		err := s.client.Retire(ctx, control.RetireAsked{Within: time.Minute}, func(control.Retiring) error { cancel(); return nil })
		cancel()
		if err == nil || !strings.HasPrefix(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v: got %v, want %q", test.told, err, test.want)
		}
	}
}

// TestEventsLate: records that do not come in time are not taken for all there are, and
// who gives up hears no complaint.
func TestEventsLate(t *testing.T) {
	for what, test := range map[string]struct {
		end  func(context.Context) (context.Context, context.CancelFunc)
		want error
	}{
		"no time": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 100*time.Millisecond)
		}, control.ErrHangs},
		"Ctrl-C": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(100*time.Millisecond, cancel)
			return ctx, cancel
		}, nil},
	} {
		s := newStandOf(t, control.Door{Events: stuck{}})
		ctx, cancel := test.end(t.Context())
		err := s.client.Events(ctx, control.EventsAsked{Most: 1}, func(control.Event) error { return nil })
		cancel()
		if !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", what, err, test.want)
		}
	}
}

// stuck are records of which the last one never comes.
type stuck struct{}

func (stuck) Events(ctx context.Context, _ control.EventsAsked, each func(control.Event) error) error {
	for range 100 { // more than is held back
		if err := each(some()[0]); err != nil {
			return err
		}
	}
	<-ctx.Done()
	return ctx.Err()
}
