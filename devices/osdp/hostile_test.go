package osdp_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"sitepost/devices"
	"sitepost/devices/line"
	"sitepost/devices/line/linetest"
	"sitepost/devices/osdp"
	"sitepost/devices/osdp/osdptest"
)

// FuzzConversation: a reader that has the key and does whatever it likes never
// makes the conversation panic, end, hammer the line or say a card that it has
// not shown.
//
// A script is what it does question by question: 0 answer honestly, 1 say what
// follows in order (length, then id and payload), 2 say what follows in the
// clear, 3 say what follows as it is, 4 answer twice, 5 answer half.
func FuzzConversation(f *testing.F) {
	f.Add([]byte{}, false)
	f.Add([]byte{}, true)
	f.Add([]byte{0, 0, 0, 0, 1, 9, 0x50, 0, 1, 26, 0, 0x82, 0x46, 0x3A, 0x80}, true)
	f.Add([]byte{2, 1, 0x79, 2, 1, 0x79, 2, 2, 0x41, 6, 2, 2, 0x41, 4, 0, 4, 5}, false)
	f.Add([]byte{0, 2, 34, 0x76, 0, 2, 2, 0x41, 6, 0, 0, 2, 9, 0x50, 0, 1, 26, 0, 1, 2, 3, 4}, true)
	f.Add([]byte{3, 6, 0x53, 0x83, 0xA0, 5, 4, 0x40, 4, 5, 4, 5}, true)
	f.Fuzz(func(t *testing.T, script []byte, secure bool) {
		if len(script) > 1<<10 {
			return
		}
		synctest.Test(t, func(t *testing.T) { converse(t, script, secure) })
	})
}

func converse(t *testing.T, script []byte, secure bool) {
	cable := linetest.NewCable()
	l := line.New(line.Config{Open: cable.Open, Private: true})
	ctx, stop := context.WithTimeout(t.Context(), 15*time.Second)
	defer stop()
	m := osdptest.Make{Address: 3}
	o := osdp.Options{Line: l, Address: 3}
	if secure {
		m.Key, o.Key = siteKey, key(siteKey)
	}
	h := &hostile{Reader: osdptest.New(m), script: script}
	ran := make(chan error, 1)
	go func() { ran <- l.Run(ctx) }()
	answered := make(chan int, 1)
	go func() { answered <- h.serve(cable) }()
	cardsSaid := 0
	err := osdp.New(o).Run(ctx, func(e devices.Event) error {
		if e.Card != nil {
			cardsSaid++
		}
		return nil
	})
	if err != nil {
		t.Errorf("ended with %v", err)
	}
	if err := <-ran; err != nil {
		t.Error(err)
	}
	_ = cable.Close()
	if n := <-answered; n > 250 { // 75 polls, and for each bad answer a new beginning of 3 questions
		t.Errorf("asked %d times in 15 s", n)
	}
	if cardsSaid > h.said {
		t.Errorf("%d cards, %d were said", cardsSaid, h.said)
	}
}

// A hostile reader follows a script, and behaves when that is at its end.
type hostile struct {
	*osdptest.Reader
	script []byte
	said   int // answers that may have been a card
}

// take takes the next byte of the script, 0 at its end.
func (h *hostile) take() byte {
	if len(h.script) == 0 {
		return 0
	}
	b := h.script[0]
	h.script = h.script[1:]
	return b
}

// next takes as many bytes as the script says.
func (h *hostile) next() []byte {
	n := min(int(h.take()), len(h.script))
	b := h.script[:n]
	h.script = h.script[n:]
	return b
}

// serve answers until the cable is closed and returns how many questions came.
func (h *hostile) serve(cable *linetest.Cable) (asked int) {
	buf := make([]byte, 2048)
	for {
		n, err := cable.Read(buf)
		if err != nil {
			return asked
		}
		asked++
		what := h.take()
		if what == 1 {
			if says := h.next(); len(says) > 0 {
				h.said++
				h.Say(says[0], says[1:]...)
			}
		}
		answer, _ := h.Hear(buf[:n])
		control := byte(4)
		if len(answer) > 4 {
			control |= answer[4] & 3
		}
		switch what {
		case 2:
			if says := h.next(); len(says) > 0 {
				h.said++
				answer = osdptest.Packet(0x83, control, says...)
			}
		case 3:
			h.said++ // it may hold one
			answer = h.next()
		case 4:
			answer = append(answer, answer...)
		case 5:
			answer = answer[:len(answer)/2]
		}
		_, _ = cable.Write(answer)
	}
}
