package uplink

import (
	"strings"
	"time"

	"sitepost/ingest/store"
	"sitepost/uplink/encode"
)

// Schema is the contract that every document we publish names.
const Schema = encode.Schema

// MaxPayload is the largest message of a lane and the largest message we take
// from the city, in bytes.
const MaxPayload = encode.MaxPayload

// A Message is what goes over the wire, always with QoS 1.
//
// An empty Payload with Retain empties the retained topic. On a message that
// came from the broker Retain says that the broker had kept it from earlier.
type Message struct {
	Topic   string
	Payload []byte
	Retain  bool
}

// A Will is the message that the broker publishes for us when the connection
// ends without a goodbye.
type Will = Message

// Topic returns the full name of a topic that the site writes: below is what
// follows "up/", for example "state" or "alarm/gas-1".
func Topic(site, below string) string { return "sitepost/1/" + site + "/up/" + below }

// downTopic returns the full name of a topic that the city writes for a site.
func downTopic(site, below string) string { return "sitepost/1/" + site + "/down/" + below }

// Subscriptions lists the topic filters a link listens to: its own canary, and
// what the city says to this site.
func Subscriptions(site string) []string {
	return []string{
		Topic(site, "canary"),
		downTopic(site, "ack"),
		downTopic(site, "command/#"),
	}
}

// below returns what follows prefix in topic, and whether topic has it.
func below(topic, prefix string) (string, bool) { return strings.CutPrefix(topic, prefix) }

// Encode turns a record into the message that says it to the city. An error means that
// it can never be said: the caller tells it as a gap and goes on with the next.
func Encode(site string, r store.Record, now time.Time, redelivery bool) (Message, error) {
	below, payload, err := encode.Record(site, r, now, redelivery)
	if err != nil {
		return Message{}, err
	}
	return Message{Topic: Topic(site, below), Payload: payload}, nil
}

// EncodeCurrent turns a retained topic, as it should stand at the broker, into its
// message. No document is the empty payload that empties the topic.
func EncodeCurrent(site string, epoch store.Epoch, c store.Current) (Message, error) {
	payload, err := encode.Current(epoch, c)
	if err != nil {
		return Message{}, err
	}
	return Message{Topic: Topic(site, c.Key), Payload: payload, Retain: true}, nil
}
