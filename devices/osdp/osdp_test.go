package osdp_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/devices/osdp"
	"sitepost/devices/osdp/osdptest"
)

// ways are the ways to talk, the two usual ones first.
var ways = []struct {
	name string
	make osdptest.Make
	key  func() ([]byte, error)
}{
	{"in the clear", osdptest.Make{Address: 3}, nil},
	{"in a Secure Channel", osdptest.Make{Address: 3, Key: siteKey}, key(siteKey)},
	{"in the clear with a reader that could do more", osdptest.Make{Address: 3, Key: siteKey}, nil},
	{"with a checksum", osdptest.Make{Address: 3, Checksum: true}, nil},
	{"with a checksum, CRC is only claimed", osdptest.Make{Address: 3, Checksum: true, ClaimsCRC: true}, nil},
	{"in a Secure Channel and in no other way", osdptest.Make{Address: 3, Key: siteKey, SecureOnly: true}, key("61206b6579206F662061207369746521\n")},
	{"in a Secure Channel with odd blocks", osdptest.Make{Address: 3, Key: siteKey, OddBlock: true}, key(siteKey)},
	{"in a Secure Channel with a checksum", osdptest.Make{Address: 3, Key: siteKey, Checksum: true}, key(siteKey)},
}

// TestReader: whatever way a reader and the panel talk, what happens at the
// reader is said once, as the contract has it.
func TestReader(t *testing.T) {
	t.Parallel()
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w.make.Inputs = 2
				r := osdptest.New(w.make)
				s := hung(t, nil, r)
				k := s.begin(osdp.Options{Address: 3, Role: "access", Key: w.key})
				off := func(point string) told { return told{Code: "contact.input", Point: point, Is: "off"} }
				began := []told{noTamper, hasPower, talks, off("1"), off("2"), headHeld, headThere}
				if diff := cmp.Diff(began, k.after(40*time.Second)); diff != "" {
					t.Fatalf("at the beginning (-want +got):\n%s", diff)
				}
				for _, step := range []struct {
					name string
					do   func()
					want []told
				}{
					{"nothing", func() {}, nil},
					{"a card of 26 bits", func() { r.Show26(4, 35957) }, []told{card("W26:4,35957")}},
					{"bad parity", func() { r.Show(26, 0x82, 0x46, 0x3A, 0x80) }, []told{card("82463A80")}},
					{"34 bits, filled up with ones", func() { r.Show(34, 0x01, 0x23, 0xAB, 0xCD, 0xFF) }, []told{card("0123ABCDC0")}},
					{"digits", func() { r.Say(0x51, 0, 0, 4, '0', '0', 'a', '7') }, []told{card("00A7")}},
					{"text", func() { r.Say(0x51, 0, 0, 2, '0', ';') }, []told{card("303B")}},
					{"the second reader of a device", func() { r.Say(0x50, 1, 1, 8, 0, 0x5A) },
						[]told{{Code: "access.card", Point: "1", Card: "5A"}}},
					{"keys", func() { r.Press("12#\r") }, []told{{Code: "access.keypad", Detail: "4"}}},
					{"housing opened", func() { r.Tamper(true) }, []told{{Code: "tamper.contact", State: devices.Raised}}},
					{"mains lost", func() { r.Power(true) }, []told{{Code: "device.fault", State: devices.Raised, Point: "power"}}},
					{"all well", func() { r.Power(false); r.Tamper(false) }, []told{noTamper, hasPower}},
					{"an input that is asked for", func() { r.Input(1, 1) }, []told{{Code: "contact.input", Point: "2", Is: "on"}}},
					{"an input that is told", func() { r.Input(1, 2); r.Say(0x49, 0, 2) }, []told{{Code: "contact.input", Point: "2", Is: "fault"}}},
					{"the head torn off", func() { r.Head(1) },
						[]told{{Code: "device.fault", State: devices.Raised, Point: "reader", Detail: "not connected"}}},
					{"the head is another", func() { r.Head(2) }, []told{
						{Code: "tamper.contact", State: devices.Raised, Point: "reader"}, headThere}},
					{"outputs, which are not asked for", func() { r.Say(0x4A, 1, 0) }, nil},
					{"something of the maker's", func() { r.Say(0x90, 1, 2, 3, 4) }, nil},
				} {
					step.do()
					if diff := cmp.Diff(step.want, k.after(11*time.Second)); diff != "" {
						t.Errorf("%s (-want +got):\n%s", step.name, diff)
					}
				}
				// A poll comes every 200 ms, and two or three states are asked in 10 s.
				if n := k.lives(10 * time.Second); n < 50 || n > 53 {
					t.Errorf("%d signs of life in 10 s, want about 52", n)
				}
				s.end()
				if k.err != nil || !k.over {
					t.Errorf("ended %v with %v, want nil", k.over, k.err)
				}
			})
		})
	}
}

// TestSameCard: a card that is held to a reader is one card, and one that is
// shown again later is another.
func TestSameCard(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := osdptest.New(osdptest.Make{Address: 3})
		k := hung(t, nil, r).begin(osdp.Options{Address: 3, Role: "patrol"})
		k.after(5 * time.Second)
		patrol := func(number string) told {
			return told{Code: "access.card", Detail: "patrol", Card: number}
		}
		for range 12 { // held for 6 s
			r.Show26(1, 1)
			time.Sleep(500 * time.Millisecond)
		}
		r.Show26(1, 2)
		r.Show26(1, 1)
		if diff := cmp.Diff([]told{patrol("W26:1,1"), patrol("W26:1,2")}, k.after(time.Second)); diff != "" {
			t.Errorf("held (-want +got):\n%s", diff)
		}
		time.Sleep(3 * time.Second)
		r.Show26(1, 1)
		if diff := cmp.Diff([]told{patrol("W26:1,1")}, k.after(time.Second)); diff != "" {
			t.Errorf("shown again (-want +got):\n%s", diff)
		}
	})
}

// TestTwoReaders: readers on one line do not hear each other's answers, and one
// without power costs the other little.
func TestTwoReaders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := osdptest.New(osdptest.Make{Address: 0})
		b := osdptest.New(osdptest.Make{Address: 126, Key: siteKey})
		s := hung(t, nil, a, b)
		first := s.begin(osdp.Options{Address: 0})
		second := s.begin(osdp.Options{Address: 126, Key: key(siteKey), Device: "door-2"})
		time.Sleep(5 * time.Second)
		a.Show26(1, 1)
		b.Show26(2, 2)
		if diff := cmp.Diff(append(well(), card("W26:1,1")), first.after(time.Second)); diff != "" {
			t.Errorf("first (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(append(well(), card("W26:2,2")), second.after(time.Second)); diff != "" {
			t.Errorf("second (-want +got):\n%s", diff)
		}
		undisturbed := first.lives(10 * time.Minute)
		b.Misbehave(osdptest.Trouble{Deaf: true})
		time.Sleep(time.Minute)
		if n := first.lives(10 * time.Minute); float64(n) < 0.95*float64(undisturbed) {
			t.Errorf("with a dead neighbour %d signs of life in 10 minutes, without %d", n, undisturbed)
		}
		if n := second.lives(10 * time.Minute); n != 0 {
			t.Errorf("a dead reader gave %d signs of life", n)
		}
		b.Misbehave(osdptest.Trouble{})
		second.after(31 * time.Second)
		b.Show26(2, 3)
		if diff := cmp.Diff([]told{card("W26:2,3")}, second.after(time.Second)); diff != "" {
			t.Errorf("alive again (-want +got):\n%s", diff)
		}
	})
}

// TestAddress: an address that no reader has ends the conversation at once.
func TestAddress(t *testing.T) {
	t.Parallel()
	for _, a := range []int{-1, 127} {
		err := osdp.New(osdp.Options{Address: a, Device: "door-1"}).Run(t.Context(), nil)
		if err == nil {
			t.Errorf("address %d is taken", a)
		}
	}
}

// TestEmitFails: when nothing more is taken, the conversation ends with that.
func TestEmitFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := hung(t, nil, osdptest.New(osdptest.Make{Address: 3}))
		closed := errors.New("closed")
		err := osdp.New(osdp.Options{Line: s.line, Address: 3}).Run(s.ctx, func(devices.Event) error { return closed })
		if !errors.Is(err, closed) {
			t.Errorf("got %v, want %v", err, closed)
		}
	})
}
