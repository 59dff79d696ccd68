package cameratest

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

// Events says how a virtual camera's event service behaves. Every field but the
// first three is a way to misbehave that was met in the field.
type Events struct {
	States   []Notice      // how things stand: told as Initialized to every new pull point, and when asked again
	Limit    int           // pull points at once; default 8, as on a server that was measured
	Lifetime time.Duration // the longest that a pull point may be asked for; default an hour

	Address         PointAddress  // how it tells the address of a pull point
	ByReference     bool          // tells pull points apart by reference parameters, as Axis does (kerberos-io/onvif PR#6)
	ByProperties    bool          // the same, told in the words of WS-Addressing 2004/08
	OtherPort       string        // pull points are at a second door, "127.0.0.11:0" (Home Assistant #92603 has one)
	OnlyCapability  bool          // its address is not told by GetServices
	Missing         bool          // nothing lies at its address: HTTP 404 (BreeeZe/rpos 2.1.0, by GetCapabilities)
	Mute            bool          // hangs up on every question, and nothing else does (KoynovStas/onvif_srvd df09d0a)
	NoSupport       bool          // says WSPullPointSupport="false" (Home Assistant #91089)
	RefusesRelative bool          // takes no duration (kerberos-io/agent renew.go: old Hikvision, Dahua, Bosch)
	RefusesAbsolute bool          // takes no date
	RefusesUntold   bool          // HTTP 500 without InitialTerminationTime (Tapo: python-onvif-zeep PR#13)
	RefusesTimes    bool          // takes neither: InitialTerminationTime must be left out (python-onvif-zeep PR#32)
	RefusesRenewal  bool          // knows no Renew at all
	SecondsOnly     bool          // reads "PT10M" as ten seconds (Home Assistant PR#92551)
	HeadersKill     bool          // hangs up when WS-Addressing headers come (CamHipro: Home Assistant #92308)
	HeadersRefused  bool          // a fault when they come with a pull, not when they come with the creation
	HeadersRequired bool          // a fault when they do not come (python-zeep PR#1206, agsh/onvif#158)
	EndsAll         bool          // one Unsubscribe ends all pull points (Home Assistant PR#92627)
	KeepsAlive      bool          // each pull moves the end of its pull point (onvif/specs#506)
	Termination     string        // tells this, whatever is true: "1970-01-01T00:00:00Z" [measured]
	NoCurrentTime   bool          // leaves CurrentTime out
	NoSynchronize   bool          // knows no SetSynchronizationPoint
	MostMessages    int           // clamps MessageLimit quietly
	MostPoll        time.Duration // clamps Timeout quietly
	RefusesLimit    int           // a fault when MessageLimit is larger (ONVIF Core: PullMessagesFaultResponse)
	HangUpAfter     time.Duration // ends the connection of a pull after so long without a word (Tapo C220: agsh/onvif PR#314)
	ResetAfter      time.Duration // the same with a TCP reset
	HangUps         int           // does so only this often; 0 = always
	CutPulls        int           // cuts the answers to the first so many pulls in the middle
	CreatesAfter    time.Duration // takes so long to tell of a pull point that it has made
	EmptyAtOnce     bool          // answers a pull that has nothing at once
	Giant           int           // tells so many notifications in every answer, whatever the limit is
}

// A PointAddress is a way to tell the address of a pull point.
type PointAddress string

const (
	PlainAddress   PointAddress = ""
	EmptyAddress   PointAddress = "empty"        // it is the event service's (go2rtc#2302)
	DoubledPort    PointAddress = "doubled port" // ":8106:8106" (Home Assistant #92603)
	InnerAddress   PointAddress = "inner host"   // of a camera behind NAT (agsh/onvif#41)
	PathAddress    PointAddress = "path only"
	NobodysAddress PointAddress = "anonymous" // WS-Addressing 1.0, 2.1
	ForeignAddress PointAddress = "foreign"   // of a scheme that cannot be asked: WS-Addressing allows any IRI
)

// A Notice is something that a camera notifies. Source and Data are written
// "Name=Value".
type Notice struct {
	Topic  string
	Source string
	Data   []string
}

// An EventCount is what the event service counted.
type EventCount struct {
	Created, CreationsRefused                       int
	Pulls, Renewals, Synchronizations, Unsubscribed int
	RenewalsRefused, UnknownPoint, Misaddressed     int
	Live, Waiting                                   int // pull points now; pulls that wait now
}

// A desk is the event service of a virtual camera.
type desk struct {
	camera *Camera
	o      Events
	other  *http.Server // at the second door; nil if there is none
	door   string       // its address
	owned  sync.WaitGroup

	mu      sync.Mutex // protects all below
	states  []Notice
	points  map[string]*point
	made    int
	count   EventCount
	times   []string // termination times and polls as they were asked for
	changed chan struct{}
}

// A point is one pull point.
type point struct {
	id      string
	until   time.Time // monotonic
	asked   time.Duration
	queue   []string
	foreign bool
}

// newDesk opens the event service, nil if the camera has none.
func newDesk(v *Camera) (*desk, error) {
	if v.options.Events == nil {
		return nil, nil
	}
	d := &desk{camera: v, o: *v.options.Events, points: map[string]*point{}, changed: make(chan struct{})}
	d.states = append([]Notice(nil), d.o.States...)
	d.o.Limit = cmp.Or(d.o.Limit, 8)
	d.o.Lifetime = cmp.Or(d.o.Lifetime, time.Hour)
	if d.o.OtherPort == "" {
		return d, nil
	}
	l, err := net.Listen("tcp4", d.o.OtherPort)
	if err != nil {
		return nil, err
	}
	d.door = l.Addr().String()
	d.other = &http.Server{Handler: http.HandlerFunc(v.serve), ReadHeaderTimeout: v.server.ReadHeaderTimeout, ErrorLog: v.server.ErrorLog}
	d.other.SetKeepAlivesEnabled(false)
	d.owned.Go(func() { _ = d.other.Serve(gate{l, &v.offline}) })
	return d, nil
}

func (d *desk) close() error {
	if d == nil || d.other == nil {
		return nil
	}
	err := d.other.Close()
	d.owned.Wait()
	return err
}

// change tells all who wait that something changed. It is called with mu held.
func (d *desk) change() {
	close(d.changed)
	d.changed = make(chan struct{})
}

// live forgets what has run out and returns how many pull points are left. It is
// called with mu held.
func (d *desk) live() int {
	for id, p := range d.points {
		if !time.Now().Before(p.until) {
			delete(d.points, id)
		}
	}
	return len(d.points)
}

// Notify makes the camera notify all pull points. Source and data are written
// "Name=Value". What it says of a state is also told to later pull points. It returns
// when that was by the camera's clock.
func (v *Camera) Notify(topic, source string, data ...string) time.Time {
	d := v.desk
	d.mu.Lock()
	defer d.mu.Unlock()
	n, now := Notice{topic, source, data}, d.camera.now()
	for i, s := range d.states {
		if s.Topic == topic && s.Source == source {
			d.states[i] = n
		}
	}
	for _, p := range d.points {
		p.queue = append(p.queue, message(n, "Changed", now))
	}
	d.change()
	return now
}

// EventCount returns what the event service has counted so far.
func (v *Camera) EventCount() EventCount {
	v.desk.mu.Lock()
	defer v.desk.mu.Unlock()
	c := v.desk.count
	c.Live = v.desk.live()
	return c
}

// EventTimes returns how termination times and polls were written, in the order in
// which they came: "Create PT600S", "Pull PT20S 50".
func (v *Camera) EventTimes() []string {
	v.desk.mu.Lock()
	defer v.desk.mu.Unlock()
	return append([]string(nil), v.desk.times...)
}

// AwaitEvents waits until the count is as wanted, or returns false when ctx ends.
func (v *Camera) AwaitEvents(ctx context.Context, wanted func(EventCount) bool) bool {
	for {
		v.desk.mu.Lock()
		changed := v.desk.changed
		v.desk.mu.Unlock()
		if wanted(v.EventCount()) {
			return true
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		}
	}
}

// TakePullPoints takes n of the camera's pull points for other clients.
func (v *Camera) TakePullPoints(n int) {
	v.desk.mu.Lock()
	defer v.desk.mu.Unlock()
	for range n {
		v.desk.add(time.Hour).foreign = true
	}
}

// ForgetPullPoints ends all pull points, as a restart of the camera does.
func (v *Camera) ForgetPullPoints() {
	v.desk.mu.Lock()
	defer v.desk.mu.Unlock()
	clear(v.desk.points)
	v.desk.change()
}

// LosePower ends all pull points as a power cut does: who pulls is not told.
func (v *Camera) LosePower() {
	v.desk.mu.Lock()
	defer v.desk.mu.Unlock()
	clear(v.desk.points)
}
