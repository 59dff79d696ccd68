package store

import (
	"math"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store/disktest"
)

// TestReadWaitsForSync holds that nobody is given a record before it is on disk: a
// reader that looks all the time sees it after the last fsync of its commit.
func TestReadWaitsForSync(t *testing.T) {
	t.Parallel()
	d := disktest.New(t)
	d.Record()
	s := at(t, filepath.Join(d.Dir, "store"))
	d.Slow(50 * time.Millisecond)
	var appended sync.WaitGroup
	appended.Go(func() { says(t, s, "d", said(1, devices.AccessCard)) })
	defer appended.Wait()
	for {
		some, err := s.Read(devices.EventLane, 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(some) > 0 {
			break
		}
	}
	d.Note("read")
	unsynced := disktest.Op{}
	for _, o := range d.Recording().Ops {
		switch {
		case o.Text == "read" && unsynced.Kind != "":
			t.Errorf("a record was read before the write of %d bytes at %d was synced", unsynced.Size, unsynced.Offset)
		case o.Kind == disktest.Sync:
			unsynced = disktest.Op{}
		case o.Kind == disktest.Write:
			unsynced = o
		}
	}
}

// TestReadBeyond holds that who asks for what lies behind the end, however far, is
// told nothing, and that nothing is taken for damage.
func TestReadBeyond(t *testing.T) {
	t.Parallel()
	s := at(t, t.TempDir())
	says(t, s, "d", said(1, devices.AccessCard), said(1, "alarm.test"))
	epoch := s.Epoch()
	for _, after := range []uint64{1, 2, math.MaxUint64 - 1, math.MaxUint64} {
		for _, lane := range devices.Lanes() {
			if records, err := s.Read(lane, after, 0); len(records) > 0 || err != nil {
				t.Errorf("lane %s behind %d: got %v, %v, want nothing", lane, after, records, err)
			}
		}
	}
	says(t, s, "d", said(2, devices.AccessCard))
	same(t, "epoch", s.Epoch(), epoch)
}
