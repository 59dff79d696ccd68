package uplink

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// commandID is the shape of an id that may become part of a topic.
var commandID = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)

// A reply answers a command on up/reply/ID.
type reply struct {
	ID     string `json:"id"`
	Result string `json:"result"`
	Text   string `json:"text"`
}

// answer is what the city is told on a command. No command is obeyed yet. An
// error means that there is nobody to answer.
func answer(site string, m Message) (Message, error) {
	name, _ := below(m.Topic, downTopic(site, "command/"))
	if m.Retain {
		return Message{}, fmt.Errorf("command %.64q is retained", name)
	}
	var c struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(m.Payload, &c); err != nil {
		return Message{}, fmt.Errorf("command %.64q: %w", name, err)
	}
	if !commandID.MatchString(c.ID) {
		return Message{}, fmt.Errorf("command %.64q has no usable id", name)
	}
	payload, err := plainJSON(reply{c.ID, "unsupported", fmt.Sprintf("command %.64q is not supported", name)})
	return Message{Topic: Topic(site, "reply/"+c.ID), Payload: payload}, err
}

// A receiptNote is what the platform writes on down/ack after its own durable
// commit: it has everything of the lane up to Upto but for Missing.
type receiptNote struct {
	Epoch   store.Epoch      `json:"epoch"`
	Lane    devices.Lane     `json:"lane"`
	Upto    json.Number      `json:"upto"` // a number or, as in "sequence", a decimal string
	Missing [][2]json.Number `json:"missing"`
}

// received reads a platform receipt and returns the lane and the number up to
// which the platform has everything. An error means that it does not count.
func received(m Message, s Store) (devices.Lane, uint64, error) {
	var note receiptNote
	switch err := json.Unmarshal(m.Payload, &note); {
	case err != nil:
		return "", 0, err
	case m.Retain:
		return "", 0, errors.New("the receipt is retained")
	case note.Epoch != s.Epoch():
		return "", 0, fmt.Errorf("the receipt is for epoch %.32q", note.Epoch)
	case !slices.Contains(devices.Lanes(), note.Lane):
		return "", 0, fmt.Errorf("the receipt is for lane %.32q", note.Lane)
	}
	upto, err := strconv.ParseUint(note.Upto.String(), 10, 64)
	if err != nil {
		return "", 0, err
	}
	if sent := s.Marks(note.Lane).Sent; upto > sent {
		return "", 0, fmt.Errorf("the receipt goes to %d, sent was %d", upto, sent)
	}
	for _, gap := range note.Missing {
		first, err := strconv.ParseUint(gap[0].String(), 10, 64)
		if err != nil || first == 0 {
			return "", 0, fmt.Errorf("missing from %.32q", gap[0])
		}
		upto = min(upto, first-1)
	}
	return note.Lane, upto, nil
}

// hear does what the city says, or counts it.
func (c *connection) hear(m Message) {
	l := c.link
	if m.Topic == downTopic(l.Site, "ack") {
		c.receipt(m)
		return
	}
	reply, err := answer(l.Site, m)
	if err != nil || len(c.replies.waiting) >= inboxSize {
		l.tally.count(func(s *Status) { s.Refused++ })
		return
	}
	c.replies.push(&offer{Message: reply})
}

// receipt takes the platform's word that it has a part of a lane.
func (c *connection) receipt(m Message) {
	l := c.link
	if l.Receipt != ReceiptPlatform {
		l.tally.count(func(s *Status) { s.Ignored++ })
		return
	}
	lane, upto, err := received(m, l.Store)
	if err != nil {
		l.tally.count(func(s *Status) { s.Refused++ })
		return
	}
	l.Store.MarkReceived(lane, upto)
}
