// Package command reads what the city asks for, and says why it is not obeyed.
//
//	{id, name, issued, expires_in_s, args, counter, site, signature}
//
// A command is judged in this order, and the first objection is the answer; it is
// obeyed when there is none:
//
//		retained ► size ► JSON ► id ► name ► site ► known ► allowed ► key, signature
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
//	  - The topic says whose command it is, and no signature covers a topic: where all
//	    sites have one key, what was signed for one could be given to another. So a
//	    command may name its site, and is then obeyed there and nowhere else.
//	  - A refused command raises no counter, so it can be mended and sent again.
//
// It does not know what a command does, how its topic is called or how an answer is
// sent; and it remembers nothing but how many there were in the last minute.
package command

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"sitepost/uplink/strict"
)

// Bounds of a command.
const (
	mostBytes     = 8 << 10
	mostPerMinute = 30
	mostExpiry    = 24 * time.Hour
	mostAhead     = 5 * time.Minute // the city's clock may be ahead of ours
	mostCounter   = 1<<53 - 1       // every reader of JSON can count so far
	mostNested    = 8               // objects and arrays in each other
)

// commandID is the shape of an id that may become part of a topic.
var commandID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// The results of a command.
const (
	OK          = "ok"
	Refused     = "refused"
	Unsupported = "unsupported"
	Failed      = "failed"
)

// A Reply answers a command on up/reply/ID.
type Reply struct {
	ID     string `json:"id"`
	Result string `json:"result"`
	Code   string `json:"code"` // why, for a program: stable, snake_case
	Text   string `json:"text"` // why, for a person
}

// Answer makes a reply.
func Answer(id, result, code, text string) *Reply {
	return &Reply{ID: id, Result: result, Code: code, Text: text}
}

// A Refusal says why a command is not obeyed: Code for a program, Text for a person.
type Refusal struct{ Result, Code, Text string }

// Refuse is the refusal of a command that exists.
func Refuse(code, text string) *Refusal { return &Refusal{Refused, code, text} }

// A Judge judges the commands of one run.
type Judge struct {
	Site   string                 // whose commands they are
	Allow  []string               // the commands that are obeyed; none: nothing is
	Known  func(name string) bool // whether there is such a command
	Key    ed25519.PublicKey      // nil: commands need no signature; of a wrong length: it cannot be read, and nothing is obeyed
	Synced func() bool            // whether the box's clock can be trusted now
	turns  *rate.Limiter
}

// NewJudge makes one that has heard nothing yet.
func NewJudge(site string, allow []string, known func(name string) bool, key ed25519.PublicKey, synced func() bool) *Judge {
	return &Judge{
		Site: site, Allow: slices.Clone(allow), Known: known, Key: key, Synced: synced,
		turns: rate.NewLimiter(rate.Every(time.Minute/mostPerMinute), mostPerMinute),
	}
}

// A Command is what the city writes, as far as it could be read.
type Command struct {
	ID      string
	Counter strict.Number
	Args    map[string]json.RawMessage

	size    int // bytes
	object  map[string]json.RawMessage
	name    string
	site    string // "" is not said
	issued  time.Time
	expires strict.Number // s
	bad     error         // a member that cannot be read
}

// Read reads a command. An error means that there is nobody to answer.
func Read(payload []byte) (k Command, err error) {
	k.size = len(payload)
	if k.object, err = strict.Object(payload, mostNested); err != nil {
		return k, err
	}
	if _, err := strict.Member(k.object, "id", &k.ID); err != nil || !commandID.MatchString(k.ID) {
		return k, errors.New("it has no usable id")
	}
	_, err1 := strict.Member(k.object, "name", &k.name)
	_, err2 := strict.Member(k.object, "issued", &k.issued)
	_, err3 := strict.Member(k.object, "expires_in_s", &k.expires)
	_, err4 := strict.Member(k.object, "counter", &k.Counter)
	_, err5 := strict.Member(k.object, "args", &k.Args)
	_, err6 := strict.Member(k.object, "site", &k.site)
	k.bad = errors.Join(err1, err2, err3, err4, err5, err6)
	return k, nil
}

// Objection says why a command that came under a name is not obeyed; nil: so far there is
// no reason. counter is the highest that was ever obeyed.
func (j *Judge) Objection(k Command, name string, retained bool, counter uint64, now time.Time) *Refusal {
	switch {
	case retained:
		return Refuse("retained", "a command must not be retained")
	case k.size > mostBytes:
		return Refuse("too_large", fmt.Sprintf("a command has at most %d bytes", mostBytes))
	case k.bad != nil:
		return Refuse("unreadable", fmt.Sprintf("%.200s", k.bad))
	case k.name != name:
		return Refuse("name_mismatch", "name is not that of the topic")
	case k.site != "" && k.site != j.Site:
		return Refuse("wrong_site", fmt.Sprintf("it is for site %.32q", k.site))
	case !j.Known(k.name):
		return &Refusal{Unsupported, "unknown_command", fmt.Sprintf("command %.64q is not supported", k.name)}
	case !slices.Contains(j.Allow, k.name):
		return Refuse("not_allowed", "the site does not allow it (commands.allow in site.toml)")
	}
	if no := j.trust(k); no != nil {
		return no
	}
	if !j.turns.AllowN(now, 1) {
		return Refuse("too_often", fmt.Sprintf("at most %d commands a minute", mostPerMinute))
	}
	if no := j.inTime(k, now); no != nil {
		return no
	}
	switch {
	case k.Counter == 0 || k.Counter > mostCounter:
		return Refuse("no_counter", "counter must be a number from 1 on that rises with each command")
	case uint64(k.Counter) <= counter:
		return Refuse("replayed", fmt.Sprintf("counter must be above %d", counter))
	}
	return nil
}

// trust asks who says it.
func (j *Judge) trust(k Command) *Refusal {
	if j.Key == nil {
		return nil
	}
	if len(j.Key) != ed25519.PublicKeySize {
		return Refuse("key_unreadable", "the box cannot read the key against which signatures are held (commands.sign_key in site.toml)")
	}
	switch err := verify(j.Key, k.object); {
	case errors.Is(err, errUnsigned):
		return Refuse("no_signature", "this site obeys signed commands only")
	case err != nil:
		return Refuse("bad_signature", err.Error())
	}
	return nil
}

// inTime asks when it was said.
func (j *Judge) inTime(k Command, now time.Time) *Refusal {
	expiry := time.Duration(min(uint64(k.expires), uint64(2*mostExpiry/time.Second))) * time.Second
	switch {
	case k.issued.IsZero() || expiry == 0 || expiry > mostExpiry:
		return Refuse("no_expiry", fmt.Sprintf("issued and expires_in_s (1 to %d) must be there", int(mostExpiry.Seconds())))
	case !j.Synced() && j.Key != nil:
		return nil
	case !j.Synced():
		return Refuse("clock_unsynced", "the box does not know what time it is, and the command is not signed")
	case k.issued.Sub(now) > mostAhead:
		return Refuse("issued_ahead", "issued lies ahead of the box's clock by "+k.issued.Sub(now).Round(time.Second).String())
	case now.Sub(k.issued) > expiry:
		return Refuse("expired", "it expired "+(now.Sub(k.issued)-expiry).Round(time.Second).String()+" ago")
	}
	return nil
}
