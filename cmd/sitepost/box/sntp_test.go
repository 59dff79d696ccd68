package box

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"sync"
	"testing"
	"time"
)

// noon is our wall clock in these tests.
var noon = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

// put writes a time as SNTP has it.
func put(b []byte, t time.Time) {
	binary.BigEndian.PutUint32(b, uint32(t.Unix()+2_208_988_800))
	binary.BigEndian.PutUint32(b[4:], uint32(uint64(t.Nanosecond())<<32/1e9))
}

// answerTo is a good answer: the server is so much ahead, and holds the question
// for 20 ms after it was 40 ms on its way.
func answerTo(q []byte, left time.Time, ahead time.Duration) []byte {
	a := make([]byte, packet)
	a[0], a[1] = 4<<3|4, 2
	copy(a[24:32], q[40:48])
	put(a[32:], left.Add(ahead+40*time.Millisecond))
	put(a[40:], left.Add(ahead+60*time.Millisecond))
	return a
}

// aQuestion has a random time, as ask has.
func aQuestion() (q [packet]byte) {
	q[0] = question
	copy(q[40:], "\x8f\x01\x02\x03\x04\x05\x06\x07")
	return q
}

// TestWeigh: an answer counts if it is one to our question, by a server that knows
// the time; whatever else comes says nothing.
func TestWeigh(t *testing.T) {
	q := aQuestion()
	change := func(at int, b ...byte) func([]byte) []byte {
		return func(a []byte) []byte { copy(a[at:], b); return a }
	}
	for _, c := range []struct {
		name    string
		left    time.Time
		ahead   time.Duration
		change  func([]byte) []byte
		answers bool
		err     string
		offset  time.Duration
	}{
		{"good", noon, 3250 * time.Millisecond, nil, true, "", 3250 * time.Millisecond},
		{"we are ahead", noon, -time.Hour, nil, true, "", -time.Hour},
		{"our clock starts in 1970", time.Unix(0, 0), noon.Sub(time.Unix(0, 0)), nil, true, "", noon.Sub(time.Unix(0, 0))},
		{"the next era", time.Date(2036, 2, 7, 6, 28, 0, 0, time.UTC), time.Minute, nil, true, "", time.Minute},
		{"longer than it must be", noon, time.Second, func(a []byte) []byte { return append(a, 1, 2, 3, 4) }, true, "", time.Second},
		{"short", noon, 0, func(a []byte) []byte { return a[:47] }, false, "", 0},
		{"empty", noon, 0, func([]byte) []byte { return nil }, false, "", 0},
		{"to another question", noon, 0, change(31, 0xFF), false, "", 0},
		{"a question", noon, 0, change(0, question), false, "", 0},
		{"a broadcast", noon, 0, change(0, 4<<3|5), false, "", 0},
		{"version 0", noon, 0, change(0, 4), false, "", 0},
		{"not synchronised", noon, 0, change(0, 3<<6|4<<3|4), true, errUnsynced.Error(), 0},
		{"stratum 16", noon, 0, change(1, 16), true, errUnsynced.Error(), 0},
		{"a kiss", noon, 0, func(a []byte) []byte { a[1] = 0; copy(a[12:], "RATE"); return a }, true, "the time server refuses: RATE", 0},
		{"a kiss of rubbish", noon, 0, func(a []byte) []byte { a[1] = 0; copy(a[12:], "\x1b[2J"); return a }, true, "the time server refuses: J", 0},
		{"no time", noon, 0, change(40, 0, 0, 0, 0, 0, 0, 0, 0), true, "the time server's answer makes no sense", 0},
		{"left before it came", noon, 0, func(a []byte) []byte { put(a[40:], noon); return a }, true, "the time server's answer makes no sense", 0},
		{"held longer than it took", noon, 0, func(a []byte) []byte { put(a[40:], noon.Add(time.Minute)); return a }, true, "the time server's answer makes no sense", 0},
	} {
		a := answerTo(q[:], c.left, c.ahead)
		if c.change != nil {
			a = c.change(a)
		}
		got, answers, err := weigh(q, a, c.left, 100*time.Millisecond)
		why := ""
		if err != nil {
			why = err.Error()
		}
		if answers != c.answers || why != c.err || (got.offset-c.offset).Abs() > time.Microsecond {
			t.Errorf("%s: got %v off, answers %t, %q, want %v, %t, %q", c.name, got.offset, answers, why, c.offset, c.answers, c.err)
		}
		if c.answers && c.err == "" && (got.delay-80*time.Millisecond).Abs() > time.Microsecond {
			t.Errorf("%s: got a delay of %v, want 80ms", c.name, got.delay)
		}
	}
}

// FuzzWeigh: no datagram makes it fall, and none without our own random time is an
// answer.
func FuzzWeigh(f *testing.F) {
	q := aQuestion()
	f.Add(answerTo(q[:], noon, time.Second))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, a []byte) {
		_, answers, _ := weigh(q, a, noon, time.Second)
		if answers && [8]byte(a[24:32]) != [8]byte(q[40:48]) {
			t.Errorf("% X is taken for an answer", a)
		}
	})
}

// serveTime answers datagrams until the test ends.
func serveTime(t *testing.T, answers func(q []byte) [][]byte) string {
	t.Helper()
	l, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		buf := make([]byte, 512)
		for {
			n, from, err := l.ReadFrom(buf)
			if err != nil {
				return
			}
			for _, a := range answers(buf[:n]) {
				_, _ = l.WriteTo(a, from)
			}
		}
	})
	t.Cleanup(func() { _ = l.Close(); serving.Wait() })
	return l.LocalAddr().String()
}

// good is an answer of a server that is so much ahead of this machine, at once.
func good(q []byte, ahead time.Duration) []byte {
	a := answerTo(q, noon, 0)
	now := time.Now().Add(ahead)
	put(a[32:], now)
	put(a[40:], now)
	return a
}

// TestAsk: a server is asked over UDP; what others send before it is passed over,
// and of too much of that nothing is taken.
func TestAsk(t *testing.T) {
	const ahead = 90 * time.Second
	forged := func(q []byte) []byte { a := good(q, time.Hour); a[24]++; return a }
	server := serveTime(t, func(q []byte) [][]byte {
		if len(q) != packet || q[0] != question {
			t.Errorf("got % X, want a question", q)
		}
		return [][]byte{{1, 2, 3}, forged(q), good(q, ahead)}
	})
	got, err := ask(t.Context(), server, time.Now)
	if err != nil || (got.offset-ahead).Abs() > got.delay/2+10*time.Millisecond {
		t.Errorf("got %v ± %v, %v, want %v", got.offset, got.delay/2, err, ahead)
	}
	flood := serveTime(t, func(q []byte) (all [][]byte) {
		for range mostPairs {
			all = append(all, forged(q))
		}
		return append(all, good(q, ahead))
	})
	if _, err := ask(t.Context(), flood, time.Now); err == nil {
		t.Error("got no error for a flood of answers to nothing")
	}
	kiss := serveTime(t, func(q []byte) [][]byte {
		a := good(q, 0)
		a[1] = 0
		copy(a[12:], "DENY")
		return [][]byte{a}
	})
	_, err = ask(t.Context(), kiss, time.Now)
	if refused, is := errors.AsType[*refusal](err); !is || refused.kiss != "DENY" {
		t.Errorf("got %v, want the refusal DENY", err)
	}
}

// TestAskIsLetGo: who ends the asking waits for no answer.
func TestAskIsLetGo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	silent := serveTime(t, func([]byte) [][]byte { cancel(); return nil })
	if _, err := ask(ctx, silent, time.Now); err == nil {
		t.Error("got no error of a server that does not answer")
	}
}
