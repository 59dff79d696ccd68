package cameratest

import (
	"encoding/xml"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// owns says whether a path is the event service's or a pull point's.
func (d *desk) owns(path string) bool {
	return d != nil && (path == eventPath || path == pointPath || strings.HasPrefix(path, pointPath+"/"))
}

// capability tells the event service in GetCapabilities.
func (d *desk) capability(host string) string {
	if d == nil {
		return ""
	}
	return fmt.Sprintf(`<tt:Events><tt:XAddr>http://%s%s</tt:XAddr><tt:WSPullPointSupport>%t</tt:WSPullPointSupport></tt:Events>`, host, eventPath, !d.o.NoSupport)
}

// serve answers a question to the event service.
func (d *desk) serve(w http.ResponseWriter, r *http.Request) {
	if d.absent(w, r) {
		return
	}
	var q eventQuestion
	raw, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err == nil {
		err = xml.Unmarshal(raw, &q)
	}
	if err != nil && !d.camera.door.digests() {
		d.fault(w, "ter:WellFormed", err.Error())
		return
	}
	if ok, stale := d.camera.door.admits(r, q.token()); !ok {
		d.camera.refuse(w, r, stale)
		return
	}
	action, known := actions()[q.Body.Asked.XMLName]
	if !known {
		d.fault(w, "ter:ActionNotSupported", "not a question of this service")
		return
	}
	if d.misaddressed(w, r, &q, action) {
		return
	}
	if q.Body.Asked.XMLName.Local == "CreatePullPointSubscription" {
		d.create(w, r, &q)
		return
	}
	d.servePoint(w, r, &q)
}

// absent answers for an event service that is not there and says whether it did.
func (d *desk) absent(w http.ResponseWriter, r *http.Request) bool {
	if !d.o.Missing && !d.o.Mute {
		return false
	}
	d.mu.Lock()
	d.count.CreationsRefused++
	d.mu.Unlock()
	if d.o.Mute {
		panic(http.ErrAbortHandler)
	}
	http.NotFound(w, r)
	return true
}

// misaddressed refuses what is wrong about the headers of WS-Addressing and says
// whether it did.
func (d *desk) misaddressed(w http.ResponseWriter, r *http.Request, q *eventQuestion, action string) bool {
	wrong := ""
	switch pull := action == pullAction; {
	case !q.addressed() && (d.o.HeadersRequired || d.o.ByReference || d.o.ByProperties):
		wrong = "headers are required"
	case q.addressed() && d.o.HeadersKill:
		wrong = "headers kill"
	case q.addressed() && d.o.HeadersRefused && pull:
		wrong = "headers are not understood"
	case q.addressed():
		wrong = q.misaddressed(action, "http://"+r.Host+r.URL.RequestURI())
		if kind := r.Header.Get("Content-Type"); wrong == "" && !strings.Contains(kind, `action="`+action+`"`) {
			wrong = "content type " + kind
		}
	}
	if wrong == "" {
		return false
	}
	d.mu.Lock()
	d.count.Misaddressed++
	d.mu.Unlock()
	if d.o.HeadersKill {
		panic(http.ErrAbortHandler)
	}
	d.fault(w, "wsa:InvalidAddressingHeader", wrong)
	return true
}

// fault answers with a fault of the event service.
func (d *desk) fault(w http.ResponseWriter, subcode, reason string) {
	d.camera.answer(w, http.StatusInternalServerError, fmt.Sprintf(`<s:Fault%s><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>%s</s:Value></s:Subcode></s:Code>`+
		`<s:Reason><s:Text xml:lang="en">%s</s:Text></s:Reason></s:Fault>`, faultSpaces, subcode, asText(reason)))
}

// respond answers with what is inside an element of the event service.
func (d *desk) respond(w http.ResponseWriter, element, content string) {
	d.camera.answer(w, http.StatusOK, "<"+element+eventSpaces+` xmlns:own="`+ownSpace+`">`+content+"</"+element+">")
}

// add makes a pull point. It is called with mu held.
func (d *desk) add(life time.Duration) *point {
	d.made++
	p := &point{id: strconv.Itoa(d.made), asked: life, until: time.Now().Add(life)}
	d.points[p.id] = p
	return p
}

// create answers CreatePullPointSubscription.
func (d *desk) create(w http.ResponseWriter, r *http.Request, q *eventQuestion) {
	d.mu.Lock()
	defer d.mu.Unlock()
	defer d.change()
	d.log("Create", q.Body.Asked.InitialTerminationTime)
	life, err := d.parseTermination(q.Body.Asked.InitialTerminationTime)
	refusal := ""
	switch {
	case q.Body.Asked.Filter != nil: // Dahua: edgex#167
		refusal = "wsntw:InvalidFilterFault"
	case err != nil:
		refusal = "wsntw:UnacceptableInitialTerminationTimeFault"
	case d.live() >= d.o.Limit:
		refusal = "wsntw:SubscribeCreationFailedFault"
	}
	if refusal != "" {
		d.count.CreationsRefused++
		d.fault(w, refusal, "")
		return
	}
	d.count.Created++
	p := d.add(min(life, d.o.Lifetime))
	d.initialize(p)
	if d.o.CreatesAfter > 0 {
		d.change()
		d.mu.Unlock()
		d.camera.pause(r.Context(), d.o.CreatesAfter)
		d.mu.Lock()
	}
	host := d.camera.told(r)
	if d.door != "" {
		host = d.door
	}
	d.respond(w, "tev:CreatePullPointSubscriptionResponse", d.reference(host, p)+d.ends("wsnt", p))
}

// log notes how a time was written. It is called with mu held.
func (d *desk) log(what string, time *string) {
	word := "untold"
	if time != nil {
		word = *time
	}
	d.times = append(d.times, what+" "+word)
}

// initialize queues all states.
func (d *desk) initialize(p *point) {
	for _, s := range d.states {
		p.queue = append(p.queue, message(s, "Initialized", d.camera.now()))
	}
}

// ends tells the end of a pull point, and the camera's time.
func (d *desk) ends(prefix string, p *point) string {
	now := d.camera.now().UTC()
	end := now.Add(time.Until(p.until)).Format(stampForm)
	if d.o.Termination != "" {
		end = d.o.Termination
	}
	current := fmt.Sprintf("<%[1]s:CurrentTime>%[2]s</%[1]s:CurrentTime>", prefix, now.Format(stampForm))
	if d.o.NoCurrentTime {
		current = ""
	}
	return current + fmt.Sprintf("<%[1]s:TerminationTime>%[2]s</%[1]s:TerminationTime>", prefix, end)
}

// servePoint answers a question to a pull point.
func (d *desk) servePoint(w http.ResponseWriter, r *http.Request, q *eventQuestion) {
	d.mu.Lock()
	defer d.mu.Unlock()
	defer d.change()
	d.live()
	p := d.points[d.meant(r.URL.Path, q)]
	if p == nil {
		d.count.UnknownPoint++
		d.fault(w, "wsrf-rw:ResourceUnknownFault", "")
		return
	}
	switch q.Body.Asked.XMLName.Local {
	case "PullMessages":
		d.pull(w, r, q, p)
	case "Renew":
		d.renew(w, q, p)
	case "SetSynchronizationPoint":
		d.synchronize(w, p)
	case "Unsubscribe":
		d.count.Unsubscribed++
		delete(d.points, p.id)
		if d.o.EndsAll {
			clear(d.points)
		}
		d.respond(w, "wsnt:UnsubscribeResponse", "")
	}
}

func (d *desk) synchronize(w http.ResponseWriter, p *point) {
	if d.o.NoSynchronize {
		d.fault(w, "ter:ActionNotSupported", "")
		return
	}
	d.count.Synchronizations++
	d.initialize(p)
	d.respond(w, "tev:SetSynchronizationPointResponse", "")
}

func (d *desk) renew(w http.ResponseWriter, q *eventQuestion, p *point) {
	d.log("Renew", q.Body.Asked.TerminationTime)
	life, err := d.parseTermination(q.Body.Asked.TerminationTime)
	if err != nil || d.o.RefusesRenewal {
		d.count.RenewalsRefused++
		d.fault(w, "wsntw:UnacceptableTerminationTimeFault", "")
		return
	}
	d.count.Renewals++
	p.asked = min(life, d.o.Lifetime)
	p.until = time.Now().Add(p.asked)
	d.respond(w, "wsnt:RenewResponse", d.ends("wsnt", p))
}

// hangUp ends the connection without a word.
func hangUp(w http.ResponseWriter, reset bool) {
	if c, _, err := http.NewResponseController(w).Hijack(); err == nil {
		if t, ok := c.(*net.TCPConn); ok && reset {
			_ = t.SetLinger(0)
		}
		_ = c.Close()
	}
}
