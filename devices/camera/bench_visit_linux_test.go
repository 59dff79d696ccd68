package camera_test

import "time"

// visited measures and prints what cameras cost that are looked at now and then,
// beside those of full that are watched all the time, and what happens when all
// of them go away and come back.
func (s *benchStreams) visited(full benchTurn) {
	s.b.Helper()
	few, many := s.start("sampled", 64), s.start("sampled", benchCameras)
	s.settle(few, 64)
	s.settle(many, benchCameras)
	var from, to benchWatched
	few.question("count", &from)
	ofMany, said := s.window(many, benchCameras, benchEvery)
	few.question("count", &to)
	ofFew := benchTurn{cameras: 64, cpu: 100 * (to.CPU - from.CPU) / to.At.Sub(from.At).Seconds()}
	var rest benchRest
	few.question("end", &rest)
	few.end()
	s.visitRows(ofFew, ofMany, full)
	if said.Live < benchCameras {
		s.b.Errorf("%d of %d cameras live", said.Live, benchCameras)
	}
	r := s.outage(many)
	many.question("end", &r.benchRest)
	many.end()
	s.outageRows(r)
}

// settle waits until all cameras are live.
func (s *benchStreams) settle(c *benchChild, n int) {
	s.b.Helper()
	var w benchWatched
	for deadline := time.Now().Add(benchSettled); ; time.Sleep(benchGlance) {
		if c.question("count", &w); w.Live == n {
			return
		}
		if time.Now().After(deadline) {
			s.b.Fatalf("%d of %d cameras live after %v", w.Live, n, benchSettled)
		}
	}
}

// A benchOutage is what happened while all cameras were away and when they came
// back.
type benchOutage struct {
	benchRest
	noticed    int // cameras that were found to be away
	away, back benchSent
	took       time.Duration // from their return until the last was live again
	late       int           // cameras that were not, when they were given up
}

func (s *benchStreams) outage(c *benchChild) (o benchOutage) {
	s.b.Helper()
	var w benchWatched
	var none benchSent
	s.sender.question("gone", &none)
	time.Sleep(benchAway)
	c.question("count", &w)
	o.noticed = benchCameras - w.Live
	s.sender.question("back", &o.away)
	began, lost := time.Now(), time.Now()
	for time.Since(began) < benchBack && time.Since(lost) < benchSteady {
		time.Sleep(benchGlance)
		if c.question("count", &w); w.Live < benchCameras {
			lost = time.Now()
		}
	}
	o.took, o.late = lost.Sub(began), benchCameras-w.Live
	s.sender.question("count", &o.back)
	return o
}
