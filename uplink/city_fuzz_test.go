package uplink

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"testing"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store"
	"sitepost/uplink/command"
	"sitepost/uplink/contract"
	"sitepost/uplink/encode"
	"sitepost/uplink/strict"
)

const fuzzEpoch = store.Epoch("7f3a9c51d20b44e6")

// sentTen is a store of which ten records of each lane were sent.
type sentTen struct {
	Store
	received map[devices.Lane]uint64
	counter  uint64
}

func (*sentTen) Epoch() store.Epoch                                     { return fuzzEpoch }
func (s *sentTen) MarkReceived(l devices.Lane, upto uint64)             { s.received[l] = upto }
func (s *sentTen) CommandCounter() uint64                               { return s.counter }
func (s *sentTen) RaiseCommandCounter(n uint64) error                   { s.counter = n; return nil }
func (*sentTen) Read(devices.Lane, uint64, int) ([]store.Record, error) { return nil, nil }
func (s *sentTen) Marks(l devices.Lane) store.Marks {
	return store.Marks{First: 1, Last: 12, Sent: 10, Received: s.received[l]}
}

// fuzzed is a connection without a session, at a site that obeys what is signed
// with the seed key.
func fuzzed() (*connection, *sentTen, ed25519.PrivateKey) {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	s := &sentTen{received: map[devices.Lane]uint64{}, counter: 5}
	l := NewLink(Options{
		Site: "harbour", Store: s, Receipt: ReceiptPlatform, DrainRate: 50, Allow: []string{"resend", "drain"},
		SignKey: key.Public().(ed25519.PublicKey), Synced: func() bool { return true },
	})
	for _, lane := range devices.Lanes() {
		l.again[lane] = 10
	}
	c := &connection{link: l, replies: new(queue)}
	c.slow = l.desk.throttle(time.Time{})
	return c, s, key
}

// wellFormed fails on a set of numbers that is none, or holds more than 1 to 10.
func wellFormed(t *testing.T, what string, s spans) {
	t.Helper()
	last := uint64(0)
	for i, x := range s {
		if x.first > x.last || x.last > 10 || x.first == 0 || i > 0 && x.first <= last+1 {
			t.Errorf("%s: %v is no set within 1 to 10", what, s)
		}
		last = x.last
	}
}

// FuzzReceipt: whatever the city says on down/ack, the mark never falls and never
// passes what was sent, and only what was sent and is said to be missing is sent
// again at once.
func FuzzReceipt(f *testing.F) {
	const head = `{"epoch":"7f3a9c51d20b44e6","lane":"alarm","upto":`
	for _, payload := range []string{
		head + `10,"missing":[[3,4]]}`, head + `"7"}`, head + `-1}`, head + `1e1,"missing":[[0,0],[1.5]]}`, head + `10,"missing":[[4,3]]}`,
		head + `10,"missing":[[3,5],[5,6]]}`, head + `18446744073709551616}`, head + `9,"missing":[[1,9]],"received_at":"2026-11-21T22:53:00+08:00"}`,
		head + `10,"missing":[[10,10],[1,1],[5,7]]}`, head + `3,"upto":9}`, head + `3,"UPTO":9}`, `[]`, `null`, `{}`, "",
	} {
		f.Add([]byte(payload), []byte(head+`10}`))
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		c, s, _ := fuzzed()
		now := time.Now()
		for _, payload := range [][]byte{first, second, first} {
			before := s.received[devices.AlarmLane]
			m := Message{Topic: downTopic("harbour", "ack"), Payload: payload}
			note, err := readNote(m, fuzzEpoch, c.mayHaveSent)
			c.hear(m)
			if after := s.received[devices.AlarmLane]; after < before || after > 10 {
				t.Errorf("%q: received went from %d to %d", payload, before, after)
			}
			if a := c.link.account(note.lane); err == nil && a != nil {
				wellFormed(t, "missing", note.missing)
				wellFormed(t, "asked", a.asked.all())
				wellFormed(t, "owed", a.owed.all())
				a.look(s, now.Add(time.Hour))
				a.look(s, now.Add(2*time.Hour))
				wellFormed(t, "owed", a.owed.all())
				if both := a.owed.all().without(a.asked.all()...).count(); both != a.owed.all().count() {
					t.Errorf("%q: %v is asked and owed", payload, a.owed.all())
				}
			}
		}
	})
}

// FuzzCommand: whatever the city says as a command, it is obeyed only with a
// signature and a higher counter, and an answer keeps to the contract. sign puts a
// good signature on what has a canonical form.
func FuzzCommand(f *testing.F) {
	now := time.Now().UTC().Format(time.RFC3339)
	for _, payload := range []string{
		`{"id":"a-1","name":"drain"}`, `{"id":"../x"}`, `{"id":"a/b"}`, `{}`, `[]`, `null`, `{"id":1}`,
		fmt.Sprintf(`{"id":"a","name":"drain","issued":%q,"expires_in_s":60,"counter":6,"args":{"rate":10}}`, now),
		fmt.Sprintf(`{"id":"b","name":"resend","issued":%q,"expires_in_s":60,"counter":"7","args":{"lane":"alarm","from":"1","to":9}}`, now),
		fmt.Sprintf(`{"id":"c","name":"drain","issued":%q,"expires_in_s":1e400,"counter":7}`, now),
		`{"id":"d","id":"e"}`, `{"id":"f","args":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{}}}}}}}}}}`, `{"id":"g","args":{"\ud800":1}}`,
	} {
		f.Add("drain", []byte(payload), true)
		f.Add("resend", []byte(payload), false)
	}
	f.Fuzz(func(t *testing.T, name string, payload []byte, sign bool) {
		c, s, key := fuzzed()
		if object, err := strict.Object(payload, mostNested); err == nil && sign {
			if text, err := command.Canonical(object); err == nil {
				object["signature"] = fmt.Appendf(nil, "%q", base64.StdEncoding.EncodeToString(ed25519.Sign(key, text)))
				payload, _ = encode.JSON(object)
			}
		}
		c.hear(Message{Topic: downTopic("harbour", "command/"+name), Payload: payload})
		obeyed := c.link.Status().Obeyed == 1
		if obeyed != (s.counter > 5) || obeyed && !sign {
			t.Errorf("%q: obeyed %t, signed %t, counter is %d after 5", payload, obeyed, sign, s.counter)
		}
		for _, o := range c.replies.waiting {
			if err := contract.Validate(o.Topic, o.Retain, o.Payload); err != nil {
				t.Errorf("answer to %q: %v\n%s", payload, err, o.Payload)
			}
		}
	})
}
