package notice

import "time"

// How much of what has no word of its own may leave.
const (
	topicPause = time.Minute     // between two of one topic
	totalPause = 2 * time.Second // between two of all topics, on average: thirty a minute
	mostAtOnce = 30
	mostTopics = 1024 // that are remembered
)

// A Limiter holds camera.event back where a camera cannot stop talking: the first
// of a topic leaves at once, then one a minute, and thirty a minute of all topics.
// What is held back is counted and told with the next one that leaves.
//
// The zero Limiter is ready. It is for one conversation and not safe for two.
type Limiter struct {
	topics map[string]*quota
	spent  time.Time // when the bucket of all topics is full again
}

type quota struct {
	next time.Time // when it may leave again
	held int
}

// Allow says whether a message may leave now. before is how many of its topic were
// held back since the last one that left.
func (l *Limiter) Allow(topic string, now time.Time) (ok bool, before int) {
	q := l.quota(topic, now)
	if q.next.Sub(now) > topicPause { // the clock was set back
		q.next = now
	}
	if now.Before(q.next) || !l.spend(now) {
		q.held++
		return false, 0
	}
	before, q.held, q.next = q.held, 0, now.Add(topicPause)
	return true, before
}

// spend takes one from the bucket of all topics.
func (l *Limiter) spend(now time.Time) bool {
	const whole = mostAtOnce * totalPause
	if l.spent.Before(now) || l.spent.Sub(now) > whole { // full, or the clock was set back
		l.spent = now
	}
	if l.spent.Add(totalPause).Sub(now) > whole {
		return false
	}
	l.spent = l.spent.Add(totalPause)
	return true
}

// quota finds a topic's quota. A camera that invents topics shares one among all
// that are too many.
func (l *Limiter) quota(topic string, now time.Time) *quota {
	if l.topics == nil {
		l.topics = map[string]*quota{}
	}
	if _, known := l.topics[topic]; !known && len(l.topics) >= mostTopics {
		l.forget(now)
	}
	if _, known := l.topics[topic]; !known && len(l.topics) >= mostTopics {
		topic = ""
	}
	if l.topics[topic] == nil {
		l.topics[topic] = &quota{}
	}
	return l.topics[topic]
}

// forget drops the topics that may leave again and have nothing to tell.
func (l *Limiter) forget(now time.Time) {
	for topic, q := range l.topics {
		if q.held == 0 && !now.Before(q.next) {
			delete(l.topics, topic)
		}
	}
}
