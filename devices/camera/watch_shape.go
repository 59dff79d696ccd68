package camera

import (
	"fmt"
	"math"
	"strings"
	"time"

	"sitepost/devices"
)

// A Shape is what a stream is made of, as its parameter sets say.
type Shape struct {
	Codec   string  `json:"codec"`
	Profile string  `json:"profile,omitempty"`
	Level   string  `json:"level,omitempty"`
	Width   int     `json:"width"`
	Height  int     `json:"height"`
	FPS     float64 `json:"fps,omitempty"` // nominal; 0 = not said
}

func shapeOf(s *devices.Stream) Shape {
	is := Shape{Codec: s.Codec, Profile: s.Profile, Level: s.Level, Width: s.Width, Height: s.Height}
	if f := s.FPSNominal; f != nil && *f > 0 && !math.IsInf(*f, 0) {
		is.FPS = *f
	}
	return is
}

func (s Shape) String() string {
	words := fmt.Sprintf("%s %dx%d", strings.TrimSpace(strings.Join([]string{s.Codec, s.Profile, s.Level}, " ")), s.Width, s.Height)
	if s.FPS > 0 {
		words += fmt.Sprintf(" at %.4g", s.FPS)
	}
	return words
}

// differs names what is different from another shape.
func (s Shape) differs(from Shape) string {
	var names []string
	if s.Codec != from.Codec {
		names = append(names, "codec")
	}
	if s.Profile != from.Profile || s.Level != from.Level {
		names = append(names, "profile")
	}
	if s.Width != from.Width || s.Height != from.Height {
		names = append(names, "size")
	}
	if s.FPS != from.FPS {
		names = append(names, "fps")
	}
	return strings.Join(names, ", ")
}

// How often a stream may be told to be made of something else: some cameras take turns
// between two profiles, and one could do so each second. What is not told is not
// kept either, so that the last of it is told when there is room again.
const (
	changesAtOnce = 6
	changeEach    = 10 * time.Minute
)

// tellParameters says once when the stream is made of something else than before,
// also if that happened while the daemon was off. A description may be stale, so
// only what came in the stream itself counts.
func (w *watch) tellParameters(s *devices.Stream) {
	if s.Parameters != devices.InStream || s.Width == 0 {
		return
	}
	is, name := shapeOf(s), w.options.Name
	was, known := w.options.Memory.Known().Streams[name]
	if known && was == is {
		return
	}
	if known && !w.changes.Allow() {
		w.untold++
		return
	}
	err := w.options.Memory.Change(func(k *Known) {
		streams := map[string]Shape{name: is}
		for other, shape := range k.Streams { // what Known gave away is never changed
			if other != name {
				streams[other] = shape
			}
		}
		k.Streams = streams
	})
	if err != nil {
		w.options.Log.Error("what the stream is made of not kept", "camera", name, "err", err)
	}
	if known {
		text := fmt.Sprintf("%v, before %v", is, was)
		if w.untold > 0 {
			text += fmt.Sprintf("; seen otherwise %d times in between", w.untold)
		}
		w.voice.say(devices.Event{Code: devices.StreamChanged, Detail: is.differs(was), Text: text})
		w.pool.Forget()
		w.untold = 0
	}
}
