package uplink_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/ingest/store"
)

const large = 1 << 20

// photos names the alarms whose pictures arrived, in order.
func (p *place) photos() []string {
	var list []string
	for _, m := range p.broker.Messages() {
		if _, of, ok := strings.Cut(m.Topic, "/up/snapshot/check-1-top/"); ok {
			list = append(list, strings.TrimPrefix(of, string(epoch)+"-alarm-"))
		}
	}
	return list
}

// sees fails unless exactly the pictures of these alarms arrived, in order.
func (p *place) sees(when string, want ...string) {
	p.t.Helper()
	if diff := cmp.Diff(want, p.photos()); diff != "" {
		p.t.Errorf("pictures %s (-want +got):\n%s", when, diff)
	}
}

// TestPictureGoesLast: a picture is not retained, has the bytes that are kept,
// goes after everything else, the newest first, and each once.
func TestPictureGoesLast(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.start(p.options())
		synctest.Wait()
		before := len(p.broker.Messages())
		p.store.take(1, 50_000, false)
		time.Sleep(time.Second)
		p.store.take(2, large, false)
		p.store.add(devices.EventLane, 200)
		after(time.Minute)
		arrived := p.broker.Messages()[before:]
		if got := p.count(devices.EventLane); got != 200 {
			t.Errorf("got %d events", got)
		}
		var kinds []string
		for _, m := range arrived[200:] {
			if strings.Contains(m.Topic, "/snapshot/") {
				kinds = append(kinds, fmt.Sprint(m.Topic, " ", m.Retain, " ", len(m.Payload)))
			}
		}
		const topic = "sitepost/1/harbour/up/snapshot/check-1-top/7f3a9c51d20b44e6-alarm-"
		if diff := cmp.Diff([]string{topic + "2 false 1048576", topic + "1 false 50000"}, kinds); diff != "" {
			t.Errorf("behind the events (-want +got):\n%s", diff)
		}
		if left := p.store.PicturesToSend(); len(left) != 0 {
			t.Errorf("still to be sent: %v", left)
		}
	})
}

// TestAlarmPassesPicture: while a picture waits for its receipt an alarm goes at
// once, as many alarms as without it, and no second picture.
func TestAlarmPassesPicture(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.start(p.options())
		synctest.Wait()
		p.broker.Hold(true)
		p.store.take(1, large, false)
		p.store.take(2, large, true)
		synctest.Wait()
		p.sees("on their way", "2")
		p.store.add(devices.AlarmLane, 100)
		synctest.Wait() // no time passes
		if got := p.count(devices.AlarmLane); got < 30 {
			t.Errorf("alarms beside a picture: got %d, want a whole window", got)
		}
		after(time.Second)
		p.sees("on their way", "2")
		p.broker.Hold(false)
		after(2 * time.Minute)
		p.sees("in the end", "2", "1")
	})
}

// TestPictureWaitsForWindow: a picture does not go while anything else is on its
// way, so an alarm never finds two large things before it.
func TestPictureWaitsForWindow(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.start(p.options())
		synctest.Wait()
		p.broker.Hold(true)
		p.store.add(devices.EventLane, 1)
		p.store.take(1, 1000, true)
		after(10 * time.Second)
		p.sees("beside an event")
		p.broker.Hold(false)
		after(time.Second)
		p.sees("after it", "1")
	})
}

// TestPicturesRest: after a picture the line is free of pictures for three times
// as long as that took, and on a slow line only small ones go, until it is tried
// again six hours later.
func TestPicturesRest(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.start(p.options())
		synctest.Wait()
		p.broker.Latency(time.Second)
		for i := range 3 {
			p.store.take(3-i, large, true)
		}
		after(3900 * time.Millisecond)
		p.sees("before the rest is over", "1")
		after(200 * time.Millisecond)
		p.sees("after it", "1", "2")
		p.broker.Latency(8 * time.Second)
		after(time.Minute)
		p.sees("a slow one", "1", "2", "3")
		p.store.take(4, large, true)
		p.store.take(5, large/4+1, true)
		after(time.Hour)
		p.sees("too large for two seconds", "1", "2", "3")
		p.store.take(6, large/4, true)
		after(time.Hour)
		p.sees("a small one", "1", "2", "3", "6")
		p.broker.Latency(10 * time.Millisecond)
		p.store.take(7, 40_000, true)
		after(time.Minute)
		p.sees("on a line that is fast again", "1", "2", "3", "6", "7", "5", "4")
	})
}

// TestPictureTooSlow: a picture that the line does not carry in ten seconds ends
// the connection. The alarm behind it goes first on the next, and one of half the
// size goes before that one is tried again.
func TestPictureTooSlow(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.start(p.options())
		synctest.Wait()
		p.broker.Latency(11 * time.Second)
		p.store.take(1, large, true)
		after(5 * time.Second)
		before := len(p.kinds())
		p.store.add(devices.AlarmLane, 1)
		after(4900 * time.Millisecond)
		if got := p.broker.Dials(); got != 1 {
			t.Errorf("dials before ten seconds: got %d, want 1", got)
		}
		p.broker.Latency(0)
		after(1100 * time.Millisecond)
		want := []string{"alarm/gas-1", "state", "canary", "state", "alarm/gas-1"}
		got := slices.DeleteFunc(p.kinds()[before:], func(kind string) bool { return kind == "open" })
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("what arrived (-want +got):\n%s", diff)
		}
		if got := p.link.Status().Connects; got != 2 {
			t.Errorf("connections: got %d, want 2", got)
		}
		p.store.take(2, large/2, true)
		after(5 * time.Hour)
		p.sees("of half the size", "1", "2")
		after(2 * time.Hour)
		p.sees("six hours later", "1", "2", "1")
	})
}

// TestPictureBreaksLine: a broker that ends each connection at a large picture
// has two of them broken, and then hears small pictures and all alarms; six hours
// later the large one is tried again.
func TestPictureBreaksLine(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.start(p.options())
		synctest.Wait()
		p.broker.Latency(time.Second)
		p.store.take(1, large, true)
		for i := range 2 {
			for len(p.photos()) <= i {
				after(10 * time.Millisecond)
			}
			p.broker.Kill(0)
		}
		p.store.add(devices.AlarmLane, 1)
		after(time.Hour)
		p.store.take(2, large/2, true)
		after(time.Hour)
		if got := p.count(devices.AlarmLane); got != 1 || p.broker.Dials() != 3 {
			t.Errorf("got %d alarms after %d dials, want 1 after 3", got, p.broker.Dials())
		}
		p.sees("of half the size", "1", "1", "2")
		after(5 * time.Hour)
		p.sees("six hours later", "1", "1", "2", "1")
	})
}

// TestPicturesAfterOutage: the pictures of an outage begin when other old things
// do, no faster than these; a fresh one does not wait for them.
func TestPicturesAfterOutage(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		for i := range 30 {
			p.store.take(i+1, 1000, false)
		}
		time.Sleep(time.Second)
		o := p.options()
		o.DrainRate, o.DrainStart = 1, 5*time.Minute
		p.start(o)
		synctest.Wait()
		p.sees("at once")
		p.store.take(31, 1000, true)
		after(time.Millisecond)
		p.sees("that are fresh", "31")
		last := 1
		for range 6 * 60 {
			after(time.Second)
			now := len(p.photos())
			if now-last > 2 {
				t.Errorf("pictures in one second: got %d, want one, two at most", now-last)
			}
			last = now
		}
		if last != 31 {
			t.Errorf("got %d pictures, want 31", last)
		}
	})
}

// TestPictureGone: a picture that retention took is passed over, and one that
// cannot be read is given up; neither stops the others, nor the link.
func TestPictureGone(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.store.take(1, 1000, false)
		p.store.take(2, 0, false)
		gone := gonePictures{p.store, store.Picture{Incident: string(epoch) + "-alarm-3", Camera: "check-1-top", Bytes: 7}}
		o := p.options()
		o.Store = gone
		p.start(o)
		after(time.Minute)
		p.sees("that can be read", "1")
		if left := p.store.PicturesToSend(); len(left) != 0 {
			t.Errorf("still to be sent: %v", left)
		}
		p.store.add(devices.AlarmLane, 1)
		after(time.Minute)
		if got := p.count(devices.AlarmLane); got != 1 {
			t.Errorf("got %d alarms", got)
		}
	})
}

// gonePictures lists one more than there is.
type gonePictures struct {
	*memory
	one store.Picture
}

func (g gonePictures) PicturesToSend() []store.Picture {
	return append([]store.Picture{g.one}, g.memory.PicturesToSend()...)
}

// TestStopWithPictures: a box that stops waits for no picture; it is sent in the
// next run.
func TestStopWithPictures(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.broker.Latency(time.Second)
		for i := range 10 {
			p.store.take(i+1, 1000, false)
		}
		p.start(p.options())
		after(3500 * time.Millisecond)
		stopping := time.Now()
		p.stop()
		if took := time.Since(stopping); took > 2*time.Second {
			t.Errorf("stopping took %v", took)
		}
		if left := len(p.store.PicturesToSend()); left < 8 {
			t.Errorf("%d pictures left, want most of them", left)
		}
		p.start(p.options())
		after(10 * time.Minute)
		if left := len(p.store.PicturesToSend()); left != 0 {
			t.Errorf("%d pictures left after the next run", left)
		}
	})
}

// TestPicturesOfRealStore: what a store keeps during an outage, and through a
// restart, reaches the city with its bytes, once.
func TestPicturesOfRealStore(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		var photo bytes.Buffer
		if err := jpeg.Encode(&photo, image.NewGray(image.Rect(0, 0, 64, 48)), nil); err != nil {
			t.Fatal(err)
		}
		directory := t.TempDir()
		reopen := func() *store.Store {
			s, err := store.Open(store.Options{Directory: directory, Site: site, SendPictures: func(string) bool { return true }})
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		s := reopen()
		for i := range 2 {
			if _, err := s.KeepPicture(fmt.Sprintf("%s-alarm-%d", epoch, i+1), "check-1-top", photo.Bytes()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		o := p.options()
		p.broker.Away(errors.New("no line"))
		for range 2 {
			o.Store = s
			p.start(o)
			after(time.Minute)
			p.stop()
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = reopen()
			p.broker.Away(nil)
		}
		defer s.Close()
		p.sees("after the outage", "2", "1")
		for _, m := range p.broker.Messages() {
			if strings.Contains(m.Topic, "/snapshot/") && !bytes.Equal(m.Payload, photo.Bytes()) {
				t.Errorf("%s: %d bytes are not those that were kept", m.Topic, len(m.Payload))
			}
		}
		if left := s.PicturesToSend(); left != nil {
			t.Errorf("still to be sent after a restart: %v", left)
		}
	})
}
