package uplink_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"testing"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store"
	"sitepost/uplink"
)

const (
	site  = "harbour"
	epoch = store.Epoch("7f3a9c51d20b44e6")
)

// A memory is a store without a disk. It checks what the link tells it: marks
// never fall, and never pass what is there.
type memory struct {
	t        testing.TB
	mu       sync.Mutex
	lanes    map[devices.Lane][]store.Record
	marks    map[devices.Lane]store.Marks
	currents map[string]store.Current
	sent     map[string]uint64
	revision uint64
	births   uint64
	changed  chan struct{}
	broken   error           // what a read gives; nil: all is well
	pictures []store.Picture // to be sent, oldest first
	gaps     []store.Gap     // not told yet
	obeyed   uint64          // counter of commands
	forgot   map[string]bool // ids of records that are not kept any more
}

var _, _ uplink.Store = (*memory)(nil), (*store.Store)(nil)

func newMemory(t testing.TB) *memory {
	m := &memory{
		t: t, lanes: make(map[devices.Lane][]store.Record), marks: make(map[devices.Lane]store.Marks),
		currents: make(map[string]store.Current), sent: make(map[string]uint64), changed: make(chan struct{}),
	}
	m.put("open", `{"open":[]}`)
	return m
}

func (m *memory) Epoch() store.Epoch { return epoch }

func (m *memory) Read(lane devices.Lane, after uint64, limit int) ([]store.Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	records := m.lanes[lane]
	if m.broken != nil || after >= uint64(len(records)) {
		return nil, m.broken
	}
	records = slices.DeleteFunc(slices.Clone(records[after:]), func(r store.Record) bool { return m.forgot[r.ID()] })
	return records[:min(limit, len(records))], nil
}

func (m *memory) Marks(lane devices.Lane) store.Marks {
	m.mu.Lock()
	defer m.mu.Unlock()
	marks := m.marks[lane]
	marks.First, marks.Last = 1, uint64(len(m.lanes[lane]))
	return marks
}

func (m *memory) MarkSent(lane devices.Lane, upto uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	marks := m.marks[lane]
	if upto <= marks.Sent || upto > uint64(len(m.lanes[lane])) {
		m.t.Errorf("mark sent of %s: got %d after %d, with %d records", lane, upto, marks.Sent, len(m.lanes[lane]))
	}
	marks.Sent = upto
	m.marks[lane] = marks
}

func (m *memory) MarkReceived(lane devices.Lane, upto uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	marks := m.marks[lane]
	if upto <= marks.Received || upto > marks.Sent {
		m.t.Errorf("mark received of %s: got %d after %d, sent is %d", lane, upto, marks.Received, marks.Sent)
	}
	marks.Received = upto
	m.marks[lane] = marks
}

func (m *memory) Changed() <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.changed
}

func (m *memory) Currents(all bool) ([]store.Current, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []store.Current
	for _, c := range m.currents {
		if all || m.sent[c.Key] < c.Revision {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b store.Current) int { return int(a.Revision) - int(b.Revision) })
	return list, m.broken
}

func (m *memory) CurrentSent(key string, revision uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sent[key] = max(m.sent[key], revision)
}

func (m *memory) Gaps() []store.Gap {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.gaps)
}

func (m *memory) GapTold(told store.Gap) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gaps = slices.DeleteFunc(m.gaps, func(g store.Gap) bool { return g == told })
	return nil
}

func (m *memory) CommandCounter() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.obeyed
}

func (m *memory) RaiseCommandCounter(n uint64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken == nil {
		m.obeyed = n
	}
	return m.broken
}

func (m *memory) Birth() (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.births++
	return m.births, nil
}

func (m *memory) PicturesToSend() []store.Picture {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := slices.Clone(m.pictures)
	slices.Reverse(all)
	return all
}

// Picture makes a picture of the size that was said, which ends with its name.
func (m *memory) Picture(incident, camera string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.pictures {
		switch {
		case p.Incident != incident || p.Camera != camera:
		case p.Bytes == 0:
			return nil, errors.New("the disk does not give it")
		default:
			return append(make([]byte, p.Bytes-len(incident)), incident...), m.broken
		}
	}
	return nil, fs.ErrNotExist
}

func (m *memory) PictureSent(incident, camera string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pictures = slices.DeleteFunc(m.pictures, func(p store.Picture) bool { return p.Incident == incident && p.Camera == camera })
}

// take adds a picture of the alarm of a number, with or without a commit.
func (m *memory) take(alarm, bytes int, commits bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pictures = append(m.pictures, store.Picture{
		Incident: fmt.Sprintf("%s-alarm-%d", epoch, alarm), Camera: "check-1-top", Bytes: bytes, Kept: time.Now(), Unsent: true,
	})
	if commits {
		m.commit()
	}
}

// put changes a retained document; "" empties it.
func (m *memory) put(key, doc string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.revision++
	c := store.Current{Key: key, Revision: m.revision}
	if doc != "" {
		c.Doc = json.RawMessage(doc)
	}
	m.currents[key] = c
	m.commit()
}

// commit says that something changed. The caller holds the lock.
func (m *memory) commit() {
	close(m.changed)
	m.changed = make(chan struct{})
}

// kinds of events of the tests, one per lane.
var examples = map[devices.Lane]devices.Event{
	devices.AlarmLane:   {Code: devices.GasAlarmHigh, State: devices.Raised},
	devices.EventLane:   {Code: devices.AccessPassage, Point: "left"},
	devices.ReadingLane: {Code: devices.GasReading, Value: &devices.Value{Number: 12, Unit: "%LEL"}},
}

// forget takes records of a lane away, as a budget does.
func (m *memory) forget(lane devices.Lane, first, last int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.forgot == nil {
		m.forgot = make(map[string]bool)
	}
	for n := first; n <= last; n++ {
		m.forgot[fmt.Sprintf("%s-%s-%d", epoch, lane, n)] = true
	}
}

// add appends n records to a lane in one commit.
func (m *memory) add(lane devices.Lane, n int) {
	e := examples[lane]
	e.Time = time.Now()
	for range n {
		m.append(lane, e)
	}
	m.mu.Lock()
	m.commit()
	m.mu.Unlock()
}

func (m *memory) append(lane devices.Lane, e devices.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := store.Record{
		Epoch: epoch, Lane: lane, Seq: uint64(len(m.lanes[lane]) + 1), Event: e, Accepted: time.Now(),
		Place: devices.Place{Site: devices.Site{Name: site}, Device: devices.Named{Name: "gas-1", Kind: devices.GasDetector}},
		Clock: store.Clock{Source: "none", Boot: "0d7c1f0e-0000-4000-8000-000000000001"},
	}
	r.Incident = r.ID()
	m.lanes[lane] = append(m.lanes[lane], r)
}

func (m *memory) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.broken = err
}

// sentTo is the mark "sent" of a lane.
func (m *memory) sentTo(lane devices.Lane) uint64 { return m.Marks(lane).Sent }

func (m *memory) String() string {
	return fmt.Sprint(m.Marks(devices.AlarmLane), m.Marks(devices.EventLane), m.Marks(devices.ReadingLane))
}
