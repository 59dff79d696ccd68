package uplink

import (
	"cmp"
	"fmt"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store"
	"sitepost/uplink/encode"
)

// stateEvery is how often up/state is repeated while the store answers.
const stateEvery = 30 * time.Second

// A life is the document on up/state: birth, life and will of a box. (Epoch,
// Birth) orders it: a will counts only if both equal the last "up".
type life struct {
	Schema  string                       `json:"schema"`
	State   string                       `json:"state"` // up, down, stopped, moved, retired
	Epoch   store.Epoch                  `json:"epoch"`
	Birth   uint64                       `json:"birth"`
	Box     string                       `json:"box"`
	Started string                       `json:"started"`
	Version string                       `json:"version"`
	Time    string                       `json:"time,omitempty"` // a will has none: nobody knows when it will be read
	Lanes   map[devices.Lane]store.Marks `json:"lanes,omitempty"`
}

// A canary is the document on up/canary. Nobody but the link itself reads it.
type canary struct {
	Schema string      `json:"schema"`
	Epoch  store.Epoch `json:"epoch"`
	Birth  uint64      `json:"birth"`
	Time   string      `json:"time"`
}

// lifeNow says that the box is in the given state, and how far its lanes are.
func (l *Link) lifeNow(state string, epoch store.Epoch, birth uint64) (Message, error) {
	doc := l.life(state, epoch, birth)
	doc.Time = encode.Stamp(time.Now())
	doc.Lanes = make(map[devices.Lane]store.Marks)
	for _, lane := range devices.Lanes() {
		doc.Lanes[lane] = l.Store.Marks(lane)
	}
	return l.document("state", doc, true)
}

// will is what the broker says when we go without a goodbye.
func (l *Link) will(epoch store.Epoch, birth uint64) (Message, error) {
	return l.document("state", l.life(cmp.Or(l.parting, "down"), epoch, birth), true)
}

func (l *Link) life(state string, epoch store.Epoch, birth uint64) life {
	return life{
		Schema: encode.Schema, State: state, Epoch: epoch, Birth: birth,
		Box: l.BoxID, Started: encode.Stamp(l.started), Version: l.Version,
	}
}

// canary is unlike every other canary of this box: births are never repeated.
func (l *Link) canary(epoch store.Epoch, birth uint64) (Message, error) {
	return l.document("canary", canary{encode.Schema, epoch, birth, encode.Stamp(time.Now())}, false)
}

func (l *Link) document(below string, doc any, retain bool) (Message, error) {
	payload, err := encode.JSON(doc)
	if err != nil {
		return Message{}, fmt.Errorf("encode %q: %w", below, err)
	}
	return Message{Topic: Topic(l.Site, below), Payload: payload, Retain: retain}, nil
}
