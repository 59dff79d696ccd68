package meter

import "time"

// step is the grain in which the busiest second is looked for.
const step = time.Second / 10

// A peak finds the busiest second: the most bytes in any ten neighbouring steps.
type peak struct {
	start time.Time
	now   int64   // the current step, counted from start
	slot  int     // of the current step in ring
	ring  [10]int // bytes of the last ten steps
	sum   int
	best  int
}

// add notes that n bytes came.
func (p *peak) add(n int, at time.Time) {
	if p.start.IsZero() {
		p.start = at
	}
	p.advance(at)
	p.ring[p.slot] += n
	p.sum += n
}

// advance closes the steps before at. A window is judged when its tenth step is
// closed, so that no second is shorter than a second.
func (p *peak) advance(at time.Time) {
	to := int64(at.Sub(p.start) / step)
	for i := 0; p.now < to && i <= len(p.ring); i++ {
		if p.now >= 9 {
			p.best = max(p.best, p.sum)
		}
		p.now++
		p.slot = (p.slot + 1) % len(p.ring)
		p.sum -= p.ring[p.slot]
		p.ring[p.slot] = 0
	}
	p.now = max(p.now, to) // after a longer silence the ring is empty anyway
}

// renew forgets the busiest second so far. The one that is under way counts for
// the window in which it ends.
func (p *peak) renew(at time.Time) {
	if !p.start.IsZero() {
		p.advance(at)
	}
	p.best = 0
}

// bps is the busiest second up to until, nil if no whole second was seen.
func (p peak) bps(until time.Time) *float64 {
	if p.start.IsZero() {
		return nil
	}
	p.advance(until)
	if p.best == 0 {
		return nil
	}
	return Figure(float64(p.best)*8, 0)
}

// A jitter is the estimate of RFC 3550 6.4.1 over frames.
type jitter struct {
	began      bool
	ts         uint32
	at         time.Time
	ticks      float64
	samples    int
	disordered bool // frames are not sent in the order of their time stamps
}

// frame notes the first packet of a frame. A time stamp more than ten seconds
// off is a new beginning of the camera's clock, not jitter.
func (j *jitter) frame(ts uint32, at time.Time, clock int) {
	step := float64(int32(ts - j.ts))
	if !j.began || clock <= 0 || step > float64(10*clock) || step < -float64(10*clock) {
		j.began, j.ts, j.at = true, ts, at
		return
	}
	if step < 0 {
		j.disordered = true
	}
	d := at.Sub(j.at).Seconds()*float64(clock) - step
	if d < 0 {
		d = -d
	}
	j.ticks += (d - j.ticks) / 16
	j.samples++
	j.ts, j.at = ts, at
}

// renew begins a window: a figure then needs a frame of its own. The estimate
// goes on.
func (j *jitter) renew() { j.samples, j.disordered = 0, false }

func (j *jitter) ms(clock int) *float64 {
	if j.samples == 0 || j.disordered || clock <= 0 {
		return nil
	}
	return Figure(j.ticks/float64(clock)*1000, 3)
}
