package uplink

import (
	"testing"

	"sitepost/devices"
	"sitepost/ingest/store"
	"sitepost/uplink/contract"
)

// sentTen is a store of which ten records of each lane were sent.
type sentTen struct{ Store }

func (sentTen) Epoch() store.Epoch             { return "7f3a9c51d20b44e6" }
func (sentTen) Marks(devices.Lane) store.Marks { return store.Marks{First: 1, Last: 10, Sent: 10} }

// FuzzCity: whatever the city says, a receipt never covers more than was sent,
// and an answer keeps to the contract.
func FuzzCity(f *testing.F) {
	for _, payload := range []string{
		`{"id":"a-1","name":"drain"}`, `{"id":"../x"}`, `{"id":"a/b"}`, `{}`, `[]`, `null`, `{"id":1}`,
		`{"epoch":"7f3a9c51d20b44e6","lane":"alarm","upto":10,"missing":[[3,4]]}`,
		`{"epoch":"7f3a9c51d20b44e6","lane":"alarm","upto":"7"}`,
		`{"epoch":"7f3a9c51d20b44e6","lane":"alarm","upto":-1}`,
		`{"epoch":"7f3a9c51d20b44e6","lane":"alarm","upto":1e1,"missing":[[0,0],[1.5]]}`,
		`{"epoch":"7f3a9c51d20b44e6","lane":"event","upto":18446744073709551616}`,
	} {
		f.Add("drain", []byte(payload))
	}
	f.Fuzz(func(t *testing.T, name string, payload []byte) {
		m := Message{Topic: downTopic("harbour", "command/"+name), Payload: payload}
		if reply, err := answer("harbour", m); err == nil {
			if err := contract.Validate(reply.Topic, reply.Retain, reply.Payload); err != nil {
				t.Errorf("answer to %q: %v\n%s", payload, err, reply.Payload)
			}
		}
		lane, upto, err := received(Message{Topic: downTopic("harbour", "ack"), Payload: payload}, sentTen{})
		if err == nil && (upto > 10 || lane == "") {
			t.Errorf("receipt %q: got %q up to %d", payload, lane, upto)
		}
	})
}
