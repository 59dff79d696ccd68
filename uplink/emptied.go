package uplink

import "sitepost/ingest/store"

// The store remembers what was sent of a retained topic, and not at which broker. Where
// there are several, each may have kept what another was told is gone or has become
// something else. So:
//
//   - Who comes to a broker that another one's connection lies behind says all of the
//     documents there, behind the alarms and before the events.
//   - Of a topic that is emptied the store hears when every broker has emptied it, for
//     then it forgets the topic. What a run before had told is told once more.

// nobody is no broker.
const nobody = -1

// A vanishing is a topic that not every broker has emptied.
type vanishing struct {
	revision uint64
	at       map[int]bool // brokers that have, by turn
}

// emptied notes that a broker has emptied a topic, and says whether all of them have.
func (l *Link) emptied(turn int, c store.Current) bool {
	v := l.vanishing[c.Key]
	if v.revision != c.Revision {
		v = vanishing{c.Revision, make(map[int]bool)}
	}
	v.at[turn] = true
	if len(v.at) < len(l.Dials) {
		l.vanishing[c.Key] = v
		return false
	}
	delete(l.vanishing, c.Key)
	return true
}

// hasEmptied says whether a broker has emptied a topic in this run.
func (l *Link) hasEmptied(turn int, c store.Current) bool {
	v := l.vanishing[c.Key]
	return c.Doc == nil && v.revision == c.Revision && v.at[turn]
}
