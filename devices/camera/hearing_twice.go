package camera

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"time"

	"sitepost/devices/camera/notice"
)

// What is remembered of what was notified.
const (
	mostTwice = 1024
	forTwice  = time.Minute // how much later the slower way may be
)

// A twice remembers for a minute what was notified and which way it came. What comes
// another way too, about the same things at the same second of the camera's clock, is
// the same notification: a second, because the two ways of a camera may write its
// time with another precision. The same way it is another one: two people cross a
// line in one second.
//
// How things stand is never the same: it is told to a new listener, who has forgotten
// it. Nor is what has no time.
type twice struct{ heard []once }

type once struct {
	what [sha256.Size]byte
	at   time.Time
	ways []string
}

// is says whether a notification has come another way before.
func (t *twice) is(way, owner string, n notice.Notification, now time.Time) bool {
	if n.Time.IsZero() || n.Operation == notice.Initialized {
		return false
	}
	t.heard = slices.DeleteFunc(t.heard, func(o once) bool { return now.Sub(o.at).Abs() > forTwice })
	what := fingerprint(owner, n)
	for i, o := range t.heard {
		if o.what == what && !slices.Contains(o.ways, way) {
			t.heard[i].ways = append(o.ways, way)
			return true
		}
	}
	if len(t.heard) >= mostTwice {
		t.heard = slices.Delete(t.heard, 0, 1)
	}
	t.heard = append(t.heard, once{what, now, []string{way}})
	return false
}

// fingerprint is what two notifications of the same thing have in common. Items may
// be long, and a camera may send many.
func fingerprint(owner string, n notice.Notification) (sum [sha256.Size]byte) {
	h := sha256.New()
	write := func(words ...string) {
		for _, w := range words {
			_, _ = h.Write(binary.AppendUvarint(nil, uint64(len(w))))
			_, _ = h.Write([]byte(w))
		}
	}
	write(owner, n.Topic, string(n.Operation))
	_, _ = h.Write(binary.AppendVarint(nil, n.Time.Unix()))
	for _, items := range [][]notice.Item{n.Source, n.Key, n.Data} {
		_, _ = h.Write(binary.AppendUvarint(nil, uint64(len(items))))
		for _, i := range items {
			write(i.Name, i.Value)
		}
	}
	return [sha256.Size]byte(h.Sum(nil))
}
