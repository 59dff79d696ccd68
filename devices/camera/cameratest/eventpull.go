package cameratest

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// pull answers PullMessages: at once if something is queued, else when something
// comes or the time is over. It is called with mu held and gives it up while it
// waits.
func (d *desk) pull(w http.ResponseWriter, r *http.Request, q *eventQuestion, p *point) {
	d.count.Pulls++
	a := q.Body.Asked
	if a.Timeout == nil || a.MessageLimit == nil || *a.MessageLimit < 1 {
		d.fault(w, "ter:InvalidArgVal", "Timeout and MessageLimit")
		return
	}
	d.times = append(d.times, fmt.Sprintf("Pull %s %d", *a.Timeout, *a.MessageLimit))
	poll, err := d.parseDuration(*a.Timeout)
	limit := *a.MessageLimit
	if err != nil || d.o.RefusesLimit > 0 && limit > d.o.RefusesLimit {
		d.fault(w, "ter:InvalidArgVal", "")
		return
	}
	if d.o.MostMessages > 0 {
		limit = min(limit, d.o.MostMessages)
	}
	if d.o.MostPoll > 0 {
		poll = min(poll, d.o.MostPoll)
	}
	if d.o.EmptyAtOnce {
		poll = 0
	}
	patience := cmp.Or(d.o.HangUpAfter, d.o.ResetAfter)
	impatient := patience > 0 && patience < poll && (d.o.HangUps == 0 || d.count.Pulls <= d.o.HangUps)
	if impatient {
		poll = patience
	}
	there := d.await(r, p, poll)
	switch {
	case !there: // the asker is gone, and what is queued stays
	case impatient && len(p.queue) == 0:
		hangUp(w, d.o.ResetAfter > 0)
	case d.points[p.id] == nil:
		d.fault(w, "wsrf-rw:ResourceUnknownFault", "")
	default:
		d.deliver(w, p, limit)
	}
}

// await waits until something is queued for a pull point, it is gone, or the time
// is over. It returns false when the asker is gone.
func (d *desk) await(r *http.Request, p *point, poll time.Duration) bool {
	end := time.NewTimer(poll)
	defer end.Stop()
	d.count.Waiting++
	defer func() { d.count.Waiting-- }()
	d.change()
	for len(p.queue) == 0 && d.points[p.id] != nil && d.o.Giant == 0 {
		changed := d.changed
		d.mu.Unlock()
		over, away := false, false
		select {
		case <-changed:
		case <-end.C:
			over = true
		case <-r.Context().Done():
			away = true
		case <-d.camera.closed:
			away = true
		}
		d.mu.Lock()
		if over || away {
			d.live()
			return !away
		}
	}
	return true
}

// deliver answers with what is queued, up to the limit.
func (d *desk) deliver(w http.ResponseWriter, p *point, limit int) {
	n := min(len(p.queue), limit)
	messages := p.queue[:n]
	p.queue = p.queue[n:]
	if d.o.KeepsAlive {
		p.until = time.Now().Add(p.asked)
	}
	content := d.ends("tev", p) + strings.Join(messages, "")
	if d.o.Giant > 0 {
		content += strings.Repeat(message(Notice{"tns1:Device/Flood", "Token=1", []string{"State=true"}}, "Changed", d.camera.now()), d.o.Giant)
	}
	if d.count.Pulls <= d.o.CutPulls {
		w.Header().Set("Content-Length", "4096")
		_, _ = io.WriteString(w, "<Envelope><Body>")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	d.respond(w, "tev:PullMessagesResponse", content)
}
