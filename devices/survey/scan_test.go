package survey_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices/line"
	"sitepost/devices/line/linetest"
	"sitepost/devices/modbus"
	"sitepost/devices/survey"
)

// TestScan: over a real line, every address is asked once; devices that answer,
// refuse, or only make a noise are told from those that are not there.
func TestScan(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cable := linetest.NewCable()
		l := line.New(line.Config{Name: "bus", Open: cable.Open})
		ctx, cancel := context.WithCancel(t.Context())
		asked := map[byte]int{}
		var all sync.WaitGroup
		all.Go(func() { _ = l.Run(ctx) })
		all.Go(func() { answer(cable, asked) })
		defer all.Wait()
		defer func() { _ = cable.Close() }()
		defer cancel()
		var there []survey.Found
		silent := 0
		began := time.Now()
		err := survey.Scan(ctx, 0, 255, l.Ask, func(f survey.Found) {
			if f.Answer == "" && !f.There {
				silent++
				return
			}
			there = append(there, f)
		})
		if err != nil {
			t.Fatal(err)
		}
		want := []survey.Found{
			{Unit: 3, There: true, Answer: "holding register 0 is 42"},
			{Unit: 17, There: true, Answer: "modbus exception 2: the device has no such register (does the profile's numbering fit this model, or is it off by one?)"},
			{Unit: 40, Answer: "no answer among 2 bytes: are baud, parity and address right?"},
			{Unit: 247, There: true, Answer: "holding register 0 is 42"},
		}
		if diff := cmp.Diff(want, there); diff != "" || silent != 241 {
			t.Errorf("%d silent, want 241; the others (-want +got):\n%s", silent, diff)
		}
		for unit := range 256 {
			want := 1
			if unit == 0 || unit == 126 || unit == 235 || unit > 247 {
				want = 0
			}
			if asked[byte(unit)] != want {
				t.Errorf("address %d was asked %d times, want %d", unit, asked[byte(unit)], want)
			}
		}
		if took := time.Since(began); took > 110*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

// answer is a bus with two devices, one that refuses, and one that is garbled.
func answer(cable *linetest.Cable, asked map[byte]int) {
	buf := make([]byte, 64)
	for {
		n, err := cable.Read(buf)
		if err != nil {
			return
		}
		unit := buf[0]
		asked[unit]++
		reply, _ := modbus.Serve(unit, func(b modbus.Block) ([]uint16, error) {
			if b.Unit == 17 {
				return nil, &modbus.Exception{Code: 2}
			}
			return []uint16{42}, nil
		}, buf[:n])
		switch unit {
		case 3, 17, 247:
			_, _ = cable.Write(reply)
		case 40:
			_, _ = cable.Write([]byte{40, 3})
		}
	}
}

// TestScanEnds: what is not silence ends a scan and says where.
func TestScanEnds(t *testing.T) {
	t.Parallel()
	asked := 0
	err := survey.Scan(t.Context(), 1, survey.LastUnit, func(context.Context, line.Question) (line.Answer, error) {
		if asked++; asked == 3 {
			return line.Answer{}, line.ErrListenOnly
		}
		return line.Answer{}, line.ErrSilent
	}, func(survey.Found) {})
	if !errors.Is(err, line.ErrListenOnly) || err.Error() != "scan of address 3: line is only listened to" || asked != 3 {
		t.Errorf("asked %d times, got %v", asked, err)
	}
}
