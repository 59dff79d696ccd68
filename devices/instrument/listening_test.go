package instrument

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
)

// TestSpeakerIsHeard: an instrument that speaks by itself is heard however its
// bytes come, also when only time has to pass, and after the cable was out.
func TestSpeakerIsHeard(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := readProfile(t, "testdata/good/pauses.toml")
		s := begin(t, Options{Profile: p, Device: "door-1"}, false, func([]byte) []byte { return nil })
		defer s.end()
		say := func(text string) { _, _ = s.cable.Write([]byte(text)) }
		say("xxS00")
		say("00S1000")
		time.Sleep(199 * time.Millisecond)
		want := []told{
			{Code: "panic.pressed", State: devices.Cleared},
			{Code: "access.leaf", Is: "closed"}, // after 100 ms without a byte
		}
		if diff := cmp.Diff(want, s.hear()); diff != "" {
			t.Errorf("first (-want +got):\n%s", diff)
		}
		time.Sleep(2 * time.Millisecond)
		if diff := cmp.Diff([]told{{Code: "access.held_open", State: devices.Raised}}, s.hear()); diff != "" {
			t.Errorf("after steady (-want +got):\n%s", diff)
		}
		say("S01")
		s.cable.Unplug()
		s.cable.Plug()
		time.Sleep(time.Second)
		s.hear()
		say("00S1000") // the rest of a frame whose begin was before, then a whole one
		time.Sleep(100 * time.Millisecond)
		if diff := cmp.Diff([]told{{}}, s.hear()); diff != "" {
			t.Errorf("after the cable (-want +got):\n%s", diff)
		}
	})
}

// TestAnswerOfLines: an answer of several lines is taken whole, as soon as all
// that the profile matches is there, and else when its time is over; lines
// without any of it are no answer.
func TestAnswerOfLines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := load(t, "ceia-02pn20")
		var answer string
		s := begin(t, Options{Profile: p, Device: "wtmd-1"}, false, func([]byte) []byte { return []byte(answer) })
		defer s.end()
		s.set(func() { s.slow = true })
		pass, alarm := told{Code: "screening.pass"}, told{Code: "screening.metal.alarm"}
		for i, step := range []struct {
			answer string
			wait   time.Duration
			want   []told
		}{
			{"garbage\r\n", 3 * time.Second, nil},
			{"WHO\r\nP 100\r\nTA 20\r\nTR 20\r\n", 5 * time.Second, []told{pass, alarm}},
			{"P 101\r\nTR 20\r\n", 5 * time.Second, []told{pass}},
			{"P 101\r\nTA 20\r\n", 5 * time.Second, []told{{}}},
		} {
			s.set(func() { answer = step.answer })
			time.Sleep(step.wait)
			if diff := cmp.Diff(step.want, s.hear()); diff != "" {
				t.Errorf("step %d (-want +got):\n%s", i, diff)
			}
		}
	})
}

// TestListenOnly: on a line where somebody else asks, what a framed instrument
// answers is read and nothing is sent.
func TestListenOnly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := load(t, "gate-7e7f")
		s := begin(t, Options{Profile: p, Address: 1, Device: "gate-1"}, true, func([]byte) []byte { return nil })
		defer s.end()
		for range 2 {
			_, _ = s.cable.Write(append(mustBytes(t, "7E 00 01 10 00 00 00 {not8}"), speak(t, p, nil, 1)...))
		}
		time.Sleep(time.Second)
		if said := s.hear(); len(said) != 6 || said[5] != (told{}) {
			t.Errorf("got %v, want five first words and a sign of life", said)
		}
		s.set(func() {
			if len(s.asked) != 0 {
				t.Errorf("sent %d questions", len(s.asked))
			}
		})
	})
}

// TestNoiseIsNoAnswer: lines that hold nothing of the profile's are neither an
// answer nor a sign of life, asked or not.
func TestNoiseIsNoAnswer(t *testing.T) {
	t.Parallel()
	for _, listenOnly := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := begin(t, Options{Profile: load(t, "ceia-02pn20"), Device: "wtmd-1"}, listenOnly, func([]byte) []byte {
				return []byte("garbage\r")
			})
			defer s.end()
			for range 60 {
				if listenOnly {
					_, _ = s.cable.Write([]byte("garbage\r"))
				}
				time.Sleep(5 * time.Second)
			}
			if said := s.hear(); said != nil {
				t.Errorf("noise said %v", said)
			}
			s.set(func() {
				if n := len(s.asked); !listenOnly && n > 15 {
					t.Errorf("noise was asked %d times in five minutes as if it answered", n)
				}
			})
		})
	}
}
