package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/rogpeppe/go-internal/testscript"
)

// startBroker is the command `broker NAME WHO FILE…` of scripts: a broker that is there
// until the script ends. WHO is broker, or platform: then somebody listens there who gives
// receipts. Its address is in $NAME, and stands in the files where they say $NAME.
func startBroker(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 || args[1] != "broker" && args[1] != "platform" {
		ts.Fatalf("usage: broker NAME broker|platform FILE…")
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	server := mqtt.New(&mqtt.Options{InlineClient: true, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	ts.Check(server.AddHook(new(auth.AllowHook), nil))
	p := &platform{server: server, acks: make(chan packets.Packet, 1024), ended: make(chan struct{})}
	if args[1] == "platform" {
		ts.Check(server.AddHook(p, nil))
	}
	ts.Check(server.AddListener(listeners.NewNet("city", ln)))
	go p.answer()
	ts.Check(server.Serve())
	ts.Defer(func() {
		ts.Check(server.Close())
		close(p.acks)
		<-p.ended
	})
	url := "mqtt://" + ln.Addr().String()
	ts.Setenv(args[0], url)
	for _, file := range args[2:] {
		text := strings.ReplaceAll(ts.ReadFile(file), "$"+args[0], url)
		ts.Check(os.WriteFile(ts.MkAbs(file), []byte(text), 0o640))
	}
}

// A platform gives a receipt for each alarm and event that it hears: it is one that has
// everything up to it.
type platform struct {
	mqtt.HookBase
	server *mqtt.Server
	acks   chan packets.Packet
	ended  chan struct{}
}

func (*platform) ID() string           { return "platform" }
func (*platform) Provides(b byte) bool { return b == mqtt.OnPublished }

func (p *platform) OnPublished(_ *mqtt.Client, said packets.Packet) {
	if strings.Contains(said.TopicName, "/up/alarm/") || strings.Contains(said.TopicName, "/up/event/") {
		p.acks <- said.Copy(false)
	}
}

func (p *platform) answer() {
	defer close(p.ended)
	for said := range p.acks {
		var r struct{ Epoch, Lane, Sequence string }
		if json.Unmarshal(said.Payload, &r) != nil {
			continue
		}
		upto, _ := strconv.ParseUint(r.Sequence, 10, 64)
		site, _, _ := strings.Cut(said.TopicName, "/up/")
		ack := fmt.Sprintf(`{"epoch":%q,"lane":%q,"upto":%d}`, r.Epoch, r.Lane, upto)
		_ = p.server.Publish(site+"/down/ack", []byte(ack), false, 1) // a box that has gone asks again
	}
}
