package ingest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"
	"unicode"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// How often a stream is told, however often its driver speaks. To show and to
// record it costs flash a commit, which all cameras share: what need not be told
// at once waits for the next tick of the second.
const (
	streamEvery = time.Minute // figures alone are shown, and a stream that fails as before is recorded, no more often

	recordEvery = 50 * time.Second // of all records in the long run: less than a visit a minute may come early
	recordBurst = 6                // of them at once, for the moments when much happens

	changeEvery = 10 * time.Second // of what is shown because it became something else
	changeBurst = 10
)

// A view is what is told of one camera's stream: on up/stream/<camera>, and in
// the reading lane.
//
//	                 what is new              shown              recorded
//	disabled         the word                 at once            never
//	resolving …      nothing was found yet    by the next tick   never
//	                 something was found      never              never
//	live, degraded   the words                at once            each visit
//	                 the figures              once a minute      each visit
//	all others       the state                at once            at once
//	                 the reasons              at once            once a minute
//	                 nothing, or numbers      once a minute      once a minute
//
// So what was found out stays on show until something else is found out: a
// camera that is gone is not "connecting" every few seconds, and one that is
// visited every minute does not go through five states every time.
type view struct {
	putting turn // held while it is put on its topic: what is newest is put last

	mu      sync.Mutex // guards all below; taken after putting
	found   bool       // doc is more than passing by
	doc     string     // to be shown; "" nothing was said in this run
	words   string     // of doc
	shown   string     // on the topic
	said    string     // words of shown
	at      time.Time  // of showing it
	unshown bool       // the last try to show it failed
	changes pace

	state    string    // that was recorded last
	recorded time.Time // when
	records  pace
}

// A pace lets some things through at once, and one each while in the long run.
type pace struct{ even time.Time } // when all that went through was due

func (p *pace) allow(now time.Time, every time.Duration, burst int) bool {
	if p.even.Before(now) {
		p.even = now
	}
	if p.even.Sub(now) > time.Duration(burst-1)*every {
		return false
	}
	p.even = p.even.Add(every)
	return true
}

// takeStream records and shows what was found out about a camera's stream.
func (in *Ingest) takeStream(w *watched, p devices.Place, e devices.Event) error {
	now := time.Now()
	if w.view.isToRecord(e.Stream, now) {
		if err := in.append(p, e); err != nil {
			return err
		}
	}
	doc, err := json.Marshal(e.Stream)
	if err != nil {
		return nil // a figure that JSON cannot say: append has told it
	}
	if w.view.take(e.Stream, string(doc), now) {
		in.showStream(w, now)
	}
	return nil
}

// isToRecord says whether a stream is to be recorded, and notes that it is.
func (v *view) isToRecord(s *devices.Stream, now time.Time) bool {
	if s.Passes() {
		return false
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	asBefore := s.State == v.state && !givesPictures(s)
	if asBefore && now.Sub(v.recorded) < streamEvery || !v.records.allow(now, recordEvery, recordBurst) {
		return false
	}
	v.state, v.recorded = s.State, now
	return true
}

// take notes what is to be shown. It says whether that is to be done now.
func (v *view) take(s *devices.Stream, doc string, now time.Time) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	onItsWay := s.Passes() && s.State != devices.StreamDisabled
	if onItsWay && v.found {
		return false
	}
	v.found, v.doc, v.words = !s.Passes(), doc, wordsOf(s)
	return !onItsWay && v.isNews(now)
}

// isNews says whether a person would read other words than are shown, and may
// now. v.mu is held.
func (v *view) isNews(now time.Time) bool {
	return v.words != v.said && v.changes.allow(now, changeEvery, changeBurst)
}

// isDue says whether there is something to show by now.
func (v *view) isDue(now time.Time, last bool) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.doc == v.shown {
		return false
	}
	return last || now.Sub(v.at) >= streamEvery && v.words == v.said || v.isNews(now)
}

// givesPictures says whether a stream that was visited is one to count on.
func givesPictures(s *devices.Stream) bool {
	return s.State == devices.StreamLive || s.State == devices.StreamIsDegraded
}

// wordsOf is all that a person reads in a stream beside its figures. Of the
// reasons only the letters count: in numbers no two are alike.
func wordsOf(s *devices.Stream) string {
	letters := func(r rune) rune {
		if unicode.IsLetter(r) {
			return r
		}
		return -1
	}
	why := strings.Map(letters, strings.Join(s.Why, ""))
	said, err := json.Marshal([]any{s.State, why, s.URI, s.Transport, s.Codec, s.Profile, s.Level, s.Width, s.Height,
		s.FPSNominal, s.Parameters, s.HD, s.RateMode, s.Conform, s.Audio, s.Metadata})
	if err != nil {
		return fmt.Sprint(s.State, why)
	}
	return string(said)
}

// Bounds on what a camera may say of its stream. Together they fit into a message,
// however they are written.
const (
	maxName       = 64      // characters of a codec, profile or level
	mostReasons   = 64      // reasons
	roomOfReasons = 4 << 10 // bytes of all of them
)

// tidy is a stream whose words are as long as they may be, and whose address has no
// login in it: much of it is as the camera says it. It is a copy.
func tidy(s *devices.Stream) *devices.Stream {
	if s == nil {
		return nil
	}
	t := *s
	t.Codec, t.Profile, t.Level, t.Why = cut(s.Codec, maxName), cut(s.Profile, maxName), cut(s.Level, maxName), nil
	room := roomOfReasons
	for _, why := range s.Why {
		why = bounded(why)
		if room -= len(why); room < 0 {
			break
		}
		if why != "" {
			t.Why = append(t.Why, why)
		}
	}
	t.Why = t.Why[:min(len(t.Why), mostReasons)]
	if u, err := url.Parse(s.URI); err != nil || u.User != nil || len(s.URI) > maxText {
		t.URI = ""
	}
	return &t
}

// showStream puts a stream on its topic. What fails is tried again by the next
// tick.
func (in *Ingest) showStream(w *watched, now time.Time) {
	v := &w.view
	v.putting.take()
	defer v.putting.give()
	if w.hasLeft() {
		return
	}
	v.mu.Lock()
	doc, words := v.doc, v.words
	v.mu.Unlock()
	err := in.opt.Store.Put("stream/"+w.name, json.RawMessage(doc))
	v.mu.Lock()
	if err == nil || errors.Is(err, store.ErrRefused) { // to try that again is useless
		v.shown, v.said, v.at = doc, words, now
	}
	first := err != nil && !v.unshown
	v.unshown = err != nil
	v.mu.Unlock()
	if first {
		in.opt.Log.Error("stream not shown", "device", w.name, "err", err)
	}
}

// showStreams shows what waits to be shown: what is due, or all of it when the
// daemon ends.
func (in *Ingest) showStreams(now time.Time, last bool) {
	var all sync.WaitGroup // together they are one commit
	for _, w := range in.everybody() {
		if w.view.isDue(now, last) {
			all.Go(func() { in.showStream(w, now) })
		}
	}
	all.Wait()
}
