package store

import (
	"testing"
	"time"

	"sitepost/devices"
)

// TestStateWithAnEnd: a state that ends by itself is told again when its end is another
// one, and not when it is the same, in whatever zone and over a restart; who asks whether
// a word of it was told is told so, of that point alone.
func TestStateWithAnEnd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		directory := t.TempDir()
		s := at(t, directory)
		end := time.Date(2026, 11, 21, 23, 10, 0, 123_456_789, time.UTC)
		mode := func(second int, is string, until time.Time) devices.Event {
			return said(second, devices.DeviceMode, func(e *devices.Event) { e.Point, e.Is, e.Until = "operator", is, until })
		}
		says(t, s, "d", mode(1, "maintenance", end), mode(2, "maintenance", end), mode(3, "maintenance", end.Add(time.Minute)))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = at(t, directory)
		last := mode(4, "maintenance", end.Add(time.Minute).In(time.FixedZone("", 8*60*60)))
		says(t, s, "d", last)
		ask := func(device string, e devices.Event) [2]bool {
			ever, same := s.Told(device, e)
			return [2]bool{ever, same}
		}
		same(t, "the same", ask("d", last), [2]bool{true, true})
		same(t, "another end", ask("d", mode(5, "maintenance", end)), [2]bool{true, false})
		same(t, "no end", ask("d", mode(5, "maintenance", time.Time{})), [2]bool{true, false})
		same(t, "another point", ask("d", said(5, devices.DeviceMode, func(e *devices.Event) { e.Is = "maintenance" })), [2]bool{false, false})
		same(t, "another device", ask("d-1", last), [2]bool{false, false})
		says(t, s, "d", mode(6, "normal", time.Time{}), mode(7, "normal", time.Time{}))
		var told []string
		records, err := s.Read(devices.EventLane, 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			word := r.Event.Is
			if !r.Event.Until.IsZero() {
				word += r.Event.Until.Format(" 15:04")
			}
			told = append(told, word)
		}
		same(t, "told", told, []string{"maintenance 23:10", "maintenance 23:11", "normal"})
	})
}

// TestKept: what is kept is listed by how its name begins.
func TestKept(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := at(t, t.TempDir())
		for _, name := range []string{"maintenance/b", "cam-1", "maintenance/a", "maintenance"} {
			if err := s.Keep(name, name); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Keep("maintenance/a", nil); err != nil {
			t.Fatal(err)
		}
		if err := s.Keep("maintenance/c", "c"); err != nil {
			t.Fatal(err)
		}
		same(t, "kept", s.Kept("maintenance/"), []string{"maintenance/b", "maintenance/c"})
		same(t, "nothing", s.Kept("nobody/"), []string(nil))
	})
}
