package uplink_test

import (
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"sitepost/cmd/reliability/figure"
	"sitepost/uplink"
)

// A misdeed is what a broker does with a record instead of taking it and saying so;
// false ends the connection.
type misdeed func(k *crook, c net.Conn, p *packets.PublishPacket, nth int) bool

// A crook is a broker that is honest until it is told otherwise.
type crook struct {
	city *city
	does misdeed

	mu    sync.Mutex
	lies  bool
	conns map[net.Conn]bool
}

// hostile makes a fault of a misdeed.
func hostile(name string, does misdeed) fault {
	return fault{name: name, set: func(t *testing.T, r *rig) (begin, end func()) {
		k := &crook{city: r.city, does: does, conns: map[net.Conn]bool{}}
		url := k.listen(t)
		r.options.Dials = []uplink.Dial{dial(t, url)}
		return func() { k.turn(true) }, func() {
			k.turn(false)
			if figure.Asked(t) == figure.Short { // which does not wait for the watchdog of 30 s
				k.hangUp()
			}
		}
	}}
}

func (k *crook) turn(to bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.lies = to
}

func (k *crook) isFalse() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.lies
}

func (k *crook) hangUp() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for c := range k.conns {
		_ = c.Close()
	}
}

func (k *crook) listen(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			k.mu.Lock()
			k.conns[c] = true
			k.mu.Unlock()
			all.Go(func() { defer c.Close(); k.serve(c) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		k.hangUp()
		all.Wait()
	})
	return "mqtt://" + l.Addr().String()
}

func (k *crook) serve(c net.Conn) {
	for nth := 0; ; {
		p, err := packets.ReadPacket(c)
		if err != nil {
			return
		}
		var answer packets.ControlPacket
		switch p := p.(type) {
		case *packets.ConnectPacket:
			answer = packets.NewControlPacket(packets.Connack)
		case *packets.SubscribePacket:
			ack := packets.NewControlPacket(packets.Suback).(*packets.SubackPacket)
			ack.MessageID, ack.ReturnCodes = p.MessageID, make([]byte, len(p.Topics))
			answer = ack
		case *packets.PingreqPacket:
			answer = packets.NewControlPacket(packets.Pingresp)
		case *packets.PublishPacket:
			if _, _, is := record(p.Payload); is {
				nth++
			}
			if !k.publish(c, p, nth) {
				return
			}
			continue
		case *packets.DisconnectPacket:
			return
		}
		if answer == nil || answer.Write(c) != nil {
			return
		}
	}
}

// publish takes a message, or does what it does instead.
func (k *crook) publish(c net.Conn, p *packets.PublishPacket, nth int) bool {
	_, _, isRecord := record(p.Payload)
	if isRecord && k.isFalse() {
		return k.does(k, c, p, nth)
	}
	if strings.HasSuffix(p.TopicName, "/canary") {
		echo := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
		echo.TopicName, echo.Payload = p.TopicName, p.Payload
		if echo.Write(c) != nil {
			return false
		}
	}
	k.city.hear(p.Payload)
	return acknowledge(c, p.MessageID)
}

func acknowledge(c net.Conn, id uint16) bool {
	ack := packets.NewControlPacket(packets.Puback).(*packets.PubackPacket)
	ack.MessageID = id
	return ack.Write(c) == nil
}

// hostiles are the brokers that lie. What one of them acknowledges it has taken.
func hostiles() []fault {
	return []fault{
		hostile("never acknowledges", func(*crook, net.Conn, *packets.PublishPacket, int) bool { return true }),
		hostile("acknowledges out of order", func(k *crook, c net.Conn, p *packets.PublishPacket, nth int) bool {
			if nth%2 == 0 {
				return true
			}
			k.city.hear(p.Payload)
			return acknowledge(c, p.MessageID)
		}),
		hostile("acknowledges what was not sent", func(_ *crook, c net.Conn, p *packets.PublishPacket, _ int) bool {
			return acknowledge(c, p.MessageID^0x4000)
		}),
		hostile("sends a length of 256 MiB", func(_ *crook, c net.Conn, _ *packets.PublishPacket, _ int) bool {
			_, err := io.WriteString(c, "\x30\xff\xff\xff\x7f")
			return err == nil
		}),
		hostile("hangs up on everybody", func(*crook, net.Conn, *packets.PublishPacket, int) bool { return false }),
	}
}
