package line_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices/line"
)

// well answers as an instrument should.
func well(w io.Writer, _, answer []byte) { _, _ = w.Write(answer) }

// pieces writes pieces some milliseconds apart.
func pieces(w io.Writer, apart time.Duration, all ...[]byte) {
	for i, piece := range all {
		if i > 0 {
			<-time.After(apart)
		}
		_, _ = w.Write(piece)
	}
}

// every returns a manner that answers every third question well and the
// others as m does.
func every(m manner) manner {
	n := 0
	return func(w io.Writer, question, answer []byte) {
		if n++; n%3 == 0 {
			well(w, question, answer)
			return
		}
		m(w, question, answer)
	}
}

type badManner struct {
	name  string
	heard bool
	manner
}

// badManners are the ways in which the far end misbehaves, and whether its
// answers can be heard all the same; where they cannot, every third question is
// answered well.
func badManners() []badManner {
	noise := []byte{0x00, 0xFF, 'A', 1, 'A', 0x00}
	return []badManner{
		{"well", true, well},
		{"slow bytes", true, func(w io.Writer, _, a []byte) {
			for _, b := range a {
				pieces(w, 0, []byte{b})
				<-time.After(2 * time.Millisecond)
			}
		}},
		{"split", true, func(w io.Writer, _, a []byte) { pieces(w, 20*time.Millisecond, a[:3], a[3:]) }},
		{"glued to another's answer", true, func(w io.Writer, _, a []byte) { pieces(w, 0, append(frame('A', 77, 1), a...)) }},
		{"noise before and behind", true, func(w io.Writer, _, a []byte) { pieces(w, 0, bytes.Join([][]byte{noise, a, noise}, nil)) }},
		{"noise after a while", true, func(w io.Writer, _, a []byte) { pieces(w, 3*time.Millisecond, a, noise) }},
		{"echo", true, func(w io.Writer, q, a []byte) { pieces(w, 0, q, a) }},
		{"delayed echo", true, func(w io.Writer, q, a []byte) {
			<-time.After(tortureWithin / 3)
			pieces(w, 5*time.Millisecond, q[:3], q[3:], a)
		}},
		{"late echo and no answer", false, every(func(w io.Writer, q, _ []byte) {
			<-time.After(late)
			pieces(w, 0, q)
		})},
		{"late", false, every(func(w io.Writer, _, a []byte) {
			<-time.After(late)
			pieces(w, 0, a)
		})},
		{"half in time", false, every(func(w io.Writer, _, a []byte) { pieces(w, late, a[:5], a[5:]) })},
		{"absent", false, every(func(io.Writer, []byte, []byte) {})},
		{"wrong check", false, every(func(w io.Writer, _, a []byte) {
			a[7] ^= 1
			pieces(w, 0, a)
		})},
		{"another unit", false, every(func(w io.Writer, _, a []byte) {
			pieces(w, 0, frame('A', a[1]+1, binary.BigEndian.Uint16(a[2:])))
		})},
		{"heartbeats", true, func(w io.Writer, _, a []byte) { // on a tty they are noise
			pieces(w, 5*time.Millisecond, []byte(heartbeat[:2]), append([]byte(heartbeat[2:]), a...), []byte(heartbeat))
		}},
	}
}

// A tally is what became of many questions.
type tally struct{ right, wrong, silent, other int }

// ask lets three askers put n questions each, one after the other.
func ask(ctx context.Context, l *line.Line, n int) tally {
	var mu sync.Mutex
	var all sync.WaitGroup
	var sum tally
	for asker := range 3 {
		all.Go(func() {
			for i := range n {
				number := uint16(100*asker + i)
				a, err := l.Ask(ctx, numbered(number))
				mu.Lock()
				switch {
				case errors.Is(err, line.ErrSilent):
					sum.silent++
				case err != nil:
					sum.other++
				case bytes.Equal(a.Bytes, frame('A', 1, number)):
					sum.right++
				default:
					sum.wrong++
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return sum
}

// TestTortureTTY: on a terminal, whatever the far end does, no answer is taken
// for another's, and the line goes on.
func TestTortureTTY(t *testing.T) { torture(t, ttyStand(t)) }

// TestTortureTCP: the same on a serial server.
func TestTortureTCP(t *testing.T) {
	t.Parallel()
	torture(t, tcpStand(t))
}

func torture(t *testing.T, s *stand) {
	s.behave(well)
	l := start(t, line.Config{Name: s.name, Open: s.open, Foreign: foreign})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	ear := l.Listen() // nobody listens
	defer ear.Close()
	for _, bad := range badManners() {
		s.behave(bad.manner)
		n := 3
		if !bad.heard {
			n = 1
		}
		got := ask(ctx, l, n)
		if got.wrong+got.other > 0 || got.right == 0 || !bad.heard && got.silent < 2 {
			t.Errorf("%s: got %+v", bad.name, got)
		}
		t.Logf("%s: %+v", bad.name, got)
	}
	s.behave(well)
	t.Run("two owners", func(t *testing.T) { twoOwners(ctx, t, s, l) })
	t.Run("unplugged in mid-frame", func(t *testing.T) { unpluggedInMidFrame(ctx, t, s, l) })
	t.Run("flood", func(t *testing.T) { flooded(ctx, t, s, l, time.Second) })
	t.Run("second master", func(t *testing.T) { secondMaster(ctx, t, s, l) })
}

// answered asks until an answer comes, which is the right one.
func answered(ctx context.Context, t *testing.T, l *line.Line) {
	t.Helper()
	for n := range uint16(40) {
		a, err := l.Ask(ctx, numbered(n))
		if errors.Is(err, line.ErrSilent) {
			continue
		}
		if err != nil || !bytes.Equal(a.Bytes, frame('A', 1, n)) {
			t.Fatalf("question %d: got % X, %v", n, a.Bytes, err)
		}
		return
	}
	t.Fatal("no answer any more")
}

// twoOwners: the second one is told why not, and the first one goes on.
func twoOwners(ctx context.Context, t *testing.T, s *stand, l *line.Line) {
	want := map[string]string{"tty": "in use", "tcp": "gone"}[s.name]
	err := s.other(t)
	if trouble, ok := errors.AsType[*line.Trouble](err); !ok || trouble.Short != want {
		t.Errorf("got %v, want %q", err, want)
	}
	answered(ctx, t, l)
}

// unpluggedInMidFrame: the question under way is put again, and half an answer
// from before does not meet the other half.
func unpluggedInMidFrame(ctx context.Context, t *testing.T, s *stand, l *line.Line) {
	gone := make(chan struct{})
	var once sync.Once
	s.behave(func(w io.Writer, q, a []byte) {
		once.Do(func() {
			_, _ = w.Write(a[:5])
			close(gone)
		})
		<-gone
	})
	put := make(chan error, 1)
	go func() {
		a, err := l.Ask(ctx, numbered(500))
		if err == nil && !bytes.Equal(a.Bytes, frame('A', 1, 500)) {
			err = errors.New("a wrong value")
		}
		put <- err
	}()
	<-gone
	s.behave(func(w io.Writer, _, a []byte) { pieces(w, 0, a[5:], a) })
	s.unplug()
	s.plug()
	if err := <-put; err != nil && !errors.Is(err, line.ErrSilent) { // silent where the machine was slow
		t.Error(err)
	}
	s.behave(well)
	answered(ctx, t, l)
}

// flooded: whoever asks meanwhile gets no wrong value, memory is bounded, and
// after the flood the next question is answered.
func flooded(ctx context.Context, t *testing.T, s *stand, l *line.Line, length time.Duration) {
	before := heap()
	var flood sync.WaitGroup
	var sent int
	flood.Go(func() {
		random := rand.NewChaCha8([32]byte{1})
		chunk := make([]byte, 1024)
		for end := time.Now().Add(length); time.Now().Before(end); sent += len(chunk) {
			_, _ = random.Read(chunk)
			s.say(bytes.ReplaceAll(chunk, []byte("Q"), []byte("q"))) // no question by chance
		}
	})
	got := ask(ctx, l, 1)
	flood.Wait()
	if got.wrong+got.other > 0 {
		t.Errorf("got %+v, want no wrong value", got)
	}
	if grown := int64(heap()) - int64(before); grown > 32<<20 {
		t.Errorf("%d bytes of flood: memory has grown by %d", sent, grown)
	}
	answered(ctx, t, l)
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// secondMaster: his question ends ours, and is heard.
func secondMaster(ctx context.Context, t *testing.T, s *stand, l *line.Line) {
	ear := l.Listen()
	defer ear.Close()
	hush(ctx, ear)
	theirs := frame('Q', 200, 7)
	pieces(writer(s.say), 5*time.Millisecond, theirs[:3], theirs[3:])
	var heard []byte
	for len(heard) < len(theirs) {
		c, err := ear.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		heard = append(heard, c.Bytes...)
	}
	if diff := cmp.Diff(theirs, heard); diff != "" {
		t.Errorf("heard (-want +got):\n%s", diff)
	}
	s.behave(func(io.Writer, []byte, []byte) { t.Error("we asked") })
	if _, err := l.Ask(ctx, numbered(1)); !errors.Is(err, line.ErrSecondMaster) {
		t.Errorf("got %v, want ErrSecondMaster", err)
	}
}

// hush waits until nothing came for half a second: what is left of the tests
// before would stand right in front of a question, and make it doubtful.
func hush(ctx context.Context, ear *line.Ear) {
	for {
		waiting, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
		_, err := ear.Next(waiting)
		cancel()
		if err != nil {
			return
		}
	}
}

// writer makes a Writer of a function.
type writer func([]byte)

func (w writer) Write(p []byte) (int, error) { w(p); return len(p), nil }
