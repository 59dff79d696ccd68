package mqtt

import (
	"errors"
	"time"
)

// How soon a peer that has fallen silent is noticed, whatever keep_alive says: that
// one tells the broker when to miss us, and a boundary device when to forget us.
// paho's own ping is sent when keep_alive has passed, is looked at every 5 s, and
// blocks in a full socket (ping.go 32 in v1.5.1): too late by far.
//
//	0 s      4 s        8 s        12 s
//	│ last   │ PINGREQ  │ PINGREQ  │ cut
//	│ byte
//
// Together with the five seconds for which a loss is no news the site knows within
// 20 s. A writer that is stuck is freed by the cut.
const (
	pingEvery   = 4 * time.Second
	mostSilence = 12 * time.Second
)

// errSilent ends a connection whose peer says nothing any more.
var errSilent = errors.New("the broker has said nothing for " + mostSilence.String() + ", not even to a ping (the path to it is cut, or it hangs)")

// pingreq is a whole PINGREQ (MQTT 3.1.1, 3.12). paho takes the answer for one to
// a ping of its own.
var pingreq = []byte{0xc0, 0}

// watch asks a silent peer whether it is there, and cuts the connection when it
// does not answer, until over is closed.
func (f *fence) watch(over <-chan struct{}) {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	pinged := f.lastHeard()
	for {
		select {
		case <-over:
			return
		case <-ticker.C:
		}
		now, heard := time.Now(), f.lastHeard()
		if now.Sub(heard) >= mostSilence {
			f.cut(errSilent)
			return
		}
		if now.Sub(heard) >= pingEvery && now.Sub(pinged) >= pingEvery {
			pinged = now
			f.ping()
		}
	}
}

// ping asks for an answer. While something else is being written that is what the
// broker will answer to, or what it is stuck in.
func (f *fence) ping() {
	if !f.writing.TryLock() {
		return
	}
	defer f.writing.Unlock()
	_, _ = f.write(pingreq) // an error has cut the connection
}

func (f *fence) lastHeard() time.Time { return f.began.Add(time.Duration(f.heard.Load())) }
