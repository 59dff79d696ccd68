package onvif

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/use-go/onvif/device"
)

// A clock is what is known of a camera's clock. All is camera minus ours.
//
//	told        by GetSystemDateAndTime, which everybody may ask
//	stamped     by the Date header of its HTTP answers
//	correction  what an accepted login showed to be missing from what was told
//
// Some cameras tell another time than they check logins by: summer time or the
// time zone counted twice or not at all (HA#90794, #91587).
type clock struct {
	told, stamped time.Duration
	known, dated  bool // told, stamped are
	summer        bool // it says that summer time is on
	correction    time.Duration
	accepted      time.Duration // by which a login was accepted last
	wasAccepted   bool
	fresh         bool // false: it is asked before the next login
}

// Limits of [clock.another].
const (
	clockStep     = 2 * time.Second  // offsets nearer than that are one: a clock tells whole seconds
	zoneStep      = 15 * time.Minute // all time zones are multiples of it
	zoneFurther   = 14 * time.Hour   // no zone is further from UTC
	zoneSlack     = time.Minute      // a clock with a wrong zone runs wrong as well
	maxCorrection = 48 * time.Hour   // more is not believed of an earlier run
)

// byLogin is the offset that logins are made with.
func (k *clock) byLogin() time.Duration { return k.told + k.correction }

// tell takes a new word of the camera. A camera that has come to tell the very
// time its logins were accepted by needs no correction any more.
func (k *clock) tell(told time.Duration, summer bool) {
	k.told, k.known, k.summer = told, true, summer
	if k.wasAccepted && same(told, k.accepted) {
		k.correction = 0
	}
}

// accept remembers an offset that a login was accepted by, unless the camera tells
// another time than when the login was made: a long poll is accepted late.
func (k *clock) accept(t ticket) {
	if !same(k.told, t.told) {
		return
	}
	k.accepted, k.wasAccepted = t.offset, true
	if k.correction = t.offset - t.told; same(k.correction, 0) {
		k.correction = 0
	}
}

// another says which offset a login may be checked by, when one with the offset
// used was refused although the clock had just been asked. A refused login counts,
// so there is one more try and not three: the first good reason decides.
func (k *clock) another(used time.Duration) (offset time.Duration, ok bool) {
	zone := k.told.Round(zoneStep)
	zoned := zone != 0 && zone.Abs() <= zoneFurther && (k.told-zone).Abs() <= zoneSlack
	for _, c := range []struct {
		reason bool
		offset time.Duration
	}{
		{true, k.byLogin()},            // it was set meanwhile, or went back at a reboot (HA#121952)
		{true, k.told},                 // it no longer tells wrong
		{k.dated, k.stamped},           // its HTTP server has another time
		{zoned, k.told - zone},         // off by a time zone, or by summer time
		{k.summer, k.told + time.Hour}, // it forgets that it put itself forward
	} {
		if c.reason && !same(c.offset, used) {
			return c.offset, true
		}
	}
	return 0, false
}

func same(a, b time.Duration) bool { return (a - b).Abs() < clockStep }

// dateAndTime is the answer to GetSystemDateAndTime.
type dateAndTime struct {
	Body struct {
		GetSystemDateAndTimeResponse *struct {
			SystemDateAndTime struct {
				DaylightSavings string
				UTCDateTime     *struct {
					Time struct{ Hour, Minute, Second number }
					Date struct{ Year, Month, Day number }
				}
			}
		}
	}
}

// time is what the camera told; false if it has no time or none that can be meant.
func (a *dateAndTime) time() (t time.Time, ok bool) {
	u := a.Body.GetSystemDateAndTimeResponse.SystemDateAndTime.UTCDateTime
	if u == nil || u.Date.Month < 1 || u.Date.Month > 12 || u.Date.Day < 1 || u.Date.Day > 31 || max(u.Time.Hour, u.Time.Minute, u.Time.Second) > 61 {
		return t, false
	}
	t = time.Date(int(u.Date.Year), time.Month(u.Date.Month), int(u.Date.Day), int(u.Time.Hour), int(u.Time.Minute), int(u.Time.Second), 0, time.UTC)
	return t, canBeMeant(t)
}

// canBeMeant holds for what a clock may show that was never set, and no more: the
// distance to others is no number any more.
func canBeMeant(t time.Time) bool { return t.Year() >= 1970 && t.Year() < 2200 }

// offset is how far a clock that told t is from ours, where now is the middle of
// the question's way. Whole seconds were told: on average it is half a second
// further.
func offset(t, now time.Time) time.Duration { return t.Add(500 * time.Millisecond).Sub(now) }

// LearnClock asks the camera's time, which everybody may ask, and keeps its
// offset to ours. It also finds the path of the device service. A [*Fault] means
// that the camera is there and does not tell; the Date header of its HTTP answers
// then stands in.
func (c *Client) LearnClock(ctx context.Context) error {
	var a dateAndTime
	q, err := c.findDevice(ctx, &a)
	if err != nil && !told(err) {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clock.fresh = true
	if err == nil && a.Body.GetSystemDateAndTimeResponse == nil {
		err = errOtherAnswer
	}
	if err == nil {
		if t, ok := a.time(); ok {
			c.clock.tell(offset(t, q.middle), isTrue(a.Body.GetSystemDateAndTimeResponse.SystemDateAndTime.DaylightSavings))
			return nil
		}
	}
	if c.clock.dated {
		c.clock.tell(c.clock.stamped, false)
	}
	return err
}

// findDevice asks for the time at each path that a device service may have, the
// known one first.
func (c *Client) findDevice(ctx context.Context, a *dateAndTime) (q *asking, err error) {
	known := c.devicePath()
	paths := append([]string{known}, devicePaths...)
	for i, path := range paths {
		if slices.Contains(paths[:i], path) {
			continue
		}
		q = &asking{Client: c, call: Call{To: c.spot().origin() + path, Question: device.GetSystemDateAndTime{}, Answer: a}}
		refused, sent := q.send(ctx, "", "")
		if err = sent; refused != nil {
			err = refused
		}
		f, isFault := errors.AsType[*Fault](err)
		switch {
		case isFault && f.Status == http.StatusNotFound:
		case c.spot().mayBeSecure(err): // and its https has the service at another path
		case err == nil || isFault:
			c.learnDevice(path)
			return q, err
		default:
			return q, err
		}
	}
	return q, err
}

func (c *Client) learnDevice(path string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.device = path
}

// ClockOffset is the camera's clock minus ours as learnt last, known to a second;
// false if it never told its time. Where its logins show that it tells its time
// wrong, it is the one that they show.
func (c *Client) ClockOffset() (offset time.Duration, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.clock.byLogin(), c.clock.known
}

// noteDate keeps the clock of the camera's HTTP server, which some have that tell
// none by GetSystemDateAndTime.
func (c *Client) noteDate(r *reply) {
	t, err := http.ParseTime(r.header.Get("Date"))
	if err != nil || !canBeMeant(t) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clock.stamped, c.clock.dated = offset(t, r.middle), true
}

// doubtClock makes the next login ask the time first: a camera that was gone may
// have come back with another (HA#121952).
func (c *Client) doubtClock() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clock.fresh = false
}

// freshClock asks the time if that was never done or is in doubt. A camera that
// is there and does not tell is asked with what is known.
func (c *Client) freshClock(ctx context.Context) error {
	c.mu.Lock()
	valid := c.clock.fresh
	c.mu.Unlock()
	if valid {
		return nil
	}
	err := c.LearnClock(ctx)
	if _, gone := errors.AsType[*Unreachable](err); gone || ctx.Err() != nil {
		return err
	}
	return nil
}

// token is what a UsernameToken is made with now.
func (c *Client) token() ticket {
	c.mu.Lock()
	defer c.mu.Unlock()
	return ticket{wsse, c.clock.byLogin(), c.clock.told}
}

// anotherToken asks the time again after a refusal, and says with what a further
// try makes sense.
func (c *Client) anotherToken(ctx context.Context, refused ticket) (t ticket, ok bool) {
	c.doubtClock()
	if err := c.freshClock(ctx); err != nil {
		return ticket{}, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	offset, ok := c.clock.another(refused.offset)
	return ticket{wsse, offset, c.clock.told}, ok
}

// acceptToken remembers what a login was accepted by.
func (c *Client) acceptToken(t ticket) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clock.accept(t)
}

// isTrue reads a boolean as cameras write it: "true", "1", "TRUE" (XML Schema 2,
// 3.2.2, and gonvif#1).
func isTrue(s string) bool {
	s = strings.TrimSpace(s)
	return s == "1" || strings.EqualFold(s, "true")
}
