package instrument

import "slices"

// someNoise returns what is heard before a try, nil for nothing. It is not put
// into the middle of a frame that an earlier try began; and where only a pause
// tells a frame from noise, there is nothing to prove. Of a weak check one noise
// in a few bears a good one: that says nothing about the profile.
func (run *proof) someNoise(bytes []byte) []byte {
	f := run.profile.framing
	byPause := f.start == nil && f.end == nil && f.check == nil
	if run.way != behind || byPause || len(run.reader.framer.buf) > 0 {
		return nil
	}
	noise := run.roll()
	for range 100 {
		if f.check == nil || slices.Equal(f.frames(noise, bytes), f.frames(nil, bytes)) {
			break
		}
		noise = run.roll()
	}
	return noise
}

// roll returns 64 random bytes without the first one of a start, or ended by
// the end.
func (run *proof) roll() []byte {
	f := run.profile.framing
	var noise []byte
	for len(noise) < 64 {
		b := byte(run.noise.Uint32())
		if f.start == nil || b != f.start[0] {
			noise = append(noise, b)
		}
	}
	if f.start == nil {
		noise = append(noise, f.end...)
	}
	return noise
}

// frames returns where in bytes behind noise the good frames begin.
func (f *framing) frames(noise, bytes []byte) []int64 {
	var frames []int64
	framer := newFramer(f, 1, 0)
	cuts := framer.feed(proofTime, noise)
	framer.pauseAfterNoise()
	cuts = append(cuts, framer.feed(proofTime, bytes)...)
	for _, c := range append(cuts, framer.close()...) {
		if !c.refused {
			frames = append(frames, c.at-int64(len(noise)))
		}
	}
	return frames
}

// pauseAfterNoise ends noise that may have said, where no start forbids it, how
// much was still to come: only a pause ends the wait for that.
func (f *framer) pauseAfterNoise() {
	if f.start == nil && f.length != nil && f.length.bytes == 0 {
		f.forget()
	}
}
