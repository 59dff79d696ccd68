package uplink

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"golang.org/x/time/rate"
)

// The commands of the city, on down/command/NAME:
//
//	{id, name, issued, expires_in_s, args, counter, signature}
//
// A command is judged in this order, and the first objection is the answer; it is
// obeyed when there is none:
//
//		retained ► size ► JSON ► id ► name ► known ► allowed ► key, signature
//		  ► how many a minute ► in time ► counter ► args ► counter on disk ► obeyed
//
//	  - Without a usable id nobody can be answered; all refusals are counted.
//	  - How many a minute is asked behind the signature: who cannot sign must not be
//	    able to use up the turns of those who can.
//	  - A command whose time has passed is refused. A box that does not know the time
//	    cannot judge that. It obeys what is signed: the counter sees to it that it
//	    does so once, and to ask for records or to go slower is needed most on a box
//	    in trouble. What is not signed it refuses: there anybody could have kept it.
//	  - The counter must be above the highest that was ever obeyed, and is on disk
//	    before the command is obeyed: after a crash it is not obeyed again. A store
//	    that was replaced keeps it as far as it can be read; a new one begins at 0, and
//	    then the time alone guards against old ones.
//	  - A refused command raises no counter, so it can be mended and sent again.
const (
	mostCommand   = 8 << 10
	mostPerMinute = 30
	mostExpiry    = 24 * time.Hour
	mostAhead     = 5 * time.Minute // the city's clock may be ahead of ours
	mostCounter   = 1<<53 - 1       // every reader of JSON can count so far
)

// commandID is the shape of an id that may become part of a topic.
var commandID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// The results of a command.
const (
	resultOK          = "ok"
	resultRefused     = "refused"
	resultUnsupported = "unsupported"
	resultFailed      = "failed"
)

// A reply answers a command on up/reply/ID.
type reply struct {
	ID     string `json:"id"`
	Result string `json:"result"`
	Code   string `json:"code"` // why, for a program: stable, snake_case
	Text   string `json:"text"` // why, for a person
}

// A refusal says why a command is not obeyed.
type refusal struct{ result, code, text string }

func refuse(code, text string) *refusal { return &refusal{resultRefused, code, text} }

// A desk is where the commands of one run are judged, and what they have set.
type desk struct {
	allow   []string
	key     ed25519.PublicKey
	synced  func() bool
	turns   *rate.Limiter
	rate    int       // of drains; the config's until the city orders another
	hold    time.Time // drains wait until then
	choices map[string]choice
}

// A choice is a command that exists: it reads the arguments of one.
type choice func(c *connection, id string, args map[string]json.RawMessage) (action, *refusal)

func newDesk(o Options) *desk {
	d := &desk{allow: slices.Clone(o.Allow), key: o.SignKey, synced: o.Synced, rate: o.DrainRate}
	if d.synced == nil {
		d.synced = func() bool { return false }
	}
	d.turns = rate.NewLimiter(rate.Every(time.Minute/mostPerMinute), mostPerMinute)
	d.choices = map[string]choice{"resend": (*connection).resend, "drain": (*connection).drain}
	return d
}

// throttle is that of a new connection, which would begin to drain at a moment.
func (d *desk) throttle(start time.Time) *throttle {
	if d.hold.After(start) {
		start = d.hold
	}
	return newThrottle(start, d.rate)
}

// A command is what the city writes, as far as it could be read.
type command struct {
	object  map[string]json.RawMessage
	id      string
	name    string
	issued  time.Time
	expires number // s
	counter number
	args    map[string]json.RawMessage
	bad     error // a member that cannot be read
}

// readCommand reads a command. An error means that there is nobody to answer.
func readCommand(m Message) (k command, err error) {
	if k.object, err = members(m.Payload); err != nil {
		return k, err
	}
	if _, err := member(k.object, "id", &k.id); err != nil || !commandID.MatchString(k.id) {
		return k, errors.New("it has no usable id")
	}
	_, err1 := member(k.object, "name", &k.name)
	_, err2 := member(k.object, "issued", &k.issued)
	_, err3 := member(k.object, "expires_in_s", &k.expires)
	_, err4 := member(k.object, "counter", &k.counter)
	_, err5 := member(k.object, "args", &k.args)
	k.bad = errors.Join(err1, err2, err3, err4, err5)
	return k, nil
}

// judge says why a command is not obeyed; nil: so far there is no reason.
func (d *desk) judge(k command, topic string, m Message, counter uint64, now time.Time) *refusal {
	switch {
	case m.Retain:
		return refuse("retained", "a command must not be retained")
	case len(m.Payload) > mostCommand:
		return refuse("too_large", fmt.Sprintf("a command has at most %d bytes", mostCommand))
	case k.bad != nil:
		return refuse("unreadable", fmt.Sprintf("%.200s", k.bad))
	case k.name != topic:
		return refuse("name_mismatch", "name is not that of the topic")
	case d.choices[k.name] == nil:
		return &refusal{resultUnsupported, "unknown_command", fmt.Sprintf("command %.64q is not supported", k.name)}
	case !slices.Contains(d.allow, k.name):
		return refuse("not_allowed", "the site does not allow it (commands.allow in site.toml)")
	}
	if no := d.trust(k); no != nil {
		return no
	}
	if !d.turns.AllowN(now, 1) {
		return refuse("too_often", fmt.Sprintf("at most %d commands a minute", mostPerMinute))
	}
	if no := d.inTime(k, now); no != nil {
		return no
	}
	switch {
	case k.counter == 0 || k.counter > mostCounter:
		return refuse("no_counter", "counter must be a number from 1 on that rises with each command")
	case uint64(k.counter) <= counter:
		return refuse("replayed", fmt.Sprintf("counter must be above %d", counter))
	}
	return nil
}

// trust asks who says it.
func (d *desk) trust(k command) *refusal {
	if d.key == nil {
		return nil
	}
	if len(d.key) != ed25519.PublicKeySize {
		return refuse("key_unreadable", "the box cannot read the key against which signatures are held (commands.sign_key in site.toml)")
	}
	switch err := verify(d.key, k.object); {
	case errors.Is(err, errUnsigned):
		return refuse("no_signature", "this site obeys signed commands only")
	case err != nil:
		return refuse("bad_signature", err.Error())
	}
	return nil
}

// inTime asks when it was said.
func (d *desk) inTime(k command, now time.Time) *refusal {
	expiry := time.Duration(min(uint64(k.expires), uint64(2*mostExpiry/time.Second))) * time.Second
	switch {
	case k.issued.IsZero() || expiry == 0 || expiry > mostExpiry:
		return refuse("no_expiry", fmt.Sprintf("issued and expires_in_s (1 to %d) must be there", int(mostExpiry.Seconds())))
	case !d.synced() && d.key != nil:
		return nil
	case !d.synced():
		return refuse("clock_unsynced", "the box does not know what time it is, and the command is not signed")
	case k.issued.Sub(now) > mostAhead:
		return refuse("issued_ahead", "issued lies ahead of the box's clock by "+k.issued.Sub(now).Round(time.Second).String())
	case now.Sub(k.issued) > expiry:
		return refuse("expired", "it expired "+(now.Sub(k.issued)-expiry).Round(time.Second).String()+" ago")
	}
	return nil
}
