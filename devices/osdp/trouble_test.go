package osdp_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices/osdp"
	"sitepost/devices/osdp/osdptest"
)

// TestEachCardOnce: over thousands of polls on a bad line with a bad reader
// every card comes once, in order and whole.
func TestEachCardOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		trouble osdptest.Trouble
	}{
		{"lost answers", osdptest.Trouble{Drop: 3}},
		{"damaged answers", osdptest.Trouble{Corrupt: 3}},
		{"wrong sequence numbers", osdptest.Trouble{Skew: 4}},
		{"the answer before", osdptest.Trouble{Replay: 2, Age: 1}},
		{"the answer before that", osdptest.Trouble{Replay: 2, Age: 2}},
		{"the answer with the same number", osdptest.Trouble{Replay: 2, Age: 3}},
		{"answers that are a little late", osdptest.Trouble{Late: 300 * time.Millisecond}},
		{"all of it", osdptest.Trouble{Drop: 7, Corrupt: 5, Skew: 11, Replay: 3, Age: 1}},
	} {
		for _, w := range ways[:2] { // a checksum lets one damaged answer of 256 through
			if c.trouble.Age == 3 && w.key == nil {
				continue // only a MAC tells them apart
			}
			t.Run(c.name+" "+w.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { eachCardOnce(t, c.trouble, w.make, w.key) })
			})
		}
	}
}

func eachCardOnce(t *testing.T, trouble osdptest.Trouble, m osdptest.Make, key func() ([]byte, error)) {
	chance := rand.New(rand.NewPCG(1, 2))
	r := osdptest.New(m)
	r.Misbehave(trouble)
	s := hung(t, rand.New(rand.NewPCG(3, 4)), r)
	k := s.begin(osdp.Options{Address: 3, Key: key})
	var want, got []told
	for n := range 300 {
		r.Show26(7, uint16(n))
		want = append(want, card("W26:7,"+itoa(n)))
		got = append(got, cards(k.after(time.Duration(1+chance.IntN(5000))*time.Millisecond))...)
	}
	for range 600 { // a bad line takes its time
		if r.Waiting() == 0 {
			break
		}
		got = append(got, cards(k.after(time.Second))...)
	}
	got = append(got, cards(k.after(10*time.Second))...)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	polls := len(r.Asked())
	if polls < 1000 {
		t.Errorf("only %d questions were put", polls)
	}
}

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + string(rune('0'+n%10))
}

// cards keeps the cards of what was said.
func cards(said []told) []told {
	return slices.DeleteFunc(said, func(e told) bool { return e.Card == "" })
}

// TestPutOff: a reader that is busy is asked again, and one that has heard a
// question damaged hears it again; neither loses a card, and neither makes the
// conversation start over.
func TestPutOff(t *testing.T) {
	t.Parallel()
	for name, trouble := range map[string]osdptest.Trouble{
		"busy":    {Busy: 20},
		"damaged": {Refuse: 3, Reason: 1},
	} {
		for _, w := range ways {
			t.Run(name+" "+w.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					r := osdptest.New(w.make)
					k := hung(t, nil, r).begin(osdp.Options{Address: 3, Key: w.key})
					k.after(40 * time.Second)
					sessions := r.Sessions()
					r.Misbehave(trouble)
					r.Show26(1, 1)
					if diff := cmp.Diff([]told{card("W26:1,1")}, k.after(12*time.Second)); diff != "" {
						t.Errorf("(-want +got):\n%s", diff)
					}
					if r.Sessions() != sessions {
						t.Errorf("%d sessions became %d", sessions, r.Sessions())
					}
				})
			})
		}
	}
}

// TestBusyForEver: a reader that is never free is not asked more often than one
// that is, and gives no sign of life.
func TestBusyForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := osdptest.New(osdptest.Make{Address: 3})
		r.Misbehave(osdptest.Trouble{Busy: 1 << 30})
		k := hung(t, nil, r).begin(osdp.Options{Address: 3})
		if n := k.lives(10 * time.Minute); n != 0 {
			t.Errorf("%d signs of life", n)
		}
		if n := len(r.Asked()); n > 3000 {
			t.Errorf("asked %d times in 10 minutes", n)
		}
	})
}

// TestRefused: each reason of a refusal has its consequence.
func TestRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		reason byte
		key    string
		want   []told
	}{
		// A poll is refused, and then no more.
		{2, "", []told{trouble("refused"), talks}},
		{3, "", []told{trouble("refused"), talks}},
		{4, "", nil}, // started over at once
		{5, "", []told{trouble("encryption required"), talks}},
		{6, "", []told{trouble("encryption required"), talks}},
		{9, "", []told{trouble("refused"), talks}},
		{99, "", []told{trouble("refused"), talks}},
		// In the clear during a session a refusal is never believed.
		{3, siteKey, nil}, {4, siteKey, nil}, {5, siteKey, nil}, {6, siteKey, nil}, {9, siteKey, nil},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := osdptest.New(osdptest.Make{Address: 3, Key: c.key, NoStates: true})
			o := osdp.Options{Address: 3}
			if c.key != "" {
				o.Key = key(c.key)
			}
			k := hung(t, nil, r).begin(o)
			if diff := cmp.Diff([]told{noTamper, hasPower, talks}, k.after(5*time.Second)); diff != "" {
				t.Errorf("NAK %d %s: at the beginning (-want +got):\n%s", c.reason, c.key, diff)
			}
			r.Misbehave(osdptest.Trouble{Refuse: 1, Reason: c.reason})
			r.Show26(1, 1) // is told in the end, whatever happens
			want := append(slices.Clone(c.want), card("W26:1,1"))
			if len(c.want) > 0 {
				want = []told{c.want[0], card("W26:1,1"), c.want[1]}
			}
			if diff := cmp.Diff(want, k.after(40*time.Second)); diff != "" {
				t.Errorf("NAK %d %s (-want +got):\n%s", c.reason, c.key, diff)
			}
			if c.key != "" && r.Sessions() != 2 {
				t.Errorf("NAK %d: %d sessions, want 2", c.reason, r.Sessions())
			}
		})
	}
}

// TestOffline: after 8 s of silence the conversation starts over by itself, in a
// new session; a reader that was switched off and on is greeted at once.
func TestOffline(t *testing.T) {
	t.Parallel()
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := osdptest.New(w.make)
				k := hung(t, nil, r).begin(osdp.Options{Address: 3, Key: w.key})
				k.after(40 * time.Second)
				r.Restart()
				r.Show26(1, 1)
				if diff := cmp.Diff([]told{card("W26:1,1")}, k.after(3*time.Second)); diff != "" {
					t.Errorf("after a restart (-want +got):\n%s", diff)
				}
				for _, silence := range []time.Duration{2 * time.Second, 7 * time.Second, 20 * time.Second, time.Hour} {
					r.Misbehave(osdptest.Trouble{Deaf: true})
					if said := k.after(silence); said != nil {
						t.Errorf("in silence: %v", said)
					}
					r.Misbehave(osdptest.Trouble{})
					r.Show26(1, uint16(silence/time.Second))
					want := []told{card("W26:1," + itoa(int(silence/time.Second)))}
					if diff := cmp.Diff(want, k.after(92*time.Second)); diff != "" {
						t.Errorf("after %v (-want +got):\n%s", silence, diff)
					}
				}
			})
		})
	}
}

// TestRarely: a dead reader is asked 4 times, then after 2, 4, 8, 16 and for
// ever 30 s.
func TestRarely(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := hung(t, nil)
		tap := s.line.Tap()
		defer tap.Close()
		s.begin(osdp.Options{Address: 3})
		began := time.Now()
		var got []time.Duration
		for len(got) < 10 {
			c, err := tap.Next(s.ctx)
			if err != nil {
				t.Fatal(err)
			}
			if c.Sent {
				got = append(got, c.At.Sub(began).Round(time.Second))
			}
		}
		want := []time.Duration{0, 1, 2, 2, 5, 9, 18, 34, 64, 95} // each is waited for 0.4 s, and the line rests as long
		for i := range want {
			want[i] *= time.Second
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// TestReplaced: another reader may stand in the place of one that was dead for
// long, with less or more than it knew.
func TestReplaced(t *testing.T) {
	t.Parallel()
	for name, makes := range map[string][2]osdptest.Make{
		"by one without CRC": {{Address: 3}, {Address: 3, Checksum: true}},
		"by one with CRC":    {{Address: 3, Checksum: true}, {Address: 3}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := osdptest.New(makes[0])
				k := hung(t, nil, r).begin(osdp.Options{Address: 3})
				k.after(20 * time.Second)
				r.Misbehave(osdptest.Trouble{Deaf: true})
				k.after(10 * time.Minute)
				r.Replace(makes[1])
				r.Misbehave(osdptest.Trouble{})
				r.Show26(1, 1)
				if diff := cmp.Diff([]told{card("W26:1,1")}, k.after(2*time.Minute)); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestForgedRefusal: somebody who says in the clear that a reader does not know
// LSTAT cannot keep us from asking it.
func TestForgedRefusal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := osdptest.New(osdptest.Make{Address: 3, Key: siteKey})
		k := hung(t, nil, r).begin(osdp.Options{Address: 3, Key: key(siteKey)})
		k.after(5 * time.Second)
		r.Misbehave(osdptest.Trouble{Refuse: 1, Reason: 3, Only: 0x64})
		k.after(10 * time.Second)
		before := bytes.Count(r.Asked(), []byte{0x64})
		k.after(25 * time.Second)
		if n := bytes.Count(r.Asked(), []byte{0x64}) - before; n < 2 || n > 3 || r.Sessions() != 2 {
			t.Errorf("LSTAT was put %d times in 25 s, in session %d", n, r.Sessions())
		}
	})
}
