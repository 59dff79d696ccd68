package stream

import (
	"bytes"
	"slices"
	"strings"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/sdp"
)

// Limits of a session description that is mended. Real ones have up to six media.
const (
	maxLines   = 64 // of one media
	maxMedia   = 32
	maxFormats = 16
)

// readable says whether the library understands a description. A panic of its
// parser counts as no: it would otherwise end the daemon, because the library
// parses in a goroutine of its own.
func readable(body []byte) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	var text sdp.SessionDescription
	var d description.Session
	if text.Unmarshal(body) != nil || d.Unmarshal(&text) != nil {
		return false
	}
	control, has := text.Attribute("control")
	return !has || absolute(control)
}

// absolute says whether a session's control attribute is one that the library
// takes: the whole stream, or a URL.
func absolute(control string) bool {
	if control == "*" {
		return true
	}
	_, err := base.ParseURL(control)
	return err == nil
}

// mend makes a description readable by leaving out what is broken, media by
// media: the library drops the whole of it for one bad line, and the cameras
// and recorders that send bad lines are common (audio without its config, o= and
// c= without an address, ports below zero, formats without an rtpmap). A
// readable description is returned as it is; nil means that nothing is left.
//
// Of each media only the m= line and the attributes that matter for playing are
// kept, and of its formats those that are readable alone.
func mend(body []byte) []byte {
	if readable(body) {
		return body
	}
	session := []string{"v=0", "o=- 0 0 IN IP4 0.0.0.0", "s=-", "t=0 0"}
	var media [][]string
	for line := range strings.FieldsFuncSeq(string(body), func(r rune) bool { return r == '\r' || r == '\n' }) {
		last := len(media) - 1
		switch {
		case strings.HasPrefix(line, "m="):
			media = append(media, []string{line})
		case !strings.HasPrefix(line, "a="):
		case last >= 0:
			if len(media[last]) < maxLines {
				media[last] = append(media[last], line)
			}
		case strings.HasPrefix(line, "a=control:") && absolute(line[len("a=control:"):]):
			session = append(session, line)
		}
	}
	whole := session
	for _, m := range media[:min(len(media), maxMedia)] {
		whole = append(whole, mendMedia(m)...)
	}
	if clean := join(whole); readable(clean) {
		return clean
	}
	return nil
}

// mendMedia returns the readable part of one media, nil if there is none. The
// first line is its m= line:
//
//	m=video 0 RTP/AVP 96 97
//	  |     | |       formats
//	  |     | transport
//	  |     port: means nothing in RTSP, and is sometimes negative
//	  kind
func mendMedia(lines []string) []string {
	f := strings.Fields(lines[0][2:])
	if len(f) < 4 {
		return nil
	}
	kind, transport, formats := f[0], "RTP/AVP", f[3:min(len(f), 3+maxFormats)]
	if kind == "meta" || kind == "metadata" {
		kind = "application"
	}
	if strings.Contains(f[2], "SAVP") {
		transport = "RTP/SAVP"
	}
	head := "m=" + kind + " 0 " + transport
	about := attributes(lines[1:], "control:", "sendonly", "key-mgmt:")
	var kept, names []string
	for _, format := range formats {
		said := attributes(lines[1:], "rtpmap:"+format+" ", "fmtp:"+format+" ")
		bare := attributes(said, "rtpmap:")
		for _, try := range [][]string{said, bare} {
			alone := append([]string{head + " " + format}, slices.Concat(about, try)...)
			if !slices.Contains(names, format) && readable(join(alone)) {
				names = append(names, format)
				kept = append(kept, try...)
			}
		}
	}
	if len(names) == 0 {
		return nil
	}
	return slices.Concat([]string{head + " " + strings.Join(names, " ")}, about, kept)
}

// attributes picks the a= lines that begin with one of the words.
func attributes(lines []string, words ...string) []string {
	var picked []string
	for _, l := range lines {
		if slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(l[2:], w) }) {
			picked = append(picked, l)
		}
	}
	return picked
}

func join(lines []string) []byte { return []byte(strings.Join(lines, "\r\n") + "\r\n") }

// offersAudio says whether a description has sound to hear: an audio media that
// is not the back channel to the camera's loudspeaker, readable or not.
func offersAudio(body []byte) bool {
	for i, m := range bytes.Split(body, []byte("\nm=")) {
		if i > 0 && bytes.HasPrefix(m, []byte("audio ")) && !bytes.Contains(m, []byte("\na=sendonly")) {
			return true
		}
	}
	return false
}
