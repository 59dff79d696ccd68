package daemon_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// A benchLog is where records go to be safe: our store, or the floor.
type benchLog interface {
	put(n int) error // returns when all are safe
	close() error
}

// benchRate returns records a second.
func benchRate(b *testing.B, l benchLog, n int) float64 {
	b.Helper()
	warmBench(b, l)
	began := time.Now()
	if err := l.put(n); err != nil {
		b.Fatal(err)
	}
	took := time.Since(began)
	if err := l.close(); err != nil {
		b.Fatal(err)
	}
	return float64(n) / took.Seconds()
}

// warmBench puts a few records before the measured ones: a new file is not typical.
func warmBench(b *testing.B, l benchLog) {
	b.Helper()
	if err := l.put(10); err != nil {
		b.Fatal(err)
	}
}

// A benchStore is ours, with so many producers at once, each of which waits for
// its own record.
type benchStore struct {
	*store.Store
	benchCode
	producers int
}

// A benchCode is what is said. Of alarms the store keeps a history; where
// drained is set the uplink has each record before the next one comes.
type benchCode struct {
	code    devices.Code
	drained bool
}

func intoStore(c benchCode, producers int) func(*testing.B, string) benchLog {
	return func(b *testing.B, dir string) benchLog {
		b.Helper()
		st, err := store.Open(store.Options{Directory: filepath.Join(dir, "store"), Site: benchSite, Clock: benchClock})
		if err != nil {
			b.Fatal(err)
		}
		return &benchStore{st, c, producers}
	}
}

func (s *benchStore) put(n int) error {
	errs := make([]error, s.producers)
	lane := s.code.Form().Lane()
	var all sync.WaitGroup
	for p := range s.producers {
		all.Go(func() {
			for range (n + p) / s.producers {
				if errs[p] = s.Append(benchPlace(p), benchEvent(s.code, p)); errs[p] != nil {
					return
				}
				if s.drained {
					s.MarkSent(lane, s.Marks(lane).Last)
				}
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

func (s *benchStore) close() error { return s.Close() }

const benchSite = "bench"

func benchClock() store.Clock {
	return store.Clock{Source: "ntp", Synced: true, Boot: "3f0c9a3e-6f0e-4a0e-9a55-1d2c7c0f5b11", UptimeMS: 86400000}
}

// benchPlace is where a device of the usual names and codes stands.
func benchPlace(n int) devices.Place {
	return devices.Place{
		Site:   devices.Site{Name: benchSite, Code: "34020000141188000001"},
		Device: devices.Named{Name: fmt.Sprint("gate-", n), Kind: devices.Gate, Profile: "gate-7e7f"},
		Zone:   &devices.Zone{Name: "check-1", Class: "screening"},
	}
}

// benchEvent is an event of the usual size.
func benchEvent(code devices.Code, n int) devices.Event {
	return devices.Event{Time: time.Now(), Device: fmt.Sprint("gate-", n), Code: code, Point: "left", Detail: "1103"}
}

// A floorLog is the least: a log in space allocated beforehand, and a fdatasync
// for each group.
type floorLog struct {
	file   *os.File
	record []byte
	group  int
	at     int64
}

// floorRoom is the space of a floorLog; it is used round and round.
const floorRoom = 64 << 20

func intoLog(group int) func(*testing.B, string) benchLog {
	return func(b *testing.B, dir string) benchLog { b.Helper(); return openFloor(b, dir, group) }
}

func openFloor(b *testing.B, dir string, group int) *floorLog {
	b.Helper()
	f, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		b.Fatal(err)
	}
	if err := errors.Join(unix.Fallocate(int(f.Fd()), 0, 0, floorRoom), f.Sync()); err != nil {
		b.Fatal(err)
	}
	return &floorLog{file: f, record: make([]byte, recordSize(b)), group: group}
}

func (l *floorLog) put(n int) error {
	for ; n > 0; n -= l.group {
		size := int64(min(n, l.group) * len(l.record))
		if l.at+size > floorRoom {
			l.at = 0
		}
		batch := []byte(strings.Repeat(string(l.record), min(n, l.group)))
		if _, err := l.file.WriteAt(batch, l.at); err != nil {
			return err
		}
		if err := unix.Fdatasync(int(l.file.Fd())); err != nil {
			return err
		}
		l.at += size
	}
	return nil
}

func (l *floorLog) close() error {
	return errors.Join(l.file.Close(), os.Remove(l.file.Name()))
}

// recordSize is how many bytes the store keeps of an event, its key of 8 and
// the 5 of its checksum included.
func recordSize(b *testing.B) int {
	b.Helper()
	doc, err := json.Marshal(store.Record{
		Epoch: "7f3a9c51d20b44e6", Lane: devices.EventLane, Seq: 1234, Place: benchPlace(1), Event: benchEvent("access.card", 1),
		Incident: "7f3a9c51d20b44e6-event-1234", Accepted: time.Now(), Clock: benchClock(),
	})
	if err != nil {
		b.Fatal(err)
	}
	return len(doc) + 13
}

// A benchDisk is an ext4 of our own in a file, and the figures of its block device.
type benchDisk struct{ dir, stat string }

// ownBenchDisk makes one, or returns nil where that is not allowed.
func ownBenchDisk(b *testing.B) *benchDisk {
	b.Helper()
	if os.Getuid() != 0 {
		return nil
	}
	image, dir := filepath.Join(b.TempDir(), "image"), b.TempDir()
	script := `truncate -s 512M "$1" &&
		mkfs.ext4 -q -F -E lazy_itable_init=0,lazy_journal_init=0 "$1" &&
		mount -o loop,noatime "$1" "$2"`
	if out, err := exec.Command("sh", "-c", script, "sh", image, dir).CombinedOutput(); err != nil {
		b.Logf("no disk of our own: %v\n%s", err, out)
		return nil
	}
	b.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			b.Errorf("umount: %v\n%s", err, out)
		}
	})
	var st unix.Stat_t
	if err := unix.Stat(dir, &st); err != nil {
		b.Fatal(err)
	}
	return &benchDisk{dir, fmt.Sprintf("/sys/dev/block/%d:%d/stat", unix.Major(st.Dev), unix.Minor(st.Dev))}
}

// bytes returns what the device was given for each of n records.
func (d *benchDisk) bytes(b *testing.B, open func(*testing.B, string) benchLog, n int) float64 {
	b.Helper()
	dir, err := os.MkdirTemp(d.dir, "")
	if err != nil {
		b.Fatal(err)
	}
	l := open(b, dir)
	warmBench(b, l)
	before := d.written(b)
	if err := l.put(n); err != nil {
		b.Fatal(err)
	}
	after := d.written(b)
	if err := errors.Join(l.close(), os.RemoveAll(dir)); err != nil {
		b.Fatal(err)
	}
	return float64(after-before) / float64(n)
}

// written returns the bytes written so far: field 7 of a block device's figures
// counts sectors of 512 (Documentation/block/stat.rst).
func (d *benchDisk) written(b *testing.B) int64 {
	b.Helper()
	unix.Sync()
	raw, err := os.ReadFile(d.stat)
	fields := strings.Fields(string(raw))
	if err != nil || len(fields) < 7 {
		b.Fatalf("%s: %q, %v", d.stat, raw, err)
	}
	sectors, err := strconv.ParseInt(fields[6], 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return sectors * 512
}
