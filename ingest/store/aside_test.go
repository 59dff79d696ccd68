package store

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"sitepost/devices"
	"sitepost/ingest/store/sound"
)

// buried are the records that were set aside, oldest first.
func buried(t *testing.T, s *Store) (all []Dead) {
	t.Helper()
	err := s.file.View(func(tx *bolt.Tx) error {
		return tx.Bucket([]byte(bucketDead)).ForEach(func(k, v []byte) error {
			var d Dead
			err := sound.Unframe(k, v, &d)
			all = append(all, d)
			return err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// isStubs says of each record of a lane whether it is a stub.
func isStubs(t *testing.T, s *Store, lane devices.Lane) (all string) {
	t.Helper()
	for _, r := range stored(t, s, lane) {
		if r.IsStub() {
			all += "_"
		} else {
			all += "r"
		}
	}
	return all
}

// TestSetAside: a record that is set aside leaves a stub in its place, which stays
// over a restart; it is kept, told as a gap, and marks pass over it.
func TestSetAside(t *testing.T) {
	bubble(t, func(t *testing.T) {
		directory := t.TempDir()
		s := at(t, directory)
		for n := range 5 {
			says(t, s, "d", said(n, gasHigh, raised, point(string(rune('a'+n)))), said(n, devices.AccessPassage, point("left")))
		}
		whole := stored(t, s, devices.EventLane)[2]
		for _, lane := range []devices.Lane{devices.AlarmLane, devices.EventLane} {
			for range 2 { // again is nothing
				if err := s.SetAside(lane, 3, "it is poison"); err != nil {
					t.Fatal(err)
				}
			}
		}
		s.MarkSent(devices.EventLane, 2)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}

		s = at(t, directory)
		for _, lane := range []devices.Lane{devices.AlarmLane, devices.EventLane} {
			same(t, string(lane), isStubs(t, s, lane), map[devices.Lane]string{devices.AlarmLane: "rr_rr", devices.EventLane: "_rr"}[lane])
		}
		found := stored(t, s, devices.EventLane)[0]
		if found.Seq != 3 || !found.Accepted.Equal(whole.Accepted) || found.Place.Device.Name != "" {
			t.Errorf("got stub %+v of %+v", found, whole)
		}
		same(t, "gaps", s.Gaps(), []Gap{
			{Lane: devices.AlarmLane, First: 3, Last: 3, Why: "set aside: it is poison"},
			{Lane: devices.EventLane, First: 3, Last: 3, Why: "set aside: it is poison"},
		})
		kept := buried(t, s)
		if len(kept) != 2 || kept[1].Why != "it is poison" {
			t.Fatalf("kept: %+v", kept)
		}
		same(t, "kept", kept[1].Record, whole)
		s.MarkSent(devices.EventLane, 5)
		s.MarkSent(devices.AlarmLane, 5)
		if got := s.Marks(devices.EventLane).Sent; got != 5 {
			t.Errorf("mark: got %d, want 5", got)
		}
		time.Sleep(2 * idleAfter)
		for _, l := range s.Stock().Lanes {
			if l.Lane == devices.EventLane && l.Bytes != 0 {
				t.Errorf("a lane that is done weighs %d bytes", l.Bytes)
			}
		}
	})
}

// TestSetAsideDone: what is done, was never there or is of no lane is not touched.
func TestSetAsideDone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := at(t, t.TempDir())
		says(t, s, "d", said(1, gasHigh, raised), said(2, gasHigh, cleared))
		s.MarkSent(devices.AlarmLane, 1)
		for _, seq := range []uint64{1, 3} {
			if err := s.SetAside(devices.AlarmLane, seq, "it is poison"); err != nil {
				t.Error(err)
			}
		}
		if s.SetAside("attic", 1, "") == nil || s.SetAside(devices.AlarmLane, 0, "") == nil {
			t.Error("a lane or a number that does not exist is no error")
		}
		same(t, "alarms", isStubs(t, s, devices.AlarmLane), "rr")
		if got := s.Gaps(); len(got) > 0 || len(buried(t, s)) > 0 {
			t.Errorf("got gaps %v, kept %v, want none", got, buried(t, s))
		}
	})
}

// TestSetAsideInManyAlarms: it is found in the tree and in the small buckets above it,
// and moves to the history as any other.
func TestSetAsideInManyAlarms(t *testing.T) {
	bubble(t, func(t *testing.T) {
		directory := t.TempDir()
		s := at(t, directory)
		const many = 400
		for n := range many {
			says(t, s, "d", said(n%60, "alarm.test"))
		}
		want := strings.Split(strings.Repeat("r", many), "")
		for _, seq := range []uint64{1, 7, 200, many - 1, many} {
			if err := s.SetAside(devices.AlarmLane, seq, "it is poison"); err != nil {
				t.Fatal(err)
			}
			want[seq-1] = "_"
		}
		same(t, "alarms", isStubs(t, s, devices.AlarmLane), strings.Join(want, ""))
		s.MarkSent(devices.AlarmLane, many)
		time.Sleep(5 * idleAfter)
		if first, _, any := firstHot(t, s); any && first < many-moveStep {
			t.Errorf("alarms from %d on did not become history", first)
		}
		same(t, "history", isStubs(t, s, devices.AlarmLane), strings.Join(want, ""))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		same(t, "after a restart", isStubs(t, at(t, directory), devices.AlarmLane), strings.Join(want, ""))
	})
}

func firstHot(t *testing.T, s *Store) (first, last uint64, any bool) {
	t.Helper()
	err := s.file.View(func(tx *bolt.Tx) error {
		first, last, any = s.lanes[devices.AlarmLane].records.ends(tx)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return first, last, any
}

// TestSetAsideReading: a reading is passed over in this run, kept, and told.
func TestSetAsideReading(t *testing.T) {
	bubble(t, func(t *testing.T) {
		directory := t.TempDir()
		s := at(t, directory)
		for n := range 4 {
			says(t, s, "d", said(n, devices.GasReading))
		}
		time.Sleep(2 * time.Second)
		if err := s.SetAside(devices.ReadingLane, 2, "it is poison"); err != nil {
			t.Fatal(err)
		}
		same(t, "readings", isStubs(t, s, devices.ReadingLane), "r_rr")
		same(t, "gaps", s.Gaps(), []Gap{{Lane: devices.ReadingLane, First: 2, Last: 2, Why: "set aside: it is poison"}})
		if kept := buried(t, s); len(kept) != 1 || kept[0].Record.Seq != 2 {
			t.Errorf("kept: %+v", kept)
		}
		s.MarkSent(devices.ReadingLane, 3)
		if err := s.SetAside(devices.ReadingLane, 4, "it is poison"); err != nil || len(s.aside) != 1 {
			t.Errorf("got %v with %v in memory, want only what is not done", err, s.aside)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		same(t, "after a restart", isStubs(t, at(t, directory), devices.ReadingLane), "rrrr")
	})
}

// TestDeadBounded: what is kept of the dead has a bound in number and in bytes, and
// the oldest go.
func TestDeadBounded(t *testing.T) {
	s := at(t, t.TempDir())
	for name, test := range map[string]struct{ put, size, most, left int }{
		"many":  {mostDead + 7, 10, 1 << 20, mostDead},
		"large": {40, 1 << 10, 10 << 10, 10},
	} {
		err := meddle(s, func(tx *bolt.Tx) error {
			b, err := tx.CreateBucket([]byte(name))
			for n := uint64(1); err == nil && n <= uint64(test.put); n++ {
				if err = b.Put(binary.BigEndian.AppendUint64(nil, n), make([]byte, test.size)); err == nil {
					err = trimDead(b, test.most)
				}
			}
			if err != nil {
				return err
			}
			var got []uint64
			if err := b.ForEach(func(k, _ []byte) error { got = append(got, seqOf(k)); return nil }); err != nil {
				return err
			}
			if want := uint64(test.put - test.left + 1); len(got) != test.left || got[0] != want {
				t.Errorf("%s: got %d of %d, want the %d from %d on", name, len(got), test.put, test.left, want)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestSetAsideThenDamaged: what was set aside does not come back with what is saved
// from a damaged file, and stays told.
func TestSetAsideThenDamaged(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	s := at(t, directory)
	for i := range 5 {
		says(t, s, "d", said(i, "alarm.test"))
	}
	if err := s.SetAside(devices.AlarmLane, 2, "it is poison"); err != nil {
		t.Fatal(err)
	}
	old, changed := s.Epoch(), s.Changed()
	flipAll(t, directory, `"lane":"alarm","seq":4,`)
	if _, err := s.Read(devices.AlarmLane, 0, 0); !errors.Is(err, ErrDamaged) {
		t.Fatalf("got %v, want ErrDamaged", err)
	}
	<-changed
	all := salvaged(t, s)
	same(t, "salvaged", names(all, old), []string{"alarm-1", "alarm-2", "alarm-3", "alarm-5"})
	for _, one := range all {
		if one.Record.IsStub() != (one.Record.Seq == 2) {
			t.Errorf("record %d: stub %t", one.Record.Seq, one.Record.IsStub())
		}
	}
	same(t, "gaps", s.Gaps(), []Gap{
		{Lane: devices.AlarmLane, First: 2, Last: 2, Epoch: old, Why: "set aside: it is poison"},
		{Lane: devices.AlarmLane, First: 4, Last: 4, Epoch: old, Why: "damaged"},
	})
	if err := s.SetAside(devices.AlarmLane, 1, "there is none in this file"); err != nil || len(buried(t, s)) > 0 {
		t.Errorf("got %v and %v, want nothing", err, buried(t, s))
	}
}

// TestReadDead: what was set aside is read whole when nobody uses the store, the oldest
// first, and one that is damaged does not hide the others.
func TestReadDead(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	if _, err := ReadDead(directory); err == nil {
		t.Error("got no error where there is no store")
	}
	s := at(t, directory)
	for n := range 3 {
		says(t, s, "d", said(n, devices.AccessPassage, point("left")))
	}
	whole := stored(t, s, devices.EventLane)
	for seq := uint64(1); seq <= 3; seq++ {
		if err := s.SetAside(devices.EventLane, seq, "it is poison"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := ReadDead(directory); err == nil {
		t.Error("got no error for a store in use")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	all, err := ReadDead(directory)
	if err != nil || len(all) != 3 {
		t.Fatalf("got %d records, %v, want three", len(all), err)
	}
	for i, d := range all {
		if d.Why != "it is poison" || d.Time.IsZero() {
			t.Errorf("got %+v, want why and when", d)
		}
		same(t, "record", d.Record, whole[i])
	}
	flipAll(t, directory, `"why":"it is poison","record":{"epoch":"`+string(whole[1].Epoch)+`","lane":"event","seq":2,`)
	all, err = ReadDead(directory)
	if !errors.Is(err, ErrDamaged) || len(all) != 2 || all[1].Record.Seq != 3 {
		t.Errorf("got %d records, %v, want the other two, and that one is damaged", len(all), err)
	}
}
