package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A step is one moment of the scenario: what is said of it, and what happens.
type step struct {
	at   time.Duration
	say  string
	move func(*stage) error
}

// steps is the scenario, a timetable: passages, a threat in a bag, gas over
// both limits and back, a bag left behind, a camera turned away, a camera gone, cards,
// a cable pulled, the city away with a panic button pressed meanwhile. It leaves the
// site as it found it.
//
// What a camera notices it tells by its pull point and, where it has one, on its
// metadata track: the city hears it once. The camera that goes is watched without a
// pause at that time, because of the alarm before: this is found out in seconds and
// not in up to fifteen.
//
// It begins after four seconds: the daemon listens to a line for three before
// it asks, so that it disturbs nobody who asks there already.
func steps() []step {
	passage := func(s *stage) error { return s.count("gate-1", "left") }
	gas := func(percent float64, low, high bool) func(*stage) error {
		return func(s *stage) error {
			farOff := map[string]any{"gas": percent / 4}
			return errors.Join(s.site.Set("gas-1", map[string]any{"gas": percent, "low": low, "high": high}), s.site.Set("gas-3", farOff))
		}
	}
	contact := func(name, terminal string, active bool) func(*stage) error {
		return func(s *stage) error { return s.site.Contact(name, terminal, active) }
	}
	notes := func(camera, topic string, data ...string) func(*stage) error {
		return func(s *stage) error {
			s.cameras[camera].Notify(topic, "Rule=1", data...)
			return nil
		}
	}
	const bag, tamper = "tns1:RuleEngine/ObjectAbandoned/Object", "tns1:RuleEngine/TamperDetector/Tamper"
	return []step{
		{4 * time.Second, "three people pass the gate, one comes back", passage},
		{4600 * time.Millisecond, "", passage},
		{5200 * time.Millisecond, "", passage},
		{5800 * time.Millisecond, "", func(s *stage) error { return s.count("gate-1", "right") }},
		{6500 * time.Millisecond, "the X-ray machine stops at a bag", contact("xray-1", "1", true)},
		{7500 * time.Millisecond, "", contact("xray-1", "1", false)},
		{8 * time.Second, "gas on the ro-ro lane", gas(30, true, false)},
		{9500 * time.Millisecond, "a camera sees a bag that nobody takes away, and tells it two ways", notes("check-1-top", bag, "ObjectId=7")},
		{10500 * time.Millisecond, "more gas", gas(52, true, true)},
		{12 * time.Second, "somebody turns a camera to the wall", notes("hall-1", tamper, "IsTamper=true")},
		{12500 * time.Millisecond, "", notes("hall-1", tamper, "IsTamper=false")},
		{13 * time.Second, "the wind blows it away", gas(4, false, false)},
		{13500 * time.Millisecond, "and pulls that camera's cable", func(s *stage) error { return s.cameras["hall-1"].Offline(true) }},
		{14 * time.Second, "cards at the staff door and at the plant room", func(s *stage) error {
			return errors.Join(s.show("door-1", "62E3086CED"), s.showOSDP("door-2", 12, 34567))
		}},
		{14500 * time.Millisecond, "somebody pulls the cable of the gates", func(s *stage) error { return s.site.Unplug("gates", true) }},
		{15700 * time.Millisecond, "and plugs it in again; somebody passed meanwhile", func(s *stage) error {
			if err := passage(s); err != nil {
				return err
			}
			return s.site.Unplug("gates", false)
		}},
		{16800 * time.Millisecond, "the camera's cable is plugged in again", func(s *stage) error { return s.cameras["hall-1"].Offline(false) }},
		{18 * time.Second, "the city is away", func(s *stage) error { s.city.away(true); return nil }},
		{18600 * time.Millisecond, "a panic button is pressed, and the city does not hear it", contact("panic-1", "4", true)},
		{19200 * time.Millisecond, "the city is back", func(s *stage) error { s.city.away(false); return nil }},
		{21500 * time.Millisecond, "the button is released", contact("panic-1", "4", false)},
	}
}

// count lets somebody through a gate.
func (s *stage) count(gate, side string) error {
	i, err := s.site.Instrument(gate)
	if err != nil {
		return err
	}
	return i.Count(side, 1)
}

// show holds a card to a reader.
func (s *stage) show(reader, card string) error {
	i, err := s.site.Instrument(reader)
	if err != nil {
		return err
	}
	return i.Say(map[string]any{"card": card})
}

// showOSDP holds a card with 26 bits to an OSDP reader.
func (s *stage) showOSDP(reader string, facility byte, number uint16) error {
	r, err := s.site.Reader(reader)
	if err != nil {
		return err
	}
	r.Show26(facility, number)
	return nil
}

// again is the length of the scenario where it is played more than once. The
// link holds for more than half a minute of it, so that the next outage finds
// it calm and is over as soon as this one.
const again = 60 * time.Second

// scenario plays the steps until ctx ends: once where the play has a length,
// else again and again.
func (p *play) scenario(ctx context.Context, s *stage) error {
	for {
		began := time.Now()
		for _, step := range steps() {
			if !sleep(ctx, time.Until(began.Add(step.at))) {
				return nil
			}
			if step.say != "" {
				p.say("%s", step.say)
			}
			if err := step.move(s); err != nil {
				return fmt.Errorf("scenario at %v: %w", step.at, err)
			}
		}
		if p.length > 0 {
			<-ctx.Done()
			return nil
		}
		if !sleep(ctx, time.Until(began.Add(again))) {
			return nil
		}
	}
}

// sleep waits, and says false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
