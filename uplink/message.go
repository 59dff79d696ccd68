package uplink

import "strings"

// Schema is the contract that every document we publish names: major 1, minor
// 0. Minors only add; a change of meaning would be "urn:sitepost:2".
const Schema = "urn:sitepost:1.0"

// MaxPayload is the largest message of a lane and the largest message we take
// from the city, in bytes.
const MaxPayload = 64 << 10

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
