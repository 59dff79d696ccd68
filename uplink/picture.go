package uplink

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"sitepost/ingest/store"
	"sitepost/ingest/store/album"
)

// A picture is one MQTT packet, and whatever comes behind it on the connection
// waits until the line has carried it: 1 MiB is 8 s of 1 Mbit/s. So an alarm may
// have to wait for one picture, never for two, and not for long:
//
//   - A picture that takes longer than pictureMost ends the connection: what is
//     urgent goes first on the next, and what is larger than half of it waits.
//   - A picture goes when nothing else is in flight, and one at a time. It takes
//     nothing from the window: an alarm is handed over behind it at once.
//   - After each picture the line rests from pictures for three times as long as
//     that one took.
//   - If one took longer than pictureTime, those that would as well wait for a
//     better line. Two connections in a row that broke under a picture were broken
//     by it as well: there are brokers that take no such packet. Every six hours
//     those may go that are twice as large.
const (
	pictureTime = 2 * time.Second
	pictureMost = 10 * time.Second
	pictureRest = 3           // times what the last one took
	leastBound  = windowBytes // bytes that every line is trusted with
	boundHolds  = 6 * time.Hour
)

// errHeavy ends a connection that a picture has held up for too long.
var errHeavy = fmt.Errorf("a picture was not acknowledged within %v (the line is too slow for it, or the broker does not take it)", pictureMost)

// A pace is what pictures have shown of the line. It outlives a connection.
type pace struct {
	bound  int       // bytes of the largest picture that may go; 0: any
	since  time.Time // when it was last lowered
	broken int       // connections in a row that broke under a picture
}

// may says whether a picture of that size may go, or when to ask again.
func (p *pace) may(size int, now time.Time) (bool, time.Time) {
	again := p.since
	for bound := p.bound; bound != 0 && size > bound; bound *= 2 {
		if again = again.Add(boundHolds); now.Before(again) {
			return false, again
		}
	}
	return true, time.Time{}
}

// took notes how long a picture was on its way.
func (p *pace) took(size int, took time.Duration, now time.Time) {
	if p.broken < 2 || size > p.bound {
		p.broken = 0
	}
	carries := int(min(float64(size)*float64(pictureTime)/float64(max(took, 1)), album.MostBytes))
	switch {
	case took > pictureTime:
		p.bound, p.since = max(carries, leastBound), now
	case p.bound != 0 && p.broken == 0: // of what breaks a connection a small one says nothing
		p.bound = max(p.bound, carries)
	}
}

// broke notes that a connection ended with a picture on its way, and whether
// that is certain to be why.
func (p *pace) broke(size int, certain bool, now time.Time) {
	if p.broken++; certain {
		p.broken = max(p.broken, 2)
	}
	if p.broken > 1 {
		p.bound, p.since = max(size/2, leastBound), now
	}
}

// pictures is the source of what stands to be sent beside the store, the newest
// first. Those from before the connection are held back as old records are.
type pictures struct {
	site  string
	store Store
	log   *slog.Logger
	pace  *pace
	slow  *throttle
	began time.Time // the connection

	next   *offer
	flying int       // bytes of the one in flight; 0: none is
	rest   time.Time // none goes before
	dry    bool      // none may go before the store changes,
	later  time.Time // or before then; zero: never
}

func newPictures(l *Link, slow *throttle, now time.Time) *pictures {
	return &pictures{site: l.Site, store: l.Store, log: l.Log, pace: &l.pace, slow: slow, began: now}
}

func (p *pictures) wake() { p.dry = false }

func (p *pictures) offer(now time.Time) (*offer, time.Time) {
	switch {
	case p.flying > 0:
		return nil, time.Time{} // its receipt wakes the connection
	case p.next != nil:
		return p.next, time.Time{}
	case now.Before(p.rest):
		return nil, p.rest
	case p.dry && (p.later.IsZero() || now.Before(p.later)):
		return nil, p.later
	}
	p.later = time.Time{}
	for _, kept := range p.store.PicturesToSend() {
		may, later := p.mayGo(kept, now)
		if !may {
			p.later = earlier(p.later, later)
			continue
		}
		if p.next = p.make(kept); p.next != nil {
			return p.next, time.Time{}
		}
	}
	p.dry = true
	return nil, p.later
}

// mayGo says whether it is time for a picture, or when to ask again.
func (p *pictures) mayGo(kept store.Picture, now time.Time) (bool, time.Time) {
	if may, again := p.pace.may(kept.Bytes, now); !may {
		return false, again
	}
	if !kept.Kept.Before(p.began) {
		return true, time.Time{}
	}
	at := p.slow.wait(now)
	return at.IsZero(), at
}

// make reads a picture. One that cannot be read is given up; one that is gone was
// told by the store.
func (p *pictures) make(kept store.Picture) *offer {
	payload, err := p.store.Picture(kept.Incident, kept.Camera)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			p.log.Error("a picture cannot be read and is not sent", "camera", kept.Camera, "incident", kept.Incident, "err", err)
			p.store.PictureSent(kept.Incident, kept.Camera)
		}
		return nil
	}
	var handed time.Time
	return &offer{
		Message: Message{Topic: Topic(p.site, "snapshot/"+kept.Camera+"/"+kept.Incident), Payload: payload},
		alone:   true,
		taken: func() {
			handed = time.Now()
			p.next, p.flying = nil, len(payload)
			if kept.Kept.Before(p.began) {
				p.slow.spend(handed)
			}
		},
		done: func() {
			now := time.Now()
			took := now.Sub(handed)
			p.flying, p.dry, p.rest = 0, false, now.Add(pictureRest*took)
			p.pace.took(len(payload), took, now)
			p.store.PictureSent(kept.Incident, kept.Camera)
		},
	}
}
