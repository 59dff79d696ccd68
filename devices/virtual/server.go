package virtual

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"sitepost/devices/line"
	"sitepost/devices/modbus"
)

// A Server is the far end of a line that is reached over the network: a serial
// server in raw TCP mode, or instruments that speak Modbus TCP themselves. It
// takes one client, as serial servers do: a second one is hung up on.
type Server struct {
	listener net.Listener
	serve    func(ctx context.Context, conn net.Conn)
	stop     context.CancelFunc
	running  sync.WaitGroup
}

// ServeSerial puts instruments behind a serial server at an address. The
// preamble, if there is one, is mixed into what they say, once a second.
func ServeSerial(addr string, s line.Settings, preamble []byte, speakers ...Speaker) (*Server, error) {
	if len(preamble) > 0 {
		speakers = append([]Speaker{&heartbeat{text: preamble}}, speakers...)
	}
	return open(addr, func(ctx context.Context, conn net.Conn) { Attach(ctx, conn, s, speakers...) })
}

// ServeModbusTCP puts instruments at an address where Modbus TCP is spoken.
func ServeModbusTCP(addr string, speakers ...Speaker) (*Server, error) {
	return open(addr, func(_ context.Context, conn net.Conn) {
		for answerModbusTCP(conn, speakers) == nil {
		}
	})
}

func open(addr string, serve func(context.Context, net.Conn)) (*Server, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("virtual server: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &Server{listener: l, serve: serve, stop: stop}
	s.running.Go(func() { s.accept(ctx) })
	return s, nil
}

// Address returns where the server listens.
func (s *Server) Address() string { return s.listener.Addr().String() }

// Close hangs up and takes the server away.
func (s *Server) Close() error {
	s.stop()
	err := s.listener.Close()
	s.running.Wait()
	return err
}

// accept serves one client at a time.
func (s *Server) accept(ctx context.Context) {
	busy := make(chan struct{}, 1)
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return // it is closed
		}
		select {
		case busy <- struct{}{}:
			s.running.Go(func() {
				defer func() { <-busy }()
				defer conn.Close()
				defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
				s.serve(ctx, conn)
			})
		default:
			_ = conn.Close()
		}
	}
}

// answerModbusTCP waits for one question and lets whoever it is to answer it;
// one to nobody is not answered. An error means that the conversation is over.
//
//	00 01 00 00 00 06 01 03 00 02 00 05
//	|     |     |     |  the question, without its check
//	|     |     |     unit
//	|     |     length of what follows: 2 to 254
//	|     protocol, always 0
//	transaction, told back
func answerModbusTCP(conn net.Conn, speakers []Speaker) error {
	var head [6]byte
	if _, err := io.ReadFull(conn, head[:]); err != nil {
		return err
	}
	protocol, n := binary.BigEndian.Uint16(head[2:]), binary.BigEndian.Uint16(head[4:])
	if protocol != 0 || n < 2 || n > 254 {
		return fmt.Errorf("virtual server: % X is no Modbus TCP", head)
	}
	question := make([]byte, n)
	if _, err := io.ReadFull(conn, question); err != nil {
		return err
	}
	question = modbus.AppendCheck(question)
	for _, s := range speakers {
		if answer, used := s.Hear(question); used > 0 {
			frame := binary.BigEndian.AppendUint16(head[:4], uint16(len(answer)-2))
			_, err := conn.Write(append(frame, answer[:len(answer)-2]...))
			return err
		}
	}
	return nil
}

// A heartbeat is what a serial server says of its own accord. It is no answer
// to anybody.
type heartbeat struct {
	text  []byte
	spoke time.Time
}

func (*heartbeat) Hear([]byte) ([]byte, int) { return nil, 0 }
func (*heartbeat) Speaks() bool              { return true }

// Unasked says the text once a second.
func (h *heartbeat) Unasked(now time.Time) []byte {
	if now.Sub(h.spoke) < time.Second {
		return nil
	}
	h.spoke = now
	return h.text
}
