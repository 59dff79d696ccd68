package uplink_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sitepost/devices"
	"sitepost/uplink"
)

// mostStop is how long Run may go on when its context ends: DrainFor and a goodbye.
const mostStop = 5*time.Second + 2*time.Second

// A clogged session stands, and takes nothing more once it is full: a Publish waits
// until the connection is lost, as one does in front of a full socket.
type clogged struct {
	uplink.Session
	full func(uplink.Message) bool
}

func (c clogged) Publish(m uplink.Message) uplink.Receipt {
	if c.full(m) {
		<-c.Lost()
	}
	return c.Session.Publish(m)
}

// clog makes the sessions of a dial clogged.
func clog(dial uplink.Dial, full func(uplink.Message) bool) uplink.Dial {
	return func(ctx context.Context, w uplink.Will, onMessage func(uplink.Message)) (uplink.Session, error) {
		s, err := dial(ctx, w, onMessage)
		if err != nil {
			return nil, err
		}
		return clogged{s, full}, nil
	}
}

// TestLastWordsFromMemory: alarms that are only in memory are lost with the box, so
// the link tries once more for them too.
func TestLastWordsFromMemory(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.broker.Away(errors.New("no route to host"))
		p.start(p.options())
		after(10 * time.Minute)
		p.store.remember(2)
		p.broker.Away(nil)
		p.stop()
		if got := p.count(devices.AlarmLane); got != 2 {
			t.Errorf("got %d alarms, want the two in memory", got)
		}
	})
}

// TestStopInTime: whatever the link is stuck in, it has stopped in time.
func TestStopInTime(t *testing.T) {
	for name, test := range map[string]struct {
		set  func(p *place, o *uplink.Options)
		then func(p *place)
	}{
		"the socket is full when it is to stop": {
			set: func(_ *place, o *uplink.Options) {
				o.Dials[0] = clog(o.Dials[0], func(m uplink.Message) bool { return strings.Contains(m.Topic, "/alarm/") })
			},
			then: func(p *place) { p.store.add(devices.AlarmLane, 1); after(time.Second) },
		},
		"the socket is full when it says its last word": {
			set: func(_ *place, o *uplink.Options) {
				o.Dials[0] = clog(o.Dials[0], func(m uplink.Message) bool { return strings.Contains(string(m.Payload), "stopped") })
			},
		},
		"the broker is slow to answer the last dial, and then acknowledges nothing": {
			set: func(p *place, o *uplink.Options) {
				dial, slow := o.Dials[0], new(atomic.Bool)
				o.Dials[0] = func(ctx context.Context, w uplink.Will, onMessage func(uplink.Message)) (uplink.Session, error) {
					if !slow.Swap(true) {
						return nil, errors.New("no route to host")
					}
					time.Sleep(4 * time.Second)
					return dial(ctx, w, onMessage)
				}
				p.broker.Hold(true)
			},
			then: func(p *place) { p.store.add(devices.AlarmLane, 1) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, p *place) {
				o := p.options()
				test.set(p, &o)
				p.start(o)
				after(time.Millisecond)
				if test.then != nil {
					test.then(p)
				}
				began := time.Now()
				p.stop()
				if took := time.Since(began); took > mostStop {
					t.Errorf("stopping took %v, want at most %v", took, mostStop)
				}
				if got := p.broker.Sessions(); got != 0 {
					t.Errorf("sessions left: got %d", got)
				}
			})
		})
	}
}
