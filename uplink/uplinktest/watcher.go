package uplinktest

import (
	"maps"
	"slices"

	"sitepost/uplink"
)

// A Watcher is somebody in the city who listens to one filter.
type Watcher struct {
	broker   *Broker
	filter   string
	messages []uplink.Message
}

// Watch subscribes: what is retained comes first, with Retain set, then all
// that arrives. It survives Kill and Away, and misses nothing.
func (b *Broker) Watch(filter string) *Watcher {
	b.mu.Lock()
	defer b.mu.Unlock()
	w := &Watcher{broker: b, filter: filter}
	for _, topic := range slices.Sorted(maps.Keys(b.retained)) {
		if Match(filter, topic) {
			w.messages = append(w.messages, uplink.Message{Topic: topic, Payload: b.retained[topic], Retain: true})
		}
	}
	b.watchers = append(b.watchers, w)
	return w
}

// Messages returns what was heard so far. Retain is as it was published.
func (w *Watcher) Messages() []uplink.Message {
	w.broker.mu.Lock()
	defer w.broker.mu.Unlock()
	return slices.Clone(w.messages)
}
