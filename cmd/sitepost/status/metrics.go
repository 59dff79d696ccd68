package status

import (
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"sitepost/devices"
	"sitepost/ingest/store"
)

// lanes is the order in which lanes are shown.
var lanes = []devices.Lane{devices.AlarmLane, devices.EventLane, devices.ReadingLane}

// severities are all that a condition may have.
var severities = []devices.Severity{devices.Critical, devices.Major, devices.Minor, devices.Notice, devices.Info}

// Metrics answers with the figures of a snapshot, taken at each question, and
// those of the process. Labels are lanes, states, severities, checks, brokers and time
// servers of the site file, and reasons from a closed list: never a device, nor
// what came over a wire.
func Metrics(take func() Snapshot) http.Handler {
	all := prometheus.NewPedanticRegistry()
	all.MustRegister(figures{take}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(all, promhttp.HandlerOpts{Timeout: 10 * time.Second, MaxRequestsInFlight: 2})
}

// figures are those of a snapshot.
type figures struct{ take func() Snapshot }

// A figure is one row of the table below: how it is called, and what it means.
type figure struct {
	name, help string
	kind       prometheus.ValueType
	labels     []string
}

const (
	counter = prometheus.CounterValue
	gauge   = prometheus.GaugeValue
)

func desc(f figure) *prometheus.Desc {
	return prometheus.NewDesc("sitepost_"+f.name, f.help, f.labels, nil)
}

// The figures, by what they are about.
var (
	build        = figure{"build_info", "1, with the version", gauge, []string{"version"}}
	started      = figure{"start_time_seconds", "when the daemon started, by its clock, since 1970", gauge, nil}
	findings     = figure{"findings", "things that are wrong", gauge, nil}
	checkFinds   = figure{"check_findings", "things that one check finds wrong; `sitepost explain` tells what to do", gauge, []string{"check"}}
	byDevice     = figure{"devices", "devices and lines by state", gauge, []string{"state"}}
	openNow      = figure{"open_conditions", "conditions that are open", gauge, []string{"severity"}}
	accepted     = figure{"lane_accepted_total", "records accepted, over all runs of this epoch", counter, []string{"lane"}}
	sent         = figure{"lane_sent_total", "records that a broker has", counter, []string{"lane"}}
	received     = figure{"lane_received_total", "records that the platform has", counter, []string{"lane"}}
	waiting      = figure{"lane_waiting", "records that are not done", gauge, []string{"lane"}}
	oldest       = figure{"lane_oldest_seconds", "age of the oldest record that is not done", gauge, []string{"lane"}}
	dropped      = figure{"dropped_records_total", "records that had to be dropped, since the start", counter, []string{"lane", "why"}}
	linkUp       = figure{"link_up", "1 while a broker gives our own canary back", gauge, []string{"broker"}}
	connects     = figure{"link_connects_total", "connections that came up", counter, nil}
	messages     = figure{"link_messages_total", "messages that a broker acknowledged", counter, nil}
	refused      = figure{"link_refused_total", "messages of the city that did not count", counter, nil}
	unsaid       = figure{"link_unsaid_total", "records that can never be said", counter, nil}
	resent       = figure{"link_resent_total", "records sent again because the platform did not have them, or asked", counter, nil}
	takenOver    = figure{"link_taken_over", "1 while another box uses our name at a broker", gauge, nil}
	refuses      = figure{"link_refused_by", "1 for a broker that refuses this box", gauge, []string{"broker"}}
	inFlight     = figure{"link_window_messages", "messages in flight", gauge, nil}
	inFlightSize = figure{"link_window_bytes", "bytes in flight", gauge, nil}
	unanswered   = figure{"link_unanswered_seconds", "how long the oldest message in flight waits", gauge, nil}
	storeBytes   = figure{"store_bytes", "bytes in use", gauge, []string{"share"}}
	storeSize    = figure{"store_size_bytes", "bytes that may be used", gauge, []string{"share"}}
	commits      = figure{"store_commits_total", "transactions, since the start", counter, nil}
	failing      = figure{"store_failing", "1 while the disk refuses", gauge, nil}
	written      = figure{"written_bytes_total", "bytes the store wrote, without the file system's journal", counter, nil}
	wornPerDay   = figure{"written_bytes_per_day", "the same, projected from the last hour to a day", gauge, nil}
	synced       = figure{"clock_synced", "1 while the clock is synchronised", gauge, nil}
	jumps        = figure{"clock_jumps_total", "how often somebody set the clock by more than a second, since the start", counter, nil}
	offset       = figure{"clock_offset_seconds", "what had to be added to our clock to have a time server's", gauge, []string{"server"}}
	mains        = figure{"power_mains", "1 while the host has mains", gauge, nil}
	battery      = figure{"power_battery_ratio", "charge of the emptiest battery, 0 to 1", gauge, nil}
)

// table lists them all: what is not in it cannot be sent.
var table = []figure{
	build, started, findings, checkFinds, byDevice, openNow, accepted, sent, received, waiting, oldest, dropped, linkUp, connects, messages,
	refused, unsaid, resent, takenOver, refuses, inFlight, inFlightSize, unanswered, storeBytes, storeSize, commits, failing, written, wornPerDay, synced,
	jumps, offset, mains, battery,
}

// Describe is prometheus.Collector's.
func (f figures) Describe(out chan<- *prometheus.Desc) {
	for _, one := range table {
		out <- desc(one)
	}
}

// Collect is prometheus.Collector's.
func (f figures) Collect(out chan<- prometheus.Metric) {
	s := f.take()
	put := func(f figure, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(desc(f), f.kind, value, labels...)
	}
	put(build, 1, s.Version)
	put(started, float64(s.Started.UnixMilli())/1000)
	put(findings, float64(len(s.Findings)))
	for _, c := range checks {
		put(checkFinds, float64(len(c.find(&s))), c.code)
	}
	byStates := devicesByState(append(slices.Clone(s.Devices), s.Lines...))
	for _, state := range states {
		put(byDevice, float64(byStates[state]), state)
	}
	open := openBySeverity(s.Open)
	for _, severity := range severities { // also those of which there is none: a figure that goes away alarms nobody
		put(openNow, float64(open[severity]), string(severity))
	}
	s.putLanes(put)
	s.putLink(put)
	s.putBox(put)
}

type put func(f figure, value float64, labels ...string)

func (s *Snapshot) putLanes(put put) {
	for _, name := range lanes {
		l, label := s.Store.Lanes[name], string(name)
		put(accepted, float64(l.Last), label)
		put(sent, float64(l.Sent), label)
		put(received, float64(l.Received), label)
		put(waiting, float64(l.Waiting), label)
		put(oldest, s.age(l.Oldest), label)
	}
	s.putDropped(put)
	for _, part := range s.Store.Shares {
		put(storeBytes, float64(part.Bytes), part.Name)
		put(storeSize, float64(part.Most), part.Name)
	}
	put(commits, float64(s.Store.Commits))
	put(failing, one(s.Store.Failing))
}

// putDropped puts a figure for each reason, also before the first record is dropped: one
// that is born with it would rise by nothing.
func (s *Snapshot) putDropped(put put) {
	type drop struct {
		lane devices.Lane
		why  string
	}
	n := map[drop]uint64{}
	for _, lane := range lanes {
		for _, why := range store.Whys() {
			n[drop{lane, why}] = 0
		}
	}
	for _, d := range s.Store.Dropped {
		n[drop{d.Lane, d.Why}] += d.Records
	}
	for d, records := range n {
		put(dropped, float64(records), string(d.lane), d.why)
	}
}

func (s *Snapshot) putLink(put put) {
	u := s.Uplink
	if u == nil {
		return
	}
	for _, broker := range u.Brokers {
		put(linkUp, one(u.Up && u.Broker == broker), broker)
		put(refuses, one(slices.Contains(u.RefusedBy, broker)), broker)
	}
	put(connects, float64(u.Connects))
	put(messages, float64(u.Sent))
	put(refused, float64(u.Refused))
	put(unsaid, float64(u.Unsaid))
	put(resent, float64(u.Resent))
	put(takenOver, one(u.TakenOver))
	put(inFlight, float64(u.InFlight))
	put(inFlightSize, float64(u.InFlightBytes))
	put(unanswered, s.age(u.Unanswered))
}

func (s *Snapshot) putBox(put put) {
	put(written, float64(s.Wear.Written))
	put(wornPerDay, s.Wear.Day)
	put(synced, one(s.Clock.Synced))
	put(jumps, float64(s.Clock.Jumps))
	for _, c := range s.Clock.Compared {
		if !c.At.IsZero() {
			put(offset, c.Offset, c.Server)
		}
	}
	if s.Power.Supplies == 0 {
		return
	}
	put(mains, one(s.Power.Mains))
	if s.Power.Battery != nil {
		put(battery, float64(*s.Power.Battery)/100)
	}
}

// age is how long ago a moment was; 0 for none, and for one that lies ahead
// because the clock was set.
func (s *Snapshot) age(at time.Time) float64 {
	if at.IsZero() {
		return 0
	}
	return max(0, s.Time.Sub(at).Seconds())
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
