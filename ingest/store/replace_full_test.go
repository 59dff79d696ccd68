package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"sitepost/devices"
	"sitepost/ingest/store/sound"
)

// TestReplaceFull measures what a site waits for when a store.db at its cap, full of
// what the city never had, is damaged: nothing of it is lost, and memory stays small.
func TestReplaceFull(t *testing.T) {
	if testing.Short() {
		t.Skip("writes half a gigabyte")
	}
	directory := t.TempDir()
	path := filepath.Join(directory, "store.db")
	const most = 256 << 20
	epoch := newEpoch()
	last := map[devices.Lane]uint64{}
	err := sound.Draft(path, most, func(update func(func(*bolt.Tx) error) error) error {
		if err := update(func(tx *bolt.Tx) error { return layOut(tx, "xinggang-ferry", byBroker) }); err != nil {
			return err
		}
		for size := int64(0); size < most-most/8; {
			err := update(func(tx *bolt.Tx) error {
				size = tx.Size()
				for i := range 4000 {
					lane := devices.EventLane
					if i%40 == 0 {
						lane = devices.AlarmLane
					}
					last[lane]++
					r := Record{Epoch: epoch, Lane: lane, Seq: last[lane], Place: place("d"), Event: said(1, "alarm.test"), Accepted: time.Now()}
					value, err := sound.Frame(seqKey(r.Seq), r)
					if err != nil {
						return err
					}
					if err := (inBucket{laneBucket(lane)}).put(tx, r.Seq, value); err != nil {
						return err
					}
				}
				numbers := newShelf[uint64](bucketNumbers)
				return errors.Join(newShelf[string](bucketWords).put(tx, "epoch", string(epoch)),
					numbers.put(tx, "last.alarm", last[devices.AlarmLane]), numbers.put(tx, "last.event", last[devices.EventLane]))
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(err, os.Rename(path+".new", path)); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt(make([]byte, 2*os.Getpagesize()), 0)
	if err := errors.Join(err, f.Sync(), f.Close(), sound.Forget(path)); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	begin := time.Now()
	s := at(t, directory, func(o *Options) { o.MaxBytes = most })
	opened := time.Since(begin)
	says(t, s, "x", said(1, gasHigh, raised))
	took := time.Since(begin)
	runtime.ReadMemStats(&after)
	d := s.Damages()
	if len(d) != 1 || uint64(d[0].Saved[devices.AlarmLane]) != last[devices.AlarmLane] || uint64(d[0].Saved[devices.EventLane]) != last[devices.EventLane] {
		t.Fatalf("got %v, want all of %v saved", d, last)
	}
	load, _ := os.ReadFile("/proc/loadavg")
	t.Logf("%v records saved; open %v, first alarm %v, heap from the system %s; load %s", last, opened, took,
		fmt.Sprint((after.HeapSys-before.HeapSys)>>20, " MiB"), load)
}
