package daemon_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"sitepost/cmd/sitepost/control"
	"sitepost/cmd/sitepost/daemon"
	"sitepost/config"
)

// late is what somebody finds at the broker who comes only now: topics below "up/",
// sorted, and what up/state says.
func (s *stand) late() (topics []string, state string) {
	s.t.Helper()
	late := s.broker.Subscribe(s.t, topicOf("#"))
	b := newBook(s.t)
	if err := poll("up/state", func() bool { b.read(late.Messages()); return b.state("state") != "" }); err != nil {
		s.t.Error(err)
	}
	time.Sleep(200 * time.Millisecond) // mosquitto sends what it retains in one go: nothing more comes
	for _, m := range late.Messages() {
		if m.Retained && len(m.Payload) > 0 {
			topics = append(topics, strings.TrimPrefix(m.Topic, topicOf("")))
		}
	}
	slices.Sort(topics)
	b.read(late.Messages())
	return slices.Compact(topics), b.state("state")
}

// doomed runs a daemon of which the test expects that it ends by itself.
func (s *stand) doomed() (ended <-chan error, cancel func()) {
	ctx, cancel := context.WithCancel(context.Background())
	s.t.Cleanup(cancel)
	end := make(chan error, 1)
	go func() {
		end <- daemon.Run(ctx, daemon.Options{
			Config: s.config, Version: "test", Control: s.control, Log: slog.New(slog.NewTextHandler(s.t.Output(), nil)),
			Reread: func() (*config.Config, config.Findings) { return s.config, nil },
		})
	}()
	return end, cancel
}

// process starts a daemon as a process of its own.
func (s *stand) process(binary string) *exec.Cmd {
	s.t.Helper()
	d := exec.Command(binary, "run", "--config", s.path, "--control", s.control)
	d.Stderr = s.t.Output()
	if err := d.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = d.Process.Kill() }) // an error means that it has ended
	return d
}

// TestRetire: a site that is given up has told all its alarms, leaves nothing at the
// broker but that it is retired, and does not run again; taken back, it is as before.
// Answers complaint 46: no retained junk of what was removed.
func TestRetire(t *testing.T) {
	s := newStand(t, "")
	ended, _ := s.doomed()
	s.settle("gas-1", "panic-1")
	if err := contact("panic-1", "4", true)(s); err != nil {
		t.Fatal(err)
	}
	s.must("that it is up", func(b *book) bool { return b.state("state") == "up" && b.state("device/gas-1") == "online" })
	before, _ := s.late()
	if len(before) < 10 {
		t.Fatalf("%v stand at the broker, want a whole site", before)
	}
	var steps []string
	var last control.Retiring
	err := control.Client{Path: s.control}.Retire(t.Context(), control.RetireAsked{Within: patience}, func(r control.Retiring) error {
		if last = r; r.Step != control.RetireWaits {
			steps = append(steps, r.Step)
		}
		return nil
	})
	if want := []string{control.RetireBegun, control.RetireDone}; err != nil || !slices.Equal(steps, want) {
		t.Fatalf("got %v and %v, want %v", steps, err, want)
	}
	if want := []control.Left{{Name: "city", Emptied: len(before) - 1}}; !slices.Equal(last.Brokers, want) || last.Alarms != 0 {
		t.Errorf("got %+v, want %+v and no alarm left", last, want)
	}
	if gone, is := errors.AsType[*daemon.Retired](s.comes(ended)); !is || !gone.At.Equal(last.At) {
		t.Errorf("Run: got %v, want that it was retired at %v", gone, last.At)
	}
	if topics, state := s.late(); !slices.Equal(topics, []string{"state"}) || state != "retired" {
		t.Errorf("%v stand there, and the state is %q, want only the state, retired", topics, state)
	}
	s.should("of the button", func(b *book) bool { return len(b.lists()["panic-1 alarm"]) == 1 })

	again, _ := s.doomed()
	if err := s.comes(again); !isRetired(err) {
		t.Errorf("the next run: got %v, want that it was retired", err)
	}
	was, err := daemon.Unretire(daemon.Options{Config: s.config})
	if err != nil || was == nil || !was.At.Equal(last.At) {
		t.Fatalf("undo: got %v and %v, want what was undone", was, err)
	}
	stop := s.run()
	defer stop()
	err = poll("all of it to stand there again", func() bool {
		topics, state := s.late()
		return slices.Equal(topics, before) && state == "up"
	})
	if err != nil {
		topics, state := s.late()
		t.Errorf("%v: %q (-before +now)\n%s", err, state, gocmp.Diff(before, topics))
	}
}

// comes is how a run ends that must end by itself.
func (s *stand) comes(ended <-chan error) error {
	s.t.Helper()
	select {
	case err := <-ended:
		return err
	case <-time.After(patience):
		s.t.Fatalf("the run does not end within %v", patience)
		return nil
	}
}

func isRetired(err error) bool {
	_, is := errors.AsType[*daemon.Retired](err)
	return is
}

// TestRetireCityAway: while the city is away nothing happens, and it is said; and a
// person who goes away has not asked.
func TestRetireCityAway(t *testing.T) {
	s := newStand(t, "")
	s.broker.Kill()
	stop := s.run()
	s.settle("gas-1")
	client := control.Client{Path: s.control}
	var last control.Retiring
	if err := client.Retire(t.Context(), control.RetireAsked{Within: time.Second, Now: true}, func(r control.Retiring) error { last = r; return nil }); err != nil {
		t.Error(err)
	}
	if last.Step != control.RetireRefused || last.Why != "the city is away" {
		t.Errorf("got %+v, want that the city is away", last)
	}
	hurried, cancel := context.WithCancel(t.Context())
	err := client.Retire(hurried, control.RetireAsked{Within: patience}, func(control.Retiring) error { cancel(); return nil })
	if err == nil {
		t.Error("who went away got no error")
	}
	s.broker.Restart()
	s.must("that it is up", func(b *book) bool { return b.state("state") == "up" })
	if err := s.asked("gas-1", 3); err != nil {
		t.Errorf("the site was given up all the same: %v", err)
	}
	stop()
	s.should("the box stop", stopped)
}

// TestRetireWaitsForAlarms: alarms that only the broker has, where the platform's word
// counts, keep a site from being given up, unless somebody says now.
func TestRetireWaitsForAlarms(t *testing.T) {
	s := newStand(t, "")
	s.config.Uplink.Receipt = "platform"
	ended, _ := s.doomed()
	s.settle("panic-1")
	if err := contact("panic-1", "4", true)(s); err != nil {
		t.Fatal(err)
	}
	s.must("of the button", func(b *book) bool { return len(b.lists()["panic-1 alarm"]) == 1 })
	client, last := control.Client{Path: s.control}, control.Retiring{}
	keep := func(r control.Retiring) error { last = r; return nil }
	if err := client.Retire(t.Context(), control.RetireAsked{Within: time.Second}, keep); err != nil || last.Step != control.RetireRefused || last.Alarms == 0 {
		t.Errorf("got %v and %+v, want that alarms wait", err, last)
	}
	if err := client.Retire(t.Context(), control.RetireAsked{Within: time.Second, Now: true}, keep); err != nil || last.Step != control.RetireDone {
		t.Errorf("now: got %v and %+v, want that it is done", err, last)
	}
	if err := s.comes(ended); !isRetired(err) {
		t.Errorf("Run: got %v", err)
	}
}

// TestRetireCityGoes: a city that goes when there is no way back is waited for; who is
// told to stop meanwhile leaves it to the next start, which ends it without a device.
func TestRetireCityGoes(t *testing.T) {
	s := newStand(t, "")
	ended, cancel := s.doomed()
	s.settle("gas-1")
	s.must("that it is up", func(b *book) bool { return b.state("state") == "up" && b.state("device/gas-1") == "online" })
	err := control.Client{Path: s.control}.Retire(t.Context(), control.RetireAsked{Within: patience, Now: true}, func(r control.Retiring) error {
		if r.Step == control.RetireBegun {
			s.broker.Kill()
			return errors.New("seen enough")
		}
		return nil
	})
	if err == nil {
		t.Error("got no error")
	}
	time.Sleep(2 * time.Second) // it is on its way, or waits
	asking, enough := context.WithTimeout(t.Context(), 5*time.Second)
	defer enough()
	_, err = control.Client{Path: s.control}.Reload(asking)
	if want := "sitepost stops, or its site is given up: the next start reads the site file"; err == nil || err.Error() != want {
		t.Errorf("a reload on the way out: got %v, want %s", err, want)
	}
	cancel()
	if err := s.comes(ended); err != nil && !isRetired(err) {
		t.Errorf("Run: got %v, want nil or that it was retired", err)
	}
	i, err := s.site.Instrument("gas-1")
	if err != nil {
		t.Fatal(err)
	}
	asked := i.Asked()
	s.broker.Restart()
	next, _ := s.doomed()
	if err := s.comes(next); !isRetired(err) {
		t.Errorf("the next start: got %v, want that it is retired", err)
	}
	if more := i.Asked() - asked; more != 0 {
		t.Errorf("the next start has asked a device %d times", more)
	}
	if topics, state := s.late(); !slices.Equal(topics, []string{"state"}) || state != "retired" {
		t.Errorf("%v stand there, and the state is %q, want only the state, retired", topics, state)
	}
}

// TestRetireKilled: a daemon that is killed anywhere on its way out is, after the next
// start, retired or running, and never half: the mark decides. kill -9 at moments from
// before the beginning to after the end.
func TestRetireKilled(t *testing.T) {
	binary := buildSitepost(t)
	outcomes := map[string]int{}
	for _, pause := range []time.Duration{0, 20 * time.Millisecond, 400 * time.Millisecond} {
		t.Run(fmt.Sprint("killed ", pause, " after it began"), func(t *testing.T) {
			s := newStand(t, "")
			first := s.process(binary)
			s.must("that it is up", func(b *book) bool { return b.state("state") == "up" && b.state("device/gas-1") == "online" })
			began, asked := make(chan struct{}), make(chan error, 1)
			go func() {
				asked <- control.Client{Path: s.control}.Retire(context.Background(), control.RetireAsked{Within: patience, Now: true}, func(r control.Retiring) error {
					if r.Step == control.RetireBegun {
						close(began)
					}
					return nil
				})
			}()
			select {
			case <-began:
			case <-time.After(patience):
				t.Fatal("it never began")
			}
			time.Sleep(pause)        // the scenario's own: anywhere on the way out is as good
			_ = first.Process.Kill() // an error means that it has ended by itself
			_ = first.Wait()
			<-asked
			topics, state := s.late()
			outcomes[fmt.Sprintf("%s with %t", state, len(topics) > 1)]++
			var exit *exec.ExitError
			if err := s.process(binary).Wait(); !errors.As(err, &exit) || exit.ExitCode() != 1 {
				t.Errorf("the next start: got %v, want exit code 1", err)
			}
			if topics, state := s.late(); !slices.Equal(topics, []string{"state"}) || state != "retired" {
				t.Errorf("%v stand there, and the state is %q, want only the state, retired", topics, state)
			}
		})
	}
	t.Logf("the state at the kill, and whether there were other topics: %v", outcomes)
}
