package daemon_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/devices/camera/cameratest"
	"sitepost/devices/virtual"
)

const (
	cardKey        = "a key for tests"
	cardA          = "62E3086CED"
	cardB          = "0102030405"
	cameraPassword = "a password for tests"

	held = 2 * time.Second         // a condition that lasts so long is told
	away = 6500 * time.Millisecond // a link that is lost so long is told too
)

func raised(code devices.Code) said  { return said{Type: string(code), State: "raised"} }
func cleared(code devices.Code) said { return said{Type: string(code), State: "cleared"} }

func passage(side, direction string, people int) said {
	return said{Type: "access.passage", Subject: side, Direction: direction, Count: people}
}

// carded is a card as the city knows it.
func carded(number string) said {
	mac := hmac.New(sha256.New, []byte(cardKey))
	mac.Write([]byte(number))
	return said{Type: "access.card", Card: hex.EncodeToString(mac.Sum(nil))}
}

// scenario is what happens on the site, and beside it what the city must hear.
func scenario() []track {
	return []track{
		{"gas-1", []said{{Type: "device.mode", Is: "normal"}}, []move{
			{set("gas-1", values{"gas": 30, "low": true}), held, []said{raised("gas.alarm.low")}},
			// It loses power in gas and warms up: that ends nothing.
			{set("gas-1", values{"gas": 0, "low": false, "mode": "warm-up"}), held, []said{{Type: "device.mode", Is: "warm-up", Mode: "warm-up"}}},
			{set("gas-1", values{"gas": 52, "low": true, "high": true, "mode": "normal"}), held, []said{{Type: "device.mode", Is: "normal"}, raised("gas.alarm.high")}},
			{set("gas-1", values{"gas": 4, "low": false, "high": false}), held, []said{cleared("gas.alarm.low"), cleared("gas.alarm.high")}},
		}},
		{"gas-2", nil, []move{
			{set("gas-2", values{"gas": 300, "over": true}), held, []said{raised("gas.alarm.own")}},
			{set("gas-2", values{"gas": 42, "over": false}), held, []said{cleared("gas.alarm.own")}},
			{set("gas-2", values{"dead": true}), held, []said{raised("device.fault")}},
			{set("gas-2", values{"dead": false}), held, []said{cleared("device.fault")}},
		}},
		{"xray-1", nil, []move{
			{contact("xray-1", "1", true), asks, []said{{Type: "screening.xray.alarm"}}},
			{contact("xray-1", "1", false), asks, nil},
			{contact("xray-1", "2", true), held, []said{raised("device.fault")}},
			{contact("xray-1", "1", true), asks, []said{{Type: "screening.xray.alarm"}}},
			{contact("xray-1", "1", false), asks, nil},
			{contact("xray-1", "2", false), held, []said{cleared("device.fault")}},
		}},
		{"panic-1", nil, []move{
			{contact("panic-1", "4", true), held, []said{raised("panic.pressed")}},
			{contact("panic-1", "4", false), held, []said{cleared("panic.pressed")}},
			{contact("panic-1", "4", true), held, []said{raised("panic.pressed")}}, // and so it stays
		}},
		{"gate-1", []said{{Type: "access.leaf", Is: "closed"}}, []move{
			{pass("gate-1", "left", 1), asks, []said{passage("left", "forward", 1)}},
			{pass("gate-1", "left", 3), asks, []said{passage("left", "forward", 3)}},
			{pass("gate-1", "right", 1), asks, []said{passage("right", "back", 1)}},
			{set("gate-1", values{"leaf": "open-left"}), held, []said{{Type: "access.leaf", Is: "open-left"}}},
			{set("gate-1", values{"intrude": 2}), held, []said{{Type: "access.intrusion", State: "raised", Detail: "2"}}},
			{pass("gate-1", "left", 1), asks, []said{passage("left", "forward", 1)}},
			{set("gate-1", values{"intrude": 0, "leaf": "closed"}), held, []said{cleared("access.intrusion"), {Type: "access.leaf", Is: "closed"}}},
		}},
		{"gate-2", []said{{Type: "access.leaf", Is: "closed"}}, []move{
			{pass("gate-2", "right", 2), asks, []said{passage("right", "forward", 2)}},
			{cable("gates-2", true), held, []said{{Device: "gates-2", Type: "line.lost", State: "raised", Detail: "gone"}}},
			{pass("gate-2", "left", 5), time.Second, []said{passage("left", "back", 5)}}, // the gate counts by itself
			{cable("gates-2", false), asks, []said{{Device: "gates-2", Type: "line.lost", State: "cleared"}}},
			{pass("gate-2", "right", 1), asks, []said{passage("right", "forward", 1)}},
			{set("gate-2", values{"trouble": 4}), held, []said{{Type: "device.fault", State: "raised", Detail: "4"}}},
			{set("gate-2", values{"trouble": 0}), held, []said{cleared("device.fault")}},
		}},
		{"door-1", nil, []move{
			{nothing, held, nil}, // a line that is not open by then is lost, and that would be told
			{show("door-1", cardA), time.Second, []said{carded(cardA)}},
			{show("door-1", cardA), time.Second, nil}, // the reader repeats itself
			{show("door-1", cardB), time.Second, []said{carded(cardB)}},
		}},
	}
}

func nothing(*stand) error { return nil }

// wanted is all that the city must hear of a scenario, of the lines and of the
// box.
func wanted(tracks []track, lines []string, box ...said) map[string][]said {
	lists := map[string][]said{}
	note := func(device string, all []said) {
		for _, w := range all {
			if w.Device == "" {
				w.Device = device
			}
			lists[laneOf(w)] = append(lists[laneOf(w)], w)
		}
	}
	for _, k := range tracks {
		note(k.device, k.first)
		for _, m := range k.moves {
			note(k.device, m.want)
		}
	}
	for _, line := range lines {
		note(line, []said{{Type: "device.mode", Is: "normal"}}) // it is nobody's but ours
	}
	note("box", []said{{Type: "box.started"}})
	note("box", box)
	note("box", []said{{Type: "box.stopping"}})
	return lists
}

// count is how many records there are in all lists.
func count(lists map[string][]said) (n int) {
	for _, list := range lists {
		n += len(list)
	}
	return n
}

// TestSiteEndToEnd: what happens on a site is what the city hears: nothing less,
// nothing more, nothing else. That the city was away, at the start or in the
// middle, makes no difference but to say so.
func TestSiteEndToEnd(t *testing.T) {
	lost := []said{raised(devices.UplinkLost), cleared(devices.UplinkLost)}
	for _, c := range []struct {
		name   string
		before func(*stand)
		during func(*stand)
		box    []said
	}{
		{"the city is there", func(*stand) {}, func(*stand) {}, nil},
		{"the city is away at the start", func(s *stand) { s.broker.Kill() }, func(s *stand) {
			time.Sleep(away)
			s.broker.Restart()
		}, lost},
		{"the city breaks down and comes back", func(*stand) {}, func(s *stand) {
			time.Sleep(held)
			s.broker.Kill()
			time.Sleep(away)
			s.broker.Restart()
		}, lost},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStand(t, "")
			c.before(s)
			stop := s.run()
			s.settle("gas-1", "panic-1", "gate-1", "gate-2")
			tracks := scenario()
			want := wanted(tracks, []string{"bus-a", "cards", "gates-1", "gates-2", "quay"}, c.box...)
			played := make(chan struct{})
			go func() { defer close(played); s.play(tracks) }()
			defer func() { <-played }()
			c.during(s)
			<-played
			s.should("all of it", func(b *book) bool { return b.state("state") == "up" && count(b.lists()) >= count(want)-1 })
			s.retell()
			stop()
			s.should("the box stop", stopped)
			s.compare(want)
		})
	}
}

// settle waits until everything that is asked was seen once: from then on
// whatever moves has moved. names are instruments of the lines that are asked.
func (s *stand) settle(names ...string) {
	s.t.Helper()
	for _, name := range names {
		if err := s.asked(name, 2); err != nil {
			s.t.Fatal(err)
		}
	}
}

// compare holds the city's book against the scenario.
func (s *stand) compare(want map[string][]said) {
	s.t.Helper()
	if diff := gocmp.Diff(want, s.book.lists()); diff != "" {
		s.t.Errorf("-happened +told:\n%s", diff)
	}
	if diff := gocmp.Diff([]said{{Device: "panic-1", Type: "panic.pressed"}}, s.book.opened(s.t)); diff != "" {
		s.t.Errorf("up/open (-want +got):\n%s", diff)
	}
	s.book.audit(s.t)
	for gate, sides := range map[string]map[string]int{"gate-1": {"left": 5, "right": 1}, "gate-2": {"left": 5, "right": 3}} {
		s.book.comparePassed(s.t, gate, sides)
	}
	states := map[string]string{"state": "stopped", "open": "", "inventory": ""}
	for _, name := range []string{
		"box", "bus-a", "gates-1", "gates-2", "quay", "cards",
		"gas-1", "gas-2", "xray-1", "panic-1", "gate-1", "gate-2", "door-1",
	} {
		states["device/"+name] = "online"
	}
	if diff := gocmp.Diff(states, s.standing()); diff != "" {
		s.t.Errorf("what stands at the broker (-want +got):\n%s", diff)
	}
}

// TestCameraEndToEnd: what a camera sends stands on its retained topic, as
// measured, and without the login.
func TestCameraEndToEnd(t *testing.T) {
	c, err := virtual.ServeCamera(virtual.CameraOptions{
		ONVIF: cameratest.Options{
			Interface: "lo", HTTP: "127.0.0.31:0", Endpoint: "urn:uuid:00000000-0000-4000-8000-000000000031",
			Vendor: "virtual", Model: "V-1", Serial: "0A31", Firmware: "1.0",
			User: "onvif", Password: cameraPassword, Auth: "digest",
		},
		RTSP: virtual.RTSPOptions{User: "onvif", Password: cameraPassword},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	s := newStand(t, c.ONVIF.Address())
	stop := s.run()
	s.must("of the stream", func(b *book) bool { return b.state("stream/check-1-top") == devices.StreamLive })
	stop()
	s.should("the box stop", stopped)
	s.book.audit(t)

	type stream struct {
		State, URI, Codec string
		Width, Height     int
		FPS               float64
		HD                bool
	}
	var got stream
	if err := json.Unmarshal(s.book.retained[topicOf("stream/check-1-top")], &got); err != nil {
		t.Fatal(err)
	}
	if got.FPS < 23 || got.FPS > 27 {
		t.Errorf("got %v frames a second, want 25", got.FPS)
	}
	want := stream{State: "live", URI: c.RTSP.URL(), Codec: "H264", Width: 1920, Height: 1080, FPS: got.FPS, HD: true}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("up/stream (-want +got):\n%s", diff)
	}
}
