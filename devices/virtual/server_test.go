package virtual

import (
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"testing"
	"time"

	"sitepost/devices/instrument"
	"sitepost/devices/line"
	"sitepost/devices/modbus"
)

// patience is how long anything that must happen may take here.
const patience = 10 * time.Second

// detector makes a gas detector that shows 20 %LEL.
func detector(t *testing.T, address int) *Instrument {
	t.Helper()
	p, err := instrument.Load("honeywell-xcd", "")
	if err != nil {
		t.Fatal(err)
	}
	return NewInstrument(p, address)
}

// dialled is a connection to a server, with a deadline.
func dialled(t *testing.T, s *Server) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", s.Address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// exchange says something and reads so many bytes.
func exchange(t *testing.T, conn net.Conn, say string, n int) string {
	t.Helper()
	if _, err := conn.Write([]byte(say)); err != nil {
		t.Fatal(err)
	}
	heard := make([]byte, n)
	if _, err := io.ReadFull(conn, heard); err != nil {
		t.Fatalf("after % X: %v", say, err)
	}
	return fmt.Sprintf("% X", heard)
}

// rtu is a message of Modbus RTU with its check.
func rtu(message string) string { return string(modbus.AppendCheck([]byte(message))) }

// gasAsked asks a detector for its first two registers, without a check.
func gasAsked(unit byte) string { return string([]byte{unit, 3, 0, 2, 0, 2}) }

const (
	answerBytes = 9 // unit, function, count, two registers, check
	shown       = "\x03\x04\x41\xA0\x00\x00"
)

// TestSerialServer answers what goes over the serial line, after noise and in
// pieces, and mixes its preamble in.
func TestSerialServer(t *testing.T) {
	t.Parallel()
	s, err := ServeSerial("127.0.0.1:0", line.Settings{Baud: 9600, DataBits: 8, Parity: 'N', StopBits: 1}, nil, detector(t, 1), detector(t, 2))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	conn := dialled(t, s)
	for unit := byte(1); unit <= 2; unit++ {
		want := fmt.Sprintf("% X", rtu(string(unit)+shown))
		if got := exchange(t, conn, rtu(gasAsked(unit)), answerBytes); got != want {
			t.Errorf("unit %d: got %s, want %s", unit, got, want)
		}
	}
	q := rtu(gasAsked(2))
	if _, err := conn.Write([]byte("\x00\xFF" + q[:5])); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("% X", rtu("\x02"+shown))
	if got := exchange(t, conn, q[5:], answerBytes); got != want {
		t.Errorf("in pieces: got %s, want %s", got, want)
	}
}

// TestPreamble is said to each client, and again and again.
func TestPreamble(t *testing.T) {
	t.Parallel()
	s, err := ServeSerial("127.0.0.1:0", line.Settings{}, []byte("REG1"), detector(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got, want := exchange(t, dialled(t, s), "", 8), fmt.Sprintf("% X", "REG1REG1"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestModbusTCPServer: an answer bears the transaction of its own question,
// also where two are under way; who is not there is not answered.
func TestModbusTCPServer(t *testing.T) {
	t.Parallel()
	gone := detector(t, 2)
	gone.Dead(true)
	s, err := ServeModbusTCP("127.0.0.1:0", detector(t, 1), gone)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	conn := dialled(t, s)
	asked := func(transaction byte, question string) string {
		return string([]byte{0x12, transaction, 0, 0, 0, byte(len(question))}) + question
	}
	says := func(transaction byte, answer string) string { return asked(transaction, answer) }

	say := asked(1, gasAsked(1)) + asked(2, gasAsked(2)) + asked(3, gasAsked(9)) + asked(4, gasAsked(1))
	want := says(1, "\x01"+shown) + says(4, "\x01"+shown)
	if got := exchange(t, conn, say, len(want)); got != fmt.Sprintf("% X", want) {
		t.Errorf("got %s, want % X", got, want)
	}
	want = says(5, "\x01\x83\x02")
	if got := exchange(t, conn, asked(5, "\x01\x03\x10\x00\x00\x01"), len(want)); got != fmt.Sprintf("% X", want) {
		t.Errorf("registers that are not there: got %s, want % X", got, want)
	}
}

// TestModbusTCPRefuses what is no Modbus TCP by hanging up.
func TestModbusTCPRefuses(t *testing.T) {
	t.Parallel()
	s, err := ServeModbusTCP("127.0.0.1:0", detector(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, head := range []string{
		"\x00\x01\x00\x01\x00\x06", // another protocol
		"\x00\x01\x00\x00\x00\x01", // too short
		"\x00\x01\x00\x00\x00\xFF", // too long
		"GET / HTTP/1.1\r\n",
	} {
		conn := taken(t, s)
		if _, err := conn.Write([]byte(head)); err != nil {
			t.Fatal(err)
		}
		if n, err := conn.Read(make([]byte, 1)); n > 0 || timedOut(err) {
			t.Errorf("% X: got %d bytes and %v, want to be hung up on", head, n, err)
		}
		_ = conn.Close()
	}
}

func timedOut(err error) bool {
	wait, ok := errors.AsType[net.Error](err)
	return ok && wait.Timeout()
}

// taken is a connection that is served, which takes a moment after the last one
// has gone.
func taken(t *testing.T, s *Server) net.Conn {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		conn := dialled(t, s)
		ask := "\x00\x07\x00\x00\x00\x06" + gasAsked(1)
		if _, err := conn.Write([]byte(ask)); err == nil {
			if _, err := io.ReadFull(conn, make([]byte, 6+answerBytes-2)); err == nil {
				return conn
			}
		}
		_ = conn.Close()
	}
	t.Fatal("the server takes nobody")
	return nil
}

// TestOneClient: a second client is hung up on while the first is there, and
// welcome when it has gone.
func TestOneClient(t *testing.T) {
	t.Parallel()
	s, err := ServeModbusTCP("127.0.0.1:0", detector(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	first := taken(t, s)
	second := dialled(t, s)
	if n, err := second.Read(make([]byte, 1)); n > 0 || err == nil || timedOut(err) {
		t.Errorf("second client: got %d bytes and %v, want to be hung up on", n, err)
	}
	want := fmt.Sprintf("% X", "\x00\x08\x00\x00\x00\x07\x01"+shown)
	if got := exchange(t, first, "\x00\x08\x00\x00\x00\x06"+gasAsked(1), 13); got != want {
		t.Errorf("first client: got %s, want %s", got, want)
	}
	_ = first.Close()
	_ = taken(t, s).Close()
}

// TestServersLeaveNothing: closing hangs up and leaves no goroutine, with a
// client in the middle of a question and without one.
func TestServersLeaveNothing(t *testing.T) {
	before := runtime.NumGoroutine()
	for _, client := range []bool{false, true} {
		serial, err := ServeSerial("127.0.0.1:0", line.Settings{}, []byte("REG1"), detector(t, 1))
		if err != nil {
			t.Fatal(err)
		}
		network, err := ServeModbusTCP("127.0.0.1:0", detector(t, 1))
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []*Server{serial, network} {
			if !client {
				continue
			}
			conn := dialled(t, s)
			if _, err := conn.Write([]byte{0, 1, 0}); err != nil {
				t.Fatal(err)
			}
			defer func() {
				if _, err := io.Copy(io.Discard, conn); timedOut(err) {
					t.Errorf("%s does not hang up", conn.RemoteAddr())
				}
			}()
		}
		for _, s := range []*Server{serial, network} {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	for end := time.Now().Add(patience); runtime.NumGoroutine() > before && time.Now().Before(end); {
		runtime.Gosched()
	}
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("got %d goroutines, want %d", n, before)
	}
}
