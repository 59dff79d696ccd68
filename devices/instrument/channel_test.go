package instrument

import (
	"encoding/binary"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/devices/modbus"
)

// TestChannelIsAsked: channel 3 of a controller asks and reads two strides of 3
// behind the one in the file, registers and bits alike.
func TestChannelIsAsked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, err := readProfile(t, "testdata/good/channels.toml").Channel(3)
		if err != nil {
			t.Fatal(err)
		}
		// As on the wire: 30011 is offset 10, channel 3 six registers further.
		input := map[int]uint16{16: 40, 17: 0x6401, 18: 0x10}
		bits := map[int]uint16{6: 1, 7: 0}
		s := begin(t, Options{Profile: p, Address: 9, Device: "gas-3"}, false, func(question []byte) []byte {
			reply, _ := modbus.Serve(9, func(b modbus.Block) ([]uint16, error) {
				row := make([]uint16, b.Count)
				for i := range row {
					from := input
					if b.Function == modbus.Inputs {
						from = bits
					}
					v, there := from[int(b.Offset)+i]
					if !there {
						t.Errorf("asked for %v %d", b.Function, int(b.Offset)+i)
					}
					row[i] = v
				}
				return row, nil
			}, question)
			return reply
		})
		defer s.end()
		time.Sleep(900 * time.Millisecond)
		synctest.Wait()
		var got []devices.Event
		s.set(func() { got = slices.Clone(s.said) })
		for i := range got {
			got[i].Time = time.Time{}
		}
		forty := &devices.Value{Unit: "%LEL", Number: 40}
		want := []devices.Event{
			{Code: "device.mode", Is: "normal"},
			{Code: "gas.reading", Value: forty},
			{Code: "gas.alarm.own", State: devices.Raised},
			{Code: "device.fault", State: devices.Cleared},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// TestChannels: every channel proves itself as the file does, the last one ends
// where the controller does, and what is no channel is refused.
func TestChannels(t *testing.T) {
	t.Parallel()
	p := readProfile(t, "testdata/good/channels.toml")
	for n := 1; n <= p.Channels; n++ {
		c, err := p.Channel(n)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range c.Prove() {
			if !v.OK {
				t.Errorf("channel %d: %v", n, v)
			}
		}
		var offsets []int
		for _, a := range c.Asks() {
			offsets = append(offsets, int(binary.BigEndian.Uint16(a.Bytes[2:])))
		}
		if diff := cmp.Diff([]int{10 + 3*(n-1), 3 * (n - 1)}, offsets); diff != "" {
			t.Errorf("channel %d asks at (-want +got):\n%s", n, diff)
		}
		if _, err := c.Channel(1); err == nil {
			t.Errorf("channel %d has channels of its own", n)
		}
	}
	for n, want := range map[int]string{
		0: `profile "channels" has channels 1 to 4, not 0`,
		5: `profile "channels" has channels 1 to 4, not 5`,
	} {
		if _, err := p.Channel(n); err == nil || err.Error() != want {
			t.Errorf("channel %d: got %v, want %s", n, err, want)
		}
	}
	if _, err := load(t, "honeywell-xcd").Channel(1); err == nil {
		t.Error("a detector without channels has one")
	}
}

// TestSiteSpan: the site says what a loop stands for, also for its limits; a
// span that fits nothing is refused before anything is asked.
func TestSiteSpan(t *testing.T) {
	t.Parallel()
	p := readProfile(t, "testdata/good/site-span.toml")
	synctest.Test(t, func(t *testing.T) {
		current := uint16(12000)
		s := begin(t, Options{Profile: p, Address: 1, Device: "gas-1", Span: &Span{0, 60, "%LEL"}}, false, func(question []byte) []byte {
			reply, _ := modbus.Serve(1, func(modbus.Block) ([]uint16, error) { return []uint16{current}, nil }, question)
			return reply
		})
		defer s.end()
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
		low, high := 25.0, 50.0
		value := func(limit *float64) *devices.Value { return &devices.Value{Unit: "%LEL", Number: 30, Limit: limit} }
		want := []devices.Event{
			{Code: "gas.reading", Value: value(nil)},
			{Code: "device.fault", State: devices.Cleared},
			{Code: "gas.alarm.low", State: devices.Raised, Value: value(&low)},
			{Code: "gas.alarm.high", State: devices.Cleared, Value: value(&high)},
			{Code: "device.fault", State: devices.Cleared, Point: "limits"},
		}
		s.set(func() {
			for i := range s.said {
				s.said[i].Time = time.Time{}
			}
			if diff := cmp.Diff(want, s.said); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			s.said, current = nil, 22000
		})
		time.Sleep(time.Second)
		// A shorted loop reads nothing, and so ends no alarm.
		if diff := cmp.Diff([]told{{Code: "device.fault", State: devices.Raised}}, s.hear()); diff != "" {
			t.Errorf("shorted (-want +got):\n%s", diff)
		}
	})
	for _, o := range []Options{
		{Profile: p, Span: &Span{10, 10, "ppm"}}, {Profile: p, Span: &Span{0, 10, ""}},
		{Profile: load(t, "winsen-zp14"), Span: &Span{0, 10, "ppm"}},
	} {
		if err := New(o).Run(t.Context(), nil); err == nil {
			t.Errorf("%s with span %+v: no error", o.Profile.Name, *o.Span)
		}
	}
}
