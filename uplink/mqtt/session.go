package mqtt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"sync"
	"syscall"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"

	"sitepost/uplink"
)

// errGone is the error of a message that was handed to a session that had ended.
var errGone = errors.New("the connection has ended")

// A session is one paho client on one connection.
type session struct {
	fence     *fence
	client    paho.Client
	onMessage func(uplink.Message)
	jobs      chan job
	lost      chan struct{}
	once      sync.Once
	tolerated time.Time
}

// A job is one message on its way to paho.
type job struct {
	message uplink.Message
	receipt chan uplink.Receipt
}

func newSession(conn *fence, options *paho.ClientOptions, onMessage func(uplink.Message)) *session {
	s := &session{fence: conn, onMessage: onMessage, jobs: make(chan job), lost: make(chan struct{})}
	options.
		AddBroker("tcp://fenced"). // never dialled: the connection is there already
		SetCustomOpenConnectionFn(func(*url.URL, paho.ClientOptions) (net.Conn, error) { return conn, nil }).
		SetDefaultPublishHandler(s.hear).
		SetConnectionLostHandler(func(paho.Client, error) { s.over() })
	s.client = paho.NewClient(options)
	return s
}

func (s *session) over() { s.once.Do(func() { close(s.lost) }) }

// hear hands a message of the broker on.
func (s *session) hear(_ paho.Client, m paho.Message) {
	s.onMessage(uplink.Message{Topic: m.Topic(), Payload: m.Payload(), Retain: m.Retained()})
}

// begin says CONNECT and SUBSCRIBE and waits for both answers. On an error
// nothing of the session is left.
func (s *session) begin(ctx context.Context, subscriptions []string, log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(ctx, 2*connectPatience)
	defer cancel()
	connect := s.client.Connect()
	if err := s.await(ctx, connect); err != nil {
		s.fence.cut(errDropped)
		<-connect.Done() // paho gives up at once when the connection is cut
		return refusal(connect, fmt.Errorf("connect: %w", err))
	}
	if err := s.subscribe(ctx, subscriptions, log); err != nil {
		s.Drop()
		return fmt.Errorf("subscribe: %w", err)
	}
	go s.hand()
	go s.fence.watch(s.lost)
	return nil
}

// await waits for a token, and returns the reason that the fence knows where
// paho only knows that the connection has ended.
func (s *session) await(ctx context.Context, t paho.Token) error {
	select {
	case <-t.Done():
		if t.Error() == nil {
			return nil
		}
		return remoteAlert(s.fence.cause(t.Error()))
	case <-ctx.Done():
		return errors.New("no answer")
	}
}

// subscribe asks for all filters in one packet. One that the broker refuses is
// logged and done without: what we have to say is more important than what the
// city could answer.
func (s *session) subscribe(ctx context.Context, filters []string, log *slog.Logger) error {
	if len(filters) == 0 {
		return nil
	}
	wanted := make(map[string]byte)
	for _, filter := range filters {
		wanted[filter] = 1
	}
	s.fence.filters.Store(int32(len(wanted)))
	token := s.client.SubscribeMultiple(wanted, nil)
	if err := s.await(ctx, token); err != nil {
		return err
	}
	for filter, granted := range token.(*paho.SubscribeToken).Result() {
		if granted > 1 {
			log.Warn("the broker refuses a subscription (ask the city for the right to read it)", "filter", filter)
		}
	}
	return nil
}

// Publish hands a message over with QoS 1. It does not outlast the session,
// although paho's own Publish may: caught in the moment of a loss, that one
// waits for its whole WriteTimeout (client.go 809 in v1.5.1).
func (s *session) Publish(m uplink.Message) uplink.Receipt {
	j := job{m, make(chan uplink.Receipt, 1)}
	select {
	case s.jobs <- j:
	case <-s.lost:
		return failed{errGone}
	}
	select {
	case r := <-j.receipt:
		return r
	case <-s.lost:
		return failed{errGone}
	}
}

// hand gives messages to paho, one by one, until the session is lost. It ends
// at most writePatience later.
func (s *session) hand() {
	for {
		select {
		case j := <-s.jobs:
			payload := j.message.Payload
			if payload == nil {
				payload = []byte{} // paho knows no nil
			}
			j.receipt <- s.client.Publish(j.message.Topic, 1, j.message.Retain, payload)
		case <-s.lost:
			return
		}
	}
}

// Lost is closed when the connection has ended.
func (s *session) Lost() <-chan struct{} { return s.lost }

// Cause says why the connection has ended. That the broker ended it itself is
// worth knowing.
func (s *session) Cause() error {
	err := remoteAlert(s.fence.cause(errGone))
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) {
		return fmt.Errorf("%w: %w", uplink.ErrHungUp, err)
	}
	return err
}

// NotYetValid is the moment from which the broker's certificate is valid, if it
// was taken before that because this machine does not know the time; else zero.
func (s *session) NotYetValid() time.Time { return s.tolerated }

// Close says DISCONNECT and waits for the connection to end.
func (s *session) Close(ctx context.Context) error {
	patience := time.Second
	if deadline, ok := ctx.Deadline(); ok {
		patience = max(0, min(patience, time.Until(deadline)))
	}
	s.client.Disconnect(uint(patience.Milliseconds()))
	s.fence.cut(errDropped)
	s.over()
	return nil
}

// Drop cuts the connection and waits until paho has noticed.
func (s *session) Drop() {
	s.fence.cut(errDropped)
	timer := time.NewTimer(writePatience)
	defer timer.Stop()
	select {
	case <-s.lost:
	case <-timer.C:
		s.over()
	}
}

// failed is the receipt of a message that was never sent.
type failed struct{ err error }

func (f failed) Done() <-chan struct{} { done := make(chan struct{}); close(done); return done }
func (f failed) Error() error          { return f.err }

// refusal turns the code of a CONNACK into what a person can do about it (MQTT
// 3.1.1, 3.2.2.3). Code 3, "server unavailable", heals by waiting.
func refusal(connect paho.Token, err error) error {
	select {
	case <-connect.Done():
	default:
		return err
	}
	next := map[byte]string{
		packets.ErrRefusedBadProtocolVersion:    "the broker must speak MQTT 3.1.1",
		packets.ErrRefusedIDRejected:            "ask the city which uplink.client_id this box has",
		packets.ErrRefusedBadUsernameOrPassword: "check user and password of this broker",
		packets.ErrRefusedNotAuthorised:         "check user and password of this broker, and ask the city whether this box is registered",
	}
	code := connect.(*paho.ConnectToken).ReturnCode()
	if advice, ok := next[code]; ok {
		return &uplink.Refused{Why: packets.ConnErrors[code].Error(), Next: advice}
	}
	return err
}
