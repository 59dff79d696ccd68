package uplink_test

import (
	"cmp"
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
	broken   error                              // what a read gives; nil: all is well
	pictures []store.Picture                    // to be sent, oldest first
	gaps     []store.Gap                        // not told yet
	losses   []store.Loss                       // likewise
	salvage  []store.Salvage                    // saved from a damaged file, not sent
	ram      []store.Record                     // only in memory, not sent
	dead     map[devices.Lane]map[uint64]string // set aside, and why
	damaged  map[devices.Lane][]uint64
	refuse   error // what SetAside gives
	unborn   error // what Birth gives
	deaf     bool  // no mark counts before the next Birth
	current  store.Epoch
	obeyed   uint64          // counter of commands
	forgot   map[string]bool // ids of records that are not kept any more
	pulse    uint64          // of its writer
	hung     bool            // it does not come round
}

var _, _ uplink.Store = (*memory)(nil), (*store.Store)(nil)

func newMemory(t testing.TB) *memory {
	m := &memory{
		t: t, lanes: make(map[devices.Lane][]store.Record), marks: make(map[devices.Lane]store.Marks),
		currents: make(map[string]store.Current), sent: make(map[string]uint64), changed: make(chan struct{}),
		dead: make(map[devices.Lane]map[uint64]string), current: epoch,
	}
	m.put("open", `{"open":[]}`)
	return m
}

func (m *memory) Epoch() store.Epoch {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.current
}

func (m *memory) Read(lane devices.Lane, after uint64, limit int) ([]store.Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	records := m.lanes[lane]
	if m.broken != nil || after >= uint64(len(records)) {
		return nil, m.broken
	}
	damage := &store.DamageError{Lane: lane, Why: errors.New("a bit has flipped")}
	var sound []store.Record
	for _, r := range records[after:] {
		if len(sound)+len(damage.Seqs) == limit {
			break
		}
		switch {
		case m.forgot[r.ID()]:
		case slices.Contains(m.damaged[lane], r.Seq):
			damage.Seqs = append(damage.Seqs, r.Seq)
		default:
			sound = append(sound, r)
		}
	}
	if len(damage.Seqs) > 0 {
		return sound, damage
	}
	return sound, nil
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
	if m.deaf {
		return
	}
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

func (m *memory) Pulses() (writer, binder uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.hung {
		m.pulse++
	}
	return m.pulse, m.pulse
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
	if c := m.currents[key]; c.Doc == nil && m.sent[key] >= c.Revision { // nobody needs to know of it any more
		delete(m.currents, key)
	}
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

func (m *memory) Lost() []store.Loss {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.losses)
}

func (m *memory) LossTold(told store.Loss) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken == nil {
		m.losses = slices.DeleteFunc(m.losses, func(l store.Loss) bool { return l == told })
	}
	return m.broken
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

func (m *memory) ReadSalvaged(after uint64, limit int) ([]store.Salvage, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []store.Salvage
	for _, s := range m.salvage {
		if s.At > after && len(list) < limit {
			list = append(list, s)
		}
	}
	return list, m.broken
}

func (m *memory) SalvagedSent(upto uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.deaf {
		m.salvage = slices.DeleteFunc(m.salvage, func(s store.Salvage) bool { return s.At <= upto })
	}
}

func (m *memory) Volatile(after uint64) []store.Record {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(m.ram), func(r store.Record) bool { return r.Seq <= after })
}

func (m *memory) VolatileSent(upto uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ram = slices.DeleteFunc(m.ram, func(r store.Record) bool { return r.Seq <= upto })
}

func (m *memory) SetAside(lane devices.Lane, seq uint64, why string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.refuse != nil {
		return m.refuse
	}
	if m.dead[lane] == nil {
		m.dead[lane] = make(map[uint64]string)
	}
	m.dead[lane][seq] = why
	r := &m.lanes[lane][seq-1]
	*r = store.Record{Epoch: r.Epoch, Lane: r.Lane, Seq: r.Seq, Accepted: r.Accepted}
	m.gaps = append(m.gaps, store.Gap{Lane: lane, First: seq, Last: seq, Why: "set aside: " + why})
	return nil
}

// renew replaces the file: a new epoch, no records, and what could be saved of the
// old ones, alarms first.
func (m *memory) renew(next store.Epoch) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, lane := range devices.Lanes()[:2] {
		for _, r := range m.lanes[lane][m.marks[lane].Sent:] {
			m.salvage = append(m.salvage, store.Salvage{At: uint64(len(m.salvage) + 1), Record: r})
		}
	}
	clear(m.lanes)
	clear(m.marks)
	m.births, m.current, m.deaf = 0, next, true
	m.commit()
}

func (m *memory) Birth() (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := cmp.Or(m.broken, m.unborn); err != nil {
		return 0, err
	}
	m.births++
	m.deaf = false
	return m.births, nil
}

func (m *memory) LastBirth() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.births
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

// refuseBirths lets Birth fail.
func (m *memory) refuseBirths(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.unborn = err
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
		Epoch: m.current, Lane: lane, Seq: uint64(len(m.lanes[lane]) + 1), Event: e, Accepted: time.Now(),
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

// remember keeps n alarms in memory only.
func (m *memory) remember(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for range n {
		e := examples[devices.AlarmLane]
		e.Time = time.Now()
		r := store.Record{
			Epoch: "c0ffee00c0ffee00", Lane: devices.AlarmLane, Seq: uint64(len(m.ram) + 1), Event: e, Accepted: time.Now(), Volatile: true,
			Place: devices.Place{Site: devices.Site{Name: site}, Device: devices.Named{Name: "gas-1", Kind: devices.GasDetector}},
			Clock: store.Clock{Source: "none", Boot: "0d7c1f0e-0000-4000-8000-000000000001"},
		}
		r.Incident = r.ID()
		m.ram = append(m.ram, r)
	}
	m.commit()
}
