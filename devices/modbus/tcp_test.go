package modbus_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"sitepost/devices/line"
	"sitepost/devices/modbus"
)

// device listens on this machine and gives the far end of its one connection.
func device(t *testing.T) (line.Port, *net.TCPConn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	p, err := modbus.OpenTCP(listener.Addr().String())(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	far, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = far.Close() })
	return p, far.(*net.TCPConn)
}

// hear reads until so many bytes have come, or nothing comes for a second.
func hear(t *testing.T, p line.Port, n int) []byte {
	t.Helper()
	var heard []byte
	for end := time.Now().Add(time.Second); len(heard) < n && time.Now().Before(end); {
		buf := make([]byte, 16) // smaller than an answer may be
		m, err := p.Read(buf)
		if err != nil {
			t.Fatalf("after % X: %v", heard, err)
		}
		heard = append(heard, buf[:m]...)
	}
	return heard
}

// put writes a question and returns what the device gets.
func put(t *testing.T, p line.Port, far io.Reader, question string) []byte {
	t.Helper()
	if err := p.Discard(); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Write(unhex(t, question)); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 12)
	if _, err := io.ReadFull(far, got); err != nil {
		t.Fatal(err)
	}
	return got
}

// TestTCP: an RTU question goes out behind the head of the standard, and its
// answer comes back with a check; of messages in pieces, glued, late, twice or
// for somebody else only the right one is heard. The steps are one conversation:
// the transaction counts from 1.
func TestTCP(t *testing.T) {
	t.Parallel()
	p, far := device(t)
	const question = "01 03 00 6B 00 03 74 17"
	const answer = "01 03 06 02 2B 00 00 00 64 05 7A"
	for i, step := range []struct {
		name string
		says []string // in pieces
		want string
	}{
		{"whole", []string{"00 01 00 00 00 09 01 03 06 02 2B 00 00 00 64"}, answer},
		{"in pieces", []string{"00", "02 00 00 00", "09 01", "03 06 02 2B 00 00 00", "64"}, answer},
		{"behind a late one", []string{"00 02 00 00 00 09 01 03 06 00 00 00 00 00 00 00 03 00 00 00 09 01 03 06 02 2B 00 00 00 64"}, answer},
		{"before somebody else's", []string{"00 04 00 00 00 09 01 03 06 02 2B 00 00 00 64 12 34 00 00 00 02 09 09"}, answer},
		{"twice", []string{"00 05 00 00 00 09 01 03 06 02 2B 00 00 00 64 00 05 00 00 00 09 01 03 06 00 00 00 00 00 00"}, answer},
		{"refused", []string{"00 06 00 00 00 03 01 83 02"}, "01 83 02 C0 F1"},
		{"another unit's", []string{"00 07 00 00 00 03 02 83 02"}, "02 83 02 30 F1"}, // Accept does not take it
	} {
		head := []byte{0, byte(i + 1), 0, 0, 0, 6}
		if got, want := put(t, p, far, question), append(head, unhex(t, question)[:6]...); !bytes.Equal(got, want) {
			t.Fatalf("%s: the device got % X, want % X", step.name, got, want)
		}
		for j, piece := range step.says {
			if _, err := far.Write(unhex(t, piece)); err != nil {
				t.Fatal(err)
			}
			if j == len(step.says)-1 {
				break
			}
			if n, err := p.Read(make([]byte, 16)); n != 0 || err != nil {
				t.Fatalf("%s: %d bytes of half an answer, %v", step.name, n, err)
			}
		}
		if got, want := hear(t, p, len(unhex(t, step.want))), unhex(t, step.want); !bytes.Equal(got, want) {
			t.Errorf("%s: heard % X, want % X", step.name, got, want)
		}
	}
	// The late answer of a question that was given up, and half of the next.
	put(t, p, far, question)
	if _, err := far.Write(unhex(t, "00 08 00 00 00 09 01 03 06")); err != nil {
		t.Fatal(err)
	}
	if n, err := p.Read(make([]byte, 16)); n != 0 || err != nil {
		t.Errorf("half an answer: got %d, %v", n, err)
	}
	put(t, p, far, question)
	if _, err := far.Write(unhex(t, "00 00 00 00 00 00 00 09 00 00 00 09 01 03 06 02 2B 00 00 00 64")); err != nil {
		t.Fatal(err)
	}
	if got, want := hear(t, p, 11), unhex(t, answer); !bytes.Equal(got, want) {
		t.Errorf("behind half an answer: heard % X, want % X", got, want)
	}
}

// TestTCPDiscard: what came before Discard is not heard after it: neither the
// rest of an answer, nor the answer itself.
func TestTCPDiscard(t *testing.T) {
	t.Parallel()
	p, far := device(t)
	put(t, p, far, "01 03 00 6B 00 03 74 17")
	if _, err := far.Write(unhex(t, "00 01 00 00 00 09 01 03 06 02 2B 00 00 00 64")); err != nil {
		t.Fatal(err)
	}
	if n, err := p.Read(make([]byte, 4)); n != 4 || err != nil {
		t.Fatalf("got %d, %v, want the first 4 bytes", n, err)
	}
	if err := p.Discard(); err != nil {
		t.Fatal(err)
	}
	if n, err := p.Read(make([]byte, 16)); n != 0 || err != nil {
		t.Errorf("%d bytes of the answer after Discard, %v", n, err)
	}
	put(t, p, far, "01 03 00 6B 00 03 74 17")
	if err := p.Discard(); err != nil {
		t.Fatal(err)
	}
	if _, err := far.Write(unhex(t, "00 02 00 00 00 09 01 03 06 02 2B 00 00 00 64")); err != nil {
		t.Fatal(err)
	}
	if n, err := p.Read(make([]byte, 16)); n != 0 || err != nil {
		t.Errorf("%d bytes after a question that was given up, %v", n, err)
	}
}

// TestTCPTroubles: what is no Modbus TCP, and a device that goes away, ends the
// port with a word about what to do.
func TestTCPTroubles(t *testing.T) {
	t.Parallel()
	const step = " (is this the Modbus TCP port of the device? most use 502; a serial server that passes RTU through is a tcp line)"
	for _, c := range []struct{ name, says, want string }{
		{"another protocol", "00 01 00 01 00 09 01", "heard 00 01 00 01 00 09…, which is no Modbus TCP" + step},
		{"too short", "00 01 00 00 00 01 01", "heard 00 01 00 00 00 01…, which is no Modbus TCP" + step},
		{"too long", "00 01 00 00 00 FF 01", "heard 00 01 00 00 00 FF…, which is no Modbus TCP" + step},
		{"a web server", "48 54 54 50 2F 31 2E 31", "heard 48 54 54 50 2F 31…, which is no Modbus TCP" + step},
		{"RTU", "01 03 06 02 2B 00 00 00 64 05 7A", "heard 01 03 06 02 2B 00…, which is no Modbus TCP" + step},
		{"nothing", "", "device closes the connection at once (how many clients does it take, and is another one connected?)"},
		{"half an answer", "00 01 00 00 00 09 01 03", "device closes the connection at once (how many clients does it take, and is another one connected?)"},
	} {
		p, far := device(t)
		put(t, p, far, "01 03 00 6B 00 03 74 17")
		_, _ = far.Write(unhex(t, c.says))
		_ = far.Close()
		var err error
		for end := time.Now().Add(5 * time.Second); err == nil && time.Now().Before(end); {
			_, err = p.Read(make([]byte, 300))
		}
		if _, ok := errors.AsType[*line.Trouble](err); !ok || err.Error() != c.want {
			t.Errorf("%s:\ngot  %v\nwant %s", c.name, err, c.want)
		}
	}
}

// TestTCPRefused: a device that is not there is refused with the next step.
func TestTCPRefused(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	_ = listener.Close()
	_, err = modbus.OpenTCP(addr)(t.Context())
	want := `dial "` + addr + `": connect: connection refused (is Modbus TCP switched on in the device, and is this its port? most use 502)`
	if trouble, ok := errors.AsType[*line.Trouble](err); !ok || trouble.Short != "refused" || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// TestTCPWritesQuestionsOnly: what does not read, or is no Modbus, never gets
// onto the network.
func TestTCPWritesQuestionsOnly(t *testing.T) {
	t.Parallel()
	p, far := device(t)
	for _, bad := range []string{
		"",
		"24 30 36 0D",
		"01 03 00 6B 00 03 74 18",                // bad check
		"01 06 00 0A 00 01 68 08",                // writes
		"00 03 00 0A 00 01 A5 D9",                // to everybody
		"01 03 00 6B 00 03 74 17 01 03",          // more than one
		"01 10 00 02 00 02 04 00 0A 01 02 D2 25", // writes
	} {
		n, err := p.Write(unhex(t, bad))
		if trouble, ok := errors.AsType[*line.Trouble](err); n != 0 || !ok || trouble.Short != "settings" {
			t.Errorf("%q: got %d, %v", bad, n, err)
		}
	}
	if got := put(t, p, far, "FF 03 00 00 00 01 91 D4"); !bytes.Equal(got, unhex(t, "00 01 00 00 00 06 FF 03 00 00 00 01")) {
		t.Errorf("the device got % X, want the one question that reads", got)
	}
}
