package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"sitepost/cmd/sitepost/words"
	"sitepost/devices"
)

// A figures is the table of a stream, in blocks. What was not observed has no row.
type figures struct {
	words *words.Speaker
	rows  [][]string
	block string // that has no row yet
}

func (f *figures) begin(block string) { f.block = block }

// row adds a row; sample says how much it rests on.
func (f *figures) row(name, value, sample string) {
	row := []string{f.block, name, strings.Join(strings.Fields(value), " "), sample}
	for i := range row {
		row[i] = f.words.Translate(row[i])
	}
	f.rows = append(f.rows, row)
	f.block = ""
}

// number adds a row for a figure that may be absent.
func (f *figures) number(name string, v *float64, decimals int, unit, sample string) {
	if v != nil {
		f.row(name, strconv.FormatFloat(*v, 'f', decimals, 64)+" "+unit, sample)
	}
}

func (f *figures) flag(name string, v *bool, yes, no, sample string) {
	switch {
	case v == nil:
	case *v:
		f.row(name, yes, sample)
	default:
		f.row(name, no, sample)
	}
}

// String is the table.
func (f *figures) String() string { return words.Columns(f.rows) }

// stream is what is sent.
func (f *figures) stream(s *devices.Stream, certificate string) {
	f.begin("stream")
	if s.Codec != "" {
		f.row("codec", s.Codec+" "+s.Profile+" "+s.Level, from(s.Parameters))
	}
	if s.Width > 0 {
		f.row("size", fmt.Sprintf("%dx%d", s.Width, s.Height), from(s.Parameters))
	}
	f.number("nominal rate", s.FPSNominal, 2, "frames/s", from(s.Parameters))
	f.flag("sound", s.Audio, "offered", "none", "")
	f.flag("ONVIF metadata", s.Metadata, "offered", "none", "")
	if certificate != "" {
		f.row("certificate", certificate, "keep to it with --pin")
	}
}

// from says where a fact about a stream is from.
func from(parameters string) string {
	switch parameters {
	case "stream":
		return "from the stream"
	case "description":
		return "from the description, may be stale"
	}
	return ""
}

// arrival is what of it comes, and how.
func (f *figures) arrival(s *devices.Stream) {
	f.begin("arrival")
	seconds, frames := fmt.Sprintf("%.1f s", s.Seconds), fmt.Sprintf("%d frames", s.Frames)
	if s.Transport != "" {
		f.row("transport", s.Transport, seconds)
	}
	f.number("frame rate", s.FPS, 2, "frames/s", frames)
	f.number("bit rate", inMbit(s.BitrateBPS), 3, "Mbit/s "+s.RateMode, seconds)
	f.number("peak", inMbit(s.PeakBPS), 3, "Mbit/s", "busiest second")
	f.keys(s)
	f.number("small frames", hundredfold(s.SmallFrames), 1, "%", fmt.Sprintf("%d frames between key frames", s.InterFrames))
	packets := fmt.Sprintf("%d packets", s.Packets)
	f.number("loss", hundredfold(s.Loss), 3, "%", packets)
	if s.Dropped > 0 {
		f.row("dropped by this box", strconv.Itoa(s.Dropped), "too busy to take them; so the loss is not known")
	}
	if s.Packets > 0 {
		f.row("came twice", strconv.Itoa(s.Duplicates), packets)
		f.row("new beginnings", strconv.Itoa(s.Resets), "of the packets' numbers")
	}
	f.number("jitter", s.JitterMS, 2, "ms", frames)
	f.flag("time stamps", s.Conform, "one per frame", "not one per frame", frames)
}

func (f *figures) keys(s *devices.Stream) {
	var every []string
	if s.GOPFrames != nil {
		every = append(every, fmt.Sprintf("%d frames", *s.GOPFrames))
	}
	if s.KeySeconds != nil {
		every = append(every, fmt.Sprintf("%.2f s", *s.KeySeconds))
	}
	if every != nil {
		f.row("key frame every", strings.Join(every, ", "), fmt.Sprintf("%d key frames", s.KeyFrames))
	}
}

// start is what the first picture took.
func (f *figures) start(s *devices.Stream) {
	f.begin("start")
	f.number("connecting", s.ConnectMS, 0, "ms", "")
	f.number("DESCRIBE", s.DescribeMS, 0, "ms", "")
	f.number("SETUP, PLAY", s.PlayMS, 0, "ms", "")
	f.number("first packet", s.FirstPacketMS, 0, "ms", "")
	f.number("key frame whole", s.KeyFrameMS, 0, "ms", "")
	f.number("first picture", s.FirstFrameMS, 0, "ms", "all of these")
}

// clock is how far the camera's clock is off.
func (f *figures) clock(s *devices.Stream) {
	f.begin("clock")
	if s.ClockErrorMS == nil {
		return
	}
	ms, direction := *s.ClockErrorMS, "ahead"
	if ms < 0 {
		ms, direction = -ms, "behind"
	}
	if off := ms / 1000; off >= time.Minute.Seconds() {
		f.row("camera", fmt.Sprintf("%.0f s %s", off, direction), reports(s))
		return
	}
	f.row("camera", fmt.Sprintf("%.0f ms %s", ms, direction), reports(s))
}

func reports(s *devices.Stream) string {
	switch s.SenderReports {
	case 0:
		return "by RTCP"
	case 1:
		return "1 sender report"
	}
	return fmt.Sprintf("%d sender reports", s.SenderReports)
}

func inMbit(bps *float64) *float64 { return scaled(bps, 1e-6) }

func hundredfold(share *float64) *float64 { return scaled(share, 100) }

func scaled(v *float64, by float64) *float64 {
	if v == nil {
		return nil
	}
	w := *v * by
	return &w
}
