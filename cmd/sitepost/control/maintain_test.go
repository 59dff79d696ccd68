package control_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/cmd/sitepost/control"
)

// A bench answers for the maintenance of a site that is not there.
type bench struct{ asked []string }

var repair = control.Maintenance{Device: "gas-1", Since: time.Date(2026, 11, 21, 14, 40, 0, 0, time.UTC), Until: time.Date(2026, 11, 21, 15, 10, 0, 0, time.UTC), Who: "root (uid 0)", Why: "检修 & more"}

func (b *bench) Maintain(device string, long time.Duration, who, why string) (control.Maintenance, error) {
	b.asked = append(b.asked, fmt.Sprintf("%s for %v by %s: %s", device, long, who, why))
	if device != "gas-1" {
		return control.Maintenance{}, fmt.Errorf("no device %q", device)
	}
	return repair, nil
}

func (b *bench) EndMaintenance(device, who string) (control.Maintenance, error) {
	b.asked = append(b.asked, fmt.Sprintf("%s ended by %s", device, who))
	return repair, nil
}

func (b *bench) Maintenances() []control.Maintenance { return nil }

// TestMaintenance: what a tool asks comes to the daemon as it was said, with the person who
// asks, and the answer comes back, refusals in the daemon's own words.
func TestMaintenance(t *testing.T) {
	b := &bench{}
	s := newStandOf(t, control.Door{Upkeep: b})
	got, err := s.client.Maintain(t.Context(), "gas-1", 30*time.Minute, "检修 & more")
	if diff := cmp.Diff(repair, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	if _, err := s.client.EndMaintenance(t.Context(), "gas-1"); err != nil {
		t.Error(err)
	}
	if _, err := s.client.Maintain(t.Context(), "../x?", time.Hour, ""); err == nil || err.Error() != `no device "../x?"` {
		t.Errorf("got %v, want the daemon's words", err)
	}
	if all, err := s.client.Maintenances(t.Context()); err != nil || all == nil || len(all) != 0 {
		t.Errorf("got %v, %v, want an empty list", all, err)
	}
	uid := fmt.Sprintf("uid %d", os.Getuid())
	for i := range b.asked {
		before, who, _ := strings.Cut(b.asked[i], " by ")
		who, after, _ := strings.Cut(who, ":")
		if !strings.HasSuffix(strings.TrimSuffix(who, ")"), uid) {
			t.Errorf("got %q, want who it is: %s", b.asked[i], uid)
		}
		b.asked[i] = before + after
	}
	if diff := cmp.Diff([]string{"gas-1 for 30m0s 检修 & more", "gas-1 ended", "../x? for 1h0m0s "}, b.asked); diff != "" {
		t.Errorf("asked (-want +got)\n%s", diff)
	}
}

// A road is one on which test alarms get on as the test says.
type road struct {
	on   chan control.Stage
	gone chan struct{} // closed when the tool has gone
}

func (r road) Try(ctx context.Context, device string, within time.Duration, _ string, each func(control.Stage) error) error {
	if device != "gas-1" || within != time.Minute {
		return errors.New("no such device")
	}
	for {
		select {
		case s, more := <-r.on:
			if !more {
				return nil
			}
			if err := each(s); err != nil {
				return nil
			}
		case <-ctx.Done():
			close(r.gone)
			return nil
		}
	}
}

// TestTry: each stage comes to the tool when it happens, not at the end; a tool that goes
// ends it; and what cannot be is said.
func TestTry(t *testing.T) {
	r := road{on: make(chan control.Stage), gone: make(chan struct{})}
	s := newStandOf(t, control.Door{Trials: r})
	for _, within := range []time.Duration{-1, 0, time.Hour} {
		if err := s.client.Try(t.Context(), "gas-1", within, nil); err == nil || !strings.Contains(err.Error(), "write a duration up to 10m") {
			t.Errorf("within %v: got %v", within, err)
		}
	}
	if err := s.client.Try(t.Context(), "gas-2", time.Minute, nil); err == nil || err.Error() != "no such device" {
		t.Errorf("got %v, want the daemon's words", err)
	}
	want := []control.Step{control.StepDisk, control.StepBroker, control.StepDone}
	var got []control.Step
	came := make(chan control.Stage)
	ended := make(chan error, 1)
	go func() {
		ended <- s.client.Try(t.Context(), "gas-1", time.Minute, func(s control.Stage) error { came <- s; return nil })
	}()
	for _, step := range want {
		r.on <- control.Stage{Device: "gas-1", Step: step}
		select {
		case s := <-came:
			got = append(got, s.Step)
		case <-time.After(patience):
			t.Fatalf("%s does not come before the next", step)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("stages (-want +got)\n%s", diff)
	}
	close(r.on)
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestTryGivenUp: who hangs up has his test alarm followed no more.
func TestTryGivenUp(t *testing.T) {
	r := road{on: make(chan control.Stage), gone: make(chan struct{})}
	s := newStandOf(t, control.Door{Trials: r})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- s.client.Try(ctx, "gas-1", time.Minute, func(control.Stage) error { cancel(); return nil })
	}()
	r.on <- control.Stage{Device: "gas-1", Step: control.StepDisk}
	select {
	case <-r.gone:
	case <-time.After(patience):
		t.Error("the daemon goes on")
	}
	<-ended
}
