package store

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"sitepost/devices"
	"sitepost/ingest/store/sound"
)

// What a durable record costs here, and what it costs at least: BenchmarkFloor
// is a log in space allocated beforehand, with one fdatasync for as many records
// of the same size. Compare figures of one run only, by their ratios; both hang
// on the disk and on who else uses it.
//
//	ns/op       one record
//	devB/op     bytes written at the block device for it, the file system's
//	            journal and everybody else's writing included
//	flush/op    flushes of the device's cache
//	rec/commit  how many records shared a commit
//
// A lonely event waits its 20 ms for company: look at its bytes, not its time.

// BenchmarkAlarm appends one alarm after the other. They stay as history.
func BenchmarkAlarm(b *testing.B) {
	s := at(b, b.TempDir())
	spent := measure(b, s)
	for b.Loop() {
		says(b, s, "gate-1", benched("screening.metal.alarm"))
	}
	spent()
}

// BenchmarkAlarms64 has 64 producers of alarms, each of which waits for its own.
func BenchmarkAlarms64(b *testing.B) { producers(b, 64, devices.AlarmLane, "screening.metal.alarm") }

// BenchmarkEvent appends one event after the other; the uplink has each before
// the next one comes.
func BenchmarkEvent(b *testing.B) { producers(b, 1, devices.EventLane, devices.AccessCard) }

// BenchmarkEvents64 has 64 producers of events, each of which waits for its own;
// the uplink keeps up.
func BenchmarkEvents64(b *testing.B) { producers(b, 64, devices.EventLane, devices.AccessCard) }

// producers shares the appends among n goroutines.
func producers(b *testing.B, n int, lane devices.Lane, code devices.Code) {
	s := at(b, b.TempDir())
	spent := measure(b, s)
	var all sync.WaitGroup
	b.ResetTimer()
	for p := range n {
		all.Go(func() {
			for range (b.N + p) / n {
				says(b, s, fmt.Sprint("gate-", p), benched(code))
				s.MarkSent(lane, s.Marks(lane).Last)
			}
		})
	}
	all.Wait()
	b.StopTimer()
	spent()
}

// BenchmarkFloor is the least a durable record of the same size can cost, alone
// and with 64 in a commit.
func BenchmarkFloor(b *testing.B) {
	for _, group := range []int{1, 64} {
		b.Run(fmt.Sprint(group), func(b *testing.B) { floor(b, group) })
	}
}

func floor(b *testing.B, group int) {
	record, err := sound.Frame(seqKey(1234), Record{
		Epoch: "7f3a9c51d20b44e6", Lane: devices.EventLane, Seq: 1234, Place: place("gate-1"), Event: benched(devices.AccessCard),
		Incident: "7f3a9c51d20b44e6-event-1234", Accepted: benched("").Time, Clock: Clock{Source: "ntp", Synced: true, Boot: "b", UptimeMS: 1},
	})
	if err != nil {
		b.Fatal(err)
	}
	record = append(seqKey(1234), record...)
	log, err := os.OpenFile(filepath.Join(b.TempDir(), "log"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		b.Fatal(err)
	}
	defer log.Close()
	const room = 64 << 20
	if err := unix.Fallocate(int(log.Fd()), 0, 0, room); err != nil {
		skip(b, "space cannot be allocated beforehand here: %v", err)
	}
	if err := log.Sync(); err != nil {
		b.Fatal(err)
	}
	spent := measure(b, nil)
	b.ResetTimer()
	at, left := int64(0), b.N
	for ; left > 0; left -= group {
		batch := []byte(strings.Repeat(string(record), min(group, left)))
		if at+int64(len(batch)) > room {
			at = 0
		}
		n, err := log.WriteAt(batch, at)
		if err == nil {
			err = unix.Fdatasync(int(log.Fd()))
		}
		if err != nil {
			b.Fatal(err)
		}
		at += int64(n)
	}
	b.StopTimer()
	spent()
	b.ReportMetric(float64(min(group, b.N)), "rec/commit")
	b.ReportMetric(float64(len(record)), "B/record")
}

// benched is an event of the usual size.
func benched(code devices.Code) devices.Event {
	return said(1, code, point("left"), func(e *devices.Event) {
		e.Direction, e.Detail = devices.Forward, "1103"
	})
}

// measure begins to count what the disk is given, and returns what reports it.
func measure(b *testing.B, s *Store) (spent func()) {
	b.Helper()
	device := deviceOf(b)
	unix.Sync()
	bytes, flushes := written(device)
	before := 0
	if s != nil {
		before = commits(s)
	}
	return func() {
		if s != nil {
			b.ReportMetric(float64(b.N)/float64(max(commits(s)-before, 1)), "rec/commit")
		}
		if device == "" {
			b.Log("bytes at the block device: not measurable here")
			return
		}
		unix.Sync()
		bytesNow, flushesNow := written(device)
		b.ReportMetric(float64(bytesNow-bytes)/float64(b.N), "devB/op")
		b.ReportMetric(float64(flushesNow-flushes)/float64(b.N), "flush/op")
	}
}

// deviceOf is the figures' file of the block device that holds the directory for
// temporary files, "" if it cannot be read.
func deviceOf(b *testing.B) string {
	b.Helper()
	var st unix.Stat_t
	if err := unix.Stat(os.TempDir(), &st); err != nil {
		b.Fatal(err)
	}
	path := fmt.Sprintf("/sys/dev/block/%d:%d/stat", unix.Major(st.Dev), unix.Minor(st.Dev))
	if _, err := os.ReadFile(path); err != nil {
		return ""
	}
	return path
}

// written reads bytes written and flushes from a block device's figures, fields
// 7 and 16 of Documentation/block/stat.rst.
func written(path string) (bytes, flushes int64) {
	raw, err := os.ReadFile(path)
	fields := strings.Fields(string(raw))
	if err != nil || len(fields) < 7 {
		return 0, 0
	}
	sectors, _ := strconv.ParseInt(fields[6], 10, 64)
	if len(fields) > 15 {
		flushes, _ = strconv.ParseInt(fields[15], 10, 64)
	}
	return sectors * 512, flushes
}

// BenchmarkAlarmAmongMany raises and clears a condition while 1,000 others are open,
// 300 topics are retained, and many gaps wait to be told.
func BenchmarkAlarmAmongMany(b *testing.B) {
	s := at(b, b.TempDir())
	var all sync.WaitGroup
	for i := range 1000 {
		all.Go(func() { says(b, s, fmt.Sprint("gas-", i), said(1, devices.GasAlarmHigh, raised)) })
		if i < 300 {
			all.Go(func() { _ = s.Put(fmt.Sprint("device/", i), "well") })
		}
	}
	all.Wait()
	for i := range uint64(mostGaps) {
		s.noteGap(Gap{devices.ReadingLane, 10*i + 1, 10*i + 2, WhyRoom, ""})
	}
	says(b, s, "d", said(1, devices.AccessCard))
	states := []func(*devices.Event){raised, cleared}
	for i := 0; b.Loop(); i++ {
		says(b, s, "gas-x", said(1, devices.GasAlarmHigh, states[i%2]))
		s.MarkSent(devices.AlarmLane, s.Marks(devices.AlarmLane).Last)
	}
}
