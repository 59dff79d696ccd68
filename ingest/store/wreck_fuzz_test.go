package store

import (
	"os"
	"path/filepath"
	"testing"

	"sitepost/devices"
	"sitepost/ingest/store/sound"
)

// FuzzWreck holds that no file makes its salvage panic, and that every record that it
// would save is one that was said.
func FuzzWreck(f *testing.F) {
	directory := f.TempDir()
	s := at(f, directory)
	for i := range 12 {
		says(f, s, "d", said(i, "alarm.test"), said(i, devices.AccessCard))
	}
	said := map[string]string{}
	if err := readAll(s, func(r Record) { said[r.ID()] = encoded(f, r) }); err != nil {
		f.Fatal(err)
	}
	if err := s.Close(); err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(filepath.Join(directory, "store.db"))
	if err != nil {
		f.Fatal(err)
	}
	whole = whole[:min(len(whole), 16*os.Getpagesize())]
	f.Add(uint32(0), []byte{})
	for page := range len(whole) / os.Getpagesize() {
		f.Add(uint32(page*os.Getpagesize()), make([]byte, 64))
		f.Add(uint32(page*os.Getpagesize()+10), []byte{0xff, 0xff, 0xff, 0xff, 0xff})
	}
	f.Fuzz(func(t *testing.T, at uint32, bytes []byte) {
		b := append([]byte(nil), whole...)
		copy(b[int(at)%len(b):], bytes)
		path := filepath.Join(t.TempDir(), "store.db")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		w := newWreck()
		if err := sound.Salvage(path, w.take); err != nil {
			t.Fatal(err)
		}
		w.settle(func(_ devices.Lane, m Marks) uint64 { return m.Sent })
		for _, p := range w.spots {
			value := b[p.at : p.at+int64(p.size)]
			r, err := unframeRecord(devices.Lanes()[p.lane], seqKey(p.key), value)
			if err != nil || said[r.ID()] != encoded(t, r) {
				t.Errorf("would save %s, %v, which nobody said", value, err)
			}
		}
		for _, lane := range devices.Lanes() {
			for _, g := range w.lost(lane, 0, nil) {
				if g.First > g.Last {
					t.Errorf("got gap %v", g)
				}
			}
		}
		_ = w.doubts()
	})
}
