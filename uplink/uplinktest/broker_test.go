package uplinktest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/uplink"
	"sitepost/uplink/uplinktest"
)

// TestMatch: filters match as MQTT 3.1.1, section 4.7, says.
func TestMatch(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		filter, topic string
		want          bool
	}{
		{"a/b", "a/b", true}, {"a/b", "a", false}, {"a", "a/b", false}, {"a/+", "a/b", true},
		{"a/+", "a/b/c", false}, {"a/+/c", "a/b/c", true}, {"a/#", "a/b/c", true}, {"a/#", "a", true},
		{"#", "a/b", true}, {"+", "a/b", false}, {"a/#", "b/a", false},
	} {
		if got := uplinktest.Match(test.filter, test.topic); got != test.want {
			t.Errorf("%q for %q: got %t, want %t", test.filter, test.topic, got, test.want)
		}
	}
}

// TestBroker: it keeps what is retained and gives everybody what they asked for.
func TestBroker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := uplinktest.New()
		b.Publish(uplink.Message{Topic: "down/x", Payload: []byte("kept"), Retain: true})
		var heard []uplink.Message
		s := dial(t, b, func(m uplink.Message) { heard = append(heard, m) })
		r := s.Publish(uplink.Message{Topic: "echo", Payload: []byte("1")})
		if <-r.Done(); r.Error() != nil {
			t.Error(r.Error())
		}
		synctest.Wait()
		want := []uplink.Message{{Topic: "down/x", Payload: []byte("kept"), Retain: true}, {Topic: "echo", Payload: []byte("1")}}
		if diff := cmp.Diff(want, heard); diff != "" {
			t.Errorf("heard (-want +got):\n%s", diff)
		}
		s.Drop()
		if late := s.Publish(uplink.Message{Topic: "echo"}); late.Error() == nil {
			t.Error("a message to a session that ended was acknowledged")
		}
	})
}

func dial(t *testing.T, b *uplinktest.Broker, onMessage func(uplink.Message)) uplink.Session {
	t.Helper()
	will := uplink.Will{Topic: "will", Payload: []byte("gone")}
	s, err := b.Dial("box", []string{"down/#", "echo"})(t.Context(), will, onMessage)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestWills: a session that was dropped, killed or taken over leaves its will,
// and one that said goodbye does not.
func TestWills(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		end  func(*testing.T, *uplinktest.Broker, uplink.Session)
		want int
	}{
		"drop":      {func(_ *testing.T, _ *uplinktest.Broker, s uplink.Session) { s.Drop() }, 1},
		"kill":      {func(_ *testing.T, b *uplinktest.Broker, _ uplink.Session) { b.Kill(0) }, 1},
		"away":      {func(_ *testing.T, b *uplinktest.Broker, _ uplink.Session) { b.Away(uplinktest.ErrAway) }, 1},
		"take over": {func(t *testing.T, b *uplinktest.Broker, _ uplink.Session) { _ = dial(t, b, nil).Close(t.Context()) }, 1},
		"goodbye":   {func(t *testing.T, _ *uplinktest.Broker, s uplink.Session) { _ = s.Close(t.Context()) }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := uplinktest.New()
				city := b.Watch("will")
				s := dial(t, b, nil)
				test.end(t, b, s)
				<-s.Lost()
				if got := len(city.Messages()); got != test.want {
					t.Errorf("wills: got %d, want %d", got, test.want)
				}
			})
		})
	}
}

// TestReceipts: they wait for the latency, and while they are held back; a
// session that ends first gives none.
func TestReceipts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := uplinktest.New()
		b.Latency(time.Second)
		s, err := b.Dial("box", nil)(t.Context(), uplink.Will{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		<-s.Publish(uplink.Message{Topic: "a"}).Done()
		if took := time.Since(began); took != time.Second {
			t.Errorf("receipt after %v, want 1 s", took)
		}
		b.Hold(true)
		r := s.Publish(uplink.Message{Topic: "b"})
		time.Sleep(time.Minute)
		select {
		case <-r.Done():
			t.Error("a receipt came although they are held back")
		default:
		}
		b.Kill(0)
		if <-r.Done(); r.Error() == nil {
			t.Error("a lost session gave a receipt")
		}
	})
}
