package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"
	"golang.org/x/sys/unix"

	"sitepost/cmd/reliability/figure"
	"sitepost/devices"
	"sitepost/ingest/store/sound"
)

// TestReliableFlash holds how much a record costs flash, at the block device of a
// fresh ext4: against a log in room allocated beforehand, with one fdatasync for each
// record, which is the least there is.
func TestReliableFlash(t *testing.T) {
	n := map[figure.Size]int{figure.Short: 100, figure.Full: 1000, figure.Long: 5000}[figure.Asked(t)]
	d := ownDisk(t, 512)
	record := framed(t)

	least := d.floor(t, record, n)
	event := d.lonely(t, devices.AccessCard, devices.EventLane, n) / least
	alarm := d.lonely(t, "screening.metal.alarm", devices.AlarmLane, n) / least
	reading, wear := d.readings(t, min(n/5, 300))
	plain := d.plain(t, record, n) / least

	met := event <= 1.6 && alarm <= 2.5 && reading <= 1500
	figure.Report(t, figure.Row{
		Fault: "flash: bytes at the block device of a fresh ext4",
		Aim:   "lonely event ≤ 1.6 ×, lonely alarm ≤ 2.5 × a preallocated log, ≤ 1,500 B per reading at 100/s",
		Measured: fmt.Sprintf("event %.2f ×, alarm %.2f × the log's %.0f B, %.0f B per reading of %d B, projected %.1f MB a day at that rate",
			event, alarm, least, reading, len(record), float64(wear)/1e6),
		Met:     met,
		Control: fmt.Sprintf("bbolt as it comes, one commit for each: %.2f ×", plain),
		Values:  map[string]float64{"event": event, "alarm": alarm, "reading_bytes": reading, "floor_bytes": least, "control": plain},
	})
	if plain <= 2.5 {
		t.Errorf("bbolt's defaults cost %.2f × the log: the test proves nothing", plain)
	}
}

// framed is a record of the usual size as it lies on disk, with its key.
func framed(t testing.TB) []byte {
	t.Helper()
	value, err := sound.Frame(seqKey(1234), Record{
		Epoch: "7f3a9c51d20b44e6", Lane: devices.EventLane, Seq: 1234, Place: place("gate-1"), Event: passing("access.card"),
		Incident: "7f3a9c51d20b44e6-event-1234", Accepted: time.Now(), Clock: Clock{Source: "ntp", Synced: true, Boot: "b", UptimeMS: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	return append(seqKey(1234), value...)
}

// passing is an event of the usual size.
func passing(code devices.Code) devices.Event {
	return said(1, code, point("left"), func(e *devices.Event) { e.Direction, e.Detail = devices.Forward, "1103" })
}

// floor appends to a log in room that was allocated, and syncs each record.
func (d *disk) floor(t *testing.T, record []byte, n int) float64 {
	t.Helper()
	f, err := os.Create(filepath.Join(d.directory(t), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := errors.Join(unix.Fallocate(int(f.Fd()), 0, 0, 16<<20), f.Sync()); err != nil {
		t.Fatal(err)
	}
	at := int64(0)
	return d.spent(t, n, func() {
		for range n {
			if _, err := f.WriteAt(record, at); err != nil {
				t.Fatal(err)
			}
			if err := unix.Fdatasync(int(f.Fd())); err != nil {
				t.Fatal(err)
			}
			at += int64(len(record))
		}
	})
}

// lonely appends records one after the other; the city has each before the next one
// comes.
func (d *disk) lonely(t *testing.T, code devices.Code, lane devices.Lane, n int) float64 {
	t.Helper()
	s := at(t, d.directory(t))
	do := func(n int) {
		for range n {
			says(t, s, "gate-1", passing(code))
			s.MarkSent(lane, s.Marks(lane).Last)
		}
	}
	do(2 * moveStep) // a new file is not typical
	return d.spent(t, n, func() { do(n) })
}

// readings appends a hundred for each second, with the commit that each second has;
// the city has them. wear is what a day of that gives to the disk.
func (d *disk) readings(t *testing.T, seconds int) (each float64, wear int64) {
	t.Helper()
	s := at(t, d.directory(t))
	do := func(seconds int) {
		for range seconds {
			for range 100 {
				says(t, s, "gate-1", passing(devices.GasReading))
			}
			flush(s)
			s.MarkSent(devices.ReadingLane, s.Marks(devices.ReadingLane).Last)
		}
	}
	do(2) // a new file is not typical
	before := s.Stock().Written
	each = d.spent(t, 100*seconds, func() { do(seconds) })
	return each, (s.Stock().Written - before) / int64(seconds) * 86400
}

// plain appends to bbolt as it comes, one commit for each record.
func (d *disk) plain(t *testing.T, record []byte, n int) float64 {
	t.Helper()
	db, err := bolt.Open(filepath.Join(d.directory(t), "plain.db"), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	return d.spent(t, n, func() {
		for i := range n {
			err := db.Update(func(tx *bolt.Tx) error {
				b, err := tx.CreateBucketIfNotExists([]byte("lane"))
				if err != nil {
					return err
				}
				return b.Put(seqKey(uint64(i)), record)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}
