// Package doctor looks at a box from its power to the platform, and says in one row for
// each thing how it is: good, worth a look, wrong, or not looked at, and why not.
//
//	host ─ disk ─ store ─ clock ─ config ─ network ─ lines ─ devices ─ city
//	                                                                   │
//	           name ─► route ─► port ─► TLS ─► login ─► canary ─► receipt
//
// Rules:
//   - It disturbs nobody. What a running sitepost knows is taken from its snapshot: no
//     line that it holds is opened, no camera is sent a password, and nobody logs in to a
//     broker under its name. Where none runs, it looks itself and says what it could not.
//   - Each look is bounded in time, and all go on at once.
//   - A row that is not good has a code, a place, a cause and a next step, in English;
//     package causes tells more of each code, and a Speaker says it in another language.
//
// It does not know how a snapshot is taken or what is in a secret.
package doctor

import (
	"context"
	"crypto/tls"
	"time"

	"sitepost/cmd/sitepost/status"
	"sitepost/config"
)

const (
	// lookWithin is how long one look may take.
	lookWithin = 5 * time.Second
	// dialWithin is how long one of many addresses has to answer: it is its own, so that
	// nobody is called dead because another one was.
	dialWithin = 3 * time.Second
	// allWithin is how long all of it may take: a broker is looked at layer by layer.
	allWithin = 30 * time.Second
)

// A State is how something is.
type State string

const (
	Good   State = "good"
	Look   State = "look"   // worth a look: nothing is lost yet
	Wrong  State = "wrong"  // somebody must do something
	Unseen State = "unseen" // it was not looked at
)

// A Row is what was found of one thing.
type Row struct {
	Area  string `json:"area"` // sitepost, host, disk, store, clock, config, network, line, device, city
	State State  `json:"state"`
	Code  string `json:"code,omitempty"`  // of what is not good
	Place string `json:"place,omitempty"` // which one
	Layer string `json:"layer,omitempty"` // of the way to a broker or camera, where it failed
	Text  string `json:"text"`
	Next  string `json:"next_step,omitempty"`
}

// Schema names the shape of the JSON document.
const Schema = "urn:sitepost:doctor:1.0"

// A Report is all that was found.
type Report struct {
	Schema  string    `json:"schema"`
	Time    time.Time `json:"time"`
	Site    string    `json:"site,omitempty"`
	Version string    `json:"version"`
	Rows    []Row     `json:"rows"`
}

// Count says how many rows are in a state.
func (r Report) Count(state State) (n int) {
	for _, row := range r.Rows {
		if row.State == state {
			n++
		}
	}
	return n
}

// Options are what a look needs.
type Options struct {
	Machine Machine
	Version string
	Path    string          // of the site file
	Site    *config.Config  // nil: it has mistakes, or cannot be read
	Found   config.Findings // what config.Check says of it

	Snapshot *status.Snapshot // of the running sitepost; nil: there is none
	Absent   error            // why there is none; nil: nobody is at the socket
	Hangs    bool             // one is there, and does not say how it stands
	Device   string           // look at this one and what it hangs on; "": at everything

	// TLS is how a broker's connection is secured.
	TLS func(config.Broker) (*tls.Config, error)
	// Knock logs in to a broker once and sends the canary. layer is "login" or "canary",
	// where it failed. nil: nobody may log in now, and WhyNot says why: a sitepost runs, or
	// may run, that was not asked. Then a serial server, which takes one client, is not
	// dialled either.
	Knock  func(context.Context, config.Broker) (layer string, err error)
	WhyNot string

	// Progress hears how many looks are done. nil: nobody asks.
	Progress func(done, of int)
}

// An examination is one run.
type examination struct{ Options }

// A look returns what it found. It ends soon after ctx.
type look struct {
	area   string
	within time.Duration
	look   func(context.Context) []Row
}

// Examine looks at everything, at once, and returns the rows in the order of the way
// from the power to the platform.
func Examine(ctx context.Context, o Options) Report {
	e := examination{o}
	ctx, cancel := context.WithTimeout(ctx, allWithin)
	defer cancel()
	began, looks := time.Now(), e.looks()
	results := make([]chan []Row, len(looks))
	for i, l := range looks {
		results[i] = make(chan []Row, 1) // who is late finds nobody, and does not wait
		go func() { results[i] <- l.run(ctx) }()
	}
	r := Report{Schema: Schema, Time: o.Machine.Wall(), Version: o.Version, Rows: []Row{}}
	switch {
	case o.Site != nil:
		r.Site = o.Site.Site.Name
	case o.Snapshot != nil:
		r.Site = o.Snapshot.Site
	}
	for i, l := range looks {
		if o.Progress != nil {
			o.Progress(i, len(looks))
		}
		r.Rows = append(r.Rows, l.await(ctx, began, results[i])...)
	}
	r.Rows = once(r.Rows)
	return r
}

// once says of a site file that cannot be used only once what was not looked at.
func once(rows []Row) (all []Row) {
	at := -1
	for _, row := range rows {
		switch {
		case row.Text != unread.Text:
			all = append(all, row)
		case at < 0:
			at, row.Place, row.Area = len(all), row.Area, "config"
			all = append(all, row)
		default:
			all[at].Place += ", " + row.Area
		}
	}
	return all
}

// run is one look within its time.
func (l look) run(ctx context.Context) []Row {
	ctx, cancel := context.WithTimeout(ctx, l.within)
	defer cancel()
	rows := l.look(ctx)
	for i := range rows {
		rows[i].Area = l.area
	}
	return rows
}

// await takes what a look has found. A disk that hangs lets nobody return, whatever
// ctx says.
func (l look) await(ctx context.Context, began time.Time, result <-chan []Row) []Row {
	const grace = time.Second
	late := time.NewTimer(time.Until(began.Add(l.within + grace)))
	defer late.Stop()
	select {
	case rows := <-result:
		return rows
	case <-late.C:
	case <-ctx.Done():
	}
	select {
	case rows := <-result: // it came at the same moment
		return rows
	default:
		return []Row{{Area: l.area, State: Unseen, Code: "unseen", Text: "the look did not end in time", Next: "look by hand whether the disk or the network there hangs"}}
	}
}

// looks lists what is looked at, in the order in which it is shown.
func (e *examination) looks() (all []look) {
	add := func(area string, f func(context.Context) []Row) { all = append(all, look{area, lookWithin, f}) }
	if e.Device == "" {
		add("sitepost", e.sitepost)
		add("host", e.host)
		add("disk", e.disk)
		add("store", e.store)
		add("clock", e.clock)
		add("config", e.config)
		add("network", e.network)
	}
	add("line", e.lines)
	all = append(all, look{"device", e.devicesWithin(), e.devices})
	if e.Device == "" {
		all = append(all, e.brokers()...)
	}
	return all
}

// Codes lists every code that a look can find and that is not in the list of package
// status.
func Codes() []string {
	return []string{
		"unseen", "sitepost.stopped", "sitepost.hangs",
		"host.undervoltage", "host.hot",
		"disk.low", "disk.full", "disk.readonly", "disk.worn", "disk.missing",
		"clock.no_answer",
		"config.mistake", "config.machine", "config.differs", "certificate.expiring",
		"network.down", "network.no_address", "network.no_way", "network.joined",
		"line.missing", "line.held", "line.permission", "line.by_number", "line.twins", "line.unreachable",
		"device.unreachable",
		"broker.name", "broker.route", "broker.port", "broker.tls", "broker.login", "broker.canary", "broker.receipt",
	}
}
