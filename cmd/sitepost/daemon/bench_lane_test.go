package daemon_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"sitepost/devices"
	"sitepost/ingest"
	"sitepost/ingest/store"
	"sitepost/uplink"
	"sitepost/uplink/mqtt"
	"sitepost/uplink/mqtt/mqtttest"
)

// benchDevices is how many devices speak, in turn.
const benchDevices = 16

// A benchLane is the way of an alarm from a device through ingest, store, link and
// mosquitto to somebody in the city.
type benchLane struct {
	broker *mqtttest.Broker
	city   *mqtttest.Collector
	heard  int // messages looked at so far
}

func newBenchLane(b *testing.B) *benchLane {
	b.Helper()
	broker := mqtttest.Start(b)
	return &benchLane{broker: broker, city: broker.Subscribe(b, uplink.Topic(benchSite, "alarm/#"))}
}

// ours returns for each of count alarms how many milliseconds lay between emit
// and its arrival, waiting for the disk included.
func (l *benchLane) ours(b *testing.B, perSecond, count int) []float64 {
	b.Helper()
	st, err := store.Open(store.Options{Directory: filepath.Join(b.TempDir(), "store"), Site: benchSite, Clock: benchClock})
	if err != nil {
		b.Fatal(err)
	}
	places := map[string]devices.Place{"box": {Device: devices.Named{Name: "box", Kind: devices.Box}}}
	silence := map[string]time.Duration{}
	for n := range benchDevices {
		p := benchPlace(n)
		places[p.Device.Name], silence[p.Device.Name] = p, 0
	}
	in := ingest.New(ingest.Options{Store: st, Site: ingest.Site{Places: places}, Log: slog.New(slog.DiscardHandler)})
	link := uplink.NewLink(uplink.Options{
		Site: benchSite, Store: st, Dials: []uplink.Dial{l.dial("ours")},
		Say: func(e devices.Event) error { return in.Say("box", e) },
	})
	ctx, cancel := context.WithCancel(context.Background())
	m := microphone(make(chan func(devices.Event) error, 1))
	ended := make(chan error, 2)
	go func() { ended <- link.Run(ctx) }()
	go func() { ended <- in.Run(ctx, []ingest.Conversation{{Name: "microphone", Device: m, Silence: silence}}) }()
	emit := <-m
	took := l.ring(b, perSecond, count, func(n int, mark string) error {
		e := benchEvent("screening.metal.alarm", n%benchDevices)
		e.Detail, e.Point = mark, strconv.Itoa(n/(20*benchDevices)) // one point alone would chatter, and be held back
		return emit(e)
	})
	cancel()
	if err := errors.Join(<-ended, <-ended, st.Close()); err != nil {
		b.Fatal(err)
	}
	return took
}

// floor returns the same for a record that is appended to a log and published.
func (l *benchLane) floor(b *testing.B, perSecond, count int) []float64 {
	b.Helper()
	log := openFloor(b, b.TempDir(), 1)
	session, err := l.dial("floor")(b.Context(), uplink.Will{}, func(uplink.Message) {})
	if err != nil {
		b.Fatal(err)
	}
	var one sync.Mutex // at a time
	took := l.ring(b, perSecond, count, func(_ int, mark string) error {
		one.Lock()
		defer one.Unlock()
		if err := log.put(1); err != nil {
			return err
		}
		session.Publish(uplink.Message{
			Topic:   uplink.Topic(benchSite, "alarm/floor"),
			Payload: fmt.Appendf(nil, `{"data":{"detail":%q,"text":%q}}`, mark, floorText),
		})
		return nil
	})
	if err := errors.Join(session.Close(b.Context()), log.close()); err != nil {
		b.Fatal(err)
	}
	return took
}

// floorText makes the floor's message about as long as one of ours.
var floorText = strings.Repeat("x", 850)

func (l *benchLane) dial(client string) uplink.Dial {
	return mqtt.Dial(mqtt.Options{URL: l.broker.Direct, ClientID: "bench-" + client}, uplink.Subscriptions(benchSite))
}

// A microphone is a conversation that hands its emit to the test.
type microphone chan func(devices.Event) error

func (m microphone) Run(ctx context.Context, emit func(devices.Event) error) error {
	m <- emit
	<-ctx.Done()
	return nil
}

// ring says count alarms after a few that make everything warm.
func (l *benchLane) ring(b *testing.B, perSecond, count int, say func(n int, mark string) error) []float64 {
	b.Helper()
	l.volley(b, perSecond, 10, say)
	return l.volley(b, perSecond, count, say)
}

// volley says alarms at a steady rate, whether or not the earlier ones are safe
// yet, waits until the city has them all, and returns how long each took.
func (l *benchLane) volley(b *testing.B, perSecond, count int, say func(n int, mark string) error) []float64 {
	b.Helper()
	said := make([]time.Time, count)
	errs := make([]error, count)
	var talking sync.WaitGroup
	ticker := time.NewTicker(time.Second / time.Duration(perSecond))
	defer ticker.Stop()
	for n := range count {
		<-ticker.C
		talking.Go(func() {
			said[n] = time.Now()
			errs[n] = say(n, strconv.Itoa(n))
		})
	}
	talking.Wait()
	if err := errors.Join(errs...); err != nil {
		b.Fatal(err)
	}
	return l.arrivals(b, said)
}

// arrivals waits for as many messages as were said and returns how long each
// took, in milliseconds.
func (l *benchLane) arrivals(b *testing.B, said []time.Time) []float64 {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), 30*time.Second)
	defer cancel()
	took := make([]float64, len(said))
	left := len(said)
	err := l.city.Await(ctx, func(all []mqtttest.Message) bool {
		for ; l.heard < len(all); l.heard++ {
			m := all[l.heard]
			var doc struct{ Data struct{ Detail string } }
			if err := json.Unmarshal(m.Payload, &doc); err != nil {
				b.Errorf("%s: %v", m.Payload, err)
			}
			n, err := strconv.Atoi(doc.Data.Detail)
			if err != nil {
				continue // what the box says of itself
			}
			took[n] = m.At.Sub(said[n]).Seconds() * 1000
			left--
		}
		return left == 0
	})
	if err != nil {
		b.Fatal(fmt.Errorf("%d alarms did not arrive: %w", left, err))
	}
	return took
}
