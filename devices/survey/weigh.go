package survey

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"sitepost/devices/line"
)

// An opinion is a verdict on its way.
type opinion struct {
	Verdict
	share   float64 // of what was heard
	factory bool    // heard at the profile's own settings
	order   int     // of the settings
}

// weighAll asks all senses what they make of what was heard at some settings.
func weighAll(search Search, s line.Settings, heard []line.Chunk) []opinion {
	var all []opinion
	for _, sense := range senses(search) {
		if o, ok := weigh(sense, heard); ok {
			o.Settings, o.factory = s, sense.factory == s
			all = append(all, o)
		}
	}
	if o, ok := readable(joined(heard)); ok {
		o.Settings = s
		all = append(all, o)
	}
	return all
}

// weigh compares what a sense counts with what it would count by chance: in
// the same bytes, shuffled. So a weak check, a rare byte and plain text each
// get the chance that they really have.
func weigh(s sense, heard []line.Chunk) (opinion, bool) {
	t, n := s.count(heard), heardBytes(heard)
	if t.frames == 0 {
		return opinion{}, false
	}
	chance := byChance(s, heard, n)
	share := min(1, float64(t.bytes)/float64(n))
	sure := judge(t, share, tail(t.frames, chance))
	if sure == "" {
		return opinion{}, false
	}
	why := fmt.Sprintf("%d whole messages in %d bytes, %.0f %% of them", t.frames, n, 100*share)
	if t.refused > 0 {
		why += fmt.Sprintf(", and %d with a bad check or end", t.refused)
	}
	why += fmt.Sprintf("; chance would make %.2g", chance)
	return opinion{Verdict: Verdict{What: s.what, Frames: t.frames, Bytes: n, Sure: sure, Why: why}, share: share}, true
}

// judge says how sure so many frames make, where share is the part of all bytes
// that they take, and p the probability that chance makes as many; "" is not at
// all. A search makes some hundred such judgements.
func judge(t tally, share, p float64) Sure {
	most := share >= 0.5 && t.refused < t.frames
	switch {
	case most && t.frames >= 3 && p < 1e-6:
		return Certain
	case most && p < 1e-2, t.frames >= 3 && p < 1e-6:
		return Likely
	case t.frames >= 2 && p < 1e-4:
		return Possible
	}
	return ""
}

// shuffledBytes bounds the work of one weighing; 200 rounds without a frame make
// a single one likely.
const (
	shuffledBytes = 1 << 18
	maxShuffles   = 200
	minShuffles   = 4
)

// byChance returns how many frames of a sense to expect in what was heard if
// its bytes had no order. That none was seen is no proof that there are none,
// so half a frame is added.
func byChance(s sense, heard []line.Chunk, n int) float64 {
	rounds := min(maxShuffles, max(minShuffles, shuffledBytes/n))
	random := rand.New(rand.NewPCG(1, uint64(n))) // the same verdict for the same bytes
	all := joined(heard)
	frames := 0
	for range rounds {
		random.Shuffle(n, func(i, j int) { all[i], all[j] = all[j], all[i] })
		frames += s.count(recut(heard, all)).frames
	}
	return (float64(frames) + 0.5) / float64(rounds)
}

// recut cuts bytes as they were heard.
func recut(heard []line.Chunk, all []byte) []line.Chunk {
	cut := slices.Clone(heard)
	for i := range cut {
		n := len(cut[i].Bytes)
		cut[i].Bytes, all = all[:n], all[n:]
	}
	return cut
}

// tail returns the probability of n or more where mean are expected (Poisson).
func tail(n int, mean float64) float64 {
	term := math.Exp(-mean)
	less := 0.0
	for k := range n {
		less += term
		term *= mean / float64(k+1)
	}
	if rest := 1 - less; rest > 1e-9 {
		return rest
	}
	return term // the first of the rest; the others are smaller
}

// readable says whether what was heard is lines of ASCII. Sixteen bytes of noise
// look so once in five million times.
func readable(all []byte) (opinion, bool) {
	const enough = 16
	printable, lines := 0, 0
	for _, b := range all {
		if b >= ' ' && b <= '~' || b == '\t' || b == '\r' || b == '\n' {
			printable++
		}
	}
	for l := range bytes.FieldsFuncSeq(all, func(r rune) bool { return r == '\r' || r == '\n' }) {
		if len(bytes.TrimSpace(l)) > 0 {
			lines++
		}
	}
	share := float64(printable) / float64(max(1, len(all)))
	if len(all) < enough || share < 0.95 || lines == 0 || !bytes.ContainsAny(all, "\r\n") {
		return opinion{}, false
	}
	sure := Possible
	if lines >= 3 && share >= 0.98 {
		sure = Likely
	}
	why := fmt.Sprintf("%d lines of readable text in %d bytes: write a profile that matches them", lines, len(all))
	return opinion{Verdict: Verdict{What: text, Frames: lines, Bytes: len(all), Sure: sure, Why: why}, share: share}, true
}

// verdicts sorts opinions, the best first, keeps one per kind and baud, and
// says which others it stands for.
func verdicts(opinions []opinion) []Verdict {
	slices.SortStableFunc(opinions, better)
	var best []Verdict
	for i, o := range opinions {
		first := slices.IndexFunc(opinions, func(p opinion) bool { return p.What == o.What && p.Settings.Baud == o.Settings.Baud })
		if first != i {
			continue
		}
		var settings, kinds []string
		for _, p := range opinions[i+1:] {
			switch {
			case p.Sure != o.Sure || p.Frames < o.Frames*4/5:
			case p.What == o.What && p.Settings.Baud == o.Settings.Baud:
				settings = append(settings, p.Settings.String())
			case p.Settings == o.Settings && p.What != text:
				kinds = append(kinds, p.What)
			}
		}
		if len(settings) > 0 {
			o.Why += fmt.Sprintf("; the same at %s: parity and stop bits cannot always be seen from here, the label says them", strings.Join(settings, ", "))
		}
		if len(kinds) > 0 {
			o.Why += fmt.Sprintf("; what cannot be told from it: %s", strings.Join(kinds, ", "))
		}
		best = append(best, o.Verdict)
	}
	return best
}

// better orders opinions: the surer one, a device rather than its letters, the
// one that explains more, the one at its own settings, the commoner settings.
func better(a, b opinion) int {
	sures := []Sure{Certain, Likely, Possible}
	return cmp.Or(
		cmp.Compare(slices.Index(sures, a.Sure), slices.Index(sures, b.Sure)),
		cmp.Compare(truth(a.What == text), truth(b.What == text)),
		-cmp.Compare(math.Round(10*a.share), math.Round(10*b.share)),
		-cmp.Compare(truth(a.factory), truth(b.factory)),
		cmp.Compare(a.order, b.order),
	)
}

func truth(yes bool) int {
	if yes {
		return 1
	}
	return 0
}
