package uplink_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sitepost/cmd/reliability/figure"
	"sitepost/devices"
	"sitepost/uplink"
	"sitepost/uplink/mqtt"
	"sitepost/uplink/mqtt/mqtttest"
)

// faults are all of them.
func faults() []fault {
	return append(hostiles(),
		fault{name: "hangs, is killed (kill -9) and restarted", set: killed},
		fault{name: "denied topics", set: denied, judged: true},
		fault{name: "another box under our name", set: rivalled},
		fault{name: "network partition", set: partitioned(both), silent: true},
		fault{name: "half-open: only their side is heard", set: partitioned(outward), silent: true},
		fault{name: "half-open: only our side is heard", set: partitioned(inward), silent: true},
		fault{name: "cable pulled", set: partitioned(cable), silent: true},
	)
}

// listen gives a city all that a collector hears.
func (c *city) listen(t *testing.T, from *mqtttest.Collector) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	looked := 0
	go func() {
		defer close(done)
		_ = from.Await(ctx, func(all []mqtttest.Message) bool {
			for _, m := range all[looked:] {
				c.hear(m.Payload)
			}
			looked = len(all)
			return false
		})
	}()
	t.Cleanup(func() { cancel(); <-done })
}

// dial reaches a broker as the box does. The short form asks for signs of life more
// often than the default, to be done sooner.
func dial(t *testing.T, url string) uplink.Dial {
	o := mqtt.Options{URL: url, ClientID: "box1"}
	if figure.Asked(t) == figure.Short {
		o.KeepAlive = time.Second
	}
	return mqtt.Dial(o, uplink.Subscriptions(site))
}

// killed: the broker hangs, is killed a little later, and comes back empty.
func killed(t *testing.T, r *rig) (begin, end func()) {
	b := mqtttest.Start(t)
	r.city.listen(t, b.Subscribe(t, uplink.Topic(site, "#")))
	r.options.Dials = []uplink.Dial{dial(t, b.URL)}
	var dying sync.WaitGroup
	return func() {
			b.Freeze()
			dying.Go(func() { time.Sleep(r.lasts / 4); b.Kill() })
		}, func() {
			dying.Wait()
			b.Restart()
		}
}

// rivalled: another box with our name takes our place as soon as it has lost it.
func rivalled(t *testing.T, r *rig) (begin, end func()) {
	b := mqtttest.Start(t)
	r.city.listen(t, b.Subscribe(t, uplink.Topic(site, "#")))
	r.options.Dials = []uplink.Dial{dial(t, b.URL)}
	ctx, cancel := context.WithCancel(context.Background())
	var rival sync.WaitGroup
	t.Cleanup(func() { cancel(); rival.Wait() })
	return func() {
			rival.Go(func() {
				for ctx.Err() == nil {
					s, err := dial(t, b.URL)(ctx, uplink.Will{}, func(uplink.Message) {})
					if err != nil {
						continue
					}
					select {
					case <-s.Lost():
						time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
					case <-ctx.Done():
					}
					s.Drop()
				}
			})
		}, func() {
			cancel()
			rival.Wait()
		}
}

// denied: the access list of the broker forgets the lanes of this box. The broker
// acknowledges what it denies, so only the platform's receipts can tell; the
// control goes by the broker's.
func denied(t *testing.T, r *rig) (begin, end func()) {
	list := filepath.Join(t.TempDir(), "rights")
	write := func(lines ...string) {
		if err := os.WriteFile(list, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			t.Error(err)
		}
	}
	right := []string{"user city", "topic readwrite #", "user box", "topic read sitepost/1/" + site + "/down/#", "topic read " + uplink.Topic(site, "canary")}
	all, some := slices.Concat(right, []string{"topic write " + uplink.Topic(site, "#")}), slices.Clone(right)
	for _, topic := range []string{"state", "canary", "open"} {
		some = append(some, "topic write "+uplink.Topic(site, topic))
	}
	write(all...)
	b := mqtttest.Start(t, mqtttest.Options{Users: map[string]string{"box": "b", "city": "c"}, Lines: []string{"acl_file " + list}})
	heard := b.SubscribeAs(t, uplink.Topic(site, "#"), "city", "c")
	r.city.listen(t, heard)
	r.trusts = false // the receipts of the platform are what the control does without
	r.options.Dials = []uplink.Dial{mqtt.Dial(mqtt.Options{URL: b.URL, ClientID: "box1", User: "box", KeepAlive: time.Second,
		Password: func() (string, error) { return "b", nil }}, uplink.Subscriptions(site))}
	acknowledgeLanes(t, r, b.Direct)
	change := func(lines []string) func() {
		return func() { b.Kill(); write(lines...); b.Restart() }
	}
	return func() {
		change(some)()
		before := r.link.Status().Connects // the broker hangs up as soon as it has denied something
		if err := r.await(time.Minute, func() bool { return r.link.Status().Connects > before }); err != nil {
			t.Error(err)
		}
	}, change(all)
}

// acknowledgeLanes is a platform that says every second what it has, up to the last
// number that was sent. Each time it comes anew: a client that is there when the
// broker is killed may be stuck for long.
func acknowledgeLanes(t *testing.T, r *rig, url string) {
	city := mqtt.Dial(mqtt.Options{URL: url, ClientID: "platform", User: "city", Password: func() (string, error) { return "c", nil }}, nil)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			select {
			case <-ctx.Done():
				return
			case <-time.After(time.Second):
			}
			s, err := city(ctx, uplink.Will{}, func(uplink.Message) {})
			if err != nil {
				continue // the broker is away
			}
			for _, lane := range []devices.Lane{devices.AlarmLane, devices.EventLane} {
				select {
				case <-s.Publish(down("ack", r.receiptOf(lane))).Done():
				case <-s.Lost():
				}
			}
			s.Drop()
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
}

// receiptOf is what a platform that knows how far a lane was sent would say.
func (r *rig) receiptOf(lane devices.Lane) string {
	upto := r.store.Marks(lane).Sent
	missing := [][2]uint64{}
	r.city.mu.Lock()
	defer r.city.mu.Unlock()
	for n := uint64(1); n <= upto && len(missing) < 64; n++ {
		switch last := len(missing) - 1; {
		case r.city.ids[fmt.Sprintf("%s-%s-%d", r.store.Epoch(), lane, n)]:
		case last >= 0 && missing[last][1] == n-1:
			missing[last][1] = n
		default:
			missing = append(missing, [2]uint64{n, n})
		}
	}
	if len(missing) == 64 {
		upto = missing[63][1]
	}
	text, err := json.Marshal(map[string]any{"epoch": r.store.Epoch(), "lane": lane, "upto": upto, "missing": missing})
	if err != nil {
		panic(err) // of numbers and words
	}
	return string(text)
}
