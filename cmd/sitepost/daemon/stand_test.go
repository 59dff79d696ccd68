package daemon_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"text/template"
	"time"

	"sitepost/cmd/sitepost/daemon"
	"sitepost/config"
	"sitepost/devices/line"
	"sitepost/devices/virtual"
	"sitepost/uplink/mqtt/mqtttest"
)

// patience is how long anything that must happen may take here. Nothing waits so
// long where all is well.
const patience = 30 * time.Second

// A stand is everything around a daemon: the site file, the simulators that it
// leads to, a real broker, and the city that listens there. Only the daemon is
// missing.
type stand struct {
	t       *testing.T
	path    string // of the site file
	control string // socket of the daemon's tools
	config  *config.Config
	site    *virtual.Site
	broker  *mqtttest.Broker
	open    func(config.Line) line.Opener // nil opens the real lines
	city    *mqtttest.Collector
	book    *book // of what the city heard
}

// newStand brings testdata/site.toml to life, with a camera at an address or,
// for "", with the instruments. It needs ptys and sockets: no two at once.
func newStand(t *testing.T, camera string) *stand {
	t.Helper()
	return newStandOf(t, "testdata/site.toml", map[string]string{"Camera": camera})
}

// newStandOf brings a site file to life, after it was filled in.
func newStandOf(t *testing.T, file string, fill map[string]string) *stand {
	t.Helper()
	s := &stand{t: t, broker: mqtttest.Start(t), book: newBook(t)}
	s.city = s.broker.Subscribe(t, topicOf("#"))
	dir := t.TempDir()
	s.control = filepath.Join(dir, "control.sock")
	s.write(filepath.Join(dir, "card-key"), []byte(cardKey+"\n"))
	s.write(filepath.Join(dir, "camera-password"), []byte(cameraPassword+"\n"))
	form, err := template.ParseFiles(file)
	if err != nil {
		t.Fatal(err)
	}
	fill["Dir"], fill["Broker"] = dir, s.broker.URL
	var text bytes.Buffer
	if err := form.Execute(&text, fill); err != nil {
		t.Fatal(err)
	}
	s.path = filepath.Join(dir, "site.toml")
	s.write(s.path, text.Bytes())
	var found config.Findings
	if s.config, found = config.Load(s.path, config.Env{Profiles: daemon.Shelf("")}); len(found.Errors()) > 0 {
		t.Fatal(found)
	}
	if s.site, err = virtual.NewSite(s.config, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.site.Close() })
	return s
}

func (s *stand) write(path string, text []byte) {
	s.t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// topicOf is a full topic of the stand's site.
func topicOf(below string) string { return "sitepost/1/test-ferry/up/" + below }

// run starts a daemon in this process. stop ends it and waits; it may be called
// again.
func (s *stand) run(change ...func(*daemon.Options)) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	o := daemon.Options{
		Config: s.config, Version: "test", Control: s.control, Log: slog.New(slog.NewTextHandler(s.t.Output(), nil)),
		Reread: func() (*config.Config, config.Findings) {
			return config.Load(s.path, config.Env{Profiles: daemon.Shelf("")})
		},
		Open: s.open,
	}
	for _, f := range change {
		f(&o)
	}
	go func() { ended <- daemon.Run(ctx, o) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			s.t.Errorf("Run: got %v, want nil when its context ends", err)
		}
	})
	s.t.Cleanup(stop)
	return stop
}

// until waits until the city's book is as wanted, or says that it never was.
func (s *stand) until(what string, enough func(*book) bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := s.city.Await(ctx, func(all []mqtttest.Message) bool {
		s.book.read(all)
		return enough(s.book)
	})
	if err != nil {
		return fmt.Errorf("the city did not hear %s within %v", what, patience)
	}
	return nil
}

// must is until where nothing can go on without it.
func (s *stand) must(what string, enough func(*book) bool) {
	s.t.Helper()
	if err := s.until(what, enough); err != nil {
		s.t.Fatal(err)
	}
}

// should is until where a comparison follows that says what is missing.
func (s *stand) should(what string, enough func(*book) bool) {
	s.t.Helper()
	if err := s.until(what, enough); err != nil {
		s.t.Error(err)
	}
}

func stopped(b *book) bool { return b.state("state") == "stopped" }

// asked waits until an instrument was asked so many times more. What it showed
// at the beginning has been seen by then, and all of it is on the daemon's disk:
// a question is put only after the answer before it was taken.
func (s *stand) asked(name string, more int) error {
	i, err := s.site.Instrument(name)
	if err != nil {
		return err
	}
	want := i.Asked() + more
	return poll(name+" being asked", func() bool { return i.Asked() >= want })
}

// poll waits for what has no signal of its own.
func poll(what string, done func() bool) error { return pollFor(patience, what, done) }

func pollFor(most time.Duration, what string, done func() bool) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(most); !done(); <-tick.C {
		if time.Now().After(end) {
			return fmt.Errorf("waited %v in vain for %s", most, what)
		}
	}
	return nil
}

// A move is one thing that happens on the site: what is done, how long it stays
// so, and what the city must hear of it.
type move struct {
	do   func(*stand) error
	hold time.Duration // asks: until the instrument was asked three times more
	want []said        // of the track's device, unless they name another
}

// asks is the hold of what needs no time, but must be seen apart from the next.
const asks time.Duration = 0

// A track is what one device does, in order. Several go on at once.
type track struct {
	device string
	first  []said // what the city hears of it before anything moves
	moves  []move
}

// values of an instrument, by the names of its profile.
type values = map[string]any

func set(device string, v values) func(*stand) error {
	return func(s *stand) error { return s.site.Set(device, v) }
}

func contact(device, terminal string, active bool) func(*stand) error {
	return func(s *stand) error { return s.site.Contact(device, terminal, active) }
}

func pass(gate, side string, people int) func(*stand) error {
	return func(s *stand) error {
		i, err := s.site.Instrument(gate)
		if err != nil {
			return err
		}
		return i.Count(side, people)
	}
}

func show(reader, card string) func(*stand) error {
	return func(s *stand) error {
		i, err := s.site.Instrument(reader)
		if err != nil {
			return err
		}
		return i.Say(values{"card": card})
	}
}

func cable(line string, pulled bool) func(*stand) error {
	return func(s *stand) error { return s.site.Unplug(line, pulled) }
}

// play plays all tracks at once, and returns when the last is over.
func (s *stand) play(tracks []track) {
	s.t.Helper()
	var playing sync.WaitGroup
	for _, k := range tracks {
		playing.Go(func() {
			for n, m := range k.moves {
				if err := s.move(k.device, m); err != nil {
					s.t.Errorf("%s, move %d: %v", k.device, n+1, err)
					return
				}
			}
		})
	}
	playing.Wait()
}

func (s *stand) move(device string, m move) error {
	if err := m.do(s); err != nil {
		return err
	}
	if m.hold == asks {
		return s.asked(device, 3)
	}
	time.Sleep(m.hold) // the scenario's own pace
	return nil
}
