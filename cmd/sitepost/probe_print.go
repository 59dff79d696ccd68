package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sitepost/devices"
	"sitepost/devices/camera/norm"
	"sitepost/devices/camera/stream"
)

// byDefaults is what a verdict was judged by where there is no site file.
const byDefaults = "defaults"

// A verdict is a stream and what is to be said of it.
type verdict struct {
	devices.Stream
	Certificate string         `json:"certificate,omitempty"` // that was seen and not pinned
	Verdict     []norm.Finding `json:"verdict"`
	NotJudged   []norm.Finding `json:"not_judged"`
	JudgedBy    string         `json:"judged_by"` // byDefaults, or the site file
	Good        bool           `json:"good"`

	failed bool // nothing was judged
}

// judge holds a stream against the limits. Of one that failed only its failure is
// said: it has in it what to do.
func (p *probe) judge(s devices.Stream, failed error) verdict {
	v := verdict{Stream: s, Certificate: p.seen, JudgedBy: p.judgedBy, Verdict: []norm.Finding{}, NotJudged: []norm.Finding{}}
	if failed != nil {
		text := failed.Error()
		if f, ok := errors.AsType[*stream.Failure](failed); ok {
			text = f.Error()
		}
		v.Verdict = append(v.Verdict, norm.Finding{About: cmp.Or(s.State, devices.StreamIsOffline), Text: text})
		v.failed = true
		return v
	}
	all := norm.Judge(s, p.limits)
	for _, f := range all {
		if f.Open {
			v.NotJudged = append(v.NotJudged, f)
		} else {
			v.Verdict = append(v.Verdict, f)
		}
	}
	about := func(f norm.Finding) bool { return f.About == norm.NoKeyFrame }
	for _, why := range s.Why {
		if !strings.HasPrefix(why, "no key frame") || !slices.ContainsFunc(all, about) {
			v.Verdict = append(v.Verdict, norm.Finding{About: s.State, Text: why})
		}
	}
	v.Good = len(v.Verdict) == 0
	return v
}

// print prints a verdict: the figures in blocks, then what is to be done.
func (p *probe) print(v verdict) error {
	if p.json {
		return json.NewEncoder(p.stdout).Encode(v)
	}
	var out strings.Builder
	fmt.Fprintf(&out, "%s: %s\n", cmp.Or(v.URI, p.word("stream")), p.word(v.State))
	table := figures{words: p.words}
	table.stream(&v.Stream, v.Certificate)
	table.arrival(&v.Stream)
	table.start(&v.Stream)
	table.clock(&v.Stream)
	out.WriteString(table.String())
	out.WriteString(p.verdictWords(&v))
	_, err := fmt.Fprint(p.stdout, out.String())
	return err
}

// spokenSubject is a subject of the norm as a person says it.
func spokenSubject(about string) string {
	switch about {
	case norm.FPS:
		return "frame rate"
	case norm.Bitrate:
		return "bit rate"
	case norm.FirstFrame:
		return "first picture"
	case norm.Timestamps:
		return "time stamps"
	case norm.NoKeyFrame:
		return "key frames"
	case norm.HD:
		return "HD"
	case norm.Static:
		return "movement"
	}
	return about
}

// verdictWords is the verdict for a person.
func (p *probe) verdictWords(v *verdict) string {
	var out strings.Builder
	say := func(format string, args ...any) { out.WriteString(p.words.Sprintf(format, args...)) }
	tr := p.words.Translate
	for _, f := range v.Verdict {
		if f.Source != "" {
			say("bad: %s (%s)\n", tr(f.Text), tr(f.Source))
		} else {
			say("bad: %s\n", tr(f.Text))
		}
		if f.Next != "" {
			fmt.Fprintf(&out, "     %s\n", tr(f.Next))
		}
	}
	if v.failed {
		return out.String()
	}
	if met := tr(strings.Join(v.met(), ", ")); v.Good && met != "" {
		say("good: %s are as they should be\n", met)
	} else if met != "" {
		say("good otherwise: %s\n", met)
	}
	for _, f := range v.NotJudged {
		say("not judged: %s: %s\n", tr(spokenSubject(f.About)), tr(f.Text))
	}
	if v.JudgedBy == byDefaults {
		say("judged by GB/T 28181-2016 chapter 5, clock and first picture by sitepost's own limits\n")
	} else {
		say("judged by [stream] and [hd] of %s\n", v.JudgedBy)
	}
	return out.String()
}

// met lists the subjects that were judged and are as they should be.
func (v *verdict) met() (all []string) {
	found := slices.Concat(v.Verdict, v.NotJudged)
	for _, about := range norm.Subjects() {
		if !slices.ContainsFunc(found, func(f norm.Finding) bool { return f.About == about }) {
			all = append(all, spokenSubject(about))
		}
	}
	return all
}
