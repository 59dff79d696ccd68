package osdp

import (
	"bytes"
	"testing"
)

// FuzzAccept: whatever a line says, in the clear and in a Secure Channel, only
// a whole packet with our address and a good check is taken out of it, nothing
// is changed, and what is taken can be read again.
func FuzzAccept(f *testing.F) {
	for _, text := range []string{
		recordedIdentity, recordedCCRYPT, recordedRMAC, recordedPDCAP, recordedLSTATR,
		recordedCHLNG + recordedCCRYPT, "FF 53 85 08 00 04 79 00 00", "53 85 07 00 01 40 E0", "53 85 A0 05 04 50",
	} {
		heard := unhex(f, text)
		for sequence := range byte(4) {
			f.Add(byte(5), sequence, byte(sequence*2), heard)
		}
	}
	f.Fuzz(func(t *testing.T, address, sequence, c byte, heard []byte) {
		before := bytes.Clone(heard)
		session, err := newSession(unhex(t, recordedKey), [8]byte{0x7E, 0x8E, 0x32, 0x1B, 0x90, 0xC7})
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range []*question{
			{command: command(int(c) % len(commands)), address: address & 0x7F, sequence: sequence & 3},
			{command: poll, address: address & 0x7F, sequence: sequence & 3, crc: true, session: session},
		} {
			answer := q.accept(heard)
			if !bytes.Equal(before, heard) {
				t.Fatalf("heard was changed to % X", heard)
			}
			if answer == nil {
				continue
			}
			r, ok := q.read(answer)
			if !ok || answer[1] != q.address|fromReader || !bytes.Contains(heard, answer) {
				t.Fatalf("took % X out of % X", answer, heard)
			}
			if q.session != nil && !r.secured && r.id != busy && r.id != refused {
				t.Fatalf("believed % X in the clear", answer)
			}
			if len(r.payload) > longest {
				t.Fatalf("a payload of %d bytes", len(r.payload))
			}
		}
		Overheard(heard)
	})
}

// FuzzRead: an answer of a reader whose packets are all in order says anything.
// What is kept of it is bounded, and what is said can be sent to the city.
func FuzzRead(f *testing.F) {
	f.Add(byte(cardBits), []byte{0, 1, 26, 0, 0x82, 0x46, 0x3A, 0x80})
	f.Add(byte(cardBits), []byte{0, 1, 0, 4, 1, 2, 3})
	f.Add(byte(cardText), []byte{0, 0, 2, '1', 'x'})
	f.Add(byte(keysPressed), []byte{0, 4, '1', '2', '#', 13})
	f.Add(byte(ownState), []byte{1, 1})
	f.Add(byte(inputState), []byte{0, 1, 2, 255})
	f.Add(byte(readerState), []byte{0, 1, 2})
	f.Add(byte(readerState), bytes.Repeat([]byte{1}, mostReaders+1))
	f.Add(byte(inputState), make([]byte, mostInputs+1))
	f.Add(byte(isIdentity), bytes.Repeat([]byte{7}, 12))
	f.Add(byte(hasCapabilities), []byte{1, 1, 2, 8, 1, 0, 9})
	f.Fuzz(func(t *testing.T, id byte, payload []byte) {
		if len(payload) > longest {
			return
		}
		k := newTalk(Options{Address: 1}, nil)
		r := reply{id: id, payload: payload}
		k.introduce(r)
		for range 2 {
			events, ok := k.read(r)
			if !ok && len(events) > 0 {
				t.Fatalf("said %v of what cannot be read", events)
			}
			for _, e := range events {
				if e.Code.Form() == "" || len(e.Point) > 32 || len(e.Detail) > 32 {
					t.Fatalf("said %+v", e)
				}
				if e.Card != nil && len(e.Card.Number) > 2*longest {
					t.Fatalf("a number of %d characters", len(e.Card.Number))
				}
			}
		}
		if events, _ := k.read(r); id != keysPressed && len(events) > 0 {
			t.Fatalf("said again: %+v", events)
		}
		if len(k.told) > mostInputs || len(k.cards) > 1 {
			t.Fatalf("keeps %d states and %d cards", len(k.told), len(k.cards))
		}
	})
}
