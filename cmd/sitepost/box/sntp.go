package box

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// A question and an answer of SNTP have one shape (RFC 4330, section 4; RFC 5905,
// section 7.3):
//
//	0  1  2  3  4 … 7  8 … 11  12 … 15  16 … 23  24 … 31  32 … 39  40 … 47
//	|  |  |  |  |      |       |        |        |        |        |
//	|  |  |  |  |      |       |        |        |        |        when it left
//	|  |  |  |  |      |       |        |        |        when the question came
//	|  |  |  |  |      |       |        |        what the question has at 40: ours again
//	|  |  |  |  |      |       |        when the server's clock was set last
//	|  |  |  |  |      |       whom it follows; of stratum 0 four letters: go away
//	|  |  |  |  |      how far it may be off     (root dispersion, 16.16 s)
//	|  |  |  |  the way to its own source        (root delay, 16.16 s)
//	|  |  |  precision
//	|  |  poll
//	|  stratum: 1 has a clock of its own … 15; 0 refuses, 16 knows no time
//	leap (2 bits: 3 is not synchronised), version (3), mode (3: 3 asks, 4 answers)
//
// A time is 32 bits of seconds since 1900 and 32 of their fraction.
const (
	packet    = 48
	question  = 0<<6 | 4<<3 | 3
	mostPairs = 8 // datagrams that are looked at before we give up: others may send too
)

const sntpPort = "123"

// sntpWithin is how long an answer may take.
const sntpWithin = 3 * time.Second

// A refusal is a kiss-o'-death: the server does not want to be asked, or not so often.
type refusal struct{ kiss string }

func (r *refusal) Error() string { return fmt.Sprintf("the time server refuses: %s", r.kiss) }

// errUnsynced is the answer of a server that does not know the time itself.
var errUnsynced = errors.New("the time server is not synchronised itself")

// A sample is one comparison.
type sample struct {
	offset time.Duration // what is to be added to our clock
	delay  time.Duration // of question and answer; the offset is off by half of it at most
}

// ask asks a time server once.
func ask(ctx context.Context, server string, wall func() time.Time) (sample, error) {
	ctx, cancel := context.WithTimeout(ctx, sntpWithin)
	defer cancel()
	if _, _, err := net.SplitHostPort(server); err != nil {
		server = net.JoinHostPort(strings.Trim(server, "[]"), sntpPort)
	}
	conn, err := new(net.Dialer).DialContext(ctx, "udp", server)
	if err != nil {
		return sample{}, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	// What stands where our time would is random: it tells nobody anything, and who
	// did not see the question cannot answer it.
	var q [packet]byte
	q[0] = question
	_, _ = rand.Read(q[40:]) // never fails
	left, sent := wall().Round(0), time.Now()
	if _, err := conn.Write(q[:]); err != nil {
		return sample{}, err
	}
	buf := make([]byte, 2*packet)
	for range mostPairs {
		n, err := conn.Read(buf)
		if err != nil {
			return sample{}, noAnswer(ctx, err)
		}
		took := time.Since(sent)
		s, answers, err := weigh(q, buf[:n], left, took)
		if answers {
			return s, err
		}
	}
	return sample{}, errors.New("no answer to the question among what came")
}

func noAnswer(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("no answer within %v (is the time server on, and may the box reach its UDP port?)", sntpWithin)
	}
	return err
}

// weigh reads an answer; false means that it is none to our question. left is our
// time when that was sent, took how long it was until now: not our time now, for
// somebody may have set the clock in between.
func weigh(q [packet]byte, a []byte, left time.Time, took time.Duration) (s sample, answers bool, err error) {
	const answer = 4
	if len(a) < packet || a[0]&7 != answer || a[0]>>3&7 == 0 || [8]byte(a[24:32]) != [8]byte(q[40:48]) {
		return sample{}, false, nil
	}
	stratum := a[1]
	switch {
	case stratum == 0:
		return sample{}, true, &refusal{kiss(a[12:16])}
	case a[0]>>6 == 3 || stratum > 15:
		return sample{}, true, errUnsynced
	}
	came, went := timeOf(a[32:40]), timeOf(a[40:48])
	held := went.Sub(came)
	if came.IsZero() || went.IsZero() || held < 0 || held > took {
		return sample{}, true, errors.New("the time server's answer makes no sense")
	}
	back := left.Add(took)
	return sample{offset: came.Sub(left)/2 + went.Sub(back)/2, delay: took - held}, true, nil
}

// kiss returns the four letters of a refusal, as far as they are letters.
func kiss(b []byte) string {
	return strings.Map(func(r rune) rune {
		if r < 'A' || r > 'Z' {
			return -1
		}
		return r
	}, string(b))
}

// timeOf reads a time; zero is none. Without the highest bit it lies in the next
// era, which begins in 2036 (RFC 4330, section 3).
func timeOf(b []byte) time.Time {
	whole, part := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	if whole == 0 && part == 0 {
		return time.Time{}
	}
	since1970 := int64(whole) - 2_208_988_800
	if whole>>31 == 0 {
		since1970 += 1 << 32
	}
	return time.Unix(since1970, int64(part)*1e9>>32)
}
