package contract

import (
	"regexp"
	"strings"
)

// most bytes of a message; a list of open conditions and a picture have more.
const (
	mostBytes = 64 << 10
	mostLarge = 1 << 20
	mostTopic = 256 // bytes of a topic; ours have at most 200
)

// A form is one row of the contract's table of topics.
type form struct {
	address  string // "{…}" is a name, see wildcards
	schema   string // file below schemas/; "" for what is no JSON
	retained bool
	empties  bool // an empty retained payload takes the topic away
	most     int  // bytes
	rules    rules
}

// rules finds what a schema cannot say. at holds the names in the topic, doc is
// a payload that its schema has passed.
type rules func(at map[string]string, doc []byte) ([]fault, error)

// forms lists every topic of a site, in the order of the contract.
var forms = []form{
	{"sitepost/1/{site}/up/alarm/{device}", "alarm", false, false, mostBytes, recordRules},
	{"sitepost/1/{site}/up/event/{device}", "event", false, false, mostBytes, recordRules},
	{"sitepost/1/{site}/up/reading/{device}", "reading", false, false, mostBytes, recordRules},
	{"sitepost/1/{site}/up/device/{device}", "device", true, true, mostBytes, nil},
	{"sitepost/1/{site}/up/stream/{camera}", "stream", true, true, mostBytes, nil},
	{"sitepost/1/{site}/up/open", "open", true, true, mostLarge, openRules},
	{"sitepost/1/{site}/up/inventory", "inventory", true, true, mostBytes, inventoryRules},
	{"sitepost/1/{site}/up/inventory/{device}", "inventory", true, true, mostBytes, inventoryRules},
	{"sitepost/1/{site}/up/state", "state", true, false, mostBytes, nil},
	{"sitepost/1/{site}/up/canary", "canary", false, false, mostBytes, nil},
	{"sitepost/1/{site}/up/report/{kind}", "report", false, false, mostBytes, nil},
	{"sitepost/1/{site}/up/snapshot/{camera}/{incident}", "", false, false, mostLarge, nil},
	{"sitepost/1/{site}/up/reply/{id}", "reply", false, false, mostBytes, replyRules},
	{"sitepost/1/{site}/down/ack", "ack", false, false, mostBytes, nil},
	{"sitepost/1/{site}/down/command/{name}", "command", false, false, mostBytes, commandRules},
}

// wildcards says what may stand in place of a "{…}" of an address.
var wildcards = map[string]*regexp.Regexp{
	"{site}":     regexp.MustCompile(`^[a-z0-9-]{1,32}$`),
	"{device}":   regexp.MustCompile(`^[a-z0-9-]{1,32}$`),
	"{camera}":   regexp.MustCompile(`^[a-z0-9-]{1,32}$`),
	"{kind}":     regexp.MustCompile(`^[a-z0-9_-]{1,32}$`),
	"{name}":     regexp.MustCompile(`^[a-z_]{1,32}$`),
	"{incident}": regexp.MustCompile(`^[0-9a-f]{16}-(alarm|event|reading)-[1-9][0-9]{0,19}$`),
	"{id}":       regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`),
}

// formOf finds the row of a topic and the names in it, by their word: "device".
func formOf(topic string) (form, map[string]string, bool) {
	if len(topic) > mostTopic {
		return form{}, nil, false
	}
	for _, f := range forms {
		if at, ok := f.match(topic); ok {
			return f, at, true
		}
	}
	return form{}, nil, false
}

func (f form) match(topic string) (map[string]string, bool) {
	got, want := strings.Split(topic, "/"), strings.Split(f.address, "/")
	if len(got) != len(want) {
		return nil, false
	}
	at := make(map[string]string)
	for i, word := range want {
		shape, wild := wildcards[word]
		switch {
		case !wild && got[i] != word, wild && !shape.MatchString(got[i]):
			return nil, false
		case wild:
			at[strings.Trim(word, "{}")] = got[i]
		}
	}
	return at, true
}
