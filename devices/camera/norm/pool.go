package norm

import (
	"cmp"
	"slices"

	"sitepost/devices"
)

// Samples that a judgement rests on.
const (
	ring        = 32   // visits that a pool keeps
	fewVisits   = 4    // so many visits are enough,
	fewSeconds  = 50.0 // or so long a look: less than the window of a kept stream
	fewPackets  = 5000 // for a loss also so many
	fewLost     = 5    // and so many that the limit would be this many lost ones
	stillness   = 10.0 // seconds without movement that make a hint
	mostlySmall = 0.5  // share of small frames that makes one
)

// A Pool holds the newest visits to one camera, and what it is accused of by
// them. Its memory is fixed; the zero Pool is empty. It is for one goroutine.
//
//	Add ──► ring of 32 visits ──► the newest that make a sample ──► Judge
//	                              4 visits or 50 s; loss: 5,000 packets too
type Pool struct {
	visits  [ring]visit
	next, n int
	accused [subjects]bool
	slow    bool // for HD
}

// Add takes a visit, or a window of a stream that is kept, that saw pictures.
func (p *Pool) Add(s devices.Stream) {
	p.visits[p.next] = seen(&s)
	p.next = (p.next + 1) % ring
	p.n = min(p.n+1, ring)
}

// Forget empties the pool and drops its accusations: another camera, other
// settings, or so long a pause that what was no longer says what is.
func (p *Pool) Forget() { *p = Pool{} }

// newest is the visit i visits ago.
func (p *Pool) newest(i int) *visit { return &p.visits[(p.next-1-i+2*ring)%ring] }

// Judge says what the stream is accused of, in the order of [Subjects]. It is not
// known while there are too few visits: what was said before still stands then. A
// subject that cannot be judged for want of its own sample keeps its accusation,
// and loses it when no visit in the ring says anything of it. The clock, HD and
// [Pool.Static] are no part of it.
func (p *Pool) Judge(l Limits) (degraded []Finding, known bool) {
	if !p.hasLooked() {
		return nil, false
	}
	all := levels(l)
	for k := loss; k < small; k++ {
		t := p.gather(k, l)
		switch {
		case !all[k].on || t.visits == 0:
			p.accused[k] = false
		case t.enough:
			p.accused[k] = all[k].bad(t.value, p.accused[k])
		}
		if p.accused[k] {
			degraded = append(degraded, t.accuse(k, l, p.newest(0)))
		}
	}
	return degraded, true
}

// Static says whether the picture seems not to move. It is known when the newest
// visits with frames to judge by make up ten seconds; then the hint is nil or
// stands. It needs most frames to be small in each of these visits, and goes when
// in all of them together they are clearly not the most, or when none of the visits
// has such frames.
func (p *Pool) Static() (hint *Finding, known bool) {
	t := p.gather(small, Limits{})
	switch {
	case t.visits == 0 && p.hasLooked(): // nor is it accused of what nobody says any more
		p.accused[small] = false
		return nil, true
	case !t.enough:
		return nil, false
	}
	switch {
	case slices.Min(t.values[:t.visits]) > mostlySmall:
		p.accused[small] = true
	case t.value <= within*mostlySmall:
		p.accused[small] = false
	}
	if !p.accused[small] {
		return nil, true
	}
	f := t.accuse(small, Limits{}, p.newest(0))
	return &f, true
}

// hasLooked says whether there are visits enough to judge by.
func (p *Pool) hasLooked() bool { return p.n >= fewVisits || p.looked() >= fewSeconds }

// looked is how many seconds all visits took.
func (p *Pool) looked() (seconds float64) {
	for i := range p.n {
		seconds += p.newest(i).seconds
	}
	return seconds
}

// A sum is what several visits say of one subject.
type sum struct {
	value   float64 // their mean by weight; of rates, jitter and starts the median by weight
	weight  float64 // of all
	visits  int
	seconds float64
	values  [ring]float64
	weights [ring]float64
	enough  bool // to judge by
}

func (t *sum) add(s sample, seconds float64) {
	t.values[t.visits], t.weights[t.visits] = s.value, s.weight
	t.visits++
	t.seconds += seconds
	t.weight += s.weight
	t.value += (s.value - t.value) * (s.weight / t.weight)
}

// gather takes visits from the newest backwards until they are enough.
func (p *Pool) gather(k int, l Limits) (t sum) {
	for i := 0; i < p.n && !t.enough; i++ {
		v := p.newest(i)
		if s := v.of[k]; s.weight > 0 {
			t.add(s, v.seconds)
			t.enough = t.suffices(k, l)
		}
	}
	switch k {
	case loss:
		t.enough = t.enough || t.visits >= fewVisits && t.isLost(l)
	case jitter, fps, bitrate, firstFrame: // one odd visit accuses nobody
		t.value = t.median()
	}
	return t
}

// suffices says whether the visits so far are enough for a subject.
func (t *sum) suffices(k int, l Limits) bool {
	pooled := t.visits >= fewVisits || t.seconds >= fewSeconds
	switch k {
	case loss:
		return pooled && t.weight >= packetsNeeded(l)
	case firstFrame:
		return t.visits >= fewVisits // a long look is one start all the same
	case keyFrames:
		return t.seconds >= fewSeconds || t.value < 1 // four short visits may all fall between two
	case small:
		return t.seconds >= stillness
	}
	return pooled
}

// isLost says that more packets are lost already than the limit allows in as
// many as are needed.
func (t *sum) isLost(l Limits) bool { return t.value*t.weight > l.Loss*packetsNeeded(l) }

// packetsNeeded is how many packets a loss is judged by.
func packetsNeeded(l Limits) float64 {
	if !isLimit(l.Loss) {
		return fewPackets
	}
	return max(fewPackets, fewLost/l.Loss)
}

// median is the value that half of the weight lies below, and half above.
func (t *sum) median() float64 {
	order := make([]int, t.visits)
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(t.values[a], t.values[b]) })
	below := 0.0
	for n, i := range order {
		below += t.weights[i]
		switch {
		case below > t.weight/2:
			return t.values[i]
		case below == t.weight/2 && n+1 < len(order):
			return (t.values[i] + t.values[order[n+1]]) / 2
		}
	}
	return 0
}
