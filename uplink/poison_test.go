package uplink_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/uplink"
	"sitepost/uplink/uplinktest"
)

// saysNumber recognises the message of one record.
func saysNumber(m uplink.Message, lane devices.Lane, seq uint64) bool {
	return strings.Contains(string(m.Payload), fmt.Sprintf(`"id":"%s-%s-%d"`, epoch, lane, seq))
}

// TestPoison: a record on which every connection dies is set aside after five
// deaths, told, and all behind it goes; also from the middle of a full window, and
// two in a row.
func TestPoison(t *testing.T) {
	for _, test := range []struct {
		name string
		lane devices.Lane
		bad  []uint64
	}{
		{"the first", devices.AlarmLane, []uint64{1}},
		{"in the middle", devices.EventLane, []uint64{30}},
		{"two of them", devices.EventLane, []uint64{30, 31}},
		{"far apart", devices.AlarmLane, []uint64{7, 90}},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, p *place) {
				p.broker.Latency(20 * time.Millisecond)
				handed := make(map[uint64]int)
				p.broker.HangUp(func(m uplink.Message, _ int) bool {
					for _, seq := range test.bad {
						if saysNumber(m, test.lane, seq) {
							handed[seq]++
							return true
						}
					}
					return false
				})
				p.store.add(test.lane, 100)
				p.start(p.options())
				after(time.Hour)
				want := make(map[uint64]string)
				for _, seq := range test.bad {
					want[seq] = "every connection dies on it"
					if handed[seq] < 4 || handed[seq] > 8 { // those before it may have died with it first
						t.Errorf("record %d was tried %d times, want 5 or a few more", seq, handed[seq])
					}
				}
				if diff := cmp.Diff(want, p.store.dead[test.lane]); diff != "" {
					t.Errorf("set aside (-want +got):\n%s", diff)
				}
				if got := p.store.sentTo(test.lane); got != 100 {
					t.Errorf("mark: got %d, want 100", got)
				}
				if got := strings.Join(p.heard(), ", "); strings.Count(got, "store.gap") != len(test.bad) || strings.Contains(got, "taken_over raised") {
					t.Errorf("said: got %s, want a gap for each and no other box", got)
				}
			})
		})
	}
}

// TestPoisonSpares: a broker that dies for reasons of its own makes no good record
// a poison, however regularly it dies, and everything arrives once it lives.
func TestPoisonSpares(t *testing.T) {
	kills := map[string]func(m uplink.Message, number int) bool{
		"at the first message": func(uplink.Message, int) bool { return true },
		"at random":            func(uplink.Message, int) bool { return rand.N(4) == 0 },
		"at every birth":       func(m uplink.Message, _ int) bool { return strings.Contains(m.Topic, "/state") },
	}
	for n := 2; n <= 12; n++ {
		kills[fmt.Sprintf("after %d messages", n-1)] = func(_ uplink.Message, number int) bool { return number >= n }
	}
	for name, kill := range kills {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, p *place) {
				p.broker.Latency(20 * time.Millisecond)
				p.store.add(devices.AlarmLane, 3)
				p.store.add(devices.EventLane, 3)
				p.broker.HangUp(kill)
				p.start(p.options())
				after(3 * time.Hour)
				p.broker.HangUp(nil)
				after(time.Hour)
				if got := len(p.store.dead); got != 0 {
					t.Errorf("set aside: %v", p.store.dead)
				}
				proveLane(t, p, devices.AlarmLane)
				proveLane(t, p, devices.EventLane)
			})
		})
	}
}

// TestPoisonAmongOthers: on a busy site, where much else arrives between two deaths,
// a poison is found as well, and what is good beside it is not taken for one.
func TestPoisonAmongOthers(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.broker.Latency(20 * time.Millisecond)
		p.broker.HangUp(func(m uplink.Message, _ int) bool { return saysNumber(m, devices.AlarmLane, 2) })
		p.store.add(devices.AlarmLane, 3)
		p.start(p.options())
		for range 600 {
			p.store.add(devices.EventLane, 5)
			after(time.Second)
		}
		after(time.Minute)
		want := map[devices.Lane]map[uint64]string{devices.AlarmLane: {2: "every connection dies on it"}}
		if diff := cmp.Diff(want, p.store.dead); diff != "" {
			t.Errorf("set aside (-want +got):\n%s", diff)
		}
		if got := p.store.sentTo(devices.AlarmLane); got != 3 {
			t.Errorf("mark: got %d, want 3", got)
		}
	})
}

// TestPoisonSparesTheDenied: a broker that hangs up on a whole lane, as some do where
// the access list denies it, makes none of its records a poison, however long that
// lasts and however few there are; all arrive once the list is right.
func TestPoisonSparesTheDenied(t *testing.T) {
	for _, n := range []int{1, 2, 30} {
		t.Run(fmt.Sprint(n, " alarms"), func(t *testing.T) {
			bubble(t, func(t *testing.T, p *place) {
				p.broker.Latency(20 * time.Millisecond)
				p.broker.HangUp(func(m uplink.Message, _ int) bool { return strings.Contains(m.Topic, "/up/alarm/") })
				p.store.add(devices.AlarmLane, n)
				p.store.add(devices.EventLane, 3)
				p.start(p.options())
				after(time.Hour)
				p.store.add(devices.AlarmLane, 1)
				after(time.Hour)
				p.broker.HangUp(nil)
				after(2 * time.Minute) // a pause, and a rest
				if got := len(p.store.dead); got != 0 {
					t.Errorf("set aside: %v", p.store.dead)
				}
				proveLane(t, p, devices.AlarmLane)
				proveLane(t, p, devices.EventLane)
			})
		})
	}
}

// TestPoisonSparesTheShortLived: the same of a broker that ends every connection
// after some time, or acknowledges nothing, whatever it is given.
func TestPoisonSparesTheShortLived(t *testing.T) {
	for _, lives := range []time.Duration{time.Millisecond, 100 * time.Millisecond, time.Second, 5 * time.Second} {
		for _, latency := range []time.Duration{0, 40 * time.Millisecond, 900 * time.Millisecond} {
			t.Run(fmt.Sprint(lives, " with receipts after ", latency), func(t *testing.T) {
				bubble(t, func(t *testing.T, p *place) {
					p.broker.Latency(latency)
					p.store.add(devices.AlarmLane, 3)
					p.start(p.options())
					for range 3000 {
						if p.broker.Sessions() == 0 {
							after(50 * time.Millisecond)
							continue
						}
						after(lives)
						p.broker.Kill(0)
					}
					after(10 * time.Minute)
					if got := len(p.store.dead); got != 0 {
						t.Errorf("set aside: %v", p.store.dead)
					}
					proveLane(t, p, devices.AlarmLane)
				})
			})
		}
	}
	t.Run("no receipts", func(t *testing.T) {
		bubble(t, func(t *testing.T, p *place) {
			p.start(p.options())
			after(time.Second)
			p.broker.Hold(true)
			p.store.add(devices.AlarmLane, 3)
			after(3 * time.Hour)
			p.broker.Hold(false)
			after(10 * time.Minute)
			if got := len(p.store.dead); got != 0 {
				t.Errorf("set aside: %v", p.store.dead)
			}
			proveLane(t, p, devices.AlarmLane)
		})
	})
}

// TestPoisonNotSetAside: a store that cannot set a record aside is asked again, and
// nothing is passed over meanwhile.
func TestPoisonNotSetAside(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.broker.HangUp(func(m uplink.Message, _ int) bool { return saysNumber(m, devices.AlarmLane, 1) })
		p.store.refuse = uplinktest.ErrAway
		p.store.add(devices.AlarmLane, 2)
		p.start(p.options())
		after(time.Hour)
		if got := p.store.sentTo(devices.AlarmLane); got != 0 || len(p.store.dead) != 0 {
			t.Errorf("got mark %d and set aside %v, want neither", got, p.store.dead)
		}
		p.store.mu.Lock()
		p.store.refuse = nil
		p.store.mu.Unlock()
		after(time.Hour)
		if got := p.store.sentTo(devices.AlarmLane); got != 2 || len(p.store.dead) != 1 {
			t.Errorf("got mark %d and set aside %v, want 2 and one", got, p.store.dead)
		}
	})
}

// TestPoisonAskedFor: what once arrived and now ends every connection, because the
// platform misses it or the city ordered it again, is set aside as well: the platform
// hears of it, the order is answered, and all else goes.
func TestPoisonAskedFor(t *testing.T) {
	for name, ask := range map[string]func(p *place){
		"missing": func(p *place) { p.acks(devices.EventLane, 10, "[[3,3]]") },
		"ordered": func(p *place) { p.broker.Publish(order("resend", 1, `{"lane":"event","from":2,"to":3}`)) },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, p *place) {
				o := p.obeying()
				if name == "missing" {
					o.Receipt = uplink.ReceiptPlatform
				}
				p.store.add(devices.EventLane, 10)
				p.start(o)
				after(time.Minute)
				p.broker.HangUp(func(m uplink.Message, _ int) bool { return saysNumber(m, devices.EventLane, 3) })
				ask(p)
				after(time.Hour)
				p.store.add(devices.EventLane, 1)
				after(time.Minute)
				if diff := cmp.Diff(map[uint64]string{3: "every connection dies on it"}, p.store.dead[devices.EventLane]); diff != "" {
					t.Errorf("set aside (-want +got):\n%s", diff)
				}
				if got := p.link.Status(); !got.Up || p.store.sentTo(devices.EventLane) != 11 {
					t.Errorf("got %+v with marks %s, want all of it sent", got, p.store)
				}
				if name == "ordered" {
					if diff := cmp.Diff([]string{"c-1 ok sent_in_part"}, p.replies()); diff != "" {
						t.Errorf("replies (-want +got):\n%s", diff)
					}
					return
				}
				p.acks(devices.EventLane, 11, "[[3,3]]")
				after(time.Minute)
				if got := p.store.Marks(devices.EventLane).Received; got != 11 || len(p.gaps()) == 0 {
					t.Errorf("got %d received and gaps %q told, want 11 and one", got, p.gaps())
				}
			})
		})
	}
}

// TestStubs: what was set aside is passed over without a word, in a lane and among
// what was saved from a damaged file: it was told then.
func TestStubs(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.store.add(devices.EventLane, 3)
		if err := p.store.SetAside(devices.EventLane, 2, "poison"); err != nil {
			t.Fatal(err)
		}
		p.store.renew(later)
		p.store.add(devices.EventLane, 3)
		if err := p.store.SetAside(devices.EventLane, 3, "poison"); err != nil {
			t.Fatal(err)
		}
		p.store.gaps = nil // told before
		p.start(p.options())
		after(time.Minute)
		if got := p.count(devices.EventLane); got != 4 || p.store.sentTo(devices.EventLane) != 3 || len(p.store.salvage) != 0 {
			t.Errorf("got %d events, marks %s and %d still saved, want 4, 3 and none", got, p.store, len(p.store.salvage))
		}
		if got := p.gaps(); len(got) > 0 || p.link.Status().Unsaid != 0 {
			t.Errorf("got %q told", got)
		}
	})
}
